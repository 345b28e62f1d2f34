"""The shipped weights, on prompts that they were not trained on, and on input that is no prompt."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest

from routing.classifier import load_classifier
from routing.engine.classify import classify
from routing.engine.values import Request, Turn
from routing.training.corpus import as_request, read_corpus
from routing.training.data import is_held_out
from routing.training.sloppy import sloppy

HEBREW = Path(__file__).parent / "hebrew_prompts.jsonl"


def read(*turns):
    return classify(load_classifier(), as_request(turns))


def held_out():
    return [example for example in read_corpus() if is_held_out(example)]


def test_it_knows_what_hebrew_prompts_ask():
    rows = [json.loads(line) for line in HEBREW.read_text(encoding="utf-8").splitlines()]

    right = [read(*row["turns"]).category == row["category"] for row in rows]

    assert sum(right) / len(right) >= 0.9


def test_it_reads_prompts_of_authors_that_it_does_not_know():
    readings = [(read(*row.turns), row.category) for row in held_out()]

    right = sum(reading.category == category for reading, category in readings)
    sure = sum(reading.categories[reading.category] for reading, _ in readings)

    assert right / len(readings) >= 0.66
    # As sure as it is right, within five in a hundred.
    assert abs(sure - right) / len(readings) <= 0.05


def test_it_keeps_its_mind_when_a_prompt_is_written_in_haste():
    source = random.Random(11)
    rows = held_out()

    same = [
        read(*row.turns).category
        == read(*row.turns[:-1], sloppy(row.turns[-1], row.language, source)).category
        for row in rows
    ]

    assert sum(same) / len(same) >= 0.9


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00\x01\ufffd", "?" * 9, "a" * 300_000, "\n" * 5000, '"' * 4000, "木" * 3000],
    ids=["empty", "blank", "binary", "signs", "long-word", "lines", "quotes", "one-character"],
)
def test_it_reads_what_is_no_prompt(text):
    reading = classify(load_classifier(), Request((Turn("user", text),)))

    assert math.isclose(math.fsum(reading.categories.values()), 1.0)
    assert 0.0 <= reading.difficulty <= 1.0


def test_it_says_the_same_twice():
    assert read("write a short poem about rain") == read("write a short poem about rain")
