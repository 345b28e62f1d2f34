"""RouteLLM's protocol on tables small enough to be worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from routing.evaluation.protocol import (
    average_gap_recovered,
    best_first,
    calls_needed,
    gap_recovered,
    recovered_by,
)

# The weak model fails the first two of four prompts, the strong one none.
WEAK, STRONG = [0, 0, 1, 1], [1, 1, 1, 1]


def test_the_gap_is_recovered_call_by_call():
    assert gap_recovered([1, 1, 0, 0]).tolist() == [0.0, 0.5, 1.0, 1.0, 1.0]
    assert gap_recovered([0, 0, 1, 1]).tolist() == [0.0, 0.0, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("gains", "apgr", "cpt50", "cpt80"),
    [
        ([1, 1, 0, 0], 0.7, 25.0, 50.0),
        ([0, 0, 1, 1], 0.3, 75.0, 100.0),
        ([1, 1, 1, 1], 0.5, 50.0, 100.0),
        # A prompt that the weak model answers better takes the curve above 1: 0, 1, 2, 1, 1.
        ([1, 1, -1, 0], 1.0, 25.0, 25.0),
    ],
)
def test_the_figures_of_an_order(gains, apgr, cpt50, cpt80):
    assert average_gap_recovered(gains) == pytest.approx(apgr)
    assert calls_needed(gains, 0.5) == cpt50
    assert calls_needed(gains, 0.8) == cpt80


def test_sending_by_lot_recovers_half():
    source = np.random.default_rng(1)
    gains = (source.random(4000) < 0.3).astype(float)
    assert average_gap_recovered(gains) == pytest.approx(0.5, abs=0.02)
    tied = recovered_by(np.zeros(4000), np.zeros(4000), np.sort(gains))
    assert tied.apgr.value == pytest.approx(0.5, abs=0.02)


def test_the_highest_score_is_sent_first():
    assert best_first([0.1, 0.9, 0.5]).tolist() == [1, 2, 0]


def test_a_perfect_and_a_perverse_router():
    perfect = recovered_by([4, 3, 2, 1], WEAK, STRONG)
    assert perfect.apgr.value == pytest.approx(0.7)
    assert perfect.cpt50.value == 25.0
    assert recovered_by([1, 2, 3, 4], WEAK, STRONG).apgr.value == pytest.approx(0.3)


def test_a_strong_model_that_is_not_better_has_no_gap():
    with pytest.raises(ValueError, match="better"):
        gap_recovered([1, -1])


def test_a_sample_without_a_gap_is_left_out_of_the_interval():
    """Of two rows one sample in four holds only the row that both models answer."""
    figure = recovered_by([2, 1], [0, 1], [1, 1]).apgr
    assert (figure.low, figure.value, figure.high) == pytest.approx((0.5, 2 / 3, 2 / 3))
