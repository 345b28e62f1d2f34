from __future__ import annotations

import pytest

from routing.engine.preference import NEAR_TIE, success_usd
from routing.engine.values import PREFERENCES, Budget, Policy
from tests.routing.engine.market import (
    choose,
    chosen_model,
    make_candidate,
    make_card,
    make_reading,
)

LIGHT = {"openai/gpt-6-luna", "anthropic/claude-haiku-5-5", "google/gemini-3.5-flash-lite"}
STRONG = {"openai/gpt-6-sol", "openai/gpt-6-astra", "anthropic/claude-opus-5-5"}


@pytest.mark.parametrize(
    ("category", "difficulty", "expected"),
    [
        ("chat", 0.1, LIGHT),
        ("questions", 0.15, LIGHT),
        ("maths", 0.8, STRONG),
        ("reasoning", 0.85, STRONG),
        ("coding", 0.45, {"anthropic/claude-sonnet-5-5"}),
        ("translation", 0.45, {"google/gemini-3.5-pro"}),
        ("translation", 0.2, {"mistral/mistral-large-4"}),
    ],
)
def test_balanced_picks_what_fits_the_category_and_the_difficulty(category, difficulty, expected):
    assert chosen_model(choose(make_reading(category, difficulty))) in expected


@pytest.mark.parametrize("category", ["chat", "coding", "translation", "maths"])
@pytest.mark.parametrize("difficulty", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
def test_quality_takes_the_likeliest_within_the_margin(category, difficulty):
    decision = choose(make_reading(category, difficulty), policy=Policy(preference="quality"))
    near = max(each.success for each in decision.candidates) - NEAR_TIE
    assert decision.chosen.success >= near
    tied = [each.cost_usd for each in decision.candidates if each.success >= near]
    assert decision.chosen.cost_usd == min(tied)


@pytest.mark.parametrize(("preference", "figure"), [("cost", "cost_usd"), ("speed", "wait_s")])
@pytest.mark.parametrize("difficulty", [0.0, 0.3, 0.6])
def test_cost_and_speed_take_the_least_above_the_floor(preference, figure, difficulty):
    decision = choose(make_reading("writing", difficulty), policy=Policy(preference=preference))
    assert getattr(decision.chosen, figure) == min(
        getattr(each, figure) for each in decision.candidates
    )


def test_the_preferences_differ():
    reading = make_reading("maths", 0.6)
    picks = {
        preference: chosen_model(choose(reading, policy=Policy(preference=preference)))
        for preference in PREFERENCES
    }
    assert picks["quality"] != picks["cost"] != picks["speed"] != picks["quality"]


@pytest.mark.parametrize("preference", PREFERENCES)
def test_when_nobody_reaches_the_floor_the_likeliest_is_taken(preference):
    weak = [
        make_candidate(make_card(f"acme/{name}", quality=quality, usd_in=price, usd_out=price))
        for name, quality, price in [("a", -0.5, 0.1), ("b", 0.4, 3.0), ("c", 0.1, 0.1)]
    ]
    decision = choose(make_reading("maths", 0.9), weak, Policy(preference=preference))
    assert chosen_model(decision) == "acme/b"
    assert [each.code for each in decision.rejected] == []
    assert "No model reaches the 45 % asked for" in decision.explanation


def test_a_costly_mistake_is_worth_more_money():
    reading = make_reading("coding", 0.5)
    careful = make_reading("coding", 0.5, complexity={"stakes": 3})
    assert choose(careful).chosen.success > choose(reading).chosen.success


def test_a_budget_that_runs_low_makes_the_price_weigh_more():
    reading = make_reading("writing", 0.7)
    ample, low = choose(reading), choose(reading, policy=Policy(budget=Budget(1.0, 1.0)))
    assert low.chosen.cost_usd < ample.chosen.cost_usd
    assert "The budget runs low" in low.explanation


@pytest.mark.parametrize("preference", ["quality", "speed"])
def test_pressure_weighs_under_other_preferences_too(preference):
    reading = make_reading("chat", 0.5)
    ample = choose(reading, policy=Policy(preference=preference))
    low = choose(reading, policy=Policy(preference=preference, budget=Budget(5.0, 1.0)))
    assert low.chosen.cost_usd < ample.chosen.cost_usd


def test_a_free_model_costs_nothing():
    decision = choose(candidates=[make_candidate(make_card("acme/free", free=True))])
    assert decision.chosen.cost_usd == 0.0


@pytest.mark.parametrize(
    ("difficulty", "stakes", "usd"),
    [(0.0, 0, 0.05), (1.0, 0, 20.0), (0.5, 0, 1.0), (0.0, 2, 0.1125)],
)
def test_a_success_is_worth(difficulty, stakes, usd):
    assert success_usd(difficulty, stakes) == pytest.approx(usd, rel=1e-3)
