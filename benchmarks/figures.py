"""Numbers to tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def percentiles(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0, "count": 0}
    figures = {
        f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
        for share in (50, 95, 99)
    }
    return figures | {"max": ordered[-1], "count": len(ordered)}


def short(value: float) -> str:
    """Three digits that count, as people read them."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"


def between(figures: dict[str, float], *names: str) -> str:
    return " / ".join(short(figures[name]) for name in names or ("p50", "p95", "p99"))


@dataclass(frozen=True, slots=True)
class Table:
    """`aim` stands under it: what the figures are to be held against."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    aim: str = ""

    def as_markdown(self) -> str:
        lines = [f"### {self.title}", "", _line(self.columns), _line(["---"] * len(self.columns))]
        lines += [_line(row) for row in self.rows]
        return "\n".join([*lines, *(["", self.aim] if self.aim else []), ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the bench found: the raw figures, and the tables people read."""

    title: str
    figures: dict[str, object]
    tables: Sequence[Table]
    words: str = ""

    def as_markdown(self) -> str:
        said = [self.words, ""] if self.words else []
        return "\n".join([f"## {self.title}", "", *said, *(t.as_markdown() for t in self.tables)])
