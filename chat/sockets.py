"""The open sockets of this process: what is sent on each, and whether it may stay open."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from uuid import UUID
from weakref import WeakSet

from accounts.access import ForbiddenError, current_membership
from accounts.models import User
from accounts.sessions import user_of_session
from chat import metrics


class Outbox:
    """Frames in order, sent by one task, so that whoever streams never waits for a browser."""

    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        self._send = send
        self._frames: deque[str] = deque()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="outbox")

    def push(self, frame: str) -> None:
        self._frames.append(frame)
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._frames:
                await self._send(self._frames.popleft())

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
    user = user_of_session(session_key)
    if user is None:
        return None
    try:
        current_membership(user)
    except ForbiddenError:
        return None
    return user


def revoked(session_keys: set[str]) -> set[str]:
    return {key for key in session_keys if allowed_user(key) is None}
