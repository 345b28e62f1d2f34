"""A server that cannot start says in one sentence why, and what to do."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.services.processes import ROOT, free_port, python


def start(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {
        "DJANGO_SETTINGS_MODULE": "chofesh.settings",
        "CHOFESH_DATA_DIR": str(folder / "data"),
        "CHOFESH_KEYS_DIR": str(folder / "keys"),
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    return subprocess.run(
        python("chofesh.server"),
        cwd=ROOT,
        env={**os.environ, **given, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_named_with_a_way_out(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = start(tmp_path, PORT=str(port))

    assert ended.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in ended.stderr
    assert f"PORT={port + 1} make run" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("variable", ["CHOFESH_DATA_DIR", "CHOFESH_KEYS_DIR"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, variable):
    file = tmp_path / "file"
    file.write_text("in the way")

    ended = start(tmp_path, **{variable: str(file / "folder")})

    assert ended.returncode == 1
    assert str(file) in ended.stderr
    assert variable in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_broken_database_is_said_to_be_so(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "chofesh.sqlite3").write_bytes(b"this is no database" * 100)

    ended = start(tmp_path)

    assert ended.returncode == 1
    assert "The database cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PORT", "eighty", "must be a whole number, but it is 'eighty'"),
        ("PORT", "80000", "must be from 1 to 65535, but it is '80000'"),
        ("CHOFESH_DEBUG", "maybe", "must be 1 or 0, but it is 'maybe'"),
        ("CHOFESH_TRUSTED_PROXIES", "-1", "must be from 0 to 10, but it is '-1'"),
        ("CHOFESH_SIGNUP", "closed", "must be invitation or open, but it is 'closed'"),
        ("CHOFESH_LOG_LEVEL", "loud", "must be WARNING or"),
        ("CHOFESH_PUBLIC_URL", "chat.example.org", "must be an address like"),
        ("CHOFESH_PUBLIC_URL", "https://example.org/chat", "must be an address like"),
        ("CHOFESH_ALLOWED_PRIVATE_HOSTS", "gpu.internal", "is not usable: "),
        ("DATABASE_URL", "oracle://somewhere/x", "must be"),
        ("REDIS_URL", "localhost:6379", "must be"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path, variable, value, said):
    ended = start(tmp_path, **{variable: value})

    assert ended.returncode == 1
    assert f"{variable} {said}" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr
