"""How long a provider may take, how much it may send, and the watch over one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TypeVar

from providers.sse import EVENT_BYTES, LINE_BYTES

Awaited = TypeVar("Awaited")


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall clocks in seconds and caps in bytes of one call.

    Only text, reasoning and tool calls count as content: comments and pings reset nothing.
    `tail_s` is what the provider has, once it named its finish reason, for usage and end mark;
    `drain_s` what the end of the body has after the end mark, so that the connection can be kept.
    `stream_bytes` bounds the raw body, most of which is JSON around the text, and `idle_bytes` what
    may come of it without any content.
    """

    connect_s: float = 5.0
    head_s: float = 15.0
    first_content_s: float = 30.0
    gap_s: float = 45.0
    total_s: float = 600.0
    tail_s: float = 5.0
    drain_s: float = 1.0
    line_bytes: int = LINE_BYTES
    event_bytes: int = EVENT_BYTES
    reply_bytes: int = 1024 * 1024
    stream_bytes: int = 256 * 1024 * 1024
    idle_bytes: int = 8 * 1024 * 1024
    error_bytes: int = 64 * 1024
    listing_bytes: int = 8 * 1024 * 1024
    repeats: int = 100


_REASONING_FIRST_CONTENT_S = 120.0
# A timer that fires so much later than it was set for was kept from it: the process slept, or had too much to do.
_LATE_S = 0.1
# Then what came meanwhile is still read, and who was about to be asked may answer.
_GRACE_S = 5.0


def clocks_for(
    *, is_reasoning: bool = False, is_local: bool = False, patience: float = 1.0
) -> Clocks:
    """The default clocks, with more patience where it is known to be needed.

    Reasoning models may be silent for long. Local servers send not even a response head before
    they have read the model from disk, so both clocks get the longer time there. All waits for a
    sign of life are `patience` times as long; the whole call is not.
    """
    clocks = Clocks()
    if is_reasoning or is_local:
        clocks = replace(clocks, first_content_s=_REASONING_FIRST_CONTENT_S)
    if is_local:
        clocks = replace(clocks, head_s=_REASONING_FIRST_CONTENT_S)
    return replace(
        clocks,
        connect_s=patience * clocks.connect_s,
        head_s=patience * clocks.head_s,
        first_content_s=patience * clocks.first_content_s,
        gap_s=patience * clocks.gap_s,
    )


class Watchdog:
    """Ends a wait when its deadline passes, with one timer for the whole call.

    Moving the deadline costs a subtraction: the timer looks at it when it fires and goes back to
    sleep if there is time left. Time in which nobody waits (a slow reader of our events) ends
    nothing by itself, and who wakes up beyond a deadline has a few seconds from there on. Waits may
    be in any task, one at a time; call `close` at the end.
    """

    def __init__(self, total_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + total_s
        self._deadline = self._end
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[object] | None = None
        self._has_barked = False

    @property
    def is_overtime(self) -> bool:
        """Whether it is the whole call that took too long, not its present phase."""
        return self._loop.time() >= self._end

    def allow(self, seconds: float) -> None:
        """Moves the deadline to `seconds` from now, but never beyond the end of the call."""
        self._deadline = min(self._loop.time() + seconds, self._end)
        if self._timer is not None and self._deadline < self._timer.when():
            self._timer.cancel()
            self._timer = None

    async def wait(self, awaitable: Awaitable[Awaited]) -> Awaited:
        """What `awaitable` gives. Raises `TimeoutError` when the deadline passes first."""
        task = asyncio.current_task()
        assert task is not None
        cancels = task.cancelling()
        self._waiting, self._has_barked = task, False
        if self._timer is None:
            self._look()
        try:
            return await awaitable
        except asyncio.CancelledError:
            # As asyncio.timeout does: our own cancel becomes a timeout, a cancel from outside
            # stays one, also when both come together.
            if self._has_barked and task.uncancel() <= cancels:
                raise TimeoutError from None
            raise
        finally:
            self._waiting = None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._waiting is None:
            return
        now = self._loop.time()
        if now > self._deadline + _LATE_S:
            self._deadline = now + _GRACE_S
            self._end = max(self._end, self._deadline)
        if now < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look)
        else:
            self._has_barked = True
            self._waiting.cancel()
