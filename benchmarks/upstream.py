"""A provider on loopback that streams stamped tokens at a steady rate, in a process of its own.

What to stream stands at the end of the prompt: "[stream=17 tokens=940 rate=47]".
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import re
import time
from dataclasses import dataclass, field

import orjson

from benchmarks.stamped_text import token

ASKED = re.compile(r"\[stream=(\d+) tokens=(\d+) rate=(\d+)\]$")
TICK_S = 0.002

HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
CHUNK = (
    '{"id":"chatcmpl-DfT2yQ0Xb8mJ4wLr6nVkPz1c","object":"chat.completion.chunk",'
    '"created":1794000000,"model":"gpt-6.1-sol-2026-09-30","service_tier":"default",'
    '"system_fingerprint":"fp_8a1c55e3d0","choices":[%s],"obfuscation":"kQz81hLm"}'
)


@dataclass(slots=True, order=True)
class Stream:
    due: float
    number: int
    tokens: int = field(compare=False)
    every_s: float = field(compare=False)
    writer: asyncio.StreamWriter = field(compare=False)
    sent: list[str] = field(compare=False, default_factory=list)


class Upstream:
    def __init__(self, began: float) -> None:
        self._began = began
        self._due: list[Stream] = []
        self._sent: dict[int, list[str]] = {}

    async def run(self, port: int) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=2048)
        async with server:
            while True:
                self._send_due(time.monotonic())
                await asyncio.sleep(TICK_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = re.search(r"content-length: (\d+)", head)
                body = await reader.readexactly(int(length[1])) if length else b""
                if head.startswith("get /sent"):
                    _answer(writer, {n: "".join(texts) for n, texts in self._sent.items()})
                elif head.startswith("get "):
                    _answer(
                        writer, {"object": "list", "data": [{"id": "bench", "object": "model"}]}
                    )
                else:
                    self._begin(writer, orjson.loads(body)["messages"][-1]["content"])
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _begin(self, writer: asyncio.StreamWriter, prompt: str) -> None:
        asked = ASKED.search(prompt)
        assert asked is not None, "the prompt names no stream"
        number, tokens, rate = map(int, asked.groups())
        stream = Stream(time.monotonic(), number, tokens, 1 / rate, writer)
        self._sent[number] = stream.sent
        writer.write(HEAD)
        self._send(stream, stream.due)

    def _send_due(self, now: float) -> None:
        while self._due and self._due[0].due <= now:
            self._send(heapq.heappop(self._due), now)

    def _send(self, stream: Stream, now: float) -> None:
        text = token(len(stream.sent), now, self._began)
        stream.sent.append(text)
        _say(stream.writer, CHUNK % _choice({"content": text}, None))
        if len(stream.sent) < stream.tokens:
            stream.due += stream.every_s
            heapq.heappush(self._due, stream)
        else:
            _end(stream)


def _choice(delta: dict[str, str], finish: str | None) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return orjson.dumps(choice).decode()


def _say(writer: asyncio.StreamWriter, data: str) -> None:
    event = f"data: {data}\n\n".encode()
    writer.write(b"%x\r\n%b\r\n" % (len(event), event))


def _end(stream: Stream) -> None:
    tokens = len(stream.sent)
    usage = {"prompt_tokens": 300, "completion_tokens": tokens, "total_tokens": 300 + tokens}
    _say(stream.writer, CHUNK % _choice({}, "stop"))
    _say(stream.writer, orjson.dumps({"choices": [], "usage": usage}).decode())
    _say(stream.writer, "[DONE]")
    stream.writer.write(b"0\r\n\r\n")


def _answer(writer: asyncio.StreamWriter, body: object) -> None:
    data = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    writer.write(head % len(data) + data)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--began", type=float, required=True, help="monotonic seconds")
    given = parser.parse_args()
    asyncio.run(Upstream(given.began).run(given.port))


if __name__ == "__main__":
    main()
