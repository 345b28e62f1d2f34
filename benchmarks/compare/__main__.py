"""Chofesh beside LiteLLM and Open WebUI, the same upstream under all: `python -m benchmarks.compare FOLDER`.

FOLDER takes a venv of each from PyPI (LiteLLM 0.6 GB, Open WebUI 6.7 GB) and their data; nothing else
is touched. The first time takes some minutes more, for the installing.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import embedded
from benchmarks.compare import asking, servers
from benchmarks.compare.servers import Door
from benchmarks.figures import Table, between, short
from benchmarks.processes import Process, free_port, memory_kb, python, wait_for_port
from benchmarks.running import Run

MESSAGES = 50
LOADS = ((1, 47, 8), (100, 47, 14))
STARTERS: dict[str, Callable[[Path, str], Door]] = {
    "litellm": servers.start_litellm,
    "open-webui": servers.start_open_webui,
}
COLUMNS = (
    "server",
    "MB at rest",
    "first text p50 / p99 ms",
    "streams × tokens/s",
    "delivered per s, of offered",
    "delay p50 / p95 / p99 ms",
    "CPU s per 1,000 tokens",
    "KB per stream",
)
ABOUT = (
    "Chofesh as its page uses it: signed in, routed, stored before it is shown, rendered. The others "
    "through their OpenAI-compatible door, which stores and renders nothing."
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("servers", nargs="*", help=f"of {', '.join(STARTERS)}; all", default=[])
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    rows = ours()
    for name in given.servers or STARTERS:
        rows += theirs(given.folder, STARTERS[name])
    print(Table("Beside others", COLUMNS, rows, ABOUT).as_markdown())


def ours() -> list[list[str]]:
    with Run(max(streams for streams, _rate, _seconds in LOADS) + 1) as run:
        rest = memory_kb(run.web[0].pid)
        first = run.load("first", messages=MESSAGES)["first_text_ms"]
        return [_row("Chofesh", rest, first, embedded.play(run, *load)) for load in LOADS]


def theirs(folder: Path, start: Callable[[Path, str], Door]) -> list[list[str]]:
    began, port = time.monotonic(), free_port()
    options = ["--port", str(port), "--began", str(began)]
    upstream = Process(python("benchmarks.upstream", *options), folder / "upstream.log", {})
    try:
        wait_for_port(upstream, port)
        door = start(folder, f"http://127.0.0.1:{port}/v1")
        try:
            return asyncio.run(_measure(door, began))
        finally:
            door.process.stop()
    finally:
        upstream.stop()


async def _measure(door: Door, began: float) -> list[list[str]]:
    rest = memory_kb(door.process.pid)
    first = await asking.first_text(door, MESSAGES, 0)
    seen = [
        await asking.stream(door, began, asking.Load(*load, 1_000 * (number + 1)))
        for number, load in enumerate(LOADS)
    ]
    return [_row(door.name, rest, first, each) for each in seen]


def _row(name: str, rest_kb: int, first: dict[str, float], seen: dict[str, Any]) -> list[str]:
    return [
        name,
        short(rest_kb / 1024),
        between(first, "p50", "p99"),
        f"{seen['streams']} × {seen['rate']}",
        f"{short(seen['tokens_per_s'])} of {short(seen['offered_per_s'])}",
        between(seen["delay_ms"]),
        f"{seen['cpu_s_per_1000_tokens']:.3f}",
        short(seen["kb_per_stream"]),
    ]


if __name__ == "__main__":
    main()
