from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROTATING_S = 0.25


def start(folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "chofesh.settings",
        "CHOFESH_DATA_DIR": str(folder / "data"),
        "CHOFESH_KEYS_DIR": str(folder / "keys"),
        "DATABASE_URL": "",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.accounts.rotation_worker"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("kills", [10, pytest.param(50, marks=pytest.mark.soak)])
def test_every_key_opens_whenever_a_rotation_is_killed(tmp_path, kills):
    (tmp_path / "data").mkdir()
    for _ in range(kills + 1):
        worker = start(tmp_path)
        assert worker.stdout is not None
        assert worker.stderr is not None
        began = worker.stdout.readline()
        # The moment is random on purpose; whatever it is, the next start must open all keys.
        time.sleep(secrets.SystemRandom().uniform(0, ROTATING_S))
        worker.kill()
        _output, errors = worker.communicate()
        assert began == "rotating\n", errors
