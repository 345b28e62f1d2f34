"""Abilities of models from right and wrong answers, on the scale of the catalogue.

The engine's own formula, turned round: success = sigma(ability . category mix - difficulty), where the difficulty is what
the classifier reads in the prompt. Given who answered what, the abilities are those that make the answers likeliest,
under a prior that holds a category near the model's usual ability until there is evidence for more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.engine.success import (
    DIFFICULTY_LOGITS_AT_EASIEST,
    DIFFICULTY_LOGITS_RANGE,
    category_mix,
)
from routing.engine.values import CATEGORIES, Reading
from routing.evaluation.intervals import Floats

# Standard deviations of the prior, in logits: of a model's usual ability, and of a category around it. The second is
# the one that foretells a task best that was left out of the fit (LLMRouter's training rows, twelve tasks in turn).
USUAL_SPREAD = 3.0
CATEGORY_SPREAD = 0.2
STEPS = 400


class Asked(NamedTuple):
    """Of each prompt: `mix`, (prompts, 13) shares that sum to 1, and `difficulty`, 0..1."""

    mix: Floats
    difficulty: Floats

    def rows(self, places: npt.ArrayLike) -> Asked:
        chosen = np.asarray(places)
        return Asked(self.mix[chosen], self.difficulty[chosen])


def asked_of(readings: Sequence[Reading]) -> Asked:
    mix = np.zeros((len(readings), len(CATEGORIES)))
    for at, reading in enumerate(readings):
        for name, share in category_mix(reading.categories):
            mix[at, CATEGORIES.index(name)] = share
    return Asked(mix, np.array([reading.difficulty for reading in readings]))


def hardness(difficulty: Floats, logits_range: float = DIFFICULTY_LOGITS_RANGE) -> Floats:
    """In logits, as `routing.engine.success.difficulty_logits`; `logits_range` is what lies between 0 and 1."""
    return DIFFICULTY_LOGITS_AT_EASIEST + logits_range * difficulty


def fit_abilities(
    asked: Asked, right: npt.ArrayLike, logits_range: float = DIFFICULTY_LOGITS_RANGE
) -> Floats:
    """(models, 13), in logits, CATEGORIES in their order; `right`: (prompts, models), 0..1.

    Maximum a posteriori. Each step takes the quadratic bound of the logistic loss (curvature at most 1/4), so that the
    loss falls at every step from any start; the result is the same on every machine to the digits that matter.
    """
    answers = np.asarray(right, dtype=np.float64)
    design = np.hstack([np.ones((len(asked.mix), 1)), asked.mix])
    precision = np.array([USUAL_SPREAD**-2] + [CATEGORY_SPREAD**-2] * len(CATEGORIES))
    bound = np.linalg.inv(design.T @ design / 4 + np.diag(precision))
    hard = hardness(asked.difficulty, logits_range)
    fitted = np.zeros((answers.shape[1], design.shape[1]))
    for _ in range(STEPS):
        missed = answers - _logistic(design @ fitted.T - hard[:, None])
        fitted += (design.T @ missed - precision[:, None] * fitted.T).T @ bound
    found: Floats = fitted[:, :1] + fitted[:, 1:]
    return found


def expected_success(
    asked: Asked, abilities: Floats, logits_range: float = DIFFICULTY_LOGITS_RANGE
) -> Floats:
    """(prompts, models), probabilities."""
    return _logistic(asked.mix @ abilities.T - hardness(asked.difficulty, logits_range)[:, None])


def as_quality(abilities: Floats) -> list[Mapping[str, float]]:
    """Of each model, as a card has them: by category id, and "*" for their mean."""
    return [
        {"*": float(row.mean()), **dict(zip(CATEGORIES, row.tolist(), strict=True))}
        for row in abilities
    ]


def surprise(expected: Floats, right: npt.ArrayLike) -> float:
    """Mean negative log likelihood, in nats; lower is better."""
    told = np.clip(expected, 1e-6, 1 - 1e-6)
    came = np.asarray(right, dtype=np.float64)
    return float(-(came * np.log(told) + (1 - came) * np.log(1 - told)).mean())


def best_range(asked: Asked, right: npt.ArrayLike, ranges: Sequence[float]) -> float:
    """Of `ranges` the one under which fitted abilities make the answers likeliest."""
    losses = [
        surprise(expected_success(asked, fit_abilities(asked, right, each), each), right)
        for each in ranges
    ]
    return ranges[int(np.argmin(losses))]


def _logistic(logits: Floats) -> Floats:
    likely: Floats = 0.5 + 0.5 * np.tanh(0.5 * logits)
    return likely
