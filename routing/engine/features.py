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
ID_BYTES = 4
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
_GROUP_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.5, 1.0)

Array = npt.NDArray[np.float32]
Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """`ids`: buckets 0..BUCKETS-1, `values`: their weights, `build`: one figure for each name in BUILD."""

    ids: Ids
    values: Array
    build: Array


def _id(token: str) -> bytes:
    return (crc32(token.encode()) & (BUCKETS - 1)).to_bytes(ID_BYTES, "little")


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
    surface, pieces, concepts, canonical = [
        b"".join(column) for column in zip(*map(_hashes, words), strict=True)
    ] or [b""] * 4
    if len(words) > PIECES_HEAD_WORDS + PIECES_TAIL_WORDS:
        edges = words[:PIECES_HEAD_WORDS] + words[-PIECES_TAIL_WORDS:]
        pieces = b"".join([_hashes(word)[1] for word in edges])
    groups = (
        surface + b"".join([_SIGN_IDS[sign] for sign in SIGNS if sign in asked]),
        pieces,
        concepts[: CONCEPTS_READ * ID_BYTES],
        canonical,
        b"".join(map(_asking_hash, sentence)),
    )
    # One array for all, cut up after: at twenty words the number of arrays is what takes the time.
    plain = np.frombuffer(b"".join(groups), np.uint32)
    counts = [len(group) // ID_BYTES for group in groups]
    mixed = _combined(plain[counts[0] + counts[1] :], counts[2:])
    counts += map(len, mixed)
    scales = [
        weight / math.sqrt(count) if count else 0.0
        for weight, count in zip(_GROUP_WEIGHTS, counts, strict=True)
    ]
    return TextFeatures(
        ids=np.concatenate((plain, np.concatenate(mixed) >> _SHIFT & _MASK)),
        values=np.repeat(np.array(scales, dtype=np.float32), counts),
        build=build_figures(text, window, words, conditions),
    )


def _combined(plain: Ids, counts: list[int]) -> list[Ids]:
    """Groups of pairs and places; `plain`: the concepts, the canonical words, the words of the asking sentence."""
    known, said = counts[0], counts[0] + counts[1]
    by_concept = plain[:known, None] * _CONCEPT_PRIMES
    by_word = plain[known:said, None] * _WORD_PRIMES
    by_asking = plain[said:, None] * _ASKING_PRIMES
    return [
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
    ]
