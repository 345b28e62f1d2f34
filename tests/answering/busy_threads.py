from __future__ import annotations

import asyncio
import threading


class BusyThreads:
    """Every thread that could use the database is taken, as on a busy server."""

    def __init__(self) -> None:
        self._free = threading.Event()
        loop = asyncio.get_running_loop()
        self._waiting = [loop.run_in_executor(None, self._free.wait, 20) for _ in range(64)]

    async def let_go(self) -> None:
        self._free.set()
        await asyncio.gather(*self._waiting)
        # What had waited for a thread goes on there, whoever waits for it.
        await asyncio.sleep(0.5)
