"""A page's socket, without the page: it says what the scripts say and keeps what it is told."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from accounts.models import User
from chofesh.asgi import application

Frame = dict[str, Any]


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Socket(WebsocketCommunicator):
    """As Daphne calls it. Channels' own keeps every thread from giving its connection back, which
    suits tests inside of one transaction; these are not, and the pool of PostgreSQL runs dry."""

    send_input = ApplicationCommunicator.send_input
    receive_output = ApplicationCommunicator.receive_output
    receive_nothing = ApplicationCommunicator.receive_nothing
    wait = ApplicationCommunicator.wait


class Tab:
    def __init__(
        self, cookie: str, origin: str = "http://localhost", path: str = "/ws/chat/"
    ) -> None:
        headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
        if cookie:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
        self.socket = Socket(application, path, headers)
        self.frames: list[Frame] = []

    async def connect(self) -> bool:
        accepted, _code = await self.socket.connect(timeout=5)
        return accepted

    async def say(self, **frame: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(frame))

    async def hear(self, timeout: float = 10) -> Frame:
        frame = json.loads(await self.socket.receive_from(timeout))
        self.frames.append(frame)
        return frame

    async def until(self, kind: str, **fields: Any) -> Frame:
        """The next frame of this type (and with these fields); what comes before is kept."""
        while True:
            frame = await self.hear()
            if frame["type"] == kind and all(
                frame.get(name) == value for name, value in fields.items()
            ):
                return frame

    async def hello(self, conversation: str | None = None, running: Frame | None = None) -> None:
        await self.say(type="hello", protocol=1, conversation=conversation, running=running or {})
        await self.until("welcome")

    async def send(self, text: str, **fields: Any) -> str:
        client_msg_id = fields.setdefault("client_msg_id", str(uuid4()))
        frame = {"type": "send", "conversation": None, "text": text}
        await self.say(**(frame | {"model": "auto"} | fields))
        return str(client_msg_id)

    async def ask(self, text: str, **fields: Any) -> Frame:
        """Send, and wait for the acknowledgement."""
        client_msg_id = await self.send(text, **fields)
        return await self.until("ack", client_msg_id=client_msg_id)

    def text_of(self, reply: str) -> str:
        """What the person has read: the characters of all deltas, each exactly once, in order."""
        text = ""
        for frame in self.frames:
            if frame["type"] == "delta" and frame["reply"] == reply:
                assert frame["seq"] == len(text) + len(frame["append"]), "a gap or a double"
                text += frame["append"]
        return text


class Tabs:
    def __init__(self) -> None:
        self._open: list[Tab] = []

    async def open(self, user: User) -> Tab:
        tab = Tab(await database_sync_to_async(session_of)(user))
        assert await tab.connect()
        self._open.append(tab)
        return tab

    def keep(self, tab: Tab) -> None:
        self._open.append(tab)

    async def close(self) -> None:
        for tab in self._open:
            await tab.socket.disconnect()
