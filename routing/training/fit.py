"""Fitting the linear parts: categories by logistic regression, difficulty and dimensions by ridge regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.optimize import minimize, minimize_scalar
from sklearn.linear_model import Ridge

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
# More of them change the held-out accuracy by less than half a point.
ITERATIONS = 120

Matrix = Any
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Targets:
    """One entry a row: category, a second category or None, the weight of the row."""

    categories: Sequence[str]
    secondary: Sequence[str | None]
    weights: Floats


def fit_categories(rows: Matrix, targets: Targets, strength: float) -> Floats:
    """(columns + 1, 13): coefficients, then intercepts. A second category shares the weight of its row.

    Logistic regression over all thirteen at once; `strength` divides the penalty on squared coefficients.
    """
    matrix = sparse.csr_matrix(rows, dtype=np.float32)
    problem = _Problem(matrix, matrix.T.tocsr(), _shares(targets), targets.weights, strength)
    start = np.zeros((matrix.shape[1] + 1) * len(CATEGORIES))
    options = {"maxiter": ITERATIONS, "ftol": 1e-7, "maxcor": 8}
    found = minimize(problem.loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x).reshape(-1, len(CATEGORIES))


def _shares(targets: Targets) -> Floats:
    """(rows, 13): what a reading ought to be."""
    shares = np.zeros((len(targets.categories), len(CATEGORIES)))
    for at, (first, second) in enumerate(zip(targets.categories, targets.secondary, strict=True)):
        shares[at, CATEGORIES.index(first)] = 1.0
        if second is not None:
            shares[at, CATEGORIES.index(first)] -= SECONDARY_SHARE
            shares[at, CATEGORIES.index(second)] += SECONDARY_SHARE
    return shares


@dataclass(frozen=True, slots=True)
class _Problem:
    """Single precision where it is many numbers, double where they are summed up."""

    rows: Matrix
    columns: Matrix
    shares: Floats
    weights: Floats
    strength: float

    def loss(self, flat: Floats) -> tuple[float, Floats]:
        """The mean loss at these coefficients, and its gradient."""
        both = flat.reshape(-1, len(CATEGORIES)).astype(np.float32)
        coefficients = both[:-1]
        logits = self.rows @ coefficients + both[-1]
        logits -= logits.max(axis=1, keepdims=True)
        total = np.exp(logits).sum(axis=1, keepdims=True)
        weights = self.weights[:, None].astype(np.float32)
        shares = self.shares.astype(np.float32)
        surprise = weights * shares * (np.log(total) - logits)
        excess = weights * (np.exp(logits) / total - shares)
        gradient = np.vstack([self.columns @ excess + coefficients / self.strength, excess.sum(0)])
        penalty = float(np.square(coefficients, dtype=np.float64).sum()) / (2 * self.strength)
        scale = float(self.weights.sum())
        value = (float(surprise.sum(dtype=np.float64)) + penalty) / scale
        return value, (gradient / scale).astype(np.float64).ravel()


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
