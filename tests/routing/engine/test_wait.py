from __future__ import annotations

import pytest

from routing.engine.values import Speed
from routing.engine.wait import waits_s
from tests.routing.engine.market import make_candidate, make_card

HOSTED = make_card(first_token_s=1.0, tokens_per_s=100.0)
LOCAL = make_card(first_token_s=1.0, tokens_per_s=100.0, local=True)


@pytest.mark.parametrize(
    ("card", "changes", "first", "last"),
    [
        (HOSTED, {}, 1.0, 6.0),
        (HOSTED, {"speed": Speed(3.0, 50.0, 10)}, 2.0, 2.0 + 500 / 75),
        (HOSTED, {"speed": Speed(None, None, 10)}, 1.0, 6.0),
        (HOSTED, {"speed": Speed(3.0, None, 0)}, 1.0, 6.0),
        (HOSTED, {"in_flight": 5}, 1.1, 6.6),
        (LOCAL, {"in_flight": 2}, 3.0, 18.0),
    ],
)
def test_it_waits_for_the_first_token_and_the_last(card, changes, first, last):
    firsts, lasts = waits_s([make_candidate(card, **changes)], [500])
    assert firsts == [pytest.approx(first)]
    assert lasts == [pytest.approx(last)]


def test_a_model_without_speed_is_merely_slow():
    stuck = make_card(first_token_s=0.0, tokens_per_s=0.0)
    assert waits_s([make_candidate(stuck)], [10]) == ([0.0], [100.0])
