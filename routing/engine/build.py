"""Some forty figures of how a text is built: its length, lines, signs, numbers, options."""

from __future__ import annotations

import math
import re

import numpy as np
import numpy.typing as npt

from routing.engine.lexicon import concept_of, is_spaceless
from routing.engine.said import HEAD_LETTERS, TAIL_LETTERS

Array = npt.NDArray[np.float32]

_CODE_SIGNS = ("```", ";\n", "{\n", "()", "</", "==", "):", "rror:")
_LIST_SIGNS = ("\n-", "\n*", "\n•", "\n0", "\n1", "\n2")
_FORMULA_SIGNS = (" = ", "^", "\\", " + ", "x)", "²", "°")
# Several statements to be judged together: right only if every single judgement is.
_STATEMENTS = ("tatement 1", "tatement 2", "cenario ", "II", "(i)", "Clue")
_OPTION_WORD = re.compile(r"\w+")
_OPTION = re.compile(r"\n\s*\(?[A-Ja-j][.):]\s+")
CONCEPT_WORDS = 60

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


def build_figures(text: str, window: str, words: list[str], conditions: int) -> Array:
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
