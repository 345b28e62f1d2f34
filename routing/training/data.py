"""What the weights are trained on: the corpus, its sloppy and decorated copies, made-up asks, development rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from routing.training.asks import decorate, make_asks, read_asks
from routing.training.corpus import Example, read_corpus, without_duplicates
from routing.training.development import read_development, read_rows
from routing.training.sloppy import sloppy

SEED = 20261121
FOLDS = 4
# Never trained on: `manage.py evaluate_routing` measures with them. One author batch is held out whole; the batches of
# "b" hold languages that stand in no other, so an eighth of their rows is taken instead, and of "c" likewise.
HELD_OUT_BATCH = "a4"
HELD_OUT_ROWS = 8
HEBREW_TEST = Path(__file__).parents[2] / "tests" / "routing" / "engine" / "hebrew_prompts.jsonl"

ASKS = 7800
ASK_WEIGHT = 0.4
COPY_WEIGHT = 1.0
# The last message of a follow-up by itself teaches a little; what it means is learnt in the second step.
FOLLOW_UP_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class Material:
    """Corpus and development rows, and the fold that each is held out in."""

    examples: list[Example]
    folds: npt.NDArray[np.int64]


def is_held_out(example: Example) -> bool:
    if example.batch.startswith("a"):
        return example.batch == HELD_OUT_BATCH
    return example.number % HELD_OUT_ROWS == 0


def read_material(development: Path | None) -> Material:
    hebrew = [row["turns"] for row in read_rows(HEBREW_TEST)] if HEBREW_TEST.exists() else []
    corpus = read_corpus()
    held_out = [example.turns for example in corpus if is_held_out(example)]
    kept = without_duplicates(
        (example for example in corpus if not is_held_out(example)), [*hebrew, *held_out]
    )
    others = read_development(development, SEED) if development else []
    folds = [_fold(example) for example in kept] + [place % FOLDS for place in range(len(others))]
    return Material([*kept, *others], np.array(folds))


def _fold(example: Example) -> int:
    """By author batch where the batch is like others, by row where it is the only one of its languages."""
    if example.batch.startswith("a"):
        return int(example.batch[1:]) % FOLDS
    return example.number % FOLDS


def enlarged(examples: Sequence[Example], seed: int) -> list[Example]:
    """Single messages to fit the first step on: all examples, copies of ours, made-up asks."""
    source = random.Random(seed)
    asks = read_asks()
    rows = []
    for example in examples:
        single = replace(example, turns=example.turns[-1:])
        if example.is_follow_up:
            single = replace(
                single, weight=example.weight * FOLLOW_UP_WEIGHT, difficulty=None, complexity=None
            )
        rows.append(single)
        if example.difficulty is None:
            continue
        copy = replace(single, weight=single.weight * COPY_WEIGHT)
        rows.append(replace(copy, turns=(sloppy(copy.turns[0], copy.language, source),)))
        if copy.language == "en" and not example.is_follow_up:
            decorated = decorate(copy.turns[0], asks, source)
            rows.append(replace(copy, turns=(decorated,), difficulty=None, complexity=None))
    pasted: dict[str, list[str]] = {}
    for row in rows:
        if row.difficulty is not None and len(row.turns[0]) > 40:
            pasted.setdefault(row.language, []).append(row.turns[0])
    rows += [
        Example((ask.text,), ask.category, "asks", language=ask.language, weight=ASK_WEIGHT)
        for ask in make_asks(pasted, seed, ASKS)
    ]
    return rows
