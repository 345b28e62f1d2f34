"""The open sockets of this process: what is sent on each, and whether it may stay open."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from uuid import UUID
from weakref import WeakSet

from django.conf import settings

from accounts.models import Membership, User
from accounts.sessions import users_of_sessions
from chat import metrics


class Outbox:
    """Frames in order, sent by one task, so that whoever streams never waits for a browser.

    For a browser that does not read it keeps `settings.OUTBOX_MAX_CHARACTERS`, then it calls `overflow`
    once and keeps nothing more.
    """

    def __init__(
        self, send: Callable[[str], Awaitable[None]], overflow: Callable[[], object]
    ) -> None:
        self._send = send
        self._overflow = overflow
        self._is_over = False
        self._characters = 0
        self._frames: deque[str] = deque()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="outbox")

    def push(self, frame: str) -> None:
        if self._is_over:
            return
        # One frame alone may be as large as it is.
        if self._frames and self._characters + len(frame) > settings.OUTBOX_MAX_CHARACTERS:
            self._is_over = True
            self._frames.clear()
            self._overflow()
            return
        self._characters += len(frame)
        self._frames.append(frame)
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._frames:
                frame = self._frames.popleft()
                await self._send(frame)
                self._characters -= len(frame)

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class OpenSocket:
    """What is known of one socket beyond its connection."""

    def __init__(
        self, user_id: UUID, session_key: str, close: Callable[[int], Awaitable[None]]
    ) -> None:
        self.user_id = user_id
        self.session_key = session_key
        self.close = close


_open: WeakSet[OpenSocket] = WeakSet()


def register(socket: OpenSocket) -> None:
    _open.add(socket)
    metrics.SOCKETS.inc()


def unregister(socket: OpenSocket) -> None:
    _open.discard(socket)
    metrics.SOCKETS.dec()


def open_sockets() -> list[OpenSocket]:
    return list(_open)


def allowed_user(session_key: str | None) -> User | None:
    """The person behind a session, if they may still be here."""
    return allowed_users([session_key]).get(session_key) if session_key else None


def allowed_users(session_keys: Collection[str]) -> dict[str, User]:
    """By session; three queries for all the sockets of a process together."""
    users = users_of_sessions(session_keys)
    members = Membership.objects.filter(user__in=users.values(), active=True)
    ids = set(members.values_list("user_id", flat=True))
    return {key: user for key, user in users.items() if user.pk in ids}
