"""The jobs that come round by themselves, and the loop that runs them in the embedded server."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from datetime import datetime

from django.conf import settings
from django.core.management import call_command
from django.db import Error as DatabaseError

from accounts.sessions import signed_in_of
from answering import probes
from answering.threads import in_thread
from chat import metrics, presentation, reaper, sockets
from chat.conversations import purge_deleted
from chat.runner import current_runner, leases_are_behind
from routing.health import health

logger = logging.getLogger(__name__)

REVOKED_SOCKETS_S = 3.0
WAITING_REPLIES_S = 1.0
FORGOTTEN_S = 60.0
TIDY_S = 24 * 3600.0
SHARED_HEALTH_S = 1.0
PROBES_S = 60.0
SIGNED_OUT = 4401


class Reaping:
    """Ends what nobody writes any more, and tells the pages that wait for it.

    Right after the database was away, or its clock has jumped, every lease looks expired, though its
    writer lives: then it waits for a whole lease, in which the living renew theirs.
    """

    def __init__(self, look: Callable[[], datetime] = reaper.look) -> None:
        self._look = look
        self._not_before = 0.0
        self._ahead: float | None = None

    async def reap(self) -> None:
        if not await self._sees_clearly():
            return
        try:
            ended = await in_thread(reaper.reap)
        except DatabaseError:
            self._not_before = math.inf
            raise
        for reply_id in ended:
            frame = await in_thread(presentation.done_frame, reply_id)
            current_runner().outlet.finish(reply_id, frame)

    async def _sees_clearly(self) -> bool:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            clock = await in_thread(self._look)
        except DatabaseError:
            self._not_before = math.inf
            raise
        now = loop.time()
        is_slow = now - asked > settings.REAPER_S / 2
        if leases_are_behind():
            self._not_before = math.inf
        elif self._not_before == math.inf or is_slow or self._has_jumped(clock.timestamp() - now):
            self._not_before = now + settings.LEASE_S
        return now >= self._not_before

    def _has_jumped(self, ahead: float) -> bool:
        """Whether the clock of the database went another way than ours, which never jumps."""
        former, self._ahead = self._ahead, ahead
        return former is not None and abs(ahead - former) > settings.REAPER_S / 2


reap = Reaping().reap


async def begin_waiting_replies() -> None:
    for reply_id in await in_thread(reaper.waiting_replies):
        current_runner().start(reply_id)


async def book_forgotten() -> None:
    await in_thread(reaper.book_forgotten_attempts)


async def close_revoked_sockets() -> None:
    """A sign-out, a deactivation or a lost membership ends the sockets that are open already."""
    watched = sockets.open_sockets()
    if not watched:
        return
    allowed = await in_thread(signed_in_of, {socket.session_key for socket in watched})
    for socket in watched:
        if socket.session_key not in allowed:
            await socket.close(SIGNED_OUT)


Job = tuple[Callable[[], Awaitable[None]], float]


def tidy_up() -> None:
    """Housekeeping that nobody waits for."""
    purge_deleted()
    call_command("clearsessions")


async def tidy() -> None:
    await in_thread(tidy_up)


def reply_jobs() -> list[Job]:
    """For a process that writes replies. Nothing that keeps a promise hangs on Celery beat."""
    return [
        (begin_waiting_replies, WAITING_REPLIES_S),
        (reap, settings.REAPER_S),
        (book_forgotten, FORGOTTEN_S),
    ]


def socket_jobs() -> list[Job]:
    return [(close_revoked_sockets, REVOKED_SOCKETS_S)]


def shared_jobs() -> list[Job]:
    """For every process of the scaled run: each calls providers or shows how they are."""
    from routing.shared_health import SharedHealth  # noqa: PLC0415  # and with it Redis

    shared = SharedHealth(health, settings.REDIS_URL, count_error=metrics.REDIS_ERRORS.inc)
    return [(shared.exchange, SHARED_HEALTH_S)]


async def run_worker_schedule() -> None:
    await _run([*reply_jobs(), *shared_jobs()])


async def run_web_schedule() -> None:
    if settings.SCALED:
        await _run([*socket_jobs(), *shared_jobs()])
    else:
        own = [(probes.probe, PROBES_S), (tidy, TIDY_S)]
        await _run([*reply_jobs(), *socket_jobs(), *own])


async def _run(jobs: list[Job]) -> None:
    await asyncio.gather(*(_repeat(job, seconds) for job, seconds in jobs))


async def _repeat(job: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        try:
            await job()
        except Exception:
            logger.exception("The job %s failed; it runs again in %s s", job.__name__, seconds)
        await asyncio.sleep(seconds)
