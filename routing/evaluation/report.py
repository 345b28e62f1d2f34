"""What an evaluation found: goals, tables and pictures as plain values, and the same as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Figure(NamedTuple):
    """A measured value with its 95 % interval; `low` and `high` are `value` where it has none."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return _short(self.value)
        return f"{_short(self.value)} ({_short(self.low)} to {_short(self.high)})"


# From here on one decimal is told, below it three.
LARGE = 10.0


def _short(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= LARGE else f"{value:.3f}"


class Goal(NamedTuple):
    """`sign` is ">" (more than `bound`), ">=" or "<="; `unit` is told after the figure."""

    name: str
    figure: Figure
    sign: str
    bound: float
    unit: str = ""

    @property
    def is_met(self) -> bool:
        value = self.figure.value
        if self.sign == "<=":
            return value <= self.bound
        return value > self.bound if self.sign == ">" else value >= self.bound


Cell = str | int | float | Figure | None


class Table(NamedTuple):
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Line(NamedTuple):
    name: str
    x: Sequence[float]
    y: Sequence[float]
    is_joined: bool = True


class Picture(NamedTuple):
    """Lines and points over two axes; `name` is that of its file, without the ending."""

    name: str
    title: str
    axes: tuple[str, str]
    lines: tuple[Line, ...]


class Matrix(NamedTuple):
    """Counts by row and column; `name` is that of the picture's file, without the ending."""

    name: str
    title: str
    axes: tuple[str, str]
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    goals: tuple[Goal, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture | Matrix, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """`made_on`: ISO date. `held_out`: what stood in the training of these weights and what did not."""

    made_on: str
    command: str
    classifier: str
    engine: str
    machine: str
    held_out: tuple[str, ...]


def as_json(heading: Heading, sections: Sequence[Section]) -> dict[str, object]:
    return {
        "made_on": heading.made_on,
        "command": heading.command,
        "classifier": heading.classifier,
        "engine": heading.engine,
        "machine": heading.machine,
        "held_out": list(heading.held_out),
        "goals": [_goal(goal) for section in sections for goal in section.goals],
        "tables": [_table(table) for section in sections for table in section.tables],
        "pictures": [_drawn(picture) for section in sections for picture in section.pictures],
    }


def _goal(goal: Goal) -> dict[str, object]:
    return {
        "name": goal.name,
        **goal.figure._asdict(),
        "unit": goal.unit,
        "goal": f"{goal.sign} {goal.bound:g}",
        "met": goal.is_met,
    }


def _table(table: Table) -> dict[str, object]:
    rows = [
        [cell._asdict() if isinstance(cell, Figure) else cell for cell in row] for row in table.rows
    ]
    return {
        "title": table.title,
        "note": table.note,
        "columns": list(table.columns),
        "rows": rows,
    }


def _drawn(picture: Picture | Matrix) -> dict[str, object]:
    plain = picture._asdict()
    if isinstance(picture, Picture):
        plain["lines"] = [line._asdict() for line in picture.lines]
    return plain


def as_markdown(heading: Heading, sections: Sequence[Section], drawn: Sequence[str] = ()) -> str:
    """`drawn`: the names of the pictures that have been made; the others are not linked."""
    lines = [
        "# How good the routing is",
        "",
        f"Measured on {heading.made_on} with classifier {heading.classifier} and engine {heading.engine}.",
        f"{heading.machine}. The intervals are 95 % (bootstrap of the rows).",
        "",
        "```sh",
        heading.command,
        "```",
        "",
        *(f"- {sentence}" for sentence in heading.held_out),
        "",
        *_goals_told([goal for section in sections for goal in section.goals]),
    ]
    for section in sections:
        lines += [f"## {section.title}", ""]
        for table in section.tables:
            lines += _table_told(table)
        for picture in section.pictures:
            if picture.name in drawn:
                lines += [f"![{picture.title}]({picture.name}.png)", ""]
    return "\n".join(lines).rstrip() + "\n"


def _goals_told(goals: Sequence[Goal]) -> list[str]:
    rows = tuple(
        (
            goal.name,
            f"{goal.figure}{' ' + goal.unit if goal.unit else ''}",
            f"{goal.sign} {goal.bound:g}",
            "yes" if goal.is_met else "no",
        )
        for goal in goals
    )
    return _table_told(Table("Goals", "", ("what", "measured", "goal", "met"), rows), level="##")


def _table_told(table: Table, level: str = "###") -> list[str]:
    lines = [f"{level} {table.title}", ""]
    if table.note:
        lines += [table.note, ""]
    lines += [_row(table.columns), _row(["---"] * len(table.columns))]
    return [*lines, *(_row([_told(cell) for cell in row]) for row in table.rows), ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _told(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return _short(cell)
    return str(cell)
