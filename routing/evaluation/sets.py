"""The development sets as values: who answered what, and how much of it the weights have been trained on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from routing.engine.values import Request
from routing.evaluation.intervals import Floats
from routing.training.corpus import as_request, read_corpus
from routing.training.data import is_held_out
from routing.training.development import read_rows

# One sentence for each kind of row that is scored, told in every result.
HELD_OUT = (
    (
        "Not trained on: RouteLLM's MMLU and MT-Bench rows, MT-Bench and Vicuna first turns, LLMRouter's 280 test rows, the "
        "Hebrew prompts, one author batch of our own corpus, IFEval and the seeds of self-instruct."
    ),
    "Trained on: the categories of LLMRouter's training rows. The abilities of its nine models are fitted on them alone.",
    (
        "Trained on: the difficulty of MMLU-Pro rows. What is scored on them is marked *seen*; the abilities of the twelve "
        "models are fitted on one half of them and scored on the other."
    ),
    (
        "Set by hand, not learnt: the constants of routing/training/difficulty.py, among them two of exam difficulty (EXAM_OVERLAP, EXAM_LENGTH). MMLU-Pro gives no sign for "
        "them; without them MMLU's APGR was 0.566 instead of 0.617 (classifier 2026-11-21-80f971ef)."
    ),
)

# The source's own labels for MT-Bench and Vicuna, where one of our categories follows from them.
LABELS = {
    "writing": "writing",
    "roleplay": "roleplay",
    "reasoning": "reasoning",
    "math": "maths",
    "coding": "coding",
    "extraction": "extraction",
    "stem": "questions",
    "humanities": "questions",
    "knowledge": "questions",
}


class TwoModels(NamedTuple):
    """A weak and a strong model on the same prompts; higher is better."""

    requests: tuple[Request, ...]
    weak: Floats
    strong: Floats


class ManyModels(NamedTuple):
    """`scores`: (prompts, models), 0..1; `groups`: task or subject of each prompt."""

    requests: tuple[Request, ...]
    groups: tuple[str, ...]
    models: tuple[str, ...]
    scores: Floats

    def rows(self, places: Sequence[int]) -> ManyModels:
        return ManyModels(
            tuple(self.requests[at] for at in places),
            tuple(self.groups[at] for at in places),
            self.models,
            self.scores[list(places)],
        )


class Labelled(NamedTuple):
    requests: tuple[Request, ...]
    categories: tuple[str, ...]


def routellm_mmlu(directory: Path) -> TwoModels:
    rows = read_rows(directory / "routing/routellm_mmlu.jsonl.gz")
    return TwoModels(
        tuple(as_request([row["prompt"]]) for row in rows),
        np.array([float(row["weak"]) for row in rows]),
        np.array([float(row["strong"]) for row in rows]),
    )


def routellm_mt_bench(directory: Path) -> TwoModels:
    """Scores of a judge, 1..10. Second turns are read with the first one; the reply between is not in the set."""
    rows = read_rows(directory / "routing/routellm_mt_bench.jsonl")
    return TwoModels(
        tuple(_conversation(row["turns"]) for row in rows),
        _judged(rows, "mixtral"),
        _judged(rows, "gpt-4"),
    )


def _conversation(turns: Sequence[str]) -> Request:
    spoken = [text for turn in turns for text in (turn, "")]
    return as_request(spoken[:-1])


def _judged(rows: Sequence[dict[str, Any]], model: str) -> Floats:
    return np.array(
        [
            next(float(score) for name, score in row["scores"].items() if model in name.lower())
            for row in rows
        ]
    )


def llmrouter(directory: Path, part: str) -> ManyModels:
    """`part`: "train" or "test"."""
    rows = read_rows(directory / f"routing/llmrouter_{part}.jsonl.gz")
    return _many(rows, [row["scores"] for row in rows], "task")


def mmlu_pro(directory: Path) -> ManyModels:
    """Rows that all models answered."""
    rows = read_rows(directory / "routing/mmlu_pro.jsonl.gz")
    models = {model for row in rows for model in row["correct"]}
    full = [row for row in rows if models <= set(row["correct"])]
    return _many(full, [row["correct"] for row in full], "subject")


def _many(
    rows: Sequence[dict[str, Any]], scores: Sequence[dict[str, float]], group: str
) -> ManyModels:
    models = tuple(sorted(scores[0]))
    return ManyModels(
        tuple(as_request([row["prompt"]]) for row in rows),
        tuple(row[group] for row in rows),
        models,
        np.array([[float(told[model]) for model in models] for told in scores]),
    )


def llmrouter_prices(directory: Path) -> dict[str, tuple[float, float]]:
    """USD per million tokens of input and of output, by model."""
    told = json.loads((directory / "routing/llmrouter_models.json").read_text())
    return {model: (each["input_price"], each["output_price"]) for model, each in told.items()}


def first_turns(directory: Path) -> Labelled:
    """MT-Bench and Vicuna, those whose source names one of our categories."""
    rows = read_rows(directory / "categories/mt_bench_vicuna_bench.jsonl")
    known = [row for row in rows if row["label"] in LABELS]
    return Labelled(
        tuple(as_request(row["turns"][:1]) for row in known),
        tuple(LABELS[row["label"]] for row in known),
    )


def hebrew(path: Path) -> Labelled:
    rows = read_rows(path)
    return Labelled(
        tuple(as_request(row["turns"]) for row in rows), tuple(row["category"] for row in rows)
    )


def held_out_corpus() -> Labelled:
    """Rows of our own corpus that no weights are trained on, conversations among them."""
    rows = [example for example in read_corpus() if is_held_out(example)]
    return Labelled(
        tuple(as_request(row.turns) for row in rows), tuple(row.category for row in rows)
    )


def unlabelled(directory: Path) -> tuple[Request, ...]:
    """IFEval and the seeds of self-instruct: prompts that were not trained on, without a category of ours."""
    rows = [
        *read_rows(directory / "categories/ifeval.jsonl"),
        *read_rows(directory / "categories/self_instruct_seeds.jsonl"),
    ]
    return tuple(
        as_request([row["prompt"] if "prompt" in row else row["turns"][0]]) for row in rows
    )
