"""What Auto picks from the shipped cards: a catalogue or constants that make routing theatre fail here.

The models are those that stand approved after a key for OpenAI, Anthropic and Google was added. Nothing here names the
model that must win; `strength` and prices say what a pick has to be. Only the table of docs/routing.md has names.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from routing.cards import sensible_set, shipped_cards
from routing.engine.decide import decide
from routing.engine.preference import NEAR_TIE
from routing.engine.values import (
    CATEGORIES,
    COMPLEXITY,
    PREFERENCES,
    Candidate,
    Policy,
    Reading,
    Request,
    Turn,
)

APPROVED = tuple(
    model for provider in ("openai", "anthropic", "google") for model in sensible_set(provider)
)
GRID = [(category, step / 20) for category in CATEGORIES for step in range(1, 20)]
LANGUAGE = ("chat", "writing", "translation", "questions")
ROUTING_DOC = Path(__file__).parents[2] / "docs" / "routing.md"
# USD per million tokens of output.
CHEAP, MIDDLE = 1.0, 5.0


@cache
def decision(category, difficulty, preference="balanced", models=APPROVED):
    rest = 0.15 / (len(CATEGORIES) - 1)
    reading = Reading(
        categories=dict.fromkeys(CATEGORIES, rest) | {category: 0.85},
        category=category,
        difficulty=difficulty,
        complexity=dict.fromkeys(COMPLEXITY, 0),
        confidence=0.85,
        language="en",
        prompt_tokens=60,
        message_tokens=60,
    )
    candidates = [
        Candidate(shipped_cards()[model], model, "org:7f3a", "organisation") for model in models
    ]
    request = Request((Turn("user", ""),))
    return decide(reading, request, candidates, Policy(preference=preference))


def picked(category, difficulty, preference="balanced", models=APPROVED):
    return decision(category, difficulty, preference, models).chosen


def card(category, difficulty, preference="balanced"):
    return picked(category, difficulty, preference).candidate.card


def strength(one, category):
    return one.quality.get(category, one.quality["*"])


def strongest(category):
    return max(strength(shipped_cards()[model], category) for model in APPROVED)


def mean(preference, figure):
    return sum(getattr(picked(*cell, preference), figure) for cell in GRID) / len(GRID)


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("difficulty", [0.05, 0.1])
def test_an_easy_message_goes_to_a_cheap_quick_model(category, difficulty):
    assert card(category, difficulty).prices.output <= CHEAP
    assert picked(category, difficulty).wait_s < 5.0


@pytest.mark.parametrize("category", LANGUAGE)
def test_everyday_language_goes_to_a_model_that_is_good_at_it_and_not_dear(category):
    chosen = card(category, 0.25)
    assert chosen.prices.output <= MIDDLE
    assert strength(chosen, category) >= strongest(category) - 0.75


@pytest.mark.parametrize("difficulty", [0.45, 0.55, 0.65])
def test_code_goes_to_a_model_that_is_strong_in_it(difficulty):
    assert strength(card("coding", difficulty), "coding") >= strongest("coding") - 0.1


@pytest.mark.parametrize("category", ["maths", "reasoning"])
@pytest.mark.parametrize("difficulty", [0.65, 0.7, 0.8])
def test_hard_thinking_goes_to_the_strongest_in_it(category, difficulty):
    assert strength(card(category, difficulty), category) >= strongest(category) - 0.05


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_hardest_goes_to_the_likeliest(category):
    made = decision(category, 0.9)
    assert made.chosen.success >= max(each.success for each in made.candidates) - NEAR_TIE


def test_the_kind_of_task_moves_the_pick():
    assert len({card("coding", 0.45).id, card("translation", 0.25).id, card("maths", 0.7).id}) == 3


def test_several_models_win_and_none_wins_nearly_always():
    wins = Counter(card(*cell).id for cell in GRID)
    assert sum(count >= len(GRID) / 50 for count in wins.values()) >= 4
    assert max(wins.values()) <= 0.6 * len(GRID)


@pytest.mark.parametrize("category", CATEGORIES)
def test_more_difficulty_never_takes_a_weaker_model(category):
    """Weaker by what two near-ties and the wait may decide, a fifth of a logit."""
    ability = [strength(card(category, step / 20), category) for step in range(1, 20)]
    assert all(later >= max(ability[:at]) - 0.2 for at, later in enumerate(ability[1:], start=1))


@pytest.mark.parametrize("preference", [each for each in PREFERENCES if each != "balanced"])
def test_a_preference_changes_picks(preference):
    moved = sum(card(*cell, preference).id != card(*cell).id for cell in GRID)
    assert moved >= len(GRID) / 5


def test_quality_is_never_weaker_and_stronger_where_it_matters():
    gains = {cell: picked(*cell, "quality").success - picked(*cell).success for cell in GRID}
    assert min(gains.values()) >= -NEAR_TIE
    assert all(gains[category, 0.35] >= 0.01 for category in ("coding", "maths", "reasoning"))
    assert mean("quality", "cost_usd") > mean("balanced", "cost_usd")


def test_cost_saves_a_third_and_keeps_to_the_floor():
    assert mean("cost", "cost_usd") < 0.67 * mean("balanced", "cost_usd")
    assert mean("cost", "success") > mean("balanced", "success") - 0.05
    dearest = max(shipped_cards()[model].prices.output for model in APPROVED)
    assert all(card(category, 0.8, "cost").prices.output > CHEAP for category in CATEGORIES)
    assert card("chat", 0.8, "cost").prices.output < dearest


def test_speed_waits_least():
    waits = {preference: mean(preference, "wait_s") for preference in PREFERENCES}
    assert waits["speed"] < 0.8 * min(waits["balanced"], waits["quality"], waits["cost"])


def test_balanced_beats_every_single_model_that_costs_no_more():
    cost, success = mean("balanced", "cost_usd"), mean("balanced", "success")
    for model in APPROVED:
        alone = [picked(*cell, models=(model,)) for cell in GRID]
        if sum(each.cost_usd for each in alone) / len(GRID) <= cost:
            assert success >= sum(each.success for each in alone) / len(GRID) + 0.005


@pytest.mark.parametrize(
    "provider", ["openai", "anthropic", "google", "mistral", "xai", "together", "demo"]
)
def test_one_provider_alone_still_leaves_a_choice(provider):
    models = sensible_set(provider)
    wins = Counter(picked(*cell, models=models).candidate.card.id for cell in GRID)
    assert min(wins[model] for model in models) >= len(GRID) / 20


def test_the_documented_picks_are_those_of_the_engine():
    rows = re.findall(r"^\| ([a-z, ]+) \| (.+) \|$", documented_table(), re.MULTILINE)
    header = rows.pop(0)
    difficulties = [float(each) for each in header[1].split(" | ")]
    told = {
        (category, difficulty): name
        for categories, names in rows
        for category in categories.split(", ")
        for difficulty, name in zip(difficulties, names.split(" | "), strict=True)
    }
    assert told == {
        (category, difficulty): card(category, difficulty).name
        for category in CATEGORIES
        for difficulty in difficulties
    }


def documented_table():
    text = ROUTING_DOC.read_text(encoding="utf-8")
    return text[text.index("| balanced |") :].split("\n\n", 1)[0]
