"""What a text looks like in numbers: hashed words and pieces of words, and some forty figures of its build.

The same function serves training and use, so that both see the same. The work is capped: of a long text the head and
the tail are read, because that is where people say what they want done with what they have pasted.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from routing.engine.conditions import without_conditions
from routing.engine.lexicon import POLITE, concept_of, is_spaceless, parts_of

BUCKETS = 1 << 16
HEAD_LETTERS = 900
TAIL_LETTERS = 600
EDGE_WORDS = 10
WORD_LETTERS = 20

_MASK = np.uint32(BUCKETS - 1)
# Signs that tell something are counted as words after the words; all digits become 0, so that a number is known by
# its length alone.
_SIGNS = "?=+*/^<>{}|%$€#？؟"
_SPACES = "!\"&'(),-.:;@[\\]_`~。、，！「」؛،।॥“”’‘«»„—–…：；（）¿¡·•"
_TABLE = str.maketrans(
    # One character for one keeps str.translate on its fast path.
    dict.fromkeys(_SIGNS + _SPACES, " ") | dict.fromkeys("0123456789", "0")
)
_CODE_SIGNS = ("```", ";\n", "{\n", "()", "</", "==", "):", "rror:")
_LIST_SIGNS = ("\n-", "\n*", "\n•", "\n0", "\n1", "\n2")
_FORMULA_SIGNS = (" = ", "^", "\\", " + ", "x)", "²", "°")
# Several statements to be judged together: right only if every single judgement is.
_STATEMENTS = ("tatement 1", "tatement 2", "cenario ", "II", "(i)", "Clue")
_OPTION_WORD = re.compile(r"\w+")
_OPTION = re.compile(r"\n\s*\(?[A-Ja-j][.):]\s+")

CONCEPTS_READ = 14
CONCEPT_WORDS = 60
# Odd multipliers that keep the groups apart in one table: pairs, words two apart, head, tail, first words; then pairs of
# concepts, the first concept with each other one, the first by itself.
_WORD_PRIMES = np.array(
    (2654435761, 40503, 2246822519, 30011, 3266489917, 668265263, 374761393), dtype=np.uint32
)
_CONCEPT_PRIMES = np.array((2654404609, 1640531527, 97531, 1566083941), dtype=np.uint32)
_SHIFT = np.uint32(7)
# Words with signs, pieces, concepts, canonical words, then the groups above; concepts are few and telling.
_GROUP_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0)

Array = npt.NDArray[np.float32]
Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """`ids`: buckets 0..BUCKETS-1, `values`: their weights, `build`: one figure for each name in BUILD."""

    ids: Ids
    values: Array
    build: Array


BUILD = (
    "bias",
    "length",
    "one_word",
    "short",
    "long",
    "lines",
    "asks_then_pastes",
    "ends_short",
    "question_marks",
    "digits",
    "numbers",
    "options",
    "code",
    "formula",
    "quotes",
    "list_lines",
    "columns",
    "table_bars",
    "json",
    "link",
    "spaceless",
    "not_latin",
    "no_concept",
    "concepts",
    "commas",
    "mean_word",
    "colon_end",
    "first_person",
    "conditions",
    "statements",
    "blank",
    "option_overlap",
    "counting",
    "families",
)
LENGTH = BUILD.index("length")
OPTIONS = BUILD.index("options")
_FIRST_PERSON = frozenset(
    [
        "i",
        "i'm",
        "im",
        "my",
        "me",
        "we",
        "our",
        "אני",
        "שלי",
        "לי",
        "yo",
        "mi",
        "je",
        "mon",
        "ich",
        "mein",
        "я",
        "мой",
        "мне",
        "मैं",
        "मेरा",
        "我",
        "eu",
        "meu",
        "أنا",
    ]
)


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


_SIGN_IDS = {sign: _id(sign) for sign in _SIGNS}


def window_of(text: str) -> str:
    """The part of a text that is read: all of a short one, head and tail of a long one."""
    if len(text) <= HEAD_LETTERS + TAIL_LETTERS:
        return text
    return text[:HEAD_LETTERS] + "\n" + text[-TAIL_LETTERS:]


def words_of(window: str) -> list[str]:
    """Lower-case words and numbers, without words of politeness."""
    words = window.lower().translate(_TABLE).split()
    if not window.isascii() and is_spaceless(window):
        words = [
            part for word in words for part in (parts_of(word) if is_spaceless(word) else (word,))
        ]
    return [word for word in words if word not in POLITE]


def read_text(text: str) -> TextFeatures:
    """Features of one message; `ids` may repeat."""
    window = window_of(text)
    asked, conditions = without_conditions(window)
    words = words_of(asked)
    hashes = [b"".join(column) for column in zip(*map(_hashes, words), strict=True)] or [b""] * 4
    signs = b"".join([_SIGN_IDS[sign] for sign in _SIGNS if sign in asked])
    surface, pieces, concepts, canonical = [np.frombuffer(each, np.uint32) for each in hashes]
    concepts = concepts[:CONCEPTS_READ]
    by_word = canonical[:, None] * _WORD_PRIMES
    by_concept = concepts[:, None] * _CONCEPT_PRIMES
    combined = (
        by_word[:-1, 0] + by_word[1:, 1],
        by_word[:-2, 2] + by_word[2:, 3],
        by_word[:EDGE_WORDS, 4],
        by_word[-EDGE_WORDS:, 5],
        by_word[:2, 6],
        by_concept[:-1, 0] + by_concept[1:, 1],
        by_concept[:1, 2] + by_concept[1:, 1],
        by_concept[:1, 3],
    )
    plain = (surface, np.frombuffer(signs, np.uint32), pieces, concepts, canonical)
    mixed = np.concatenate(combined) >> _SHIFT & _MASK
    counts = [len(surface) + len(plain[1]), *map(len, (*plain[2:], *combined))]
    scales = [
        weight / math.sqrt(count) if count else 0.0
        for weight, count in zip(_GROUP_WEIGHTS, counts, strict=True)
    ]
    return TextFeatures(
        ids=np.concatenate((*plain, mixed)),
        values=np.repeat(np.array(scales, dtype=np.float32), counts),
        build=_build(text, window, words, conditions),
    )


def _build(text: str, window: str, words: list[str], conditions: int) -> Array:
    count = len(words)
    lines = window.count("\n")
    first_line, _, rest = window.partition("\n")
    last_line = window[window.rfind("\n") + 1 :]
    letters = len(window) + 1
    latin = window.isascii()
    option_count, option_overlap = _options(window)
    concepts = [concept for concept in map(concept_of, words[:CONCEPT_WORDS]) if concept]
    numbers = len([word for word in words if word[0] == "0"])
    figures = (
        1.0,
        math.log1p(len(text)) / 6.0,
        float(count <= 1),
        math.exp(-count / 4.0),
        float(len(text) > HEAD_LETTERS + TAIL_LETTERS),
        math.log1p(lines) / 2.0,
        min(2.0, len(rest) / 300.0) if lines and len(first_line) < 240 else 0.0,
        float(lines > 1 and len(last_line) < 160),
        min(3, window.count("?") + window.count("？") + window.count("؟")) / 2.0,
        min(1.0, 3.0 * numbers / (count + 1)),
        min(1.0, numbers / 6.0),
        min(6, option_count) / 4.0,
        _count(window, _CODE_SIGNS, "(=<`{;:") / 4.0,
        _count(window, _FORMULA_SIGNS, "=+^\\²°x") / 3.0,
        min(6, window.count('"') + window.count("“") + window.count("«")) / 4.0,
        _count(window, _LIST_SIGNS, "\n") / 4.0,
        min(8, window.count("\t") + window.count("   ")) / 4.0,
        min(8, window.count("|")) / 4.0,
        float('{"' in window or '":' in window),
        float("http" in window or "www." in window),
        float(not latin and is_spaceless(window)),
        float(not latin),
        float(not concepts),
        len(concepts) / (min(count, CONCEPT_WORDS) + 1),
        min(1.0, 30.0 * window.count(",") / letters),
        letters / (count + 1) / 8.0,
        float(first_line.rstrip().endswith(":")),
        float(not _FIRST_PERSON.isdisjoint(words[:30])),
        min(4, conditions) / 2.0,
        min(4, _count(window, _STATEMENTS, "I(12C ")) / 2.0,
        float("__" in window),
        option_overlap,
        min(4, numbers) / 2.0 if "quantity" in concepts else 0.0,
        min(4, concepts.count("family")) / 2.0,
    )
    return np.array(figures, dtype=np.float32)


def _count(window: str, signs: tuple[str, ...], needed: str) -> int:
    """How often the signs stand there, up to 6; every sign has a letter of `needed`, so most windows cost one look."""
    if not any(map(window.__contains__, needed)):
        return 0
    return min(6, sum(map(window.count, signs)))


def _options(window: str) -> tuple[int, float]:
    """How many lettered options stand there, and how alike they are: 0 no word in common, towards 1 the same words.

    Options that share their words ("wrong, not wrong", "yes, because ...") ask for several judgements, all of which must
    be right.
    """
    if (
        "\nB" not in window
        and "\n(B" not in window
        and "\nb" not in window
        and "\n(b" not in window
    ):
        return 0, 0.0
    _, *options = _OPTION.split(window)
    if len(options) < 3:
        return len(options), 0.0
    words = [set(_OPTION_WORD.findall(option.lower())) for option in options]
    total = sum(map(len, words))
    return len(options), 1.0 - len(set().union(*words)) / total if total else 0.0
