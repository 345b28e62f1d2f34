"""The server as `python -m chofesh.server` starts it, and beside it a clock that notes when its loop is late."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from chofesh import server

PROBE_S = 0.01


async def probe(log: Path) -> None:
    """One line a second: when it was, and the worst lateness in it in milliseconds."""
    loop = asyncio.get_running_loop()
    with log.open("w", buffering=1) as lines:
        while True:
            second, worst = loop.time() + 1, 0.0
            while (before := loop.time()) < second:
                await asyncio.sleep(PROBE_S)
                worst = max(worst, loop.time() - before - PROBE_S)
            lines.write(f"{second:.3f} {1000 * worst:.2f}\n")


def main() -> None:
    from twisted.internet import reactor

    def begin() -> None:
        task = asyncio.get_event_loop().create_task(probe(Path(os.environ["BENCH_LAG_LOG"])))
        reactor.keep_probe = task

    reactor.callWhenRunning(begin)
    server.main()


if __name__ == "__main__":
    main()
