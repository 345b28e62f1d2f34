from __future__ import annotations

import re
from pathlib import Path

import chofesh.settings  # noqa: F401
from chofesh import environment
from providers.registry import PROVIDERS, base_url_variable

DOC = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_every_environment_variable_is_documented():
    documented = set(re.findall(r"^\| `([A-Z_]+)`", DOC.read_text(), re.MULTILINE))
    assert environment.KNOWN - documented == set()


def test_every_documented_variable_is_read():
    documented = set(re.findall(r"^\| `([A-Z_]+)`", DOC.read_text(), re.MULTILINE))
    moved = {base_url_variable(provider) for provider in PROVIDERS}
    assert documented - environment.KNOWN - moved == set()
