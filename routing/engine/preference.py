"""What a candidate is worth under each preference: one number, higher is better, 1 at best (a little more for near-ties).

quality   success; candidates within NEAR_TIE of the likeliest are ordered by cost
balanced  success less cost and wait, both as shares of what a success is worth:
          success - (cost_weight * cost_usd + SECOND_USD * wait_s) / success_usd
cost      how the price compares with the cheapest: 1 the cheapest, 0.5 twice as dear
speed     how the wait compares with the quickest: 1 the quickest, 0.5 twice as long
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from routing.engine.estimate import Estimate
from routing.engine.values import Preference

# What a good answer is worth in USD, as the time that a bad one costs at 40 dollars an hour: five cents for the easiest
# prompt (it is asked again in five seconds), 20 dollars for the hardest (half an hour of an expert who finds the mistake
# and repeats the work), exponential between as prices are. With half of that a programming task of the middle (0.45)
# went to the smallest models, which fail it twice as often as the better ones.
SUCCESS_USD_AT_EASIEST = 0.05
SUCCESS_USD_AT_HARDEST = 20.0

# Each step of "cost of being wrong" (0..3) makes a good answer worth half as much again.
STAKES_FACTOR = 1.5

# A second of waiting, in USD: a dollar an hour, as a reply is read while it is written.
SECOND_USD = 0.0003

# Two probabilities closer than this cannot be told apart by the evidence behind the abilities: a tenth of a logit, the
# error of most published scores, is 0.005 at 0.95. Any wider, and `quality` took weaker models than `balanced` does.
NEAR_TIE = 0.005

# With the budget nearly spent (pressure 1) a dollar counts five times, near-ties are five times as wide, and under
# `speed` a cent counts like ten seconds.
PRESSURE_FACTOR = 4.0
PRESSURE_S_PER_USD = 1000.0

# Below these nobody feels a difference; they also keep free models comparable.
LEAST_USD = 0.0001
LEAST_S = 0.1


class Stake(NamedTuple):
    """What hangs on this prompt: the worth of a success in USD, the budget's pressure 0..1, and how near is a tie."""

    success_usd: float
    pressure: float
    near_tie: float = NEAR_TIE


def success_usd(difficulty: float, stakes: int) -> float:
    """`difficulty` 0..1, `stakes` 0..3; USD."""
    growth = SUCCESS_USD_AT_HARDEST / SUCCESS_USD_AT_EASIEST
    return float(SUCCESS_USD_AT_EASIEST * growth**difficulty * STAKES_FACTOR**stakes)


def scores(estimates: Sequence[Estimate], preference: Preference, stake: Stake) -> list[float]:
    """One score for each estimate, in their order; at least one estimate."""
    return SCORES[preference](estimates, stake)


def _balanced(estimates: Sequence[Estimate], stake: Stake) -> list[float]:
    per_usd = (1.0 + PRESSURE_FACTOR * stake.pressure) / stake.success_usd
    per_second = SECOND_USD / stake.success_usd
    return [
        success - per_usd * cost_usd - per_second * wait_s
        for _, success, cost_usd, wait_s, _ in estimates
    ]


def _quality(estimates: Sequence[Estimate], stake: Stake) -> list[float]:
    """A near-tie counts as the likeliest, plus up to the margin for being cheap."""
    likeliest = max(success for _, success, _, _, _ in estimates)
    margin = stake.near_tie * (1.0 + PRESSURE_FACTOR * stake.pressure)
    near = likeliest - margin
    cheapest = min(cost for _, success, cost, _, _ in estimates if success >= near) + LEAST_USD
    return [
        likeliest + margin * cheapest / (cost + LEAST_USD) if success >= near else success
        for _, success, cost, _, _ in estimates
    ]


def _cost(estimates: Sequence[Estimate], _stake: Stake) -> list[float]:
    return _compared([cost_usd + LEAST_USD for _, _, cost_usd, _, _ in estimates])


def _speed(estimates: Sequence[Estimate], stake: Stake) -> list[float]:
    per_usd = PRESSURE_S_PER_USD * stake.pressure
    return _compared([wait_s + per_usd * cost + LEAST_S for _, _, cost, wait_s, _ in estimates])


def _compared(amounts: Sequence[float]) -> list[float]:
    least = min(amounts)
    return [least / amount for amount in amounts]


SCORES: Mapping[Preference, Callable[[Sequence[Estimate], Stake], list[float]]] = {
    "balanced": _balanced,
    "quality": _quality,
    "cost": _cost,
    "speed": _speed,
}
