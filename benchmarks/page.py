"""A browser's page without the browser: it asks, notes when each frame came, and reads them later."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.stamped_text import words

COOKIE = "chofesh_session"
KIND = re.compile(r'"type":"([a-z_]+)"')
REPLY = re.compile(r'"reply":"([0-9a-f-]{36})"')
PROMPT_WORDS = 60
ANSWER_S = 60.0


@dataclass(slots=True)
class Heard:
    """One reply as this page saw it."""

    asked_at: float = 0.0
    acknowledged_at: float = 0.0
    first_text_at: float = 0.0
    done_at: float = 0.0
    reply: str = ""
    stream: int = 0
    deltas: list[tuple[float, str]] = field(default_factory=list)
    snapshots: int = 0
    error: str = ""


class Page:
    """One socket that watches one reply at a time."""

    def __init__(self, port: int, session: str) -> None:
        self._address = f"ws://127.0.0.1:{port}/ws/chat/"
        self._headers = {"cookie": f"{COOKIE}={session}", "origin": f"http://127.0.0.1:{port}"}
        self._socket: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._welcome = asyncio.Event()
        self.heard = Heard()
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def open(self) -> None:
        self._socket = await connect(
            self._address,
            additional_headers=self._headers,
            compression=None,
            max_size=None,
            open_timeout=ANSWER_S,
            ping_interval=None,
        )
        self._listening = asyncio.create_task(self._listen(self._socket))
        await self._say({"type": "hello", "protocol": 1, "conversation": None, "running": {}})
        await asyncio.wait_for(self._welcome.wait(), ANSWER_S)

    async def ask(self, stream: int, tokens: int, rate: int) -> None:
        """A message of some words that opens a new chat; what to stream stands at its end."""
        self.begun.clear()
        self.ended.clear()
        text = f"{words(PROMPT_WORDS)} [stream={stream} tokens={tokens} rate={rate}]"
        frame = {"type": "send", "client_msg_id": str(uuid4()), "conversation": None}
        self.heard = Heard(stream=stream, asked_at=time.monotonic())
        await self._say(frame | {"parent": None, "text": text, "model": "auto", "preference": ""})

    async def close(self) -> None:
        if self._listening and self._socket:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            await self._socket.close()

    async def _say(self, frame: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send(orjson.dumps(frame).decode())

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            while True:
                raw = await socket.recv(decode=False)
                self._note(time.monotonic(), bytes(raw))
        except ConnectionClosed as closed:
            self._fail(f"the socket closed: {closed}")

    def _note(self, now: float, raw: bytes) -> None:
        """As little as possible now: the deltas are read when the clocks have stopped."""
        heard = self.heard
        if raw.startswith(b'{"type":"delta"'):
            heard.deltas.append((now, raw.decode()))
            if not heard.first_text_at:
                heard.first_text_at = now
                self.begun.set()
            return
        match KIND.search(raw[:80].decode(errors="replace")), raw:
            case None, _:
                return
            case kind, _:
                self._note_kind(kind[1], now, raw.decode())

    def _note_kind(self, kind: str, now: float, raw: str) -> None:
        heard = self.heard
        if kind == "welcome":
            self._welcome.set()
        elif kind == "ack":
            found = REPLY.search(raw)
            heard.acknowledged_at, heard.reply = now, found[1] if found else ""
        elif kind == "snapshot":
            heard.snapshots += 1
        elif kind == "done" and heard.reply in raw:
            heard.done_at = now
            if '"state":"done"' not in raw[:200]:
                heard.error = raw[:300]
            self.ended.set()
        elif kind == "error":
            self._fail(raw[:300])

    def _fail(self, words: str) -> None:
        self.heard.error = words
        self.begun.set()
        self.ended.set()


def read_deltas(heard: Heard) -> list[tuple[float, int, str]]:
    """When each piece came, at which character it starts, and the piece."""
    pieces = []
    for at, raw in heard.deltas:
        frame = orjson.loads(raw)
        if frame["append"]:
            pieces.append((at, frame["seq"] - len(frame["append"]), frame["append"]))
    return pieces
