"""Fitting the linear parts: categories by logistic regression, difficulty and dimensions by ridge regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression, Ridge

from routing.engine.features import BUCKETS
from routing.engine.values import CATEGORIES
from routing.training.matrix import BUILD_SCALE

# Chosen on held-out author batches; from 1 to 30 the accuracy moves by less than a point.
CATEGORY_C = 2.0
FOLLOW_UP_C = 0.5
FOLLOW_UP_ALPHA = 3.0
LEVEL_ALPHA = 2.0
# The levels follow the build and the category more than single words, which would tie them to topics.
LEVEL_WORD_SCALE = 0.3
SECONDARY_SHARE = 0.3

Matrix = Any
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Targets:
    """One entry a row: category, a second category or None, the weight of the row."""

    categories: Sequence[str]
    secondary: Sequence[str | None]
    weights: Floats


def fit_categories(rows: Matrix, targets: Targets, strength: float) -> Floats:
    """(columns + 1, 13): coefficients, then intercepts. A second category shares the weight of its row."""
    numbers = {name: number for number, name in enumerate(CATEGORIES)}
    labels = np.array([numbers[name] for name in targets.categories])
    mixed = np.array(
        [at for at, name in enumerate(targets.secondary) if name is not None], dtype=int
    )
    weights = targets.weights.copy()
    second = [numbers[name] for name in targets.secondary if name is not None]
    weights[mixed] *= 1 - SECONDARY_SHARE
    stack = sparse.vstack([rows, rows[mixed]]).tocsr() if len(mixed) else rows
    model = LogisticRegression(C=strength, max_iter=400, tol=1e-4)
    model.fit(
        stack,
        np.concatenate([labels, np.array(second, dtype=int)]),
        sample_weight=np.concatenate([weights, targets.weights[mixed] * SECONDARY_SHARE]),
    )
    return np.vstack([model.coef_.T, model.intercept_])


def fit_levels(rows: Matrix, levels: Floats, weights: Floats, alpha: float) -> Floats:
    """(columns + 1, levels): coefficients, then intercepts; NaN targets are left out, column by column."""
    columns = []
    for level in levels.T:
        known = ~np.isnan(level)
        model = Ridge(alpha=alpha, solver="sparse_cg" if sparse.issparse(rows) else "auto")
        model.fit(rows[known], level[known], sample_weight=weights[known])
        columns.append(np.append(model.coef_, model.intercept_))
    return np.array(columns).T


def split_weights(coefficients: Floats) -> tuple[Floats, Floats]:
    """Coefficients of a text matrix as (words, build); the intercept goes to the figure that is always 1."""
    words, build = coefficients[:BUCKETS], coefficients[BUCKETS:-1] * BUILD_SCALE
    build[0] += coefficients[-1]
    return words, build


def fit_temperature(logits: Floats, labels: Sequence[str]) -> float:
    """The divisor of the logits that makes the held-out labels likeliest."""
    numbers = np.array([CATEGORIES.index(name) for name in labels])

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        logs = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-logs[np.arange(len(numbers)), numbers].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))
