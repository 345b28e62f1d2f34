"""Several processes in one: each is an event loop, with real sockets, and all share a clock that
jumps to the next timer as soon as nobody has anything to do. So a minute's silence takes no time,
the product's own clocks can stay as they are, and a process can sleep or be killed at any turn.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import inf
from typing import Any


class Killed(BaseException):
    """What a process that is gone meets wherever it would go on to the database."""


@dataclass
class Clock:
    now: float = 1000.0


class _Waking(selectors.DefaultSelector):
    """Stops its loop where that would have to wait, or after so many turns."""

    loop: SimulatedLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        self.loop.turned(has_work=bool(found) or timeout == 0, waits_s=timeout)
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    """One process. Work for threads is done at once, in the one thread that has the database:
    what another process does comes before it or after it."""

    def __init__(self, clock: Clock, database: Executor) -> None:
        selector = _Waking()
        selector.loop = self
        self._clock = clock
        self._database = database
        self._turns_left = 0
        self.turns = 0
        self.is_awake = True
        self.is_dead = False
        self.waits_until = -inf
        super().__init__(selector)

    def time(self) -> float:
        return self._clock.now

    def turned(self, *, has_work: bool, waits_s: float | None) -> None:
        if has_work:
            self.turns += 1
            self._turns_left -= 1
            if self._turns_left <= 0:
                self.stop()
        else:
            self.waits_until = inf if waits_s is None else self._clock.now + waits_s
            self.stop()

    def work(self, turns: int) -> int:
        """Run until there is nothing to do, or for so many turns; how many there were."""
        before, self._turns_left = self.turns, turns
        self.run_forever()
        return self.turns - before

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        if self.is_dead:
            self.call_soon(_fail, future, Killed())
            return future
        job = self._database.submit(func, *args)
        wait([job])
        if (error := job.exception()) is not None:
            self.call_soon(_fail, future, error)
        else:
            self.call_soon(_succeed, future, job.result())
        return future


class SimulatedTime:
    """`processes` sleep, wake and die; `world` is the loop of everything outside, always awake."""

    def __init__(self, processes: int) -> None:
        self.clock = Clock()
        self.database = ThreadPoolExecutor(1, thread_name_prefix="database")
        self.world = SimulatedLoop(self.clock, self.database)
        self.processes = [SimulatedLoop(self.clock, self.database) for _ in range(processes)]

    def run(
        self, seconds: float = 0.0, turns: int = 10**9, until: Callable[[], bool] = lambda: False
    ) -> None:
        """Let everybody who is awake go on for so long, or until the processes took so many turns."""
        end = self.clock.now + seconds
        while turns > 0 and not until():
            worked = [loop.work(turns) for loop in self._awake()]
            turns -= sum(worked)
            if any(worked) or self.world.work(10**9):
                continue
            nearest = min(loop.waits_until for loop in [*self._awake(), self.world])
            self.clock.now = min(nearest, end)
            if nearest > end:
                return

    def finish(self, loop: SimulatedLoop, work: Coroutine[Any, Any, Any]) -> Any:
        """What this gives, run in that loop."""
        task = loop.create_task(work)
        while not task.done():
            if not loop.work(10**9) + self.world.work(10**9):
                raise AssertionError("it waits for ever")
        return task.result()

    def kill(self, loop: SimulatedLoop) -> None:
        """Its tasks end at their next step; nothing of them comes to the database any more."""
        loop.is_dead = True
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.work(10**9)
        loop.is_dead = False
        loop.is_awake = True

    def close(self) -> None:
        for loop in [*self.processes, self.world]:
            self.kill(loop)
            loop.close()
        self.database.shutdown()

    def _awake(self) -> Sequence[SimulatedLoop]:
        return [loop for loop in self.processes if loop.is_awake]


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
        # Whoever waits for it may be gone: then nobody takes it.
        future.exception()
