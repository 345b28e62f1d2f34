"""How long a decision takes on one core, without any call: reading the prompt, then choosing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle, islice

import numpy as np

from routing.engine.classify import Classifier, classify
from routing.engine.decide import decide
from routing.engine.values import Candidate, Policy, Request
from routing.evaluation.intervals import Floats
from routing.evaluation.report import Cell, Figure, Goal, Section, Table
from routing.training.corpus import as_request, read_corpus

WORDS = (20, 200, 2000)
CANDIDATES = 50
# Prompts of each length, and how often each is timed: caches see the words of a busy day, not one prompt over and over.
PROMPTS, ROUNDS = 200, 10
# 99th percentile of a whole decision at 200 words, milliseconds; medians of the reading by words, microseconds.
DECISION_P99_MS, DECISION_WORDS = 0.5, 200
CLASSIFIER_P50_US = {20: 60.0, 200: 250.0, 2000: 500.0}


def speed(classifier: Classifier, cards: Sequence[Candidate]) -> Section:
    """`cards`: candidates, taken again and again until there are 50 of them."""
    candidates = list(islice(cycle(cards), CANDIDATES))
    rows: list[tuple[Cell, ...]] = []
    goals: list[Goal] = []
    for words in WORDS:
        requests = prompts_of(words)
        readings = [classify(classifier, request) for request in requests]
        parts: dict[str, list[Callable[[], object]]] = {
            "reading": [partial(classify, classifier, each) for each in requests],
            "choosing": [
                partial(decide, reading, each, candidates, Policy())
                for each, reading in zip(requests, readings, strict=True)
            ],
            "both": [partial(_decision, classifier, each, candidates) for each in requests],
        }
        timed = {name: microseconds(calls) for name, calls in parts.items()}
        rows += [(words, name, *_told(taken)) for name, taken in timed.items()]
        goals += _goals(words, timed["reading"], timed["both"])
    table = Table(
        f"Time on one core, {CANDIDATES} candidates",
        f"Microseconds of the processor, {PROMPTS} different prompts of each length from our corpus, each {ROUNDS} times.",
        ("words", "part", "p50", "p99", "a second"),
        tuple(rows),
    )
    return Section("Speed", tuple(goals), (table,))


def _decision(classifier: Classifier, request: Request, candidates: Sequence[Candidate]) -> None:
    decide(classify(classifier, request), request, candidates, Policy())


def prompts_of(words: int) -> list[Request]:
    """Different English texts of so many words each, from our corpus, in which some are cut and some joined."""
    texts = [row.turns[-1] for row in read_corpus() if row.language == "en"]
    stream = cycle(word for text in texts for word in text.split())
    return [as_request([" ".join(islice(stream, words))]) for _ in range(PROMPTS)]


def microseconds(calls: Sequence[Callable[[], object]], rounds: int = ROUNDS) -> Floats:
    """Of each call, `rounds` times: time of this thread on its processor, which leaves other work of the machine out."""
    for call in calls:
        call()
    gc.collect()
    gc.freeze()
    taken = []
    for _ in range(rounds):
        for call in calls:
            started = time.thread_time_ns()
            call()
            taken.append((time.thread_time_ns() - started) / 1000)
    gc.unfreeze()
    return np.array(taken)


def _told(taken: Floats) -> tuple[Cell, ...]:
    return (
        round(float(np.median(taken))),
        round(float(np.percentile(taken, 99))),
        round(1e6 / float(taken.mean())),
    )


def _goals(words: int, reading: Floats, both: Floats) -> list[Goal]:
    median = _exactly(float(np.median(reading)))
    goals = [
        Goal(f"Reading {words} words, p50", median, "<=", CLASSIFIER_P50_US[words], "microseconds")
    ]
    if words == DECISION_WORDS:
        slowest = _exactly(float(np.percentile(both, 99)) / 1000)
        name = f"Whole decision, {words} words, {CANDIDATES} candidates, p99"
        goals.append(Goal(name, slowest, "<=", DECISION_P99_MS, "ms"))
    return goals


def _exactly(value: float) -> Figure:
    return Figure(value, value, value)
