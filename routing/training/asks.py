"""Made-up asks for training: known ways of asking about topics drawn at random.

A corpus of some thousand prompts ties topics to categories by accident ("marketplace" to creative writing). Here every
topic and every pasted text meets every category, so that what is left to learn is the way of asking.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from routing.engine.values import CATEGORIES

ASKS = Path(__file__).parent / "asks.txt"
ASKS_LANGUAGES = Path(__file__).parent / "asks_languages.txt"
DECORATED = 0.4
FOREIGN_SHARE = 0.06
_SLOT = re.compile(r"<(topic|person|audience|language|number|text)>")

Asks = dict[str, list[str]]


def read_asks(path: Path = ASKS) -> Asks:
    """Sections of the file: the fillers of each slot, and the patterns of each category."""
    sections: Asks = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
            sections[name] = []
        elif line and not line.startswith("# "):
            sections[name].append(line.replace("\\n", "\n"))
    return sections


def read_language_asks(path: Path = ASKS_LANGUAGES) -> dict[str, Asks]:
    """By language: topics, and patterns by category."""
    languages: dict[str, Asks] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            language, section, entries = line.split("|", 2)
            patterns = [entry.replace("\\n", "\n") for entry in entries.split(";")]
            languages.setdefault(language, {})[section] = patterns
    return languages


@dataclass(frozen=True, slots=True)
class Ask:
    category: str
    text: str
    language: str


def make_asks(texts: Mapping[str, Sequence[str]], seed: int, count: int) -> list[Ask]:
    """`count` English asks, as many of each category, and FOREIGN_SHARE of that in each other language.

    `texts`: by language, what people may have pasted.
    """
    source = random.Random(seed)
    asks = read_asks()
    made = []
    for index in range(count):
        category = CATEGORIES[index % len(CATEGORIES)]
        text = _fill(source.choice(asks[category]), asks, texts["en"], source)
        if source.random() < DECORATED:
            text = decorate(text, asks, source)
        made.append(Ask(category, text, "en"))
    for language, foreign in sorted(read_language_asks().items()):
        for index in range(int(count * FOREIGN_SHARE)):
            category = CATEGORIES[index % len(CATEGORIES)]
            pasted = texts.get(language) or texts["en"]
            text = _fill(source.choice(foreign[category]), foreign, pasted, source)
            made.append(Ask(category, text, language))
    return made


def decorate(text: str, asks: Asks, source: random.Random) -> str:
    """`text` with what people put before and after an ask, which changes nothing of what is asked."""
    if source.random() < 0.25:
        text = f"{_fill(source.choice(asks['before']), asks, (), source)} {text}"
    for _ in range(source.choice((0, 1, 1, 2))):
        separator = "" if text.endswith((".", "?", "!", ":", ";")) else "."
        text = f"{text}{separator} {_fill(source.choice(asks['after']), asks, (), source)}"
    return text


def _fill(pattern: str, asks: Asks, texts: Sequence[str], source: random.Random) -> str:
    def filler(match: re.Match[str]) -> str:
        slot = match[1]
        if slot == "number":
            return str(source.choice((2, 3, 5, 8, 12, 20, 45, 75, 120, 350, 1200)))
        if slot == "text":
            return source.choice(texts)[: source.choice((60, 200, 700))]
        return source.choice(asks[slot])

    return _SLOT.sub(filler, pattern)
