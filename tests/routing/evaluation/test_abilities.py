from __future__ import annotations

import numpy as np
import pytest

from routing.engine.success import abilities as engine_abilities
from routing.engine.success import category_mix, difficulty_logits, successes
from routing.engine.values import CATEGORIES
from routing.evaluation.abilities import (
    Asked,
    as_quality,
    expected_success,
    fit_abilities,
    surprise,
)
from tests.routing.engine.market import make_candidate, make_card

MATHS, CODING = CATEGORIES.index("maths"), CATEGORIES.index("coding")


def asked(prompts, seed=1):
    """Half maths, half coding, of all difficulties around the middle."""
    source = np.random.default_rng(seed)
    mix = np.zeros((prompts, len(CATEGORIES)))
    mix[::2, MATHS] = 1.0
    mix[1::2, CODING] = 1.0
    return Asked(mix, source.uniform(0.2, 0.8, prompts))


def answers(rows, true, seed=2):
    likely = expected_success(rows, true)
    return (np.random.default_rng(seed).random(likely.shape) < likely).astype(float)


def test_abilities_are_found_again_from_the_answers():
    rows = asked(4000)
    true = np.full((2, len(CATEGORIES)), 0.5)
    true[0, MATHS], true[0, CODING] = 0.7, 0.3
    true[1] = -0.5
    found = fit_abilities(rows, answers(rows, true))
    assert found[0, MATHS] == pytest.approx(0.7, abs=0.2)
    assert found[0, CODING] == pytest.approx(0.3, abs=0.2)
    assert found[1, [MATHS, CODING]] == pytest.approx([-0.5, -0.5], abs=0.2)


def test_a_category_without_answers_has_the_usual_ability():
    rows = asked(2000)
    found = fit_abilities(rows, answers(rows, np.full((1, len(CATEGORIES)), 1.0)))
    assert found[0, CATEGORIES.index("chat")] == pytest.approx(1.0, abs=0.2)


def test_a_model_that_is_never_wrong_has_a_finite_ability():
    rows = asked(200)
    found = fit_abilities(rows, np.ones((200, 1)))
    assert np.isfinite(found).all()
    assert found[0, MATHS] > 2.0


def test_expected_success_is_what_the_engine_expects():
    quality = as_quality(np.linspace(-1.0, 2.0, len(CATEGORIES))[None, :])[0]
    mix = {"maths": 0.6, "coding": 0.4}
    able = engine_abilities([make_candidate(make_card(quality=quality))], category_mix(mix), "en")
    rows = Asked(np.array([[mix.get(name, 0.0) for name in CATEGORIES]]), np.array([0.45]))
    ours = expected_success(rows, np.array([[quality[name] for name in CATEGORIES]]))
    assert ours[0, 0] == pytest.approx(successes(able, difficulty_logits(0.45))[0])


def test_a_surer_forecast_that_comes_true_surprises_less():
    assert surprise(np.array([0.5]), [1.0]) == pytest.approx(0.6931, abs=1e-4)
    assert surprise(np.array([0.9]), [1.0]) < surprise(np.array([0.5]), [1.0])
