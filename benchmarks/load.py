"""The load, in a process of its own: reads a plan, plays it, writes what it saw."""

from __future__ import annotations

import asyncio
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.figures import percentiles
from benchmarks.page import Heard, Page, read_deltas
from benchmarks.processes import cpu_s, memory_kb
from benchmarks.stamped_text import delays_ms

OPENINGS_AT_ONCE = 20
STARTS_PER_S = 25
WARM_UP = 20
# The first second after the last stream began, and the time in which the first ones end, are told
# apart from the steady state between them.
SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`sessions` are cookies, `web` the ports of the servers, `pids` whose cost is counted, by
    name."""

    kind: str
    sessions: list[str]
    web: list[int]
    upstream: int
    began: float
    pids: dict[str, int]
    first_stream: int = 0
    streams: int = 0
    rate: int = 47
    seconds: int = 15
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Since each process began: its seconds on a processor; the memory of all of them."""

    at: float
    cpu_each: dict[str, float]
    memory_kb: float

    @property
    def cpu_s(self) -> float:
        return sum(self.cpu_each.values())


def cost(plan: Plan) -> Cost:
    return Cost(
        time.monotonic(),
        {name: cpu_s(pid) for name, pid in plan.pids.items()},
        sum(memory_kb(pid) for pid in plan.pids.values()),
    )


async def open_pages(plan: Plan, count: int) -> list[Page]:
    pages = [
        Page(plan.web[number % len(plan.web)], plan.sessions[number]) for number in range(count)
    ]
    for start in range(0, count, OPENINGS_AT_ONCE):
        await asyncio.gather(*(page.open() for page in pages[start : start + OPENINGS_AT_ONCE]))
    return pages


async def close_pages(pages: list[Page]) -> None:
    await asyncio.gather(*(page.close() for page in pages))


async def rest(plan: Plan) -> dict[str, Any]:
    """What sockets that only wait take; some came and went before, so that all is loaded."""
    await close_pages(await open_pages(plan, WARM_UP))
    await asyncio.sleep(1)
    before = cost(plan)
    pages = await open_pages(plan, plan.streams)
    await asyncio.sleep(3)
    after = cost(plan)
    await asyncio.sleep(5)
    later = cost(plan)
    await close_pages(pages)
    return {
        "sockets": plan.streams,
        "memory_kb_before": before.memory_kb,
        "kb_per_socket": (after.memory_kb - before.memory_kb) / plan.streams,
        "cpu_s_per_minute_waiting": 60 * (later.cpu_s - after.cpu_s) / 5,
    }


async def begin_streams(plan: Plan, pages: list[Page]) -> None:
    """One after another, so that people do not all press the key in one instant."""
    began = time.monotonic()
    for number, page in enumerate(pages):
        await asyncio.sleep(max(0.0, began + number / STARTS_PER_S - time.monotonic()))
        await page.ask(plan.first_stream + number, plan.rate * plan.seconds, plan.rate)
    await asyncio.gather(*(asyncio.wait_for(page.begun.wait(), 60) for page in pages))


async def stream(plan: Plan) -> dict[str, Any]:
    """Many replies at once: how late their text is, what they cost, whether all of it came."""
    pages = await open_pages(plan, plan.streams)
    await asyncio.sleep(1)
    quiet = cost(plan)
    await begin_streams(plan, pages)
    await asyncio.sleep(SETTLE_S)
    start = cost(plan)
    first_asked = min(page.heard.asked_at for page in pages)
    steady_s = first_asked + plan.seconds - time.monotonic() - 0.2
    await asyncio.sleep(max(1.0, steady_s))
    end = cost(plan)
    await asyncio.gather(*(asyncio.wait_for(page.ended.wait(), 90) for page in pages))
    await asyncio.sleep(0.5)
    heard = [page.heard for page in pages]
    await close_pages(pages)
    return _streamed(plan, heard, {"quiet": quiet, "start": start, "end": end})


def _streamed(plan: Plan, all_heard: list[Heard], costs: dict[str, Cost]) -> dict[str, Any]:
    start, end = costs["start"], costs["end"]
    sent = sent_by_upstream(plan)
    delays: list[float] = []
    every_delay: list[float] = []
    for heard in all_heard:
        for at, _seq, text in read_deltas(heard):
            late = delays_ms(text, at, plan.began)
            every_delay += late
            if start.at <= at <= end.at:
                delays += late
    seconds = end.at - start.at
    return {
        "streams": plan.streams,
        "rate": plan.rate,
        "seconds": seconds,
        "window": [start.at, end.at],
        "tokens_per_s": len(delays) / seconds,
        "offered_per_s": plan.streams * plan.rate,
        "delay_ms": percentiles(delays),
        "delay_ms_with_start_and_end": percentiles(every_delay),
        "first_text_ms": percentiles([1000 * (h.first_text_at - h.asked_at) for h in all_heard]),
        "frames_per_s_per_stream": sum(len(heard.deltas) for heard in all_heard)
        / plan.streams / plan.seconds,
        "cpu_s_per_1000_tokens": 1000 * (end.cpu_s - start.cpu_s) / max(1, len(delays)),
        "cpu_share_each": {
            name: (end.cpu_each[name] - start.cpu_each[name]) / seconds for name in plan.pids
        },
        "cpu_share": (end.cpu_s - start.cpu_s) / seconds,
        "kb_per_stream": (end.memory_kb - costs["quiet"].memory_kb) / plan.streams,
        "memory_mb": end.memory_kb / 1024,
        "errors": [heard.error for heard in all_heard if heard.error][:5],
        "came_late": sum(bool(heard.deltas) and read_deltas(heard)[0][1] > 0 for heard in all_heard),
        "replies": {heard.reply: sent.get(str(heard.stream), "") for heard in all_heard},
        "incomplete": sum(not _is_whole(heard, sent) for heard in all_heard),
    }  # fmt: skip


def _is_whole(heard: Heard, sent: dict[str, str]) -> bool:
    """Every character once and in order, from the first that this page was sent as text."""
    whole = sent.get(str(heard.stream), "")
    pieces = read_deltas(heard)
    if not pieces or not whole:
        return False
    at = pieces[0][1]
    if at and not heard.snapshots:
        return False
    for _at, seq, text in pieces:
        if seq != at or whole[seq : seq + len(text)] != text:
            return False
        at += len(text)
    return at == len(whole)


def sent_by_upstream(plan: Plan) -> dict[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{plan.upstream}/sent", timeout=60) as answer:
        sent: dict[str, str] = orjson.loads(answer.read())
    return sent


async def first(plan: Plan) -> dict[str, Any]:
    """From the key press to the first word, one message after another, beside slow streams."""
    pages = await open_pages(plan, plan.streams + 1)
    if plan.streams:
        await begin_streams(plan, pages[:-1])
    asker = pages[-1]
    direct = [await ask_directly(plan, number) for number in range(plan.messages)]
    taken, acknowledged = [], []
    before = cost(plan).cpu_s
    for number in range(plan.messages):
        await asker.ask(plan.first_stream + plan.streams + number, 3, 50)
        await asyncio.wait_for(asker.ended.wait(), 60)
        if asker.heard.error:
            raise RuntimeError(asker.heard.error)
        taken.append(1000 * (asker.heard.first_text_at - asker.heard.asked_at))
        acknowledged.append(1000 * (asker.heard.acknowledged_at - asker.heard.asked_at))
        await asyncio.sleep(0.05)
    spent = cost(plan).cpu_s - before
    await close_pages(pages)
    base = percentiles(direct)
    return {
        "beside_streams": plan.streams,
        "beside_rate": plan.rate if plan.streams else 0,
        "messages": plan.messages,
        "cpu_ms_per_message": 1000 * spent / plan.messages,
        "direct_ms": base,
        "first_text_ms": percentiles(taken),
        "acknowledged_ms": percentiles(acknowledged),
        "added_ms": percentiles([each - base["p50"] for each in taken]),
    }


async def ask_directly(plan: Plan, number: int) -> float:
    """Milliseconds until the first token of the same upstream, with nobody between."""
    reader, writer = await asyncio.open_connection("127.0.0.1", plan.upstream)
    prompt = f"[stream={1_000_000 + number} tokens=3 rate=50]"
    body = orjson.dumps({"messages": [{"role": "user", "content": prompt}]})
    started = time.monotonic()
    writer.write(b"POST /v1 HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await reader.readuntil(b'"content"')
    taken = time.monotonic() - started
    writer.close()
    return 1000 * taken


KINDS = {"rest": rest, "stream": stream, "first": first}


def main() -> None:
    given, outcome = map(Path, sys.argv[1:])
    plan = Plan(**orjson.loads(given.read_bytes()))
    outcome.write_bytes(orjson.dumps(asyncio.run(KINDS[plan.kind](plan))))


def written(plan: Plan) -> bytes:
    return orjson.dumps(asdict(plan))


if __name__ == "__main__":
    main()
