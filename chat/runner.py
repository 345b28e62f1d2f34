"""The replies that this process writes: started, stopped, kept alive and drained."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import socket
import uuid
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings

from answering.connections import close_connections
from answering.log_ids import REQUEST
from answering.threads import in_thread
from chat import leases, metrics
from chat.broadcast import Outlet, current_broadcast
from chat.generation import DRAINED, LOST, STOPPED, Desk, Writing, generate_reply
from chat.journal import JournalWriter, Lease

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    task: asyncio.Task[None]
    writing: Writing


class Runner:
    """One an event loop. Each reply is a task of its own, so no socket or page keeps it alive."""

    def __init__(self, outlet: Outlet) -> None:
        self.owner = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.outlet = outlet
        self.journal = JournalWriter(outlet.hand_on, self._drop)
        self._desk = Desk(self.owner, outlet, self.journal)
        self._running: dict[UUID, Running] = {}
        self._draining = False
        # Whether the database refused to renew our leases when it was last asked.
        self.is_behind = False
        self.journal.start()
        self._heartbeat = asyncio.create_task(self._beat(), name="heartbeat")

    def start(self, reply_id: UUID) -> None:
        """Begin to write a queued reply; a second call for the same reply does nothing."""
        if self._draining or reply_id in self._running:
            return
        writing = Writing()
        # A fresh context: the caller's would tie the reply to the request that asked for it. Only
        # its name goes along, for the log.
        context = contextvars.Context()
        context.run(REQUEST.set, REQUEST.get())
        task = asyncio.create_task(
            generate_reply(reply_id, self._desk, writing),
            name=f"reply {reply_id}",
            context=context,
        )
        self._running[reply_id] = Running(task, writing)
        metrics.REPLIES.inc()
        task.add_done_callback(lambda done: self._ended(reply_id, done))

    def stop(self, reply_id: UUID, why: str = STOPPED) -> bool:
        """End the writing now, and with it the call to the provider; False when it is not ours."""
        running = self._running.get(reply_id)
        if running is None:
            return False
        running.writing.stop(why)
        return True

    async def drain(self) -> None:
        """Let running replies end for a while, then have each keep its text and let go."""
        self._draining = True
        tasks = [running.task for running in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=settings.DRAIN_S)
            for reply_id in tuple(self._running):
                self.stop(reply_id, DRAINED)
            # With the database away nothing can be settled: the leases run out by themselves.
            await asyncio.wait(tasks, timeout=settings.DRAIN_S)
        self._heartbeat.cancel()
        await asyncio.gather(self._heartbeat, return_exceptions=True)
        await self.journal.aclose()
        await close_connections()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(settings.HEARTBEAT_S)
            if not self._running:
                self.is_behind = False
                continue
            try:
                for reply_id in await in_thread(leases.renew, self.owner, tuple(self._running)):
                    self.stop(reply_id)
                self.is_behind = False
            except Exception:
                self.is_behind = True
                logger.exception("The leases could not be renewed; tried again at the next beat")

    def _drop(self, lease: Lease) -> None:
        self.stop(lease.reply_id, LOST)

    def _ended(self, reply_id: UUID, task: asyncio.Task[None]) -> None:
        self._running.pop(reply_id, None)
        metrics.REPLIES.dec()
        if not task.cancelled() and (error := task.exception()):
            logger.error("Reply %s broke", reply_id, exc_info=error)


_runners: WeakKeyDictionary[asyncio.AbstractEventLoop, Runner] = WeakKeyDictionary()


def start_runner(outlet: Outlet) -> Runner:
    """For a process that tells others what it writes; the embedded server needs no call."""
    runner = _runners[asyncio.get_running_loop()] = Runner(outlet)
    return runner


def current_runner() -> Runner:
    return runner_of_this_loop() or start_runner(current_broadcast())


def runner_of_this_loop() -> Runner | None:
    """None where nothing has been written yet."""
    return _runners.get(asyncio.get_running_loop())


def leases_are_behind() -> bool:
    """Whether what this loop writes, if it writes, may look abandoned though it is not."""
    runner = runner_of_this_loop()
    return runner is not None and runner.is_behind


def journal_is_stuck() -> bool:
    """Whether the journal of this loop, if it has one, cannot commit just now."""
    runner = runner_of_this_loop()
    return runner is not None and runner.journal.is_stuck
