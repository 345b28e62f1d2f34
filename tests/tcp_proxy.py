"""A bad network on loopback: a TCP proxy that delays, slices, swallows, cuts and refuses.

with running_proxy(port) as proxy: ...     # on a thread of its own; the server is on `port`
proxy.weather = Weather(latency_s=0.1)     # for every connection, at once
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

READ_BYTES = 65536


@dataclass(frozen=True)
class Weather:
    """`latency_s` before each piece, `slice_bytes` the largest piece (0: as it came),
    `is_black_hole`: what comes is kept back for as long as it lasts; `is_down`: nobody is let in."""

    latency_s: float = 0.0
    slice_bytes: int = 0
    is_black_hole: bool = False
    is_down: bool = False


FAIR = Weather()


class TcpProxy:
    """`connections` counts those that were let in."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.weather = FAIR
        self.connections = 0
        self._stranded = 0
        self._host, self._server_port = host, port
        self._open: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> TcpProxy:
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._server.close()
        await self._drop()

    def cut(self) -> None:
        """From any thread: close every connection."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(10)

    def reset(self) -> None:
        """From any thread: end every connection with RST, as a firewall does."""
        asyncio.run_coroutine_threadsafe(self._drop(with_reset=True), self._loop).result(10)

    def strand(self) -> None:
        """Whatever is open now is dead and looks alive: nothing passes any more, for good."""
        self._stranded = self.connections

    async def _drop(self, *, with_reset: bool = False) -> None:
        tasks = list(self._open)
        for writer in [writer for pair in self._open.values() for writer in pair]:
            if with_reset:
                _linger_for_nothing(writer)
            writer.transport.abort() if with_reset else writer.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.is_down:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = (writer,)
        there: asyncio.StreamWriter | None = None
        try:
            back, there = await asyncio.open_connection(self._host, self._server_port)
            self._open[task] = (writer, there)
            self.connections += 1
            number = self.connections
            await self._carry_both(number, (reader, there), (back, writer))
        except (OSError, asyncio.CancelledError):
            # Only `_drop` cancels; asyncio would log what a handler raises.
            return
        finally:
            del self._open[task]
            writer.close()
            if there is not None:
                there.close()

    async def _carry_both(
        self, number: int, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        """Until either side has ended."""
        carrying = [asyncio.create_task(self._carry(number, *way)) for way in ways]
        try:
            await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in carrying:
                task.cancel()
            await asyncio.gather(*carrying, return_exceptions=True)

    async def _carry(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                size = self.weather.slice_bytes or len(data)
                for start in range(0, len(data), size):
                    await self._wait(number)
                    writer.write(data[start : start + size])
                    await writer.drain()

    async def _wait(self, number: int) -> None:
        await asyncio.sleep(self.weather.latency_s)
        while self.weather.is_black_hole or number <= self._stranded:
            await asyncio.sleep(0.02)


def _linger_for_nothing(writer: asyncio.StreamWriter) -> None:
    # Closing with a linger time of zero sends RST instead of FIN.
    sock: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def running_proxy(port: int) -> Iterator[TcpProxy]:
    """On a thread of its own, for tests whose own loop is elsewhere."""
    proxy = TcpProxy(port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result(10)
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
