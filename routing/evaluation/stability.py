"""Whether the pick stays when a prompt is typed in a hurry."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from routing.engine.classify import Classifier
from routing.engine.decide import decide
from routing.engine.values import Candidate, Policy, Reading, Request
from routing.evaluation.frontier import read_all
from routing.evaluation.intervals import SEED, mean_of
from routing.evaluation.report import Cell, Figure, Goal, Section, Table
from routing.training.sloppy import sloppy, with_politeness, with_typing_errors

GOAL = 0.97
ALL_AT_ONCE = "all three"

# What is done to a text, given its language and the source of chance.
Disturbance = Callable[[str, str, random.Random], str]


def _typed_badly(text: str, _language: str, source: random.Random) -> str:
    return with_typing_errors(text, source)


def _lowered(text: str, _language: str, _source: random.Random) -> str:
    return text.lower()


def _asked_politely(text: str, language: str, _source: random.Random) -> str:
    return with_politeness(text, language)


DISTURBANCES: Mapping[str, Disturbance] = {
    "typing errors in 10 % of words": _typed_badly,
    "lower case": _lowered,
    "a word of politeness": _asked_politely,
    ALL_AT_ONCE: sloppy,
}


def stability(
    classifier: Classifier, requests: Sequence[Request], markets: Mapping[str, Sequence[Candidate]]
) -> Section:
    """Balanced picks among each of `markets`; the first is the one that the goal is measured with."""
    readings = read_all(classifier, requests)
    picked = {name: _picks(requests, readings, each) for name, each in markets.items()}
    rows: list[tuple[Cell, ...]] = []
    goals: list[Goal] = []
    for name, disturbance in DISTURBANCES.items():
        disturbed = _disturbed(requests, readings, disturbance)
        again = read_all(classifier, disturbed)
        figures = [
            _unchanged(picked[market], _picks(disturbed, again, each))
            for market, each in markets.items()
        ]
        rows.append((name, *figures, _unchanged(_categories(readings), _categories(again))))
        if name == ALL_AT_ONCE:
            goals.append(
                Goal("Picks unchanged under all three disturbances", figures[0], ">=", GOAL)
            )
    wins = ", ".join(f"{len(set(each))} of {name}" for name, each in picked.items())
    table = Table(
        f"Unchanged when typed in a hurry, {len(requests)} prompts",
        f"Share of prompts, under *balanced*, for which the same model is picked. Different models picked: {wins}.",
        ("disturbance", *(f"pick among {name}" for name in markets), "category"),
        tuple(rows),
    )
    return Section("Stability", tuple(goals), (table,))


def _disturbed(
    requests: Sequence[Request], readings: Sequence[Reading], disturbance: Disturbance
) -> list[Request]:
    """The message to answer is disturbed, the turns before it stay."""
    source = random.Random(SEED)
    changed = []
    for request, reading in zip(requests, readings, strict=True):
        *before, last = request.turns
        text = disturbance(last.text, reading.language, source)
        changed.append(replace(request, turns=(*before, replace(last, text=text))))
    return changed


def _picks(
    requests: Sequence[Request], readings: Sequence[Reading], candidates: Sequence[Candidate]
) -> list[str]:
    """Model ids, "" where nobody may answer."""
    decisions = (
        decide(reading, request, candidates, Policy())
        for request, reading in zip(requests, readings, strict=True)
    )
    return [each.chosen.candidate.card.id if each.chosen else "" for each in decisions]


def _categories(readings: Sequence[Reading]) -> list[str]:
    return [reading.category for reading in readings]


def _unchanged(before: Sequence[str], after: Sequence[str]) -> Figure:
    return mean_of([float(one == other) for one, other in zip(before, after, strict=True)])
