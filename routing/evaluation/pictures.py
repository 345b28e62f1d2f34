"""The pictures of an evaluation as PNG files. Needs matplotlib, of the group `training`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing

from routing.evaluation.report import Matrix, Picture

mpl.use("agg")
SIZE_INCHES = (7.0, 5.0)
MATRIX_INCHES = (8.0, 7.0)
DOTS_PER_INCH = 110


def draw(pictures: Iterable[Picture | Matrix], directory: Path) -> list[str]:
    """Writes `<name>.png` for each into `directory`; their names. The same pictures give the same files."""
    names = []
    for picture in pictures:
        drawing = _matrix(picture) if isinstance(picture, Matrix) else _lines(picture)
        drawing.savefig(
            directory / f"{picture.name}.png", dpi=DOTS_PER_INCH, metadata={"Software": None}
        )
        names.append(picture.name)
    return names


def _lines(picture: Picture) -> Drawing:
    drawing = Drawing(figsize=SIZE_INCHES, layout="constrained")
    axes = drawing.add_subplot()
    for line in picture.lines:
        axes.plot(
            line.x,
            line.y,
            marker=None if len(line.x) > 20 else "o",
            linestyle="-" if line.is_joined else "none",
            label=line.name,
        )
    axes.set_title(picture.title)
    axes.set_xlabel(picture.axes[0])
    axes.set_ylabel(picture.axes[1])
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")
    return drawing


def _matrix(matrix: Matrix) -> Drawing:
    drawing = Drawing(figsize=MATRIX_INCHES, layout="constrained")
    axes = drawing.add_subplot()
    axes.imshow(matrix.counts, cmap="Blues")
    places = range(len(matrix.labels))
    axes.set_xticks(places, matrix.labels, rotation=60, ha="right")
    axes.set_yticks(places, matrix.labels)
    most = max(map(max, matrix.counts))
    for row, counts in enumerate(matrix.counts):
        for column, count in enumerate(counts):
            if count:
                colour = "white" if count > most / 2 else "black"
                axes.text(column, row, count, ha="center", va="center", color=colour)
    axes.set_title(matrix.title)
    axes.set_xlabel(matrix.axes[0])
    axes.set_ylabel(matrix.axes[1])
    return drawing
