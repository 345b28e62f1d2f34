from __future__ import annotations

import numpy as np
import pytest

from routing.evaluation.calibration import (
    Bin,
    calibration_error,
    calibration_error_of,
    reliability,
)


def test_bins_hold_what_was_told_and_what_came():
    bins = reliability([0.125, 0.1875, 0.875, 1.0], [0, 1, 1, 1])
    assert bins == [Bin(0.1, 0.15625, 0.5, 2), Bin(0.8, 0.875, 1.0, 1), Bin(0.9, 1.0, 1.0, 1)]


def test_the_error_weighs_each_bin_by_its_rows():
    # Three told 0.2 of which none came: 0.2 off. One told 0.8 that came: 0.2 off. One told 0.5 that came half: none.
    bins = reliability([0.2, 0.2, 0.2, 0.8, 0.55], [0, 0, 0, 1, 0.55])
    assert calibration_error(bins) == pytest.approx((3 * 0.2 + 0.2 + 0.0) / 5)


def test_a_forecast_that_is_kept_has_no_error():
    assert calibration_error(reliability([0.5, 0.5], [0, 1])) == 0.0


def test_the_interval_draws_whole_rows():
    """Two answers a row: the calibration error of each row is the same, so every sample has it too."""
    expected, happened = np.array([[0.25, 0.25]] * 5), np.array([[0.0, 0.5]] * 5)
    assert tuple(calibration_error_of(expected, happened)) == (0.0, 0.0, 0.0)
