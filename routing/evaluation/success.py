"""Whether the success that is expected comes true, and which steepness of the difficulty would foretell it best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from routing.engine.classify import Classifier
from routing.engine.success import DIFFICULTY_LOGITS_RANGE
from routing.evaluation.abilities import (
    Asked,
    asked_of,
    expected_success,
    fit_abilities,
    surprise,
)
from routing.evaluation.calibration import calibration_error_of, diagonal, reliability_line
from routing.evaluation.frontier import read_all
from routing.evaluation.intervals import Floats
from routing.evaluation.report import Cell, Line, Picture, Section, Table
from routing.evaluation.sets import TwoModels

# Logits between difficulty 0 and 1 that are tried beside the engine's own.
RANGES = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, DIFFICULTY_LOGITS_RANGE, 9.0)


class Answered(NamedTuple):
    """Abilities are fitted on the first pair and the success foretold on the second, which holds other rows."""

    name: str
    fit: tuple[Asked, Floats]
    test: tuple[Asked, Floats]


def halves_of(name: str, classifier: Classifier, rows: TwoModels) -> Answered:
    """Every other row fits the abilities of the two models."""
    asked = asked_of(read_all(classifier, rows.requests))
    right = np.stack([rows.weak, rows.strong], axis=1)
    even, odd = np.arange(0, len(right), 2), np.arange(1, len(right), 2)
    return Answered(name, (asked.rows(even), right[even]), (asked.rows(odd), right[odd]))


def success(answered: Sequence[Answered]) -> Section:
    rows: list[tuple[Cell, ...]] = []
    lines: list[Line] = []
    for each in answered:
        (fit, fit_right), (test, test_right) = each.fit, each.test
        fitted = {steepness: fit_abilities(fit, fit_right, steepness) for steepness in RANGES}
        losses = [
            surprise(expected_success(fit, abilities, steepness), fit_right)
            for steepness, abilities in fitted.items()
        ]
        best = RANGES[int(np.argmin(losses))]
        for steepness in dict.fromkeys((DIFFICULTY_LOGITS_RANGE, best)):
            expected = expected_success(test, fitted[steepness], steepness)
            rows.append(
                (
                    each.name,
                    f"{steepness:g}"
                    + (
                        " (the engine's)"
                        if steepness == DIFFICULTY_LOGITS_RANGE
                        else " (fits best)"
                    ),
                    expected.size,
                    calibration_error_of(expected, test_right),
                    surprise(expected, test_right),
                )
            )
            lines.append(reliability_line(f"{each.name}, {steepness:g}", expected, test_right))
    table = Table(
        "Expected success",
        "Abilities in the engine's own formula are fitted on other rows of the same source. Range: logits between difficulty 0 "
        "and 1. Calibration error and surprise (mean negative log likelihood, nats): lower is better.",
        ("rows", "range", "answers", "calibration error", "surprise"),
        tuple(rows),
    )
    picture = Picture(
        "success_calibration",
        "Expected success, and how often it came true",
        ("expected", "came true"),
        (*lines, diagonal()),
    )
    return Section("Expected success", (), (table,), (picture,))
