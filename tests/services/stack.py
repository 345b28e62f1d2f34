"""The whole server as processes, with a provider on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from redis import Redis
from redis.exceptions import RedisError

from tests.services.database import Database, Row
from tests.services.processes import ROOT, Process, free_port, listens, python, wait_for

LEASE_S = 2
DRAIN_S = 2
# How long until a reply of a killed process is somebody else's: its lease, the next round of the
# reaper, the next round for queued rows, and a busy machine.
TAKEN_OVER_S = 20.0


class Stack:
    """Each process has a name and can be killed and started again under it."""

    def __init__(self, folder: Path, database: Database, upstream_url: str) -> None:
        self.folder, self.database = folder, database
        self.processes: dict[str, Process] = {}
        self.ports: dict[str, int] = {}
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "chofesh.settings",
            "CHOFESH_DATA_DIR": str(folder / "data"),
            "CHOFESH_KEYS_DIR": str(folder / "keys"),
            "CHOFESH_OPENAI_BASE_URL": upstream_url,
            "CHOFESH_LEASE_SECONDS": str(LEASE_S),
            "CHOFESH_DRAIN_SECONDS": str(DRAIN_S),
            "CHOFESH_MESSAGES_PER_MINUTE": "100000",
            "CHOFESH_ACTIVE_REPLIES_PER_USER": "1000",
            "CHOFESH_SOCKETS_PER_USER": "1000",
            "CHOFESH_PUBLIC_URL": "",
            "DATABASE_URL": database.url,
            "REDIS_URL": "",
        }

    def start_redis(self) -> None:
        port = self._port("redis")
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._start("redis", ["redis-server", *options])
        wait_for(lambda: listens(port), self.processes["redis"])
        self.environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"

    def start_web(self, name: str, *, wait: bool = True) -> None:
        port = self._port(name)
        self._start(name, python("chofesh.server"), {"HOST": "127.0.0.1", "PORT": str(port)})
        if wait:
            self.wait_for_web(name)

    def wait_for_web(self, name: str) -> None:
        wait_for(lambda: is_healthy(self.ports[name]), self.processes[name])

    def start_worker(self, name: str, *, wait: bool = True) -> None:
        """`wait`: until it can be told of a stop."""
        options = ["--pool", "threads", "-c", "4", "-n", f"{name}@%h", "--loglevel", "WARNING"]
        options += ["--without-gossip", "--without-mingle"]
        before = self.listening_workers()
        self._start(name, python("celery", "-A", "chofesh", "worker", *options))
        if wait:
            wait_for(lambda: self.listening_workers() > before, self.processes[name])

    def start_beat(self, name: str, settings: str) -> None:
        options = ["--pidfile", str(self.folder / f"{name}.pid")]
        env = {"DJANGO_SETTINGS_MODULE": settings}
        self._start(name, python("celery", "-A", "chofesh", "beat", *options), env)

    def listening_workers(self) -> int:
        try:
            with self.redis() as client:
                return int(client.pubsub_numsub("chofesh:workers")[0][1])
        except RedisError:
            return 0

    def redis(self) -> Redis:
        return Redis(host="127.0.0.1", port=self.ports["redis"], socket_timeout=5)

    def make_people(self, count: int) -> list[Row]:
        return self._people(str(count))

    def sign_in(self, person: Row) -> Row:
        (signed_in,) = self._people("sign-in", person["user"])
        return person | signed_in

    def _people(self, *arguments: str) -> list[Row]:
        made = subprocess.run(
            python("tests.services.people", *arguments),
            cwd=ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        people: list[Row] = json.loads(made.stdout)
        return people

    def reply(self, reply_id: str) -> Row:
        """The row, with what is committed of its text in `written`."""
        found = self.database.rows("SELECT * FROM chat_reply WHERE id = ?", self.key(reply_id))
        rows = self.database.rows(
            "SELECT text FROM chat_journalrow WHERE reply_id = ? AND kind = 'text' ORDER BY start",
            self.key(reply_id),
        )
        return found[0] | {"written": found[0]["text"] + "".join(row["text"] for row in rows)}

    def key(self, row_id: str) -> str:
        """An id as this database keeps it."""
        return row_id if self.database.url else row_id.replace("-", "")

    def writer_of(self, reply_id: str) -> str:
        """The name of the process that writes this reply now."""
        found: list[str] = []

        def is_claimed() -> bool:
            owner = self.reply(reply_id)["lease_owner"]
            found[:] = [name for name in self.alive() if f":{self.processes[name].pid}:" in owner]
            return bool(found)

        wait_for(is_claimed, seconds=TAKEN_OVER_S)
        return found[0]

    def alive(self) -> Iterator[str]:
        return (name for name, process in self.processes.items() if process.alive)

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()

    def _start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> None:
        former = self.processes.get(name)
        assert former is None or not former.alive, f"{name} is running"
        environment = self.environment | (env or {})
        self.processes[name] = Process(name, command, self.folder, environment)

    def _port(self, name: str) -> int:
        return self.ports.setdefault(name, free_port())


def is_healthy(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def manage(stack: Stack, *arguments: str, **env: str) -> str:
    """Run a command of the server, with its settings; what it said."""
    ended = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **stack.environment, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
