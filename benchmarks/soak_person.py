"""Somebody who chats through kills, and what a soak counts."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from websockets.exceptions import WebSocketException

from tests.services.page import Page
from tests.services.stack import Stack

# Longer than P4 allows: what takes so long is counted as a spinner.
PATIENCE_S = 90.0
AWAY = (WebSocketException, OSError, EOFError)


@dataclass
class Found:
    """What a run counted; `broken` lists each broken promise in words."""

    kills: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    settled_s: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    messages: int = 0
    characters: int = 0
    seconds: float = 0.0


class Person:
    """Asks one question after another and sends again what was never confirmed, as pages do."""

    def __init__(self, stack: Stack, session: str, found: Found) -> None:
        self._stack, self._found = stack, found
        self._webs = [name for name in stack.ports if name.startswith("web")]
        self.page = Page(stack.ports[self._webs[0]], session)
        self.replies: dict[str, str] = {}
        self._unconfirmed: list[str] = []
        self.is_over = False

    async def live(self) -> None:
        await self._come_back()
        while not self.is_over or self._unconfirmed:
            try:
                await self._ask()
            except AWAY:
                await self._come_back()
            except (TimeoutError, AssertionError) as error:
                self._found.broken.append(f"{type(error).__name__} {error}".strip())
                await self._come_back()

    async def _ask(self) -> None:
        page = self.page
        if not self._unconfirmed:
            self._unconfirmed.append(str(uuid4()))
        page.conversation = None
        for client_msg_id in self._unconfirmed:
            await page.send("Count", client_msg_id)
        await self._until(lambda: not self._unconfirmed)
        await self._until(lambda: set(self.replies.values()) <= set(page.ended))
        page.frames.clear()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        def heard() -> bool:
            self._confirm()
            return is_so() or not self.page.is_open

        await self.page.until(heard, PATIENCE_S)
        if not is_so():
            raise EOFError

    def _confirm(self) -> None:
        for frame in self.page.frames:
            if frame["type"] == "ack":
                sent, reply = frame["client_msg_id"], frame["reply"]
                if self.replies.setdefault(sent, reply) != reply:
                    self._found.broken.append(f"{sent} became two replies")
                self.page.texts.setdefault(reply, "")
                self.page.conversation = frame["conversation"]
                if sent in self._unconfirmed:
                    self._unconfirmed.remove(sent)

    async def _come_back(self) -> None:
        """To whichever web process answers."""
        while True:
            with suppress(*AWAY, TimeoutError, AssertionError):
                await self.page.close()
            with suppress(*AWAY, TimeoutError):
                await self.page.open(self._stack.ports[random.choice(self._webs)])
                return
            await asyncio.sleep(0.1)
