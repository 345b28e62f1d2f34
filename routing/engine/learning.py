"""What an organisation's own verdicts say about one model: a shift of its ability in each category, in logits.

The prior says that the card is right, give or take `PRIOR_LOGITS`. Each verdict pulls the shift towards what would have
made it likelier; the result is the most probable shift, held within `SHIFT_MOST`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.engine.success import UNKNOWN_ABILITY, CategoryMix
from routing.engine.values import CATEGORIES, Card

# How far a published figure may be off for one organisation's own tasks: half of what lies between neighbouring models.
PRIOR_LOGITS = 0.5

# No verdict makes a small model the strongest, or the strongest a small one.
SHIFT_MOST = 1.0

# In one category a person counts like so many verdicts at most, and like one more than all who lean the same way: who is
# alone moves a model by one verdict, and only two of one mind can move it far.
MEMBER_MOST = 4.0
MEMBER_MORE_THAN_LIKE_MINDED = 1.0

# Halves the interval so often: to less than a thousandth of a logit.
HALVINGS = 12

Array = npt.NDArray[np.float64]


class Evidence(NamedTuple):
    """One verdict on a reply of the model. `expected_logits`: the card's ability less the difficulty; `weight`: 1 for a
    plain verdict, above 0.
    """

    person: str
    mix: CategoryMix
    expected_logits: float
    is_good: bool
    weight: float = 1.0


class Learned(NamedTuple):
    """`shift` in logits; `good` and `bad` count verdicts, `people` who gave them; `weight`: what counted, in verdicts."""

    shift: float
    good: int
    bad: int
    people: int
    weight: float


def learn(evidence: Sequence[Evidence]) -> dict[str, Learned]:
    """By category id, of all verdicts on one model; categories without any are left out.

    Deterministic; the order of the verdicts does not matter.
    """
    learned = {}
    for category in CATEGORIES:
        told = [(each, share) for each in evidence for name, share in each.mix if name == category]
        if told:
            learned[category] = _learn_one(told)
    return learned


def _learn_one(told: Sequence[tuple[Evidence, float]]) -> Learned:
    factors = _factors(told)
    weights = [each.weight * share * factors[each.person] for each, share in told]
    good = [each.is_good for each, _ in told]
    return Learned(
        shift=_most_probable_shift(
            np.array([each.expected_logits for each, _ in told]),
            np.array(good, dtype=np.float64),
            np.array(weights),
        ),
        good=sum(good),
        bad=len(good) - sum(good),
        people=len(factors),
        weight=sum(weights),
    )


def _factors(told: Sequence[tuple[Evidence, float]]) -> dict[str, float]:
    """By person, the part that counts of what they gave; for and against alike, so that their balance stays."""
    total: dict[str, float] = {}
    leaning: dict[str, float] = {}
    for each, share in told:
        weight = each.weight * share
        total[each.person] = total.get(each.person, 0.0) + weight
        leaning[each.person] = leaning.get(each.person, 0.0) + (weight if each.is_good else -weight)
    held = {person: min(weight, MEMBER_MOST) for person, weight in total.items()}
    of_one_mind = {False: 0.0, True: 0.0}
    for person, weight in held.items():
        of_one_mind[leaning[person] > 0.0] += weight
    return {
        person: min(
            weight, of_one_mind[leaning[person] > 0.0] - weight + MEMBER_MORE_THAN_LIKE_MINDED
        )
        / total[person]
        for person, weight in held.items()
    }


def _most_probable_shift(expected: Array, good: Array, weights: Array) -> float:
    """Where the pull of the verdicts and of the prior are equal; the pull falls steadily, so halving finds it."""
    low, high = -SHIFT_MOST, SHIFT_MOST
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        likely = 0.5 + 0.5 * np.tanh(0.5 * (expected + middle))
        pull = float(np.sum(weights * (good - likely))) - middle / PRIOR_LOGITS**2
        low, high = (middle, high) if pull > 0.0 else (low, middle)
    return round((low + high) / 2.0, 3)


def shifts_of(learned: Mapping[str, Learned]) -> dict[str, float]:
    """What goes into `Candidate.ability_shift`: the categories that moved at all."""
    return {category: each.shift for category, each in learned.items() if each.shift}


def card_ability(card: Card, mix: CategoryMix) -> float:
    """In logits, for this category mix: what the card says, before any verdict."""
    usual = card.quality.get("*", UNKNOWN_ABILITY)
    return sum(share * card.quality.get(category, usual) for category, share in mix)
