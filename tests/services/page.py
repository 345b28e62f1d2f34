"""A page in a browser, as the server sees it: a socket that comes back, and what it shows."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
PATIENCE_S = 40.0


class Page:
    """`texts` is what the person has read of each reply; a gap or a double fails the test."""

    def __init__(self, port: int, session: str) -> None:
        self.port, self.session = port, session
        self.conversation: str | None = None
        self.texts: dict[str, str] = {}
        self.ended: dict[str, Frame] = {}
        self.frames: list[Frame] = []
        self.closed = 0
        self._heard = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None

    async def open(self, port: int | None = None) -> Page:
        """Connect, or come back after a loss, to any web process."""
        self.port = port or self.port
        address = f"127.0.0.1:{self.port}"
        self._socket = await connect(
            f"ws://{address}/ws/chat/",
            origin=f"http://{address}",  # type: ignore[arg-type]  # a NewType of str
            additional_headers={"Cookie": f"chofesh_session={self.session}"},
            max_size=16 * 1024 * 1024,
            open_timeout=PATIENCE_S,
            ping_interval=None,
        )
        self._listening = asyncio.create_task(self._listen(self._socket))
        running = {
            reply: len(text) for reply, text in self.texts.items() if reply not in self.ended
        }
        await self.say(type="hello", protocol=1, conversation=self.conversation, running=running)
        return self

    async def show(self, conversation: str | None) -> None:
        """As a page that is loaded with this conversation."""
        await self.close()
        self.conversation = conversation
        await self.open()

    async def close(self) -> None:
        """The person leaves: what they had read they keep in mind."""
        if self._socket and self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            await self._socket.close()
            self.closed = 0

    @property
    def is_open(self) -> bool:
        return self._listening is not None and not self._listening.done()

    async def say(self, **frame: Any) -> None:
        assert self._socket
        await self._socket.send(json.dumps(frame))

    async def send(self, text: str, client_msg_id: str = "", **fields: Any) -> None:
        frame = {"conversation": self.conversation, "text": text, "model": "auto", **fields}
        await self.say(type="send", client_msg_id=client_msg_id or str(uuid4()), **frame)

    async def ask(self, text: str, client_msg_id: str = "", **fields: Any) -> str:
        """Send and wait until it is committed; the reply's id."""
        client_msg_id = client_msg_id or str(uuid4())
        await self.send(text, client_msg_id, **fields)
        ack = await self.hears(
            lambda frame: (
                frame.get("client_msg_id") == client_msg_id and frame["type"] in {"ack", "error"}
            )
        )
        assert ack["type"] == "ack", ack
        self.conversation = ack["conversation"]
        return str(ack["reply"])

    async def hears(self, wanted: Callable[[Frame], bool], seconds: float = PATIENCE_S) -> Frame:
        """The first frame, heard already or to come, that is wanted."""
        await self.until(lambda: any(wanted(frame) for frame in self.frames), seconds)
        return next(frame for frame in self.frames if wanted(frame))

    async def reads(self, reply: str, characters: int) -> str:
        await self.until(lambda: len(self.texts.get(reply, "")) >= characters)
        return self.texts[reply]

    async def sees_the_end(self, reply: str, seconds: float = PATIENCE_S) -> Frame:
        await self.until(lambda: reply in self.ended, seconds)
        return self.ended[reply]

    async def until(self, what: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        async with asyncio.timeout(seconds):
            while not what():
                self._heard.clear()
                if self._listening and self._listening.done() and self._listening.exception():
                    self._listening.result()
                await self._heard.wait()

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for message in socket:
                self._take(json.loads(message))
                self._heard.set()
        except ConnectionClosed:
            pass
        finally:
            self.closed += 1
            self._heard.set()

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if frame["type"] == "snapshot":
            shown = plain(frame["frozen"] + frame["open"])
            known = self.texts.get(frame["reply"], "")
            assert frame["seq"] >= len(known), "a snapshot went back"
            # A space at the end of a block is not to be seen, but it was read.
            self.texts[frame["reply"]] = shown.ljust(frame["seq"])
        elif frame["type"] == "delta":
            known = self.texts.get(frame["reply"], "")
            assert frame["seq"] == len(known) + len(frame["append"]), "a gap or a double"
            self.texts[frame["reply"]] = known + frame["append"]
        elif frame["type"] == "done":
            self.ended[frame["reply"]] = frame


def plain(rendered: str) -> str:
    """What a person reads of a rendered paragraph without marks."""
    return html.unescape(re.sub(r"<[^>]+>", "", rendered)).strip("\n")
