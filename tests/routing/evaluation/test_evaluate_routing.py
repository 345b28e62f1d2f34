"""The command over a made-up folder of development data."""

from __future__ import annotations

import gzip
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from routing.evaluation import intervals, speed

SUBJECTS = (
    "What is 17 times 3?",
    "Who wrote Hamlet?",
    "Prove that the square root of 2 is irrational.",
)
NINE = ("small", "large")


def options(text, number):
    return f"{text} ({number})\nA. one\nB. two\nC. three\nD. four\nAnswer:"


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def development(tmp_path):
    """A strong model that is right twice as often as a weak one."""
    folder = tmp_path / "data"
    prompts = [options(SUBJECTS[number % 3], number) for number in range(24)]
    write(
        folder / "routing/routellm_mmlu.jsonl.gz",
        [
            {"subject": "s", "prompt": prompt, "weak": number % 3 == 0, "strong": number % 3 != 1}
            for number, prompt in enumerate(prompts)
        ],
    )
    write(
        folder / "routing/routellm_mt_bench.jsonl",
        [
            {
                "turns": turns,
                "scores": {"gpt-4-1106-preview": 9, "mistralai/Mixtral-8x7B": 5 + number},
            }
            for number, turns in enumerate([["Write a poem."], ["Write a poem.", "Shorter."]])
        ],
    )
    for part in ("train", "test"):
        write(
            folder / f"routing/llmrouter_{part}.jsonl.gz",
            [
                {
                    "task": f"t{number % 2}",
                    "prompt": prompt,
                    "scores": {"small": 0.2, "large": number % 2},
                }
                for number, prompt in enumerate(prompts)
            ],
        )
    (folder / "routing/llmrouter_models.json").write_text(
        json.dumps(
            {
                model: {"input_price": 1 + at, "output_price": 1 + at}
                for at, model in enumerate(NINE)
            }
        )
    )
    write(
        folder / "routing/mmlu_pro.jsonl.gz",
        [
            {"subject": "s", "prompt": prompt, "correct": {"a": number % 2, "b": 1}}
            for number, prompt in enumerate(prompts)
        ],
    )
    write(
        folder / "categories/mt_bench_vicuna_bench.jsonl",
        [
            {"label": "coding", "turns": ["Write a Python function that reverses a list."]},
            {"label": "fermi", "turns": ["How many piano tuners are there in Chicago?"]},
        ],
    )
    write(folder / "categories/ifeval.jsonl", [{"turns": ["Write a summary without commas."]}])
    write(folder / "categories/self_instruct_seeds.jsonl", [{"turns": ["Suggest a breakfast."]}])
    return folder


@pytest.fixture
def quick(monkeypatch):
    """Few timings and samples: what is tested is that they are told, not what they are."""
    monkeypatch.setattr(speed, "PROMPTS", 2)
    monkeypatch.setattr(intervals, "RESAMPLES", 100)


def evaluated(development, folder):
    """What the command says, and its figures."""
    told = StringIO()
    call_command(
        "evaluate_routing",
        development_data=development,
        output=folder,
        stdout=told,
        stderr=StringIO(),
    )
    return told.getvalue(), json.loads((folder / "results.json").read_text())


def test_it_tells_every_goal_and_the_same_rows_give_the_same_figures(development, tmp_path, quick):
    told, results = evaluated(development, tmp_path / "one")
    names = " ".join(goal["name"] for goal in results["goals"])
    for part in ("MMLU", "MT-Bench", "LLMRouter", "Hebrew", "unchanged", "200 words", "2000 words"):
        assert part in names
    assert all(goal["low"] <= goal["value"] <= goal["high"] for goal in results["goals"])
    assert (tmp_path / "one/results.md").read_text().startswith("# How good the routing is")
    assert "matrix factorisation" in told
    assert {picture["name"] for picture in results["pictures"]} >= {
        "two_models", "frontier_llmrouter", "success_calibration", "confusion_mt_bench_and_vicuna_first_turns",
    }  # fmt: skip

    _told, again = evaluated(development, tmp_path / "two")
    assert results["tables"][:-1] == again["tables"][:-1]


@pytest.mark.parametrize("missing", ["", "routing/mmlu_pro.jsonl.gz"])
def test_a_missing_folder_or_file_is_named(development, tmp_path, missing):
    if missing:
        (development / missing).unlink()
    folder = development if missing else tmp_path / "nowhere"
    with pytest.raises(CommandError, match=missing.rpartition("/")[2] or "nowhere"):
        call_command(
            "evaluate_routing", development_data=folder, stdout=StringIO(), stderr=StringIO()
        )
