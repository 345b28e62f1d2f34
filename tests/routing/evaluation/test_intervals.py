from __future__ import annotations

import numpy as np
import pytest

from routing.evaluation.intervals import interval_of, mean_of


def test_the_interval_of_a_mean_is_two_standard_errors_wide_on_each_side():
    answers = [0.0, 1.0] * 200
    figure = mean_of(answers)
    assert figure.value == 0.5
    assert figure.low == pytest.approx(0.5 - 1.96 * 0.5 / 20, abs=0.006)
    assert figure.high == pytest.approx(0.5 + 1.96 * 0.5 / 20, abs=0.006)


def test_the_same_rows_give_the_same_interval():
    values = np.arange(50) % 7
    assert mean_of(values) == mean_of(values)


def test_a_difference_that_is_the_same_on_every_row_has_no_width():
    assert tuple(mean_of([0.25] * 10)) == (0.25, 0.25, 0.25)


def test_rows_reach_the_statistic_in_their_order():
    def spread(places):
        assert (np.diff(places) >= 0).all()
        return float(len(places))

    assert interval_of(20, spread).value == 20.0


def test_no_rows_have_no_interval():
    with pytest.raises(ValueError, match="rows"):
        mean_of([])
