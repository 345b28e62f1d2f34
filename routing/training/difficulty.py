"""Difficulty as item response theory has it: what ability a model needs, on the scale of the catalogue.

Two sources on one scale. The labels of our corpus, judged by people, cover all kinds of asks. Exam questions of MMLU-Pro
with the right and wrong answers of twelve models give a Rasch difficulty per question.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from routing.engine.build import BUILD, LENGTH
from routing.engine.features import BUCKETS
from routing.engine.success import DIFFICULTY_LOGITS_AT_EASIEST, DIFFICULTY_LOGITS_RANGE
from routing.training.corpus import Example
from routing.training.development import read_rows
from routing.training.fit import fit_levels
from routing.training.matrix import BUILD_SCALE, text_matrix

Floats = npt.NDArray[np.float64]

# Prior precision of an item's difficulty and a model's ability, logits^-2.
PRIOR = 0.5
# Mean ability of the twelve models on the catalogue's scale (7-billion models of 2024 to Gemini 1.5 Pro).
MEAN_ABILITY = 0.2

# What can be checked to the letter fails more often than a person expects, and prose that only has to be good less often:
# in logits, by category. Judged from what is published of models by category (weak ones lose most in code, maths, exact
# formats and deduction, hardly anything in essays, role-play and explanations).
EXACTNESS = {
    "coding": 1.6,
    "maths": 1.6,
    "reasoning": 1.0,
    "extraction": 1.0,
    "translation": 0.0,
    "editing": -0.4,
    "summarising": -0.4,
    "questions": -0.6,
    "creative": -0.8,
    "ideas": -0.8,
    "writing": -1.0,
    "roleplay": -1.0,
    "chat": -1.0,
}

# What a person finds hard says less about models than what is asked for: on LLMRouter's train rows the gain of large over
# small models follows the category more than the judged difficulty inside it (docs/classifier.md).
MEAN_JUDGED = 0.3
JUDGED_SHARE = 0.5
EXACTNESS_SHARE = 1.4

EXAM_ALPHA = 2.0
EXAM_WORD_SCALE = 2.0
# Per unit of the figures, 0..1: options that are alike ask for several judgements at once, and a long case is more to
# read. MMLU-Pro, whose ten options are mostly of another make, gives no clear sign for them (docs/classifier.md).
EXAM_OVERLAP = 0.6
EXAM_LENGTH = 0.3


def difficulty_target(example: Example) -> float:
    """About 0..1, or NaN where it is not known."""
    if example.difficulty is None:
        return float("nan")
    judged = MEAN_JUDGED + JUDGED_SHARE * (example.difficulty - MEAN_JUDGED)
    return judged + EXACTNESS_SHARE * EXACTNESS[example.category] / DIFFICULTY_LOGITS_RANGE


def fit_exams(directory: Path) -> tuple[Floats, Floats]:
    """Weights of the hashed features, (BUCKETS,), and of the build, (len(BUILD),), for the difficulty of a question."""
    rows = read_rows(directory / "routing/mmlu_pro.jsonl.gz")
    models = sorted({model for row in rows for model in row["correct"]})
    right = np.array([[row["correct"].get(model, np.nan) for model in models] for row in rows])
    logits = rasch(right.astype(float)) + MEAN_ABILITY
    difficulty = (logits - DIFFICULTY_LOGITS_AT_EASIEST) / DIFFICULTY_LOGITS_RANGE
    matrix = text_matrix([row["prompt"] for row in rows])
    scaled = sparse.hstack(
        [matrix[:, :BUCKETS] * EXAM_WORD_SCALE, matrix[:, BUCKETS:] / BUILD_SCALE]
    ).tocsr()
    fitted = fit_levels(scaled, difficulty[:, None], np.ones(len(rows)), EXAM_ALPHA)[:, 0]
    words, build = fitted[:BUCKETS] * EXAM_WORD_SCALE, fitted[BUCKETS:-1].copy()
    build[0] += fitted[-1]
    build[BUILD.index("option_overlap")] += EXAM_OVERLAP
    build[LENGTH] += EXAM_LENGTH
    # Both terms are positive for every question; the mean stays that of the fit.
    build[0] -= EXAM_OVERLAP * 0.3 + EXAM_LENGTH * 1.0
    return words, build


def rasch(right: Floats, steps: int = 60) -> Floats:
    """Difficulty of each item in logits where the mean ability is 0; `right`: (items, models) of 0, 1 or NaN.

    Maximum a posteriori by alternating Newton steps under normal priors.
    """
    known = ~np.isnan(right)
    answers = np.where(known, right, 0.0)
    difficulty = np.zeros(len(right))
    ability = np.zeros(right.shape[1])
    for _ in range(steps):
        expected = known / (1 + np.exp(difficulty[:, None] - ability[None, :]))
        spread = expected * (1 - expected)
        difficulty -= ((answers - expected).sum(1) + PRIOR * difficulty) / (spread.sum(1) + PRIOR)
        expected = known / (1 + np.exp(difficulty[:, None] - ability[None, :]))
        spread = expected * (1 - expected)
        ability += ((answers - expected).sum(0) - PRIOR * ability) / (spread.sum(0) + PRIOR)
        shift = ability.mean()
        ability -= shift
        difficulty -= shift
    return difficulty
