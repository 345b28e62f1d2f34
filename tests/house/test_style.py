"""What no linter holds: sizes, empty doors, templates without unsafe HTML."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = 300
FUNCTION_LINES = 50
NOT_HERE = {"utils.py", "helpers.py", "services.py", "managers.py", "common.py", "base.py"}
DJANGO_LOOKS_HERE = Path("chofesh/postgresql/base.py")


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", f":(glob)**/{pattern}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    files = [ROOT / name for name in listed.stdout.splitlines()]
    if listed.returncode != 0:
        files = [
            path for path in ROOT.rglob(pattern) if not {".venv", "node_modules"} & {*path.parts}
        ]
    return [path for path in files if path.exists() and "migrations" not in path.parts]


def product() -> list[Path]:
    """Tests are exempt from the walls: a table of cases is read from one end to the other."""
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] != "tests"]


@pytest.mark.parametrize("path", product(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_no_longer_than_the_wall(path):
    assert len(path.read_text().splitlines()) <= FILE_LINES
    assert path.name not in NOT_HERE or path.relative_to(ROOT) == DJANGO_LOOKS_HERE


@pytest.mark.parametrize("path", product(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_is_no_longer_than_the_wall(path):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, functions):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES, node.name


def test_doors_of_packages_are_empty():
    assert [path for path in tracked("__init__.py") if path.read_text().strip()] == []


def test_templates_declare_no_html_safe():
    unsafe = re.compile(r"\|\s*safe\b|\{%\s*autoescape|\son[a-z]+=|\sstyle=|<script(?![^>]*\ssrc=)")
    found = [path.name for path in tracked("*.html") if unsafe.search(path.read_text())]
    assert found == []


def test_nothing_is_fetched_from_elsewhere():
    remote = re.compile(r"""(?:src|href)=["']https?://|@import\s+url|url\(["']?https?://""")
    pages = [*tracked("*.html"), *tracked("*.css")]
    assert [path.name for path in pages if remote.search(path.read_text())] == []
