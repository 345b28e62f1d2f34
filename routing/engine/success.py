"""How likely a candidate is to answer well: sigma(ability - difficulty), both in logits.

Abilities stand on the scale of the catalogue, where about -0.5 is a small local model and 3.0 the strongest of today.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from routing.engine.values import CATEGORIES, Candidate

# Difficulty 0..1 on the scale of the abilities. At 0 the smallest model (-0.5) still succeeds 97 times in 100; at 0.5, a
# university question, the strongest (3.0) fails 1 time in 25 and the smallest more often than not; at 0.9, an olympiad,
# the strongest succeeds about as often as it fails. Linear between: a step of 0.1 always costs three quarters of a logit.
DIFFICULTY_LOGITS_AT_EASIEST = -4.0
DIFFICULTY_LOGITS_RANGE = 7.5

# A share of a category below this is noise of the classifier; it is left out of the mix.
LEAST_SHARE = 0.02

# What a language that the card calls weak takes from an ability, where such a model is taken at all.
WEAK_LANGUAGE_LOGITS = 1.0

# Without any figure in the card.
UNKNOWN_ABILITY = 0.0

CategoryMix = tuple[tuple[str, float], ...]


def difficulty_logits(difficulty: float) -> float:
    """`difficulty` 0..1 in logits, on the scale of the abilities."""
    return DIFFICULTY_LOGITS_AT_EASIEST + DIFFICULTY_LOGITS_RANGE * difficulty


def category_mix(categories: Mapping[str, float]) -> CategoryMix:
    """The categories that count, in the order of CATEGORIES, with shares that sum to 1."""
    counted = [(name, categories.get(name, 0.0)) for name in CATEGORIES]
    counted = [(name, share) for name, share in counted if share >= LEAST_SHARE]
    total = sum(share for _, share in counted)
    if not counted:
        return (("chat", 1.0),)
    return tuple((name, share / total) for name, share in counted)


def abilities(candidates: Sequence[Candidate], mix: CategoryMix, language: str) -> list[float]:
    """In logits, of each candidate for this category mix, with what the organisation's verdicts moved."""
    found = []
    for candidate in candidates:
        card = candidate.card
        quality = card.quality.get
        usual = quality("*", UNKNOWN_ABILITY)
        total = 0.0
        for category, share in mix:
            total += share * quality(category, usual)
        if candidate.ability_shift:
            total += _shift(candidate.ability_shift, mix)
        if language in card.languages_weak:
            total -= WEAK_LANGUAGE_LOGITS
        found.append(total)
    return found


def _shift(logits: Mapping[str, float], mix: CategoryMix) -> float:
    usual = logits.get("*", 0.0)
    total = 0.0
    for category, share in mix:
        total += share * logits.get(category, usual)
    return total


def successes(abilities_logits: Sequence[float], hardness_logits: float) -> list[float]:
    """Probabilities; tanh is the logistic function that cannot overflow."""
    tanh = math.tanh
    return [0.5 + 0.5 * tanh(0.5 * (able - hardness_logits)) for able in abilities_logits]
