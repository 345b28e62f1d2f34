"""After a reply was turned down, more is asked for in that conversation."""

from __future__ import annotations

import pytest

from routing.engine.floor import ability_above
from routing.engine.values import PREFERENCES, Incumbent, Policy
from tests.routing.engine.market import choose, chosen_model, make_reading


def after_refusing(decision, difficulty):
    """What the conversation asks for once the chosen reply was turned down, as a receipt rounds it."""
    asked = ability_above(round(decision.chosen.success, 4), difficulty)
    return Incumbent(chosen_model(decision), difficulty, least_ability=asked)


@pytest.mark.parametrize("preference", PREFERENCES)
@pytest.mark.parametrize("category", ["chat", "coding", "translation"])
@pytest.mark.parametrize("difficulty", [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7])
def test_who_was_turned_down_does_not_answer_again(preference, category, difficulty):
    reading, policy = make_reading(category, difficulty), Policy(preference=preference)
    first = choose(reading, policy=policy)
    strongest = max(first.candidates, key=lambda each: each.success)

    second = choose(reading, policy=policy, incumbent=after_refusing(first, difficulty))
    # Whom nobody beats goes on; a receipt rounds to four digits.
    if strongest.success - first.chosen.success > 0.0001:
        assert chosen_model(second) != chosen_model(first)
        assert second.chosen.success > first.chosen.success
    assert "More is asked for than usual" in second.explanation


def test_the_strongest_goes_on_where_nobody_is_stronger():
    reading, policy = make_reading("maths", 0.8), Policy(preference="quality")
    first = choose(reading, policy=policy)
    second = choose(reading, policy=policy, incumbent=after_refusing(first, 0.8))

    assert chosen_model(second) == chosen_model(first)
    assert "comes closest" in second.explanation
