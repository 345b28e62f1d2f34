"""Balanced over many prompts, against sending them all to one model, or by lot to one of two.

The population is synthetic and success is what the engine itself expects: the choosing is tested, not the figures.
"""

from __future__ import annotations

import itertools
import math
import random

import pytest

from routing.engine.values import CATEGORIES
from tests.routing.engine.market import choose, make_candidate, make_card, make_reading

MODELS, PROMPTS = 7, 200


def population(chance, speciality_logits):
    """The dearer, the abler; and each with strengths and weaknesses of its own."""
    models = []
    for number in range(MODELS):
        output_usd = 10 ** chance.uniform(-0.5, 1.5)
        usual = 1.7 + 0.5 * math.log10(output_usd) + chance.gauss(0.0, 0.2)
        quality = {
            category: usual + chance.gauss(0.0, speciality_logits) for category in CATEGORIES
        }
        model = f"maker{number % 3}/model{number}"
        models.append(make_candidate(make_card(model, output_usd / 5, output_usd, quality)))
    return models


def prompts(chance):
    """As people ask: mostly of a low or a middling difficulty, a few hard ones."""
    return [
        make_reading(chance.choice(CATEGORIES), chance.betavariate(2.0, 3.0))
        for _ in range(PROMPTS)
    ]


def cost_and_success(readings, candidates):
    """Means over the prompts; `candidates` of one model are that model alone."""
    chosen = [choose(reading, candidates).chosen for reading in readings]
    return (
        sum(each.cost_usd for each in chosen) / PROMPTS,
        sum(each.success for each in chosen) / PROMPTS,
    )


def best_at(price, singles):
    """The most success that single models, or a lot drawn between two, have at this mean price."""
    affordable = [success for cost, success in singles if cost <= price]
    mixed = [
        success + (better - success) * (price - cost) / (dearer - cost)
        for (cost, success), (dearer, better) in itertools.product(singles, singles)
        if cost <= price < dearer
    ]
    return max([*affordable, *mixed], default=0.0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("speciality_logits", "gain"), [(0.0, 0.001), (0.5, 0.01)], ids=["generalists", "specialists"]
)
def test_balanced_succeeds_more_often_than_any_single_model_at_its_price(
    speciality_logits, gain, seed
):
    chance = random.Random(seed)
    models, readings = population(chance, speciality_logits), prompts(chance)

    cost, success = cost_and_success(readings, models)
    singles = [cost_and_success(readings, [model]) for model in models]

    assert success >= best_at(cost, singles) + gain
