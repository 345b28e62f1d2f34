"""The load on an OpenAI-compatible door: the same prompts, streams and clocks as on our own page."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from benchmarks.compare.servers import MODEL, Door
from benchmarks.figures import percentiles
from benchmarks.load import SETTLE_S, STARTS_PER_S
from benchmarks.page import PROMPT_WORDS
from benchmarks.processes import cpu_s, memory_kb
from benchmarks.stamped_text import delays_ms, words


@dataclass(slots=True)
class Heard:
    asked_at: float = 0.0
    lines: list[tuple[float, bytes]] = field(default_factory=list)

    def pieces(self) -> list[tuple[float, str]]:
        """When each piece of text came, and the piece."""
        found = []
        for at, line in self.lines:
            choices = orjson.loads(line.removeprefix(b"data: ")).get("choices") or [{}]
            if text := choices[0].get("delta", {}).get("content"):
                found.append((at, text))
        return found


@dataclass(frozen=True, slots=True)
class Load:
    """`first` is the number of its first stream; the others follow."""

    streams: int
    rate: int
    seconds: int
    first: int = 0

    def wanted(self, number: int) -> str:
        return f"[stream={self.first + number} tokens={self.rate * self.seconds} rate={self.rate}]"


async def stream(door: Door, began: float, load: Load) -> dict[str, Any]:
    """Many answers at once: how late their text is and what they cost, between start and end."""
    pid = door.process.pid
    heard = [Heard() for _ in range(load.streams)]
    async with _session() as session:
        quiet = memory_kb(pid)
        asking = [
            asyncio.create_task(
                _ask(session, door, each, load.wanted(number), number / STARTS_PER_S)
            )
            for number, each in enumerate(heard)
        ]
        await asyncio.sleep(load.streams / STARTS_PER_S + SETTLE_S)
        start, spent = time.monotonic(), cpu_s(pid)
        await asyncio.sleep(max(1.0, heard[0].asked_at + load.seconds - time.monotonic() - 0.2))
        end, spent = time.monotonic(), cpu_s(pid) - spent
        memory = memory_kb(pid)
        async with asyncio.timeout(120):
            await asyncio.gather(*asking)
    delays = [
        late
        for each in heard
        for at, text in each.pieces()
        if start <= at <= end
        for late in delays_ms(text, at, began)
    ]
    firsts = [1000 * (each.pieces()[0][0] - each.asked_at) for each in heard if each.pieces()]
    return {
        "streams": load.streams,
        "rate": load.rate,
        "tokens_per_s": len(delays) / (end - start),
        "offered_per_s": load.streams * load.rate,
        "delay_ms": percentiles(delays),
        "first_text_ms": percentiles(firsts),
        "cpu_s_per_1000_tokens": 1000 * spent / max(1, len(delays)),
        "kb_per_stream": (memory - quiet) / load.streams,
        "memory_mb": memory / 1024,
    }


async def first_text(door: Door, messages: int, first: int) -> dict[str, float]:
    """Milliseconds from the question to the first text, one message after another."""
    taken = []
    async with _session() as session:
        for number in range(messages):
            heard = Heard()
            await _ask(session, door, heard, f"[stream={first + number} tokens=3 rate=50]")
            taken.append(1000 * (heard.pieces()[0][0] - heard.asked_at))
    return percentiles(taken)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=300)
    )


async def _ask(
    session: aiohttp.ClientSession, door: Door, heard: Heard, wanted: str, after_s: float = 0.0
) -> None:
    await asyncio.sleep(after_s)
    prompt = f"{words(PROMPT_WORDS)} {wanted}"
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": prompt}]}
    heard.asked_at = time.monotonic()
    async with session.post(door.url, json=body, headers=dict(door.headers)) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{door.name}: {answer.status} {(await answer.text())[:300]}")
        async for line in answer.content:
            if line.startswith(b"data: {"):
                heard.lines.append((time.monotonic(), line))
