from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[3] / "routing" / "engine"
ALLOWED = frozenset(
    [
        "__future__",
        "collections",
        "dataclasses",
        "enum",
        "functools",
        "itertools",
        "json",
        "math",
        "re",
        "typing",
        "unicodedata",
        "zlib",
        "numpy",
    ]
)


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", sorted(ENGINE.glob("**/*.py")), ids=lambda path: path.stem)
def test_it_imports_only_itself_and_the_allowed(path):
    foreign = {
        name
        for name in imported_modules(path)
        if not name.startswith("routing.engine.") and name.partition(".")[0] not in ALLOWED
    }
    assert foreign == set()


def test_it_is_imported_without_django():
    modules = ", ".join(f"routing.engine.{path.stem}" for path in sorted(ENGINE.glob("[!_]*.py")))
    code = f"import sys, {modules}; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ENGINE.parents[1],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "False"
