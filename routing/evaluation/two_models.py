"""A strong model against a weak one on RouteLLM's rows, beside the routers that RouteLLM published."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from routing.engine.classify import Classifier, classify
from routing.evaluation.intervals import Floats
from routing.evaluation.protocol import Recovered, best_first, gap_recovered, recovered_by
from routing.evaluation.report import Cell, Goal, Line, Picture, Section, Table
from routing.evaluation.sets import TwoModels

# Ong et al., "RouteLLM", 2024, tables 1 and 2: CPT50, CPT80, APGR, and what the router needs for a prompt.
PUBLISHED = {
    "MT-Bench": {
        "random": (49.0, 78.1, 0.500, "-"),
        "BERT": (19.6, 34.0, 0.751, "a GPU"),
        "causal LLM": (31.5, 48.8, 0.679, "a GPU"),
        "matrix factorisation": (13.4, 31.3, 0.802, "an embedding call"),
        "similarity-weighted": (23.2, 36.0, 0.759, "an embedding call"),
    },
    "MMLU": {
        "random": (50.1, 79.9, 0.500, "-"),
        "BERT": (41.3, 72.2, 0.572, "a GPU"),
        "causal LLM": (35.5, 70.3, 0.600, "a GPU"),
        "matrix factorisation": (35.5, 71.4, 0.597, "an embedding call"),
        "similarity-weighted": (35.4, 71.6, 0.603, "an embedding call"),
    },
}


class Bar(NamedTuple):
    sign: str
    apgr: float


BARS = {"MMLU": Bar(">", 0.603), "MT-Bench": Bar(">=", 0.75)}


def two_models(classifier: Classifier, sets: dict[str, TwoModels]) -> Section:
    """`sets` by the names of PUBLISHED.

    A prompt goes to the strong model when the success expected of the weak one falls below a floor, as under the
    preference `cost`; sweeping the floor sends the prompts in the order of their difficulty.
    """
    goals, tables, lines = [], [], []
    for name, rows in sets.items():
        score = needs(classifier, rows)
        ours = recovered_by(score, rows.weak, rows.strong)
        goals.append(Goal(f"{name}: APGR by RouteLLM's protocol", ours.apgr, *BARS[name]))
        tables.append(_table(name, ours, len(score)))
        lines.append(_curve(name, rows, score))
    diagonal = Line("by lot", [0.0, 1.0], [0.0, 1.0])
    picture = Picture(
        "two_models",
        "Strong against weak: what each call to the strong model brings",
        ("share of calls to the strong model", "share of the gap recovered"),
        (*lines, diagonal),
    )
    return Section("Two models (RouteLLM)", tuple(goals), tuple(tables), (picture,))


def needs(classifier: Classifier, rows: TwoModels) -> Floats:
    """How much each prompt asks for: the difficulty that is read in it, 0..1."""
    return np.array([classify(classifier, request).difficulty for request in rows.requests])


def _table(name: str, ours: Recovered, count: int) -> Table:
    published: list[tuple[Cell, ...]] = [
        (router, cpt50, cpt80, apgr, needed)
        for router, (cpt50, cpt80, apgr, needed) in PUBLISHED[name].items()
    ]
    rows = [*published, ("Chofesh", ours.cpt50, ours.cpt80, ours.apgr, "nothing")]
    return Table(
        f"{name}, {count} rows: GPT-4-1106 against Mixtral-8x7B",
        "CPT50 and CPT80: per cent of calls to the strong model that recover 50 and 80 % of the gap, lower is better. "
        "APGR: higher is better. The other rows are RouteLLM's published figures, which have no intervals.",
        ("router", "CPT50", "CPT80", "APGR", "what it needs per prompt"),
        tuple(rows),
    )


def _curve(name: str, rows: TwoModels, score: Floats) -> Line:
    recovered = gap_recovered((rows.strong - rows.weak)[best_first(score)])
    places = np.unique(np.linspace(0, len(recovered) - 1, 101).round().astype(int))
    return Line(name, (places / (len(recovered) - 1)).tolist(), recovered[places].tolist())
