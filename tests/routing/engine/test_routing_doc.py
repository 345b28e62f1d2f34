from __future__ import annotations

import re
from pathlib import Path

import pytest

from routing.engine import (
    cost,
    demand,
    floor,
    gates,
    order,
    output,
    preference,
    second_reading,
    stickiness,
    wait,
)
from routing.engine import success as success_module

DOC = (Path(__file__).parents[3] / "docs" / "routing.md").read_text()
MODULES = (
    cost, demand, floor, gates, order, output, preference, second_reading, stickiness,
    success_module, wait,
)  # fmt: skip
# A unit of measure, and what only changes wording.
UNTOLD = {"PER_MILLION", "TOLD_DIFFICULTY_STEP"}


def constants():
    return {
        name: value
        for module in MODULES
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float) and name not in UNTOLD
    }


def test_it_tells_every_constant_with_its_value():
    told = re.findall(r"^\| `([A-Z_]+)` \| (\S+) \|", DOC, re.MULTILINE)
    assert {name: float(value) for name, value in told} == constants()


def test_it_names_no_other_constant():
    assert set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", DOC)) <= set(constants())


@pytest.mark.parametrize("code", gates.CODES)
def test_it_tells_every_reason_of_rejection(code):
    assert f"| `{code}` |" in DOC


def test_it_tells_the_usual_lengths():
    told = re.findall(r"^\| ([a-z]+) \| (\d+) \| ([\d.]*) ?\|", DOC, re.MULTILINE)
    assert {name: int(base) for name, base, _ in told} == output.BASE_TOKENS
    factors = {name: float(factor) for name, _, factor in told if factor}
    assert factors == output.TOKENS_PER_MESSAGE_TOKEN


def test_it_tells_the_slowdowns():
    hosted, local = wait.SLOWDOWN_PER_CALL[False], wait.SLOWDOWN_PER_CALL[True]
    words = " ".join(DOC.split())
    assert (
        f"adds {local} to the slowdown of a local model and {hosted} to that of a hosted" in words
    )
