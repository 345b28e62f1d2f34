"""Whether a probability is kept: of what is told at 70 %, seven in ten should come true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.evaluation.intervals import Floats, interval_of
from routing.evaluation.report import Figure, Line

BINS = 10


class Bin(NamedTuple):
    """Means over what was told between `low` and `low` + 0.1; `rows`: how much that was."""

    low: float
    expected: float
    happened: float
    rows: int


def reliability(expected: npt.ArrayLike, happened: npt.ArrayLike) -> list[Bin]:
    """Ten bins of equal width over 0..1, empty ones left out; 1.0 belongs to the last.

    `expected`: probabilities; `happened`: 0..1 for each of them.
    """
    told = np.asarray(expected, dtype=np.float64).ravel()
    came = np.asarray(happened, dtype=np.float64).ravel()
    number = np.minimum((told * BINS).astype(np.int64), BINS - 1)
    rows = np.bincount(number, minlength=BINS)
    total_told = np.bincount(number, told, minlength=BINS)
    total_came = np.bincount(number, came, minlength=BINS)
    return [
        Bin(
            each / BINS,
            float(total_told[each] / rows[each]),
            float(total_came[each] / rows[each]),
            int(rows[each]),
        )
        for each in np.flatnonzero(rows).tolist()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: the mean distance of told and come true, weighted by the rows of each bin."""
    total = sum(each.rows for each in bins)
    return sum(each.rows * abs(each.expected - each.happened) for each in bins) / total


def calibration_error_of(expected: Floats, happened: Floats) -> Figure:
    """With its interval; the first axis holds the rows, which are drawn whole.

    A few rows fall into bins of their own, so a sample of a perfect forecast has an error above 0 as well.
    """
    return interval_of(
        len(expected),
        lambda places: calibration_error(reliability(expected[places], happened[places])),
    )


def reliability_line(name: str, expected: Floats, happened: Floats) -> Line:
    bins = reliability(expected, happened)
    return Line(name, [each.expected for each in bins], [each.happened for each in bins])


def diagonal() -> Line:
    return Line("kept exactly", [0.0, 1.0], [0.0, 1.0])
