"""`make run` on a machine that lacks something says in one sentence what, and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.processes import ROOT

LACKING = {
    "venv": """#!/bin/sh
case "$*" in *ensurepip*) exit 1 ;; esac
exec {python} "$@"
""",
    "new enough": "#!/bin/sh\nexit 1\n",
}


def make_run(folder: Path, python: str) -> str:
    """What is said where there is nothing but the Makefile yet."""
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "requirements.lock").touch()
    ended = subprocess.run(
        ["make", "--no-print-directory", "run", f"PYTHON={python}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.stdout.count("\n") == 1
    return ended.stdout


def lacking(what: str, folder: Path) -> str:
    path = folder / "python-for-tests"
    path.write_text(LACKING[what].format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


def test_a_missing_venv_module_is_named(tmp_path):
    said = make_run(tmp_path, lacking("venv", tmp_path))
    assert "The Python module venv is missing" in said
    assert "apt install python3-venv" in said


def test_an_old_python_is_named(tmp_path):
    said = make_run(tmp_path, lacking("new enough", tmp_path))
    assert "Python 3.11 or newer is needed" in said


def test_a_python_that_is_not_there_is_named(tmp_path):
    assert "does not run" in make_run(tmp_path, str(tmp_path / "nowhere"))


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    # In the way of the folder that is made; the administrator may write everywhere else.
    (tmp_path / ".venv").symlink_to(tmp_path / "nowhere" / "deeper")
    assert "This folder is not writable" in make_run(tmp_path, sys.executable)


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_read_only_folder_is_named(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    tmp_path.chmod(0o500)
    ended = subprocess.run(
        ["make", "run"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "This folder is not writable" in ended.stdout
