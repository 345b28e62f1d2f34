"""The corpus that we wrote: reading it, leaving out near-duplicates, keeping author batches together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from routing.engine.values import CATEGORIES, COMPLEXITY, Request, Turn

CORPUS = Path(__file__).parent / "corpus"
# Two prompts that share this much of their five-letter pieces are one prompt.
SAME_SHARE = 0.72
_LETTERS = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Example:
    """`turns`: user, assistant, ..., user. `complexity` and `difficulty` are None where only the category is known."""

    turns: tuple[str, ...]
    category: str
    batch: str
    secondary: str | None = None
    complexity: tuple[int, ...] | None = None
    difficulty: float | None = None
    language: str = "en"
    number: int = 0
    weight: float = 1.0

    @property
    def is_follow_up(self) -> bool:
        return len(self.turns) > 1


def as_request(turns: Sequence[str]) -> Request:
    """`turns`: user, assistant, ..., user."""
    return Request(
        tuple(Turn("assistant" if place % 2 else "user", text) for place, text in enumerate(turns))
    )


def read_corpus(directory: Path = CORPUS) -> list[Example]:
    """All rows, in the order of file names; raises ValueError for a row outside the format."""
    examples = []
    for path in sorted(directory.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            examples += [_example(json.loads(line), path.stem) for line in lines if line.strip()]
    return examples


def _example(row: dict[str, Any], batch: str) -> Example:
    example = Example(
        turns=tuple(row["turns"]),
        category=row["category"],
        batch=batch,
        secondary=row["secondary"],
        complexity=tuple(row["complexity"]),
        difficulty=float(row["difficulty"]),
        language=row["language"],
        number=int(row["id"].rpartition("-")[2]),
    )
    if (
        example.category not in CATEGORIES
        or example.secondary not in (None, *CATEGORIES)
        or len(row["complexity"]) != len(COMPLEXITY)
        or len(example.turns) % 2 == 0
    ):
        raise ValueError(f"Row {row['id']} of {batch} is not of the format of docs/corpus.md.")
    return example


def without_duplicates(
    examples: Iterable[Example], against: Iterable[Sequence[str]] = ()
) -> list[Example]:
    """The first of each group of near-duplicates; none that is like a conversation of `against`."""
    known: dict[int, list[frozenset[int]]] = {}
    for turns in against:
        _remember(known, _pieces(turns))
    kept = []
    for example in examples:
        pieces = _pieces(example.turns)
        if not _is_known(known, pieces):
            kept.append(example)
            _remember(known, pieces)
    return kept


def _pieces(turns: Sequence[str]) -> frozenset[int]:
    text = _LETTERS.sub(" ", " ".join(turns).lower()).strip()
    return frozenset(crc32(text[at : at + 5].encode()) for at in range(max(1, len(text) - 4)))


def _anchors(pieces: frozenset[int]) -> list[int]:
    """The smallest hashes of a text; near-duplicates share some of them almost surely (min-hashing)."""
    return sorted(pieces)[:8]


def _remember(known: dict[int, list[frozenset[int]]], pieces: frozenset[int]) -> None:
    for anchor in _anchors(pieces):
        known.setdefault(anchor, []).append(pieces)


def _is_known(known: dict[int, list[frozenset[int]]], pieces: frozenset[int]) -> bool:
    return any(
        len(pieces & other) / len(pieces | other) >= SAME_SHARE
        for anchor in _anchors(pieces)
        for other in known.get(anchor, ())
    )
