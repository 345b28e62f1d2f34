from __future__ import annotations

import numpy as np
import pytest

from routing.evaluation.frontier import Point, best_affordable, best_lot, frontier_table
from routing.evaluation.report import Figure

CHEAP = Point("cheap", 0.001, np.array([0.0, 0.0, 1.0, 1.0]))
MIDDLE = Point("middle", 0.002, np.array([0.0, 0.0, 0.0, 1.0]))
DEAR = Point("dear", 0.003, np.array([1.0, 1.0, 1.0, 1.0]))
SINGLES = [CHEAP, MIDDLE, DEAR]


@pytest.mark.parametrize(
    ("price", "best"), [(0.0005, "cheap"), (0.001, "cheap"), (0.0025, "cheap"), (0.003, "dear")]
)
def test_the_best_model_at_no_higher_price(price, best):
    assert best_affordable(price, SINGLES).name == best


def test_the_best_lot_lies_between_two_models():
    """Half way in price between the cheap and the dear: half of each, which beats the middle one."""
    assert best_lot(0.002, SINGLES).tolist() == [0.5, 0.5, 1.0, 1.0]
    assert best_lot(0.003, SINGLES).tolist() == DEAR.scores.tolist()


def test_a_pick_is_compared_row_by_row():
    ours = Point("Auto", 0.002, np.array([1.0, 0.5, 1.0, 1.0]))
    name, price, score, single, difference, from_lot = frontier_table("", "", SINGLES, [ours]).rows[
        -1
    ]
    assert (name, single) == ("Auto", "cheap")
    assert price == pytest.approx(2.0)
    figures = [score, difference, from_lot]
    assert [each.value for each in figures if isinstance(each, Figure)] == [0.875, 0.375, 0.125]
