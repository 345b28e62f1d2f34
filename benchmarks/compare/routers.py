"""Our reading and deciding beside LiteLLM's two local routers: `python -m benchmarks.compare.routers --folder DIR`.

In DIR a virtual environment is made for LiteLLM, so that nothing of it touches ours. Both are timed with the same texts
on the same machine, in turns, so that a busy minute falls on both.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson

from benchmarks.decide import CANDIDATES, make_candidate
from benchmarks.figures import Table, between, percentiles
from routing.classifier import load_classifier
from routing.engine.classify import Classifier, classify
from routing.engine.decide import decide
from routing.engine.values import Candidate, Policy, Request
from routing.evaluation.speed import WORDS, microseconds, prompts_of

LITELLM = "litellm==1.106.2"
THEIR_SIDE = Path(__file__).with_name("litellm_side.py")
TURNS = 3

Times = dict[str, dict[str, list[float]]]


def python_with_litellm(folder: Path) -> Path:
    """Installs it on the first run; raises CalledProcessError where that fails."""
    python = folder / "litellm" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "litellm"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", LITELLM], check=True)
    return python


def theirs(python: Path, prompts: Path) -> Times:
    # Without the setting LiteLLM fetches its price list from the network at every start.
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    environment.pop("PYTHONPATH", None)
    said = subprocess.run(
        [python, THEIR_SIDE, prompts], env=environment, capture_output=True, text=True, check=True
    )
    times: Times = json.loads(said.stdout.splitlines()[-1])
    return times


def ours(texts: dict[int, list[Request]]) -> Times:
    classifier = load_classifier()
    candidates = [make_candidate(number) for number in range(CANDIDATES)]
    parts: dict[str, Callable[[Request], object]] = {
        "Chofesh, reading": partial(classify, classifier),
        f"Chofesh, reading and deciding over {CANDIDATES} candidates": partial(
            _decision, classifier, candidates
        ),
    }
    return {
        name: {
            str(words): microseconds([partial(part, each) for each in requests], rounds=1).tolist()
            for words, requests in texts.items()
        }
        for name, part in parts.items()
    }


def _decision(classifier: Classifier, candidates: list[Candidate], request: Request) -> object:
    return decide(classify(classifier, request), request, candidates, Policy())


def measure(folder: Path) -> Times:
    """Microseconds by who and by words, `TURNS` times each prompt."""
    folder.mkdir(parents=True, exist_ok=True)
    python = python_with_litellm(folder)
    texts = {words: prompts_of(words) for words in WORDS}
    prompts = folder / "prompts.json"
    prompts.write_bytes(
        orjson.dumps(
            {str(words): [each.turns[-1].text for each in asked] for words, asked in texts.items()}
        )
    )
    pooled: Times = {}
    for _ in range(TURNS):
        for name, by_words in (theirs(python, prompts) | ours(texts)).items():
            for words, taken in by_words.items():
                pooled.setdefault(name, {}).setdefault(words, []).extend(taken)
    return pooled


def as_table(times: Times) -> Table:
    rows = [
        [name, *(between(percentiles(by_words[str(words)]), "p50", "p99") for words in WORDS)]
        for name, by_words in times.items()
    ]
    columns = ["p50 / p99, microseconds", *(f"{words} words" for words in WORDS)]
    aim = (
        "Time of the thread on its processor. LiteLLM's hook chooses one of four tiers by one set of rules and scores no candidates; "
        "ours scores each candidate and explains the choice."
    )
    return Table(f"Choosing a model: Chofesh and {LITELLM}", columns, rows, aim)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare.routers", description=__doc__
    )
    parser.add_argument("--folder", type=Path, required=True, help="for LiteLLM's environment")
    parser.add_argument("--output", type=Path, help="a folder for routers.md and routers.json")
    given = parser.parse_args()
    times = measure(given.folder)
    made = (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()} on {platform.machine()}"
    )
    said = (
        f"# Speed beside LiteLLM\n\nMeasured on {made} with `python -m benchmarks.compare.routers --folder DIR "
        f"--output benchmarks/compare`.\n\n{as_table(times).as_markdown()}"
    )
    print(said)
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        (given.output / "routers.md").write_text(said, encoding="utf-8")
        figures = {
            name: {words: percentiles(taken) for words, taken in by_words.items()}
            for name, by_words in times.items()
        }
        kept = {"made": made, "litellm": LITELLM, "microseconds": figures}
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        (given.output / "routers.json").write_bytes(orjson.dumps(kept, option=option))


if __name__ == "__main__":
    main()
