"""Training examples from the development sets, whose text stays outside this repository (docs/corpus.md).

Only rows whose category follows from their source; MT-Bench and Vicuna rows are never among them.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from routing.training.corpus import Example

# A row of another source counts less than one of ours: its population is narrow.
WEIGHT = 0.3

Row = dict[str, Any]

_LLMROUTER_TASKS = {
    "agentverse-logicgrid": "reasoning",
    "natural_qa": "questions",
    "trivia_qa": "questions",
    "mbpp": "coding",
    "human_eval": "coding",
    "math": "maths",
    "openbook_qa": "questions",
    "gpqa": "questions",
}
_MMLU_PRO_SUBJECTS = {
    "math": "maths",
    "law": "questions",
    "psychology": "questions",
    "history": "questions",
    "philosophy": "questions",
    "health": "questions",
    "biology": "questions",
    "computer science": "questions",
}
# Ability codes of MT-Bench-101: the category of the first turn and of the turns that follow it.
_MT_BENCH_101 = {
    "MR": ("maths", "maths"),
    "GR": ("reasoning", "reasoning"),
    "PI": ("chat", "chat"),
    "AR": ("questions", "questions"),
    "SA": ("questions", "questions"),
    "SC": ("questions", "questions"),
    "CR": (None, "editing"),
    "FR": (None, "editing"),
}


def read_rows(path: Path) -> list[Row]:
    """One JSON object a line; `.gz` is gzip."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in data.split(b"\n") if line.strip()]


def read_development(directory: Path, seed: int) -> list[Example]:
    source = random.Random(seed)
    return [
        *_sample(directory / "categories/clinc150_sample.jsonl.gz", _clinc, 250, source),
        *_sample(directory / "categories/role_prompts.jsonl.gz", _role_prompt, 400, source),
        *_sample(directory / "routing/llmrouter_train.jsonl.gz", _llmrouter, 1500, source),
        *_sample(directory / "routing/mmlu_pro.jsonl.gz", _mmlu_pro, 1200, source),
        *_conversations(directory / "categories/mt_bench_101.jsonl.gz"),
    ]


def _sample(
    path: Path, category_of: Callable[[Row], str | None], count: int, source: random.Random
) -> Iterator[Example]:
    rows = read_rows(path)
    for row in source.sample(rows, min(count, len(rows))):
        category = category_of(row)
        if category is not None:
            text = row["prompt"] if "prompt" in row else row["turns"][0]
            yield Example((text,), category, batch=f"development-{path.name}", weight=WEIGHT)


def _clinc(row: Row) -> str | None:
    return "translation" if row["label"] == "translate" else "chat"


def _role_prompt(row: Row) -> str | None:
    return "roleplay" if "act as" in row["turns"][0].lower() else None


def _llmrouter(row: Row) -> str | None:
    return _LLMROUTER_TASKS.get(row["task"])


def _mmlu_pro(row: Row) -> str | None:
    return _MMLU_PRO_SUBJECTS.get(row["subject"])


def _conversations(path: Path) -> Iterator[Example]:
    """First turns, and follow-ups with an empty reply between, since the set holds the user's turns alone."""
    for row in read_rows(path):
        first, later = _MT_BENCH_101.get(row["label"], (None, None))
        turns = row["turns"]
        if first is not None:
            yield Example((turns[0],), first, batch="development-mt101", weight=WEIGHT)
        if later is not None and len(turns) > 1:
            yield Example((turns[0], "", turns[1]), later, batch="development-mt101", weight=WEIGHT)
