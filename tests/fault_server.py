"""A server on loopback that sends exactly the bytes it is told to, however wrong they are.

A script is a list of steps for one connection: bytes are sent, numbers are pauses in seconds, `Do`
says what else happens. The n-th connection gets the n-th script, later ones the last. Stand-alone:

    python -m tests.fault_server --fault stall --port 9000
"""

from __future__ import annotations

import argparse
import asyncio
import enum
import json
import socket
import ssl
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


class Do(enum.Enum):
    """Close politely, reset the connection, or hold it open until the other side closes."""

    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"


@dataclass(frozen=True)
class Repeat:
    """The same bytes `times` times (None: until the other side closes), with a pause between."""

    data: bytes
    times: int | None = None
    pause_s: float = 0.0


Step = bytes | float | Do | Repeat
Script = Sequence[Step]


@dataclass
class ReceivedRequest:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    header_names: list[str] = field(default_factory=list)


class FaultServer:
    """`connections` counts, `requests` records, `closed` is set when a client leaves mid-script."""

    def __init__(
        self,
        *scripts: Script,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.connections = 0
        self.requests: list[ReceivedRequest] = []
        self.closed = asyncio.Event()
        self._scripts = scripts or ([Do.HANG],)
        self._host, self._port, self._tls = host, port, tls
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def host_and_port(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host_and_port}"

    async def __aenter__(self) -> FaultServer:
        self._server = await asyncio.start_server(
            self._accept, self._host, self._port, ssl=self._tls, backlog=1024
        )
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number = self.connections
        self.connections += 1
        try:
            self.requests.append(await read_request(reader))
            await self._play(self._script_for(number, self.requests[-1]), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.closed.set()
        except asyncio.CancelledError:
            # Only `__aexit__` cancels; asyncio would log what a handler raises.
            return
        finally:
            self._tasks.discard(task)
            writer.close()

    def _script_for(self, number: int, _request: ReceivedRequest) -> Script:
        return self._scripts[min(number, len(self._scripts) - 1)]

    async def _play(
        self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        leaving = asyncio.create_task(self._notice_leaving(reader))
        try:
            for step in script:
                if step is Do.RESET:
                    _reset(writer)
                elif step is Do.HANG:
                    await leaving
                elif isinstance(step, bytes):
                    await _send(writer, step)
                elif isinstance(step, Repeat):
                    await _repeat(writer, step)
                elif isinstance(step, int | float):
                    await asyncio.sleep(step)
        finally:
            leaving.cancel()

    async def _notice_leaving(self, reader: asyncio.StreamReader) -> None:
        while await reader.read(65536):
            pass
        self.closed.set()


async def read_request(reader: asyncio.StreamReader) -> ReceivedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _version = request_line.split(" ", 2)
    pairs = [line.split(":", 1) for line in lines]
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return ReceivedRequest(method, target, headers, body, [name.lower() for name, _ in pairs])


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _repeat(writer: asyncio.StreamWriter, step: Repeat) -> None:
    sent = 0
    while step.times is None or sent < step.times:
        await _send(writer, step.data)
        # Also without a pause, so that an endless body lets the reader run.
        await asyncio.sleep(step.pause_s)
        sent += 1


def _reset(writer: asyncio.StreamWriter) -> None:
    # Closing with a linger time of zero sends RST instead of FIN.
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def head(status: str = "200 OK", content_type: str = "text/event-stream", **headers: str) -> bytes:
    """A response head without a length: the body ends when the connection does."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {content_type}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def data(*texts: str) -> bytes:
    """Server-sent events with these data lines."""
    return b"".join(b"data: " + text.encode() + b"\n\n" for text in texts)


def text_chunk(text: str) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]})


def finish_chunk(reason: str = "stop") -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def error_chunk(code: str, message: str = "it broke") -> str:
    return json.dumps({"error": {"code": code, "message": message}})


HELLO = data(text_chunk("Hello"))
WHOLE = HELLO + data(finish_chunk(), "[DONE]")
CHUNKED_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)

# By name, for the stand-alone server and for tests that need a fault and not its details.
FAULTS: dict[str, Script] = {
    "none": [head(), WHOLE],
    "never_answers": [Do.HANG],
    "closes_at_once": [Do.CLOSE],
    "resets_at_once": [Do.RESET],
    "slow_head": [step for byte in b"HTTP/1.1 200 OK\r\n" for step in (bytes([byte]), 0.3)],
    "endless_head": [b"HTTP/1.1 200 OK\r\n", Repeat(b"x-filler: 1\r\n", None, 0.05)],
    "not_http": [b"SSH-2.0-OpenSSH_9.2\r\n"],
    "html": [head(content_type="text/html"), b"<html><body>Welcome</body></html>"],
    "json_error": [
        head(content_type="application/json"),
        error_chunk("rate_limit_exceeded").encode(),
    ],
    "empty_body": [head()],
    "redirect": [head("302 Found", location="http://127.0.0.1:9/")],
    "gzip": [head(content_encoding="gzip"), b"\x1f\x8b\x08\x00\x00\x00\x00\x00"],
    "comments_only": [head(), Repeat(b": keep-alive\n\n", None, 0.05)],
    "cut_before_text": [CHUNKED_HEAD, chunked(b": hello\n\n"), Do.CLOSE],
    "reset_before_text": [head(), b": hello\n\n", 0.05, Do.RESET],
    "no_text": [head(), data(finish_chunk(), "[DONE]")],
    "error_before_text": [head(), data(error_chunk("502"))],
    "malformed_twice": [head(), data("{", "{"), Do.HANG],
    "stall": [head(), HELLO, Do.HANG],
    "stall_with_pings": [head(), HELLO, Repeat(b": ping\n\n", None, 0.05)],
    "slow_body": [head(), HELLO, Repeat(b"d", None, 0.4)],
    "end_without_finish": [head(), HELLO],
    "cut_after_text": [CHUNKED_HEAD, chunked(HELLO), Do.CLOSE],
    "reset_after_text": [head(), HELLO, 0.05, Do.RESET],
    "error_after_text": [head(), HELLO, data(error_chunk("overloaded_error"))],
    "no_end_mark": [head(), HELLO, data(finish_chunk()), Do.HANG],
    "repeats": [head(), data(*[text_chunk("again ")] * 200), Do.HANG],
    "huge_event": [head(), b"data: ", Repeat(b"x" * 65536, 128), b"\n\n", Do.HANG],
    "endless_line": [head(), Repeat(b"x" * 65536)],
}


async def _serve(fault: str, port: int) -> None:
    async with FaultServer(FAULTS[fault], port=port) as server:
        print(f"{fault} at {server.base_url}", flush=True)
        await asyncio.Event().wait()


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Serve one fault on loopback.")
    parser.add_argument("--fault", choices=sorted(FAULTS), required=True)
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    asyncio.run(_serve(chosen.fault, chosen.port))


if __name__ == "__main__":
    main()
