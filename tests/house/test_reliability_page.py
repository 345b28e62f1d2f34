"""docs/reliability.md names every fault, and no test that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:tests|benchmarks)/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


def test_every_fault_has_its_line():
    assert re.findall(r"^\| F(\d\d) ", PAGE, re.MULTILINE) == [f"{n:02}" for n in range(1, 73)]


@pytest.mark.parametrize(("path", "name"), NAMED, ids=str)
def test_a_named_test_is_there(path: str, name: str):
    text = (ROOT / path).read_text()

    assert not name or re.search(rf"(def|class) {name}\b", text)
