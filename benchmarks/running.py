"""A run of Chofesh with its own data, keys and upstream, and the loads that are put on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from benchmarks.load import Plan, written
from benchmarks.processes import (
    ROOT,
    Process,
    free_port,
    python,
    wait_for_port,
    wait_until_healthy,
)

LOAD_S = 240


class Run:
    """Web servers and workers on loopback, from start to end; use as a context manager."""

    def __init__(self, people: int, web: int = 1, workers: int = 0, services: Any = None) -> None:
        self.began = time.monotonic()
        self._people = people
        self._folder = Path(tempfile.mkdtemp(prefix="chofesh-bench-"))
        self._upstream_port = free_port()
        self._ports = [free_port() for _ in range(web)]
        self._workers = workers
        self._environment = self._limits() | dict(services or {})
        self._streams = 0
        self.web: list[Process] = []
        self.workers: list[Process] = []
        self.sessions: list[str] = []

    def __enter__(self) -> Run:
        began = ["--port", str(self._upstream_port), "--began", str(self.began)]
        self._upstream = self._start("upstream", python("benchmarks.upstream", *began))
        wait_for_port(self._upstream, self._upstream_port)
        for port in self._ports:
            self.web.append(self._start_web(port))
        for number in range(self._workers):
            self.workers.append(self._start_worker(number))
        self.sessions = self._inside("prepare", str(self._people))
        return self

    def __exit__(self, *_error: object) -> None:
        for process in [*self.web, *self.workers, self._upstream]:
            process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def load(self, kind: str, **plan: Any) -> dict[str, Any]:
        """Play a plan in a process of its own and return what it saw."""
        asked = Plan(
            kind, self.sessions, self._ports, self._upstream_port, self.began,
            {process.name: process.pid for process in [*self.web, *self.workers]},
            first_stream=self._streams, **plan,
        )  # fmt: skip
        self._streams += asked.streams + asked.messages
        given, outcome = self._folder / "plan.json", self._folder / "outcome.json"
        given.write_bytes(written(asked))
        command = python("benchmarks.load", str(given), str(outcome))
        played = subprocess.run(command, cwd=ROOT, check=False, timeout=LOAD_S)
        if played.returncode:
            raise RuntimeError(f"The load {kind} failed.\n{self.logs()}")
        for process in [*self.web, *self.workers]:
            process.check()
        seen: dict[str, Any] = orjson.loads(outcome.read_bytes())
        return seen

    def lost(self, seen: dict[str, Any]) -> int:
        """Of the streams just played: replies that the database has otherwise than they were sent."""
        stored = self._inside("stored")["texts"]
        replies: dict[str, str] = seen.pop("replies")
        return sum(stored.get(reply) != text for reply, text in replies.items())

    def rows(self) -> dict[str, float]:
        """What the journal's batch can store in this run's database; call it last."""
        found: dict[str, float] = self._inside("rows")
        return found

    def pages(self) -> dict[str, dict[str, Any]]:
        """What the pages of somebody with very many chats cost."""
        found: dict[str, dict[str, Any]] = self._inside("pages")
        return found

    def lateness_ms(self, window: list[float]) -> list[float]:
        """The worst lateness of the first server's event loop in each second of the window."""
        lines = [line.split() for line in self._lag_log(self._ports[0]).read_text().splitlines()]
        return [float(worst) for at, worst in lines if window[0] <= float(at) <= window[1]]

    def logs(self) -> str:
        return "\n".join(
            f"{process.log.name}: {line}"
            for process in [*self.web, *self.workers]
            for line in process.log.read_text().splitlines()
            if not line.startswith(("  ", "Chofesh is ready")) or " in " in line
        )

    def _limits(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "chofesh.settings",
            "CHOFESH_DATA_DIR": str(self._folder / "data"),
            "CHOFESH_KEYS_DIR": str(self._folder / "keys"),
            "CHOFESH_OPENAI_BASE_URL": f"http://127.0.0.1:{self._upstream_port}/v1",
            # The first-token run asks as fast as it is answered, which no person does.
            "CHOFESH_MESSAGES_PER_MINUTE": "100000",
            "PYTHONPATH": str(ROOT),
        }

    def _start_web(self, port: int) -> Process:
        own = {"PORT": str(port), "BENCH_LAG_LOG": str(self._lag_log(port))}
        process = self._start(f"web-{port}", python("benchmarks.probed_server"), own)
        wait_until_healthy(process, port)
        return process

    def _start_worker(self, number: int) -> Process:
        command = python("celery", "-A", "chofesh", "worker", "--pool", "threads", "-c", "4")
        return self._start(f"worker-{number}", [*command, "-n", f"bench-{number}@localhost"])

    def _start(self, name: str, command: list[str], own: dict[str, str] | None = None) -> Process:
        return Process(command, self._folder / f"{name}.log", self._environment | (own or {}))

    def _lag_log(self, port: int) -> Path:
        return self._folder / f"lag-{port}"

    def _inside(self, verb: str, *arguments: str) -> Any:
        answer = self._folder / f"{verb}.json"
        command = python("benchmarks.inside", verb, *arguments, str(answer))
        subprocess.run(command, cwd=ROOT, check=True, env=os.environ | self._environment)
        return orjson.loads(answer.read_bytes())
