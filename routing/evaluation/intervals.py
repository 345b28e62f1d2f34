"""How far a figure could have come out otherwise: the bootstrap over the rows, with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from routing.evaluation.report import Figure

RESAMPLES = 1000
SEED = 20261121
TAILS = (2.5, 97.5)

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


def interval_of(rows: int, statistic: Callable[[Places], float]) -> Figure:
    """`statistic` of all rows, and its percentiles over samples of the rows drawn with replacement.

    `statistic` is given the places of the rows, 0..rows-1 in rising order, repeated ones included; NaN leaves a sample
    out. The draws depend on `rows` alone. Raises ValueError for no rows.
    """
    if rows < 1:
        raise ValueError("An interval needs rows.")
    source = np.random.default_rng(SEED)
    everything = statistic(np.arange(rows))
    drawn = [statistic(np.sort(source.integers(0, rows, size=rows))) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(drawn, TAILS)
    return Figure(float(everything), float(low), float(high))


def mean_of(values: npt.ArrayLike) -> Figure:
    """The mean of one value a row; a paired difference is the mean of the differences."""
    told = np.asarray(values, dtype=np.float64)
    return interval_of(len(told), lambda places: float(told[places].mean()))
