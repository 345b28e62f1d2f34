"""The open sockets of this process: what is sent on each, and whether it may stay open."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakSet

from django.conf import settings
from django.http import parse_cookie

from accounts.models import User
from accounts.sessions import member_of_session
from chat import metrics

Asked = TypeVar("Asked")
Result = TypeVar("Result")

# In the scope of a socket whose server can write at once: a function that takes a frame, or says
# that its browser must read first. A coroutine and a turn of the loop for each frame cost thrice
# what writing it does.
WRITE = "chofesh.write"


def session_key_of(scope: Any) -> str | None:
    cookies = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    return parse_cookie("; ".join(cookies)).get(settings.SESSION_COOKIE_NAME)


def writer_of(scope: Any) -> Callable[[str], bool] | None:
    writer: Callable[[str], bool] | None = scope.get("extensions", {}).get(WRITE)
    return writer


class Outbox:
    """Frames in order, so that whoever streams never waits for a browser: written at once if they
    can be, and sent by a task while they must wait.

    For a browser that does not read it keeps `settings.OUTBOX_MAX_CHARACTERS`, then it calls `overflow`
    once and keeps nothing more.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        overflow: Callable[[], object],
        write: Callable[[str], bool] | None = None,
    ) -> None:
        self._send = send
        self._overflow = overflow
        self._write = write
        self._is_over = False
        self._characters = 0
        self._frames: deque[str] = deque()
        self._sending: asyncio.Task[None] | None = None

    def push(self, frame: str) -> None:
        if self._is_over:
            return
        if self._sending is None and self._write is not None and self._write(frame):
            return
        # One frame alone may be as large as it is.
        if self._frames and self._characters + len(frame) > settings.OUTBOX_MAX_CHARACTERS:
            self._is_over = True
            self._frames.clear()
            self._overflow()
            return
        self._characters += len(frame)
        self._frames.append(frame)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all(), name="outbox")

    async def _send_all(self) -> None:
        while self._frames:
            frame = self._frames.popleft()
            await self._send(frame)
            self._characters -= len(frame)
        self._sending = None

    async def aclose(self) -> None:
        if self._sending:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)


class SignedOutError(Exception):
    """The session has ended, or its person may no longer be here."""


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


def as_allowed(
    session_key: str | None, verb: Callable[[User, Asked], Result], asked: Asked
) -> Result:
    """Do what a socket asks for as the person behind its session. Raises SignedOutError."""
    user = allowed_user(session_key)
    if user is None:
        raise SignedOutError
    return verb(user, asked)


def allowed_user(session_key: str | None) -> User | None:
    """The person behind a session, if they may still be here."""
    return member_of_session(session_key) if session_key else None
