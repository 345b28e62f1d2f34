"""Processes of the bench: started, measured from outside, ended."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
READY_S = 60.0
STOP_S = 20.0
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_KB = resource.getpagesize() // 1024


class Process:
    """A child whose output goes to a file beside its data."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self.log, self.name = log, log.stem
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output
            )
        self.pid = self._popen.pid

    def check(self) -> None:
        if self._popen.poll() is not None:
            raise RuntimeError(f"{self.log.name} ended by itself:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        self._popen.terminate()
        try:
            self._popen.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(process: Process, port: int) -> None:
    for _ in range(int(READY_S / 0.05)):
        process.check()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.log.name} did not open port {port}")


def wait_until_healthy(process: Process, port: int) -> None:
    wait_for_port(process, port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=READY_S) as answer:
        assert answer.status == 200


def cpu_s(pid: int) -> float:
    """Seconds of processor time that the process has used in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


def memory_kb(pid: int) -> int:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KB
