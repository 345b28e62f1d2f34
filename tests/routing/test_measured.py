from __future__ import annotations

import pytest

from routing.measured import HALF_LIFE_S, Measured


def test_a_call_that_was_just_measured_counts_whole():
    known = Measured()
    known.add(0.5, 80.0, now=100.0)
    known.add(0.5, None, now=100.0)

    speed = known.speed(now=100.0)
    assert speed is not None
    assert (speed.first_token_s, speed.tokens_per_s, speed.samples) == (0.5, 80.0, 2)


def test_what_nobody_measures_again_is_forgotten():
    """A bad hour: with its weight goes the reason to avoid the model."""
    known = Measured()
    for _call in range(20):
        known.add(30.0, 2.0, now=0.0)

    weights = [speed.samples if (speed := known.speed(hours * 3600.0)) else 0 for hours in range(6)]

    assert weights == [20, 5, 1, 0, 0, 0]


def test_a_new_call_weighs_against_what_is_left_of_the_old_ones():
    known = Measured()
    for _call in range(16):
        known.add(30.0, 2.0, now=0.0)
    known.add(1.0, 50.0, now=4 * HALF_LIFE_S)

    speed = known.speed(now=4 * HALF_LIFE_S)
    assert speed is not None
    assert speed.samples == 2


@pytest.mark.parametrize("now", [0.0, 1e9])
def test_nothing_measured_says_nothing(now):
    assert Measured().speed(now) is None
