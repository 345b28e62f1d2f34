"""The processes of compose.yaml, by hand: not root, no capabilities, a file system that is read-only.

No container engine is needed, only the right to mount (read_only.sh). What runs and what is looked at
is read from compose.yaml and the Dockerfile.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from tests.fake_upstream import FakeUpstream
from tests.services.database import PostgresDatabase
from tests.services.page import Page
from tests.services.processes import ROOT, wait_for
from tests.services.stack import Stack
from tests.services.tools import missing
from tests.upstream_formats import Answer

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
IMAGE = (ROOT / "Dockerfile").read_text()
SCRIPT = str(ROOT / "tests" / "services" / "read_only.sh")
ENTER = ["nsenter", "--mount", "--root", "--wdns=/app", "--target"]
NOBODY = ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "--no-new-privs"]


def last_command(image: str) -> list[str]:
    return json.loads(re.findall(r"^CMD (\[.*\])$", image, re.MULTILINE)[-1])


def look_of_web() -> list[str]:
    return json.loads(re.findall(r"HEALTHCHECK .*\n +CMD (\[.*\])", IMAGE)[0])


class Containers:
    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self._folder = stack, folder

    def start(self, name: str, command: list[str], **env: str) -> None:
        root = self._folder / f"root-{name}"
        root.mkdir()
        where = [str(root), str(self._folder / "data"), str(self._folder / "keys"), sys.executable]
        wrapped = ["unshare", "--mount", "sh", SCRIPT, *where, *command]
        self.stack._start(name, wrapped, env | {"HOSTNAME": socket.gethostname()})

    def look(self, name: str, test: list[str]) -> subprocess.CompletedProcess[str]:
        """As the engine does: the command, in the place of the process and with its environment."""
        pid = self.stack.processes[name].pid
        told = Path(f"/proc/{pid}/environ").read_text().split("\0")
        # Two dollar signs are one, to compose.
        shell = ["sh", "-c", test[-1].replace("$$", "$")]
        command = shell if test[0] == "CMD-SHELL" else test
        return subprocess.run(
            [*ENTER, str(pid), *NOBODY, *command],
            env=dict(each.split("=", 1) for each in told if each),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def containers(provider: FakeUpstream, tmp_path: Path) -> Iterator[Containers]:
    allowed = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if os.geteuid() or allowed.returncode:
        missing("A file system can be made read-only by root alone, where mounting is allowed")
    database = PostgresDatabase(f"chofesh_read_only_{os.getpid()}")
    database.create()
    stack = Stack(tmp_path, database, provider.openai_url)
    stack.environment |= {"CHOFESH_SECRET_KEY": "of no use elsewhere " * 4}
    # What the image says holds: the folders of the tests are not to be seen in there.
    for name in ("CHOFESH_DATA_DIR", "CHOFESH_KEYS_DIR"):
        del stack.environment[name]
    try:
        stack.start_redis()
        yield Containers(stack, tmp_path)
    finally:
        stack.stop()
        database.drop()


def start_all(containers: Containers) -> None:
    stack = containers.stack
    port = stack._port("web")
    containers.start("web", last_command(IMAGE), HOST="127.0.0.1", PORT=str(port))
    stack.wait_for_web("web")
    door = str(stack._port("worker"))
    containers.start("worker", SERVICES["worker"]["command"], CHOFESH_WORKER_METRICS_PORT=door)
    containers.start("beat", SERVICES["beat"]["command"])
    wait_for(lambda: stack.listening_workers() == 1, stack.processes["worker"])


def passes(containers: Containers, name: str, test: list[str]) -> bool:
    return containers.look(name, test).returncode == 0


async def test_all_processes_run_and_are_found_healthy(containers: Containers, upstream):
    upstream.default = Answer("From a box.")
    start_all(containers)
    stack = containers.stack

    look_of_worker = SERVICES["worker"]["healthcheck"]["test"][1:]
    door = str(SERVICES["worker"]["environment"]["CHOFESH_WORKER_METRICS_PORT"])
    looks: dict[str, Any] = {
        "web": [part.replace("8000", str(stack.ports["web"])) for part in look_of_web()],
        "worker": [part.replace(door, str(stack.ports["worker"])) for part in look_of_worker],
        "beat": SERVICES["beat"]["healthcheck"]["test"],
    }
    for name, test in looks.items():
        wait_for(partial(passes, containers, name, test), seconds=40)
    for path in ("healthz", "readyz", "accounts/login/", "static/css/base.css"):
        with urlopen(f"http://127.0.0.1:{stack.ports['web']}/{path}", timeout=20) as answer:
            assert answer.status == 200

    stack.environment["CHOFESH_KEYS_DIR"] = str(stack.folder / "keys")
    stack.environment["CHOFESH_DATA_DIR"] = str(stack.folder / "people")
    page = await Page(stack.ports["web"], stack.make_people(1)[0]["session"]).open()
    reply = await page.ask("Who are you?")
    assert (await page.sees_the_end(reply))["state"] == "done"
    await page.close()

    for name in ("web", "worker", "beat"):
        assert "Read-only" not in stack.processes[name].said()
        assert "Permission denied" not in stack.processes[name].said()
        assert stack.processes[name].terminate() == 0


def test_nothing_but_the_three_folders_can_be_written(containers: Containers):
    containers.start("box", ["sleep", "60"])
    wait_for(lambda: passes(containers, "box", ["test", "-d", "/app/chat"]), seconds=10)

    def writes(folder: str) -> bool:
        return passes(containers, "box", ["touch", f"{folder}/x"])

    assert [folder for folder in ("/", "/app", "/usr", "/etc", "/home") if writes(folder)] == []
    assert all(writes(folder) for folder in ("/tmp", "/data", "/keys"))
