"""RouteLLM's protocol for a choice between a strong model and a weak one (Ong et al., 2024, section 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.evaluation.intervals import SEED, Floats, Places, interval_of
from routing.evaluation.report import Figure


class Recovered(NamedTuple):
    """`apgr`: 0..1; `cpt50` and `cpt80`: per cent of calls to the strong model. Lower is better for the two."""

    apgr: Figure
    cpt50: Figure
    cpt80: Figure


def best_first(score: npt.ArrayLike) -> Places:
    """Places of the rows by falling score; rows that tie are drawn by lot, so that their order in the file is no help."""
    told = np.asarray(score, dtype=np.float64)
    lot = np.random.default_rng(SEED).permutation(len(told))
    places: Places = lot[np.argsort(-told[lot], kind="stable")]
    return places


def gap_recovered(gains: npt.ArrayLike) -> Floats:
    """PGR(k) for k = 0..N: the share of the gap that sending the first k rows to the strong model recovers.

    `gains`: by row, what the strong model has more than the weak one, in the order in which rows are sent. Raises
    ValueError where the strong model is not the better one over all rows.
    """
    total = np.concatenate(([0.0], np.cumsum(np.asarray(gains, dtype=np.float64))))
    if total[-1] <= 0:
        raise ValueError("The strong model has to be the better one over all rows.")
    recovered: Floats = total / total[-1]
    return recovered


def average_gap_recovered(gains: npt.ArrayLike) -> float:
    """APGR: the mean of PGR over k; 0.5 is what sending by lot is expected to give."""
    return float(gap_recovered(gains).mean())


def calls_needed(gains: npt.ArrayLike, share: float) -> float:
    """CPT: the least share of calls to the strong model, in per cent, that recovers `share` (0..1) of the gap."""
    recovered = gap_recovered(gains)
    return 100.0 * float(np.argmax(recovered >= share)) / (len(recovered) - 1)


def recovered_by(score: npt.ArrayLike, weak: npt.ArrayLike, strong: npt.ArrayLike) -> Recovered:
    """One value a row: the router's score for the strong model, and how well each model did."""
    order = best_first(score)
    gains = (np.asarray(strong, dtype=np.float64) - np.asarray(weak, dtype=np.float64))[order]
    return Recovered(
        _interval(gains, average_gap_recovered),
        _interval(gains, lambda drawn: calls_needed(drawn, 0.5)),
        _interval(gains, lambda drawn: calls_needed(drawn, 0.8)),
    )


def _interval(gains: Floats, statistic: Callable[[Floats], float]) -> Figure:
    """Samples in which the strong model is not the better one have no gap, and are left out."""
    return interval_of(
        len(gains),
        lambda places: statistic(gains[places]) if gains[places].sum() > 0 else float("nan"),
    )
