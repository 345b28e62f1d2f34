"""LLMRouter's and MMLU-Pro's rows: what Auto picks among models whose abilities were fitted on other rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from routing.engine.classify import Classifier
from routing.evaluation.abilities import Asked, asked_of, fit_abilities
from routing.evaluation.frontier import (
    Market,
    Point,
    auto_points,
    frontier_picture,
    frontier_table,
    make_market,
    read_all,
    single_points,
)
from routing.evaluation.intervals import Floats, mean_of
from routing.evaluation.report import Cell, Goal, Section, Table
from routing.evaluation.sets import ManyModels, llmrouter, llmrouter_prices, mmlu_pro

# USD per million tokens of input and of output. MMLU-Pro's file has none; these are list prices of late 2024: Together
# AI's for the open weights (by size where a model has no price of its own), AI21's, Cohere's and Google's for their own.
MMLU_PRO_PRICES = {
    "Meta-Llama-3_1-70B-Instruct": (0.88, 0.88),
    "Meta-Llama-3_1-8B-Instruct": (0.18, 0.18),
    "Mistral-7B-Instruct-v0.2": (0.20, 0.20),
    "Mixtral-8x7B-Instruct-v0.1": (0.60, 0.60),
    "Phi-3-mini-4k-instruct": (0.10, 0.10),
    "Qwen1.5-72B-Chat": (0.90, 0.90),
    "Qwen1.5-7B-Chat": (0.20, 0.20),
    "c4ai-command-r-v01": (0.50, 1.50),
    "gemini-1.5-flash-002": (0.075, 0.30),
    "gemini-1.5-pro-002": (1.25, 5.00),
    "jamba-1.5-large": (2.00, 8.00),
    "mathstral-7B": (0.20, 0.20),
}
# For a model that the list does not know.
USUAL_PRICE = (1.0, 1.0)
SCORE_GOAL = 0.55
PREFERENCES_SHOWN = 4
COST_NOTE = (
    "Price: list prices with the engine's own estimate of tokens. The best single model and the best lot (each prompt to "
    "one of two models by chance, at the same mean price) are chosen by these very rows, which favours them. Differences "
    "are paired, row by row. The rows say nothing of speed, so all models are equally quick and *speed* goes by price."
)


class Fitted(NamedTuple):
    """`market`: rows to score, with abilities from the rows of `fit`, which are others."""

    name: str
    asked: Asked
    market: Market
    fit_asked: Asked
    fit: ManyModels


def fitted_llmrouter(classifier: Classifier, directory: Path) -> Fitted:
    train, test = llmrouter(directory, "train"), llmrouter(directory, "test")
    prices = llmrouter_prices(directory)
    return _fitted("LLMRouter test rows", classifier, (train, test), prices)


def fitted_mmlu_pro(classifier: Classifier, directory: Path) -> Fitted:
    """Every other row fits the abilities."""
    rows = mmlu_pro(directory)
    places = range(len(rows.requests))
    halves = rows.rows(places[::2]), rows.rows(places[1::2])
    return _fitted("MMLU-Pro rows (seen)", classifier, halves, MMLU_PRO_PRICES)


def _fitted(
    name: str,
    classifier: Classifier,
    halves: tuple[ManyModels, ManyModels],
    prices: Mapping[str, tuple[float, float]],
) -> Fitted:
    fit, test = halves
    fit_asked = asked_of(read_all(classifier, fit.requests))
    readings = read_all(classifier, test.requests)
    abilities = fit_abilities(fit_asked, fit.scores)
    priced = {model: prices.get(model, USUAL_PRICE) for model in test.models}
    market = make_market(test, readings, abilities, priced)
    return Fitted(name, asked_of(readings), market, fit_asked, fit)


def llmrouter_section(fitted: Fitted) -> Section:
    autos, singles = auto_points(fitted.market), single_points(fitted.market)
    quality = next(point for point in autos if point.name == "Auto, quality")
    goal = Goal(
        "LLMRouter test rows: score of the picks", mean_of(quality.scores), ">=", SCORE_GOAL
    )
    return Section(
        "Many models (LLMRouter)",
        (goal,),
        (_picks(fitted, autos, singles), _frontier(fitted, autos, singles)),
        (frontier_picture("frontier_llmrouter", fitted.name, singles, autos),),
    )


def mmlu_pro_section(fitted: Fitted) -> Section:
    autos, singles = auto_points(fitted.market), single_points(fitted.market)
    return Section(
        "Many models (MMLU-Pro, seen)",
        (),
        (_frontier(fitted, autos, singles),),
        (frontier_picture("frontier_mmlu_pro", fitted.name, singles, autos),),
    )


def _frontier(fitted: Fitted, autos: Sequence[Point], singles: Sequence[Point]) -> Table:
    title = f"Accuracy and price, {len(fitted.market.readings)} {fitted.name}"
    return frontier_table(title, COST_NOTE, singles, autos)


def _picks(fitted: Fitted, autos: Sequence[Point], singles: Sequence[Point]) -> Table:
    """Price left aside: what is picked against what could have been."""
    best = max(singles, key=lambda point: float(point.scores.mean()))
    references: list[tuple[str, Floats]] = [
        (f"best single model ({best.name}), told by these rows", best.scores),
        ("best model per task, told by these rows", _best_per_task(fitted.market.rows)),
        ("best model per task, told by the training rows", _by_training(fitted)),
    ]
    rows: list[tuple[Cell, ...]] = [
        (name, mean_of(scores), mean_of(scores - best.scores)) for name, scores in references
    ]
    rows += [
        (point.name, mean_of(point.scores), mean_of(point.scores - best.scores))
        for point in autos[:PREFERENCES_SHOWN]
    ]
    return Table(
        f"Score of the picks, {len(best.scores)} {fitted.name}",
        "The abilities of the nine models are fitted on the training rows. *quality* is what the goal is measured with.",
        ("who picks", "score", "difference from the best single model"),
        tuple(rows),
    )


def _best_per_task(rows: ManyModels) -> Floats:
    tasks = np.array(rows.groups)
    scores = np.zeros(len(tasks))
    for task in set(rows.groups):
        here = tasks == task
        scores[here] = rows.scores[here][:, rows.scores[here].mean(axis=0).argmax()]
    return scores


def _by_training(fitted: Fitted) -> Floats:
    """With the true task known, but not the answers: how far the training rows reach at all."""
    tasks, told = np.array(fitted.market.rows.groups), np.array(fitted.fit.groups)
    scores = np.zeros(len(tasks))
    for task in set(fitted.market.rows.groups):
        best = fitted.fit.scores[told == task].mean(axis=0).argmax() if (told == task).any() else 0
        scores[tasks == task] = fitted.market.rows.scores[tasks == task, best]
    return scores
