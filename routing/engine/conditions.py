"""Sentences of a message that only say how to answer: they make a task harder and say nothing of what it is."""

from __future__ import annotations

import re

# Of a longer text only head and tail are read, where a sentence may be cut.
WHOLE_LETTERS = 1500

# A sentence that begins so says how to answer, not what.
_CONDITION_START = (
    r"(?:(?:and |also,? |but |then |please |finally,? |be sure to |remember to |first,? )*(?:do not|don't|don’t|make sure|include|your "
    r"(?:\w+ )?(?:answer|response|reply|output|text|story|poem|essay|article|letter|email)|use (?:only|exactly|no|at least|the word|markdown|"
    r"simple|bullet)|the (?:\w+ )?(?:word|words|letter|response|answer|output|reply|poem|story|essay|article|song|post|email|title) "
    r"(?:\S+ ){0,6}?(?:should|must|has to|cannot|can't)|at the end|at least|in your (?:answer|response|reply)|answer (?:in|with|using)"
    r"|respond|reply (?:in|with|only)|refrain|avoid|no (?:other|more than|longer|commas|explanation)|end (?:your|with|it)"
    r"|there should|there must|it (?:should|must)|keep (?:it|your)|limit (?:it|your)|only (?:reply|respond|answer|output)|start (?:your|with)|put your"
    r"|without|write (?:everything|it|in) "
    r"|no tiene|sans |ohne |ne pas |sin |bitte |בלי |ללא |до |не используй|sem ))"
)
# The first words that the expression can begin with: looked up before it is tried.
_CONDITION_WORDS = frozenset(
    [
        "and",
        "also",
        "but",
        "then",
        "please",
        "finally",
        "be",
        "remember",
        "first",
        "do",
        "don't",
        "don’t",
        "make",
        "include",
        "your",
        "use",
        "the",
        "at",
        "in",
        "answer",
        "respond",
        "reply",
        "refrain",
        "avoid",
        "no",
        "end",
        "there",
        "it",
        "keep",
        "limit",
        "only",
        "start",
        "put",
        "without",
        "write",
        "sans",
        "ohne",
        "ne",
        "sin",
        "bitte",
        "בלי",
        "ללא",
        "до",
        "не",
        "sem",
    ]
)
_CONDITION = re.compile(_CONDITION_START, re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?]\s+|\n\s*")


def without_conditions(window: str) -> tuple[str, int]:
    """The text without sentences that only say how to answer, and their number.

    "Do not use commas", "at least 300 words": they make a task harder and say nothing of what it is.
    """
    if len(window) > WHOLE_LETTERS:
        return window, 0
    first, *others = _SENTENCE.split(window)
    kept = [sentence for sentence in others if not _is_condition(sentence)]
    if len(kept) == len(others):
        return window, 0
    return ". ".join([first, *kept]), len(others) - len(kept)


def _is_condition(sentence: str) -> bool:
    word = sentence.partition(" ")[0].lower().rstrip(",")
    return word in _CONDITION_WORDS and _CONDITION.match(sentence) is not None
