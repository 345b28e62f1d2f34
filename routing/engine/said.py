"""Of a text, the words that are read, and the sentence in it that asks.

The work is capped: of a long text the head and the tail are read, because that is where people say what they want done
with what they have pasted.
"""

from __future__ import annotations

import re

from routing.engine.lexicon import POLITE, concept_of, is_spaceless, parts_of

HEAD_LETTERS = 900
TAIL_LETTERS = 600
# Signs that tell something are counted as words after the words; all digits become 0, so that a number is known by
# its length alone.
SIGNS = "?=+*/^<>{}|%$€#？؟"
_SPACES = "!\"&'(),-.:;@[\\]_`~。、，！「」؛،।॥“”’‘«»„—–…：；（）¿¡·•"
_TABLE = str.maketrans(
    # One character for one keeps str.translate on its fast path.
    dict.fromkeys(SIGNS + _SPACES, " ") | dict.fromkeys("0123456789", "0")
)
# A text shorter than this is all said; so long a quotation is handed over.
PASTED_LETTERS = 90
FIRST_LINE_LETTERS = 400
LAST_LINE_LETTERS = 240
_QUOTATION = re.compile(r"[\"“„«「](.{60,})[\"”“»」]", re.DOTALL)
# The sentence that asks is looked for among so many; it begins with an ask, at the latest at the fourth word.
SENTENCES_READ = 8
SENTENCE_WORDS = 24
OPENING_WORDS = 4
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n\s*")
_ASKS = frozenset(
    (
        "write",
        "translate",
        "summarise",
        "edit",
        "extract",
        "classify",
        "explain",
        "calculate",
        "prove",
        "implement",
        "pretend",
        "ideas",
        "plan",
    )
)


def window_of(text: str) -> str:
    """The part of a text that is read: all of a short one, head and tail of a long one."""
    if len(text) <= HEAD_LETTERS + TAIL_LETTERS:
        return text
    return text[:HEAD_LETTERS] + "\n" + text[-TAIL_LETTERS:]


def said_part(window: str) -> str:
    """`window` without what is only handed over: the middle of a text of many lines, a long quotation in one line.

    People say what they want in the first or in the last line of what they have pasted.
    """
    if len(window) < PASTED_LETTERS:
        return window
    first, newline, rest = window.strip().partition("\n")
    if not newline:
        return _without_quotation(window)
    last = rest[rest.rstrip().rfind("\n") + 1 :]
    if len(first) > FIRST_LINE_LETTERS:
        first = first[: first.find(". ", FIRST_LINE_LETTERS // 2) + 1 or FIRST_LINE_LETTERS]
    if len(last) > LAST_LINE_LETTERS:
        last = last[last.rfind(". ", 0, -LAST_LINE_LETTERS // 2) + 1 or -LAST_LINE_LETTERS :]
    return f"{first}\n{last}"


def _without_quotation(window: str) -> str:
    quotation = _QUOTATION.search(window)
    if quotation is None:
        return window
    return f"{window[: quotation.start() + 1]} {window[quotation.end() - 1 :]}"


def asking_sentence(asked: str, words: list[str]) -> list[str]:
    """Words of the first sentence that begins with an ask or ends in a question mark, else of the first sentence.

    `words` are those of `asked`.
    """
    said = said_part(asked)
    sentences = _SENTENCE_END.split(said, maxsplit=SENTENCES_READ)
    if len(sentences) == 1 and said is asked:
        return words[:SENTENCE_WORDS]
    first: list[str] = []
    for sentence in sentences[:SENTENCES_READ]:
        found = words_of(sentence)
        first = first or found
        if "?" in sentence or not _ASKS.isdisjoint(map(concept_of, found[:OPENING_WORDS])):
            return found[:SENTENCE_WORDS]
    return first[:SENTENCE_WORDS]


def words_of(window: str) -> list[str]:
    """Lower-case words and numbers, without words of politeness."""
    words = window.lower().translate(_TABLE).split()
    if not window.isascii() and is_spaceless(window):
        words = [
            part for word in words for part in (parts_of(word) if is_spaceless(word) else (word,))
        ]
    return [word for word in words if word not in POLITE]
