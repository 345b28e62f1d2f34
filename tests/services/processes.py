"""Real processes of the server, killed and started again at will."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
READY_S = 60.0
END_S = 30.0


class Process:
    """A child in a session of its own; what it prints goes to a file named after it."""

    def __init__(self, name: str, command: list[str], folder: Path, env: Mapping[str, str]) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **env},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        """As the machine does when memory ends: no last word, no tidying."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """As an operator does; the exit status."""
        return self._end(signal.SIGTERM)

    def signal(self, number: int) -> None:
        self._child.send_signal(number)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def _end(self, number: int) -> int:
        if self.alive:
            self._child.send_signal(number)
        try:
            return self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise AssertionError(
                f"{self.name} did not end by itself:\n{self.said()[-2000:]}"
            ) from None


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], object], *processes: Process, seconds: float = READY_S) -> None:
    """Until `what()` is true; fails with the log of a process that ended by itself."""
    until = time.monotonic() + seconds
    while not what():
        for process in processes:
            assert process.alive, f"{process.name} ended:\n{process.said()[-3000:]}"
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
