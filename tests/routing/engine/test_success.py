from __future__ import annotations

import pytest

from routing.engine.success import abilities, category_mix, difficulty_logits, successes
from tests.routing.engine.market import make_candidate, make_card

CODING = {"*": 1.0, "coding": 2.0}


@pytest.mark.parametrize(("difficulty", "logits"), [(0.0, -4.0), (0.5, -0.25), (1.0, 3.5)])
def test_difficulty_stands_on_the_scale_of_the_abilities(difficulty, logits):
    assert difficulty_logits(difficulty) == pytest.approx(logits)


@pytest.mark.parametrize(
    ("ability", "hardness", "expected"), [(1.5, 1.5, 0.5), (3.0, 1.5, 0.818), (-1e9, 0.0, 0.0)]
)
def test_success_is_logistic(ability, hardness, expected):
    assert successes([ability], hardness) == [pytest.approx(expected, abs=1e-3)]


@pytest.mark.parametrize(
    ("mix", "shift", "expected"),
    [
        ({"coding": 1.0}, {}, 2.0),
        ({"chat": 1.0}, {}, 1.0),
        ({"coding": 0.75, "chat": 0.25}, {}, 1.75),
        ({"coding": 1.0}, {"coding": -0.5}, 1.5),
        ({"coding": 1.0}, {"*": 0.2}, 2.2),
        ({"coding": 0.5, "chat": 0.5}, {"coding": 0.4, "*": 0.2}, 1.8),
    ],
)
def test_ability_is_the_mean_over_the_category_mix(mix, shift, expected):
    candidate = make_candidate(make_card(quality=CODING), ability_shift=shift)
    assert abilities([candidate], category_mix(mix), "en") == [pytest.approx(expected)]


def test_a_weak_language_takes_a_logit():
    candidate = make_candidate(make_card(quality=1.5, languages_weak=frozenset({"he"})))
    assert abilities([candidate], (("chat", 1.0),), "he") == [0.5]


def test_small_shares_are_noise():
    assert category_mix({"coding": 0.97, "maths": 0.015, "chat": 0.015}) == (("coding", 1.0),)
    assert category_mix({}) == (("chat", 1.0),)
