"""A reply of any length whose every token tells when it was sent."""

from __future__ import annotations

import re
from itertools import cycle, islice

# In each stamp, tenths of milliseconds since the bench began, as four digits of base 36: it wraps
# after 168 s, which no delivery takes.
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
WRAP = len(DIGITS) ** 4
TICKS_PER_S = 10_000
STAMP = re.compile(r"\b[0-9a-z]{4}\b")

PAIRS = [first + second for first in DIGITS for second in DIGITS]

# What a model writes: a heading, prose, a list with bold words, code. "@" is one token's stamp,
# which takes with it all that stands before it and one blank.
PAGE = (
    "## @@@\n\n" + "@" * 70 + "\n\n" + "@" * 45 + "\n\n" + "- **@**@@@@@@@@@@\n" * 6 + "\n"
    "```python\n" + "@= @(@, @)\n" * 8 + "```\n\n" + "@" * 60 + "\n\n"
    "1. @@@@@@@@@@@@@@\n2. @@@@@`@`@@@@@\n\n" + "@" * 50 + "\n\n"
)  # fmt: skip


def _parts(page: str) -> list[tuple[str, str]]:
    """What stands before and after each stamp."""
    pieces = page.split("@")
    parts = []
    for number, before in enumerate(pieces[:-1]):
        closes = pieces[number + 1].startswith(("**", "`", "(", ",", ")"))
        parts.append((before, "" if closes else " "))
    return parts


PARTS = _parts(PAGE)


def stamp(now: float, began: float) -> str:
    ticks = round((now - began) * TICKS_PER_S) % WRAP
    return PAIRS[ticks // len(PAIRS)] + PAIRS[ticks % len(PAIRS)]


def token(number: int, now: float, began: float) -> str:
    before, after = PARTS[number % len(PARTS)]
    return before + stamp(now, began) + after


def delays_ms(text: str, heard: float, began: float) -> list[float]:
    """How long each whole token in `text` took, in milliseconds, until it was heard."""
    ticks = round((heard - began) * TICKS_PER_S)
    return [
        ((ticks - int(found, len(DIGITS))) % WRAP) * 1000 / TICKS_PER_S
        for found in STAMP.findall(text)
    ]


def words(count: int) -> str:
    """Plain English of so many words, for prompts."""
    return " ".join(islice(cycle(WORDS.split()), count))


WORDS = (
    "We run a small bakery with two ovens and sell bread at the market on Friday and Saturday. "
    "Last year flour became dearer while our customers kept asking for more kinds of rolls, so we "
    "would like to know which of our twelve products earn their place. Below are the weekly sales, "
    "the price of each and how many minutes of oven time it takes. Please compare them, explain "
    "how you counted, and write a short plan for the next three months that the whole family can "
    "follow without a spreadsheet. "
)
