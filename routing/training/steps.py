"""The steps of the training: one message, its levels, the follow-up; each fitted on readings of unseen prompts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from routing.engine.build import LENGTH
from routing.engine.classify import KINDS, OUTPUTS, FollowUp, context_of, follow_up_figures
from routing.engine.features import BUCKETS, read_text
from routing.engine.values import COMPLEXITY
from routing.training.corpus import Example
from routing.training.data import FOLDS, SEED, Material, enlarged
from routing.training.difficulty import difficulty_target
from routing.training.fit import (
    CATEGORY_C,
    FOLLOW_UP_ALPHA,
    FOLLOW_UP_C,
    LEVEL_ALPHA,
    LEVEL_WORD_SCALE,
    Targets,
    fit_categories,
    fit_levels,
)
from routing.training.matrix import BUILD_SCALE, text_matrix

# Where the figures of a follow-up hold the 1 of the message's build: it takes the intercept.
FOLLOW_UP_BIAS = 4 * KINDS
SILENT_SHARE = 0.25

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Readings of each row by weights that have not seen it: of its last message, of its context, of the reply between.

    Zeros for context and reply of a single message. `silence` is the reading of an empty reply.
    """

    last: Floats
    context: Floats
    reply: Floats
    silence: Floats


def targets_of(examples: Sequence[Example]) -> Targets:
    return Targets(
        categories=[example.category for example in examples],
        secondary=[example.secondary for example in examples],
        weights=np.array([example.weight for example in examples]),
    )


def levels_of(examples: Sequence[Example]) -> Floats:
    """(rows, LEVELS): difficulty, then the dimensions; NaN where not known."""
    unknown = [np.nan] * len(COMPLEXITY)
    return np.array(
        [[difficulty_target(example), *(example.complexity or unknown)] for example in examples]
    )


def fit_messages(examples: Sequence[Example], seed: int) -> Floats:
    """(columns + 1, KINDS)."""
    rows = enlarged(examples, seed)
    return fit_categories(text_matrix([row.turns[0] for row in rows]), targets_of(rows), CATEGORY_C)


def logits_of(coefficients: Floats, texts: Sequence[str]) -> Floats:
    logits: Floats = np.asarray(text_matrix(texts) @ coefficients[:-1]) + coefficients[-1]
    return logits


def unseen_categories(material: Material) -> Unseen:
    """Category logits, (rows, KINDS) each."""
    coefficients = np.zeros((0, 0))
    last = np.zeros((len(material.examples), KINDS))
    context, reply = np.zeros_like(last), np.zeros_like(last)
    for fold in range(FOLDS):
        known = [material.examples[at] for at in np.flatnonzero(material.folds != fold)]
        coefficients = fit_messages(known, SEED + fold)
        inside = np.flatnonzero(material.folds == fold)
        last[inside] = logits_of(coefficients, [material.examples[at].turns[-1] for at in inside])
        follow = [at for at in inside if material.examples[at].is_follow_up]
        context[follow] = logits_of(
            coefficients, [context_text(material.examples[at]) for at in follow]
        )
        reply[follow] = logits_of(
            coefficients, [reply_text(material.examples[at]) for at in follow]
        )
    return Unseen(last, context, reply, logits_of(coefficients, [""])[0])


def context_text(example: Example) -> str:
    return context_of(example.turns[:-1:2])


def reply_text(example: Example) -> str:
    return example.turns[-2]


def level_matrix(texts: Sequence[str], logits: Floats, temperature: float) -> sparse.csr_matrix:
    """Hashed features held small, figures of the build at their size, category shares by themselves and by length."""
    matrix = text_matrix(texts)
    shares = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    shares /= shares.sum(axis=1, keepdims=True)
    build = matrix[:, BUCKETS:].toarray() / BUILD_SCALE
    dense = np.hstack([build, shares, shares * build[:, LENGTH : LENGTH + 1]])
    return sparse.hstack([matrix[:, :BUCKETS] * LEVEL_WORD_SCALE, dense]).tocsr()


def with_unseen_levels(
    material: Material, unseen: Unseen, temperature: float
) -> tuple[Unseen, Floats]:
    """The readings with difficulty and dimensions added, (rows, OUTPUTS), and the coefficients of all rows."""
    examples = material.examples
    last = level_matrix([row.turns[-1] for row in examples], unseen.last, temperature)
    contexts = [context_text(row) if row.is_follow_up else "" for row in examples]
    context = level_matrix(contexts, unseen.context, temperature)
    judged = np.array([row.difficulty is not None and not row.is_follow_up for row in examples])
    levels, weights = levels_of(examples), np.ones(len(examples))
    last_levels = np.zeros((len(examples), OUTPUTS - KINDS))
    context_levels = np.zeros_like(last_levels)
    for fold in range(FOLDS):
        train, test = judged & (material.folds != fold), material.folds == fold
        fitted = fit_levels(last[train], levels[train], weights[train], LEVEL_ALPHA)
        last_levels[test] = last[test] @ fitted[:-1] + fitted[-1]
        context_levels[test] = context[test] @ fitted[:-1] + fitted[-1]
    everything = fit_levels(last[judged], levels[judged], weights[judged], LEVEL_ALPHA)
    return (
        Unseen(
            np.hstack([unseen.last, last_levels]),
            np.hstack([unseen.context, context_levels]),
            np.hstack([unseen.reply, np.zeros_like(last_levels)]),
            np.hstack([unseen.silence, np.zeros(OUTPUTS - KINDS)]),
        ),
        everything,
    )


def fit_follow_ups(material: Material, unseen: Unseen) -> Floats:
    """(figures, OUTPUTS), on real follow-ups and on changes of subject."""
    figures, examples = _follow_up_rows(material, unseen)
    categories = fit_categories(figures, targets_of(examples), FOLLOW_UP_C)
    weights = np.array([example.weight for example in examples])
    levels = fit_levels(figures, levels_of(examples), weights, FOLLOW_UP_ALPHA)
    both = np.hstack([categories, levels])
    both[FOLLOW_UP_BIAS] += both[-1]
    return both[:-1]


def _follow_up_rows(material: Material, unseen: Unseen) -> tuple[Floats, list[Example]]:
    """Half as many changes of subject as follow-ups: a message that speaks for itself after somebody else's turns."""
    source = random.Random(SEED)
    rows = material.examples
    real = [at for at, row in enumerate(rows) if row.is_follow_up]
    alone = [
        at for at, row in enumerate(rows) if not row.is_follow_up and row.difficulty is not None
    ]
    pairs = [(at, at) for at in real]
    pairs += [(source.choice(alone), source.choice(real)) for _ in range(len(real) // 2)]
    figures, examples = [], []
    for at, earlier in pairs:
        # Some callers send the person's turns alone.
        silent = source.random() < SILENT_SHARE
        figures.append(_figures(rows, unseen, (at, earlier), silent=silent))
        examples.append(rows[at])
    return np.array(figures, dtype=float), examples


def _figures(
    rows: Sequence[Example], unseen: Unseen, pair: tuple[int, int], *, silent: bool
) -> Floats:
    at, earlier = pair
    reply = "" if silent else rows[earlier].turns[-2]
    parts = FollowUp(
        last=unseen.last[at].astype(np.float32),
        context=unseen.context[earlier].astype(np.float32),
        reply=(unseen.silence if not reply else unseen.reply[earlier]).astype(np.float32),
        build=read_text(rows[at].turns[-1]).build,
        reply_build=read_text(reply).build,
    )
    return np.asarray(follow_up_figures(parts), dtype=float)
