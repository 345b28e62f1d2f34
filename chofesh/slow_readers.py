"""Daphne, but what is sent on a socket waits until its browser has read enough of what came before.

Daphne itself leaves what a browser does not read to pile up in the memory of Twisted. And Twisted
waits for a turn of the loop, and twice asks the system to watch, before it writes what could be
written at once.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol

from chat.sockets import WRITE

# A larger frame may be refused, and then its sender is told in a task of its own.
AT_ONCE_MAX_CHARACTERS = 64 * 1024


class Room:
    """Twisted says when a connection has too much unread, and when it has room again."""

    def __init__(self) -> None:
        self._is_there = asyncio.Event()
        self._is_there.set()

    @property
    def is_there(self) -> bool:
        return self._is_there.is_set()

    async def wait(self) -> None:
        await self._is_there.wait()

    # The names of Twisted's IPushProducer.
    def pauseProducing(self) -> None:  # noqa: N802
        self._is_there.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._is_there.set()

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone: nobody need wait for it."""
        self._is_there.set()


class PatientServer(Server):  # type: ignore[misc]  # Daphne has no types
    def protocol_connected(self, protocol: Any) -> None:
        super().protocol_connected(protocol)
        if isinstance(protocol, WebSocketProtocol):
            room = self.connections[protocol]["room"] = Room()
            transport = protocol.transport
            # Until here the connection was HTTP's, which asked to be told for itself.
            transport.unregisterProducer()
            transport.registerProducer(room, True)  # noqa: FBT003
            transport.startWriting = partial(_write_on, transport)

    def create_application(self, protocol: Any, scope: Any) -> Any:
        if scope["type"] == "websocket":
            room = self.connections[protocol]["room"]
            scope["extensions"] = {WRITE: partial(_write_frame, protocol, room)}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.send" and protocol in self.connections:
            await self.connections[protocol]["room"].wait()


def _write_frame(protocol: Any, room: Room, text: str) -> bool:
    """False when the frame must wait, or nobody may be there."""
    is_open = protocol.state == WebSocketProtocol.STATE_OPEN
    if not is_open or not room.is_there or len(text) > AT_ONCE_MAX_CHARACTERS:
        return False
    # What Autobahn has in line goes first. It also colours a line of a debug log that nobody
    # reads for each frame, which takes as long as all else that is done for it here.
    if protocol.send_queue or protocol.factory.logFrames or protocol._perMessageCompress:
        protocol.serverSend(text)
    else:
        protocol.transport.write(_text_frame(text.encode()))
    return True


def _text_frame(payload: bytes) -> bytes:
    """One whole message, not masked, as a server sends it: RFC 6455, section 5.2."""
    length = len(payload)
    if length < 126:
        return b"\x81%c%b" % (length, payload)
    if length < 1 << 16:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), payload)


def _write_on(transport: Any) -> None:
    """What Twisted calls when there is something to write: now, and the rest when there is room.

    It also calls it, with nothing to write, to close a connection: that the reactor has to do.
    """
    is_closing = not transport._tempDataLen
    if is_closing or transport.doWrite() is not None or transport.dataBuffer:
        transport.reactor.addWriter(transport)
