"""The least expected success that is asked for, and who is above it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from routing.engine.estimate import Estimate
from routing.engine.success import difficulty_logits, successes
from routing.engine.values import Rejected
from routing.engine.wording import percent_at_least, percent_below

# A model is worth its price only if it succeeds four times where the strongest of today does five times. A share, since
# a fixed probability that holds back the weak at a middling difficulty is above everybody at a great one: then `cost`
# and `speed` would choose the strongest, as if nothing had been preferred.
FLOOR_SHARE = 0.8
STRONGEST_ABILITY = 3.0

# After a reply was turned down, its like is below the floor by half a logit for the rest of the conversation. The
# floor stops where probabilities of today's models can no longer be told apart, but never below the model that was
# turned down: a tenth of a logit above it, which is more than a receipt rounds away.
STEP_ABOVE_REFUSED_LOGITS = 0.5
RAISED_FLOOR_MOST = 0.995
LEAST_STEP_LOGITS = 0.1

# Keeps a probability of 0 or 1 within reach of a logarithm.
LEAST_ODDS = 1e-6


class StayingFloor(NamedTuple):
    """The incumbent's own floor: lower by the margin of a switch, 0 if it is pinned."""

    model: str | None
    floor: float


class Split(NamedTuple):
    """`reached` is False where nobody is above the floor: then all of them count as above."""

    above: list[Estimate]
    below: list[Estimate]
    reached: bool


def usual_floor(difficulty: float) -> float:
    """`difficulty` 0..1; a probability."""
    (strongest,) = successes([STRONGEST_ABILITY], difficulty_logits(difficulty))
    return FLOOR_SHARE * strongest


def ability_above(success: float, difficulty: float) -> float:
    """The ability in logits that is asked for once a reply was turned down: more than its model had.

    `success`: the probability that was expected of it, at its `difficulty` 0..1.
    """
    held = min(max(success, LEAST_ODDS), 1.0 - LEAST_ODDS)
    shown = math.log(held / (1.0 - held)) + difficulty_logits(difficulty)
    return shown + STEP_ABOVE_REFUSED_LOGITS


def raised(floor: float, least_ability: float, hardness_logits: float) -> float:
    """`floor` is a probability, as is the result; the others are logits."""
    asked = 1.0 / (1.0 + math.exp(hardness_logits - least_ability))
    least = least_ability - STEP_ABOVE_REFUSED_LOGITS + LEAST_STEP_LOGITS
    at_least = 1.0 / (1.0 + math.exp(hardness_logits - least))
    return max(floor, min(RAISED_FLOOR_MOST, asked), at_least)


def split_at(estimates: Sequence[Estimate], floor: float, incumbent: StayingFloor) -> Split:
    above: list[Estimate] = []
    below: list[Estimate] = []
    model, staying = incumbent
    for estimate in estimates:
        candidate, success, _, _, _ = estimate
        if success >= floor or (candidate.card.id == model and success >= staying):
            above.append(estimate)
        else:
            below.append(estimate)
    if not above:
        return Split(below, [], reached=False)
    return Split(above, below, reached=True)


def reserve(split: Split) -> str | None:
    """The model from below the floor that is kept as a last resort, if one is needed.

    A fallback is due even where only one model, or one provider, is above the floor: the likeliest model of another
    provider, else the likeliest other model if there is but one above.
    """
    providers = {estimate[0].card.provider for estimate in split.above}
    if len(providers) > 1 or not split.below:
        return None
    elsewhere = [each for each in split.below if each[0].card.provider not in providers]
    if not elsewhere and len({estimate[0].card.id for estimate in split.above}) > 1:
        return None
    return min(elsewhere or split.below, key=_likeliest_first)[0].card.id


def _likeliest_first(estimate: Estimate) -> tuple[float, float, str]:
    candidate, success, cost_usd, _, _ = estimate
    return -success, cost_usd, candidate.card.id


def refused_below(estimates: Iterable[Estimate], floor: float) -> list[Rejected]:
    """The figures are rounded apart, so that the sentence never says that 80 % is below 80 %."""
    asked = f"is below the {percent_at_least(floor)} asked for at this difficulty"
    return [
        Rejected(
            candidate.card.id, "below_floor", f"Expected success {percent_below(success)} {asked}"
        )
        for candidate, success, _, _, _ in estimates
    ]
