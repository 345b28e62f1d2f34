"""What a text looks like in numbers: hashed words and pieces of words, and the figures of its build.

The same function serves training and use, so that both see the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from routing.engine.build import build_figures
from routing.engine.conditions import without_conditions
from routing.engine.lexicon import concept_of, is_spaceless
from routing.engine.said import SIGNS, asking_sentence, window_of, words_of

BUCKETS = 1 << 16
EDGE_WORDS = 10
WORD_LETTERS = 20

_MASK = np.uint32(BUCKETS - 1)
# Pieces help with typing errors and with inflected words; in a long text the words are enough.
PIECES_HEAD_WORDS = 40
PIECES_TAIL_WORDS = 20

CONCEPTS_READ = 14
# Odd multipliers that keep the groups apart in one table: pairs, words two apart, head, tail, first words; then pairs of
# concepts, the first concept with each other one, the first by itself; then pairs and first words of the asking sentence.
_WORD_PRIMES = np.array(
    (2654435761, 40503, 2246822519, 30011, 3266489917, 668265263, 374761393), dtype=np.uint32
)
_CONCEPT_PRIMES = np.array((2654404609, 1640531527, 97531, 1566083941), dtype=np.uint32)
_ASKING_PRIMES = np.array((1812433253, 69069, 1664525), dtype=np.uint32)
_SHIFT = np.uint32(7)
# Words with signs, pieces, concepts, canonical words, words of the asking sentence, then the groups above; concepts are
# few and telling.
_GROUP_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0)

Array = npt.NDArray[np.float32]
Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """`ids`: buckets 0..BUCKETS-1, `values`: their weights, `build`: one figure for each name in BUILD."""

    ids: Ids
    values: Array
    build: Array


def _id(token: str) -> bytes:
    return (crc32(token.encode()) & (BUCKETS - 1)).to_bytes(4, "little")


@lru_cache(maxsize=32768)
def _hashes(word: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Ids of the word, of its pieces, of its concept (or none), and of the concept or else the word.

    One id for all words of a concept, in any language, is what carries from one language to another.
    """
    if is_spaceless(word):
        pieces = [word, *word]
    else:
        marked = f"<{word[:WORD_LETTERS]}>"
        pieces = [marked[i : i + n] for n in (3, 4) for i in range(len(marked) - n + 1)]
    surface = _id(word)
    concept = concept_of(word)
    concept_id = _id("=" + concept) if concept else b""
    return (
        surface,
        b"".join(_id("#" + piece) for piece in pieces),
        concept_id,
        concept_id or surface,
    )


@lru_cache(maxsize=32768)
def _asking_hash(word: str) -> bytes:
    return _id("|" + (concept_of(word) or word))


_SIGN_IDS = {sign: _id(sign) for sign in SIGNS}


def read_text(text: str) -> TextFeatures:
    """Features of one message; `ids` may repeat."""
    window = window_of(text)
    asked, conditions = without_conditions(window)
    words = words_of(asked)
    sentence = asking_sentence(asked, words)
    asking = np.frombuffer(b"".join([_asking_hash(word) for word in sentence]), np.uint32)
    hashes = [b"".join(column) for column in zip(*map(_hashes, words), strict=True)] or [b""] * 4
    if len(words) > PIECES_HEAD_WORDS + PIECES_TAIL_WORDS:
        edges = words[:PIECES_HEAD_WORDS] + words[-PIECES_TAIL_WORDS:]
        hashes[1] = b"".join([_hashes(word)[1] for word in edges])
    signs = b"".join([_SIGN_IDS[sign] for sign in SIGNS if sign in asked])
    surface, pieces, concepts, canonical = [np.frombuffer(each, np.uint32) for each in hashes]
    concepts = concepts[:CONCEPTS_READ]
    by_word = canonical[:, None] * _WORD_PRIMES
    by_concept = concepts[:, None] * _CONCEPT_PRIMES
    by_asking = asking[:, None] * _ASKING_PRIMES
    combined = (
        by_word[:-1, 0] + by_word[1:, 1],
        by_word[:-2, 2] + by_word[2:, 3],
        by_word[:EDGE_WORDS, 4],
        by_word[-EDGE_WORDS:, 5],
        by_word[:2, 6],
        by_concept[:-1, 0] + by_concept[1:, 1],
        by_concept[:1, 2] + by_concept[1:, 1],
        by_concept[:1, 3],
        by_asking[:-1, 0] + by_asking[1:, 1],
        by_asking[:3, 2],
    )
    plain = (surface, np.frombuffer(signs, np.uint32), pieces, concepts, canonical, asking)
    mixed = np.concatenate(combined) >> _SHIFT & _MASK
    counts = [len(surface) + len(plain[1]), *map(len, (*plain[2:], *combined))]
    scales = [
        weight / math.sqrt(count) if count else 0.0
        for weight, count in zip(_GROUP_WEIGHTS, counts, strict=True)
    ]
    return TextFeatures(
        ids=np.concatenate((*plain, mixed)),
        values=np.repeat(np.array(scales, dtype=np.float32), counts),
        build=build_figures(text, window, words, conditions),
    )
