"""What Auto reaches at which price, beside every single model, on rows where all of them have answered."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from routing.engine.classify import Classifier, classify
from routing.engine.decide import decide
from routing.engine.demand import demand_of
from routing.engine.estimate import estimates_of
from routing.engine.values import (
    PREFERENCES,
    Action,
    Candidate,
    Card,
    Condition,
    Policy,
    Prices,
    Reading,
    Request,
    Rule,
)
from routing.evaluation.abilities import as_quality
from routing.evaluation.intervals import Floats, Places, mean_of
from routing.evaluation.report import Cell, Figure, Line, Picture, Table
from routing.evaluation.sets import ManyModels

# The cheapest model above these expected successes: `cost` with a rule that sets the floor.
FLOORS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# The rows say nothing of speed, so all models are equally quick.
FIRST_TOKEN_S, TOKENS_PER_S = 0.5, 60.0


class Point(NamedTuple):
    """One way of answering all rows: its mean price in USD, and its score on each row, 0..1."""

    name: str
    cost_usd: float
    scores: Floats


class Market(NamedTuple):
    """`costs_usd`: (prompts, models), as the engine estimates them at list prices."""

    rows: ManyModels
    readings: tuple[Reading, ...]
    candidates: tuple[Candidate, ...]
    costs_usd: Floats


def read_all(classifier: Classifier, requests: Sequence[Request]) -> tuple[Reading, ...]:
    return tuple(classify(classifier, request) for request in requests)


def make_market(
    rows: ManyModels,
    readings: tuple[Reading, ...],
    abilities: Floats,
    prices: dict[str, tuple[float, float]],
) -> Market:
    """`abilities`: (models, 13), in logits; `prices`: USD per million tokens of input and of output, by model."""
    candidates = tuple(
        _candidate(model, quality, prices[model])
        for model, quality in zip(rows.models, as_quality(abilities), strict=True)
    )
    costs = [
        [
            estimate[2]
            for estimate in estimates_of(
                candidates, demand_of(reading, request, Policy(), None, None)
            )
        ]
        for request, reading in zip(rows.requests, readings, strict=True)
    ]
    return Market(rows, readings, candidates, np.array(costs))


def _candidate(model: str, quality: Mapping[str, float], prices: tuple[float, float]) -> Candidate:
    card = Card(
        id=model,
        name=model,
        provider=model,
        provider_model=model,
        context_tokens=1_000_000,
        max_output_tokens=1_000_000,
        prices=Prices(*prices),
        capabilities=frozenset(),
        first_token_s=FIRST_TOKEN_S,
        tokens_per_s=TOKENS_PER_S,
        quality=quality,
        trusted=True,
    )
    return Candidate(card, model, None, "organisation")


def single_points(market: Market) -> list[Point]:
    return [
        Point(model, float(market.costs_usd[:, at].mean()), market.rows.scores[:, at])
        for at, model in enumerate(market.rows.models)
    ]


def auto_points(market: Market) -> list[Point]:
    """Auto under each preference, then with each floor."""
    policies = {f"Auto, {name}": Policy(preference=name) for name in PREFERENCES}
    for floor in FLOORS:
        rule = Rule("floor", Condition(), Action(preference="cost", floor=floor))
        policies[f"Auto, cheapest above {floor:.0%}"] = Policy(rules=(rule,))
    return [point_of(market, name, picks(market, policy)) for name, policy in policies.items()]


def point_of(market: Market, name: str, chosen: Places) -> Point:
    everywhere = np.arange(len(chosen))
    return Point(
        name,
        float(market.costs_usd[everywhere, chosen].mean()),
        market.rows.scores[everywhere, chosen],
    )


def picks(market: Market, policy: Policy) -> Places:
    """Of each prompt, the place of the model that Auto chooses."""
    place = {model: at for at, model in enumerate(market.rows.models)}
    chosen = []
    for request, reading in zip(market.rows.requests, market.readings, strict=True):
        decision = decide(reading, request, market.candidates, policy)
        assert decision.chosen is not None
        chosen.append(place[decision.chosen.candidate.card.id])
    return np.array(chosen)


def best_affordable(price_usd: float, singles: Sequence[Point]) -> Point:
    """The best single model that costs no more, else the cheapest; which is best is told by these rows themselves."""
    affordable = [point for point in singles if point.cost_usd <= price_usd]
    if not affordable:
        return min(singles, key=lambda point: point.cost_usd)
    return max(affordable, key=lambda point: float(point.scores.mean()))


def best_lot(price_usd: float, singles: Sequence[Point]) -> Floats:
    """Score on each row of the best lot drawn between two models at this mean price: the line that a router must beat."""
    best = best_affordable(price_usd, singles).scores
    for one, other in itertools.permutations(singles, 2):
        if one.cost_usd <= price_usd < other.cost_usd:
            share = (price_usd - one.cost_usd) / (other.cost_usd - one.cost_usd)
            mixed = one.scores + share * (other.scores - one.scores)
            if mixed.mean() > best.mean():
                best = mixed
    return best


def frontier_table(
    title: str, note: str, singles: Sequence[Point], autos: Sequence[Point]
) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (point.name, _price(point), mean_of(point.scores), None, None, None)
        for point in sorted(singles, key=lambda each: each.cost_usd)
    ]
    rows += [_compared(point, singles) for point in autos]
    columns = (
        "model or policy",
        "USD per 1,000 prompts",
        "score",
        "best single model at no higher price",
        "difference from it",
        "difference from the best lot at its price",
    )
    return Table(title, note, columns, tuple(rows))


def _compared(point: Point, singles: Sequence[Point]) -> tuple[Cell, ...]:
    single = best_affordable(point.cost_usd, singles)
    lot = best_lot(point.cost_usd, singles)
    return (
        point.name,
        _price(point),
        mean_of(point.scores),
        single.name,
        _difference(point.scores, single.scores),
        _difference(point.scores, lot),
    )


def _difference(ours: Floats, theirs: Floats) -> Figure:
    return mean_of(ours - theirs)


def _price(point: Point) -> float:
    return 1000.0 * point.cost_usd


def frontier_picture(
    name: str, title: str, singles: Sequence[Point], autos: Sequence[Point]
) -> Picture:
    lines = (
        Line("single models", *_coordinates(singles), is_joined=False),
        Line("Auto", *_coordinates(autos), is_joined=False),
    )
    return Picture(name, title, ("USD per 1,000 prompts", "score"), lines)


def _coordinates(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [_price(point) for point in points], [float(point.scores.mean()) for point in points]
