"""Daphne, but what is sent on a socket waits until its browser has read enough of what came before.

Daphne itself writes at once, and what a browser does not read piles up in the memory of Twisted.
"""

from __future__ import annotations

import asyncio
from typing import Any

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol


class Room:
    """Twisted says when a connection has too much unread, and when it has room again."""

    def __init__(self) -> None:
        self._is_there = asyncio.Event()
        self._is_there.set()

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
            # Until here the connection was HTTP's, which asked to be told for itself.
            protocol.transport.unregisterProducer()
            protocol.transport.registerProducer(room, True)  # noqa: FBT003

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.send" and protocol in self.connections:
            await self.connections[protocol]["room"].wait()
