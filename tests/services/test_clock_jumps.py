"""F69: the wall clock of a process, or of the machine, is set by an hour while it writes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from routing.health import Health
from routing.shared_health import SharedHealth
from tests.fake_upstream import FakeUpstream
from tests.services.clock import HOUR, WallClock
from tests.services.database import PostgresDatabase, Row, SqliteDatabase
from tests.services.page import Page
from tests.services.stack import TAKEN_OVER_S, Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer

TEXT = numbered(150)
JUMPS = pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "back"])


@pytest.fixture
def clock(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path)


@pytest.fixture
def embedded(provider: FakeUpstream, clock: WallClock, tmp_path: Path) -> Iterator[Stack]:
    """One process, whose clock is that of its database too."""
    database = SqliteDatabase(tmp_path / "data" / "chofesh.sqlite3")
    stack = Stack(tmp_path, database, provider.openai_url)
    stack.environment |= clock.environment
    stack.start_web("web")
    yield stack
    stack.stop()


@pytest.fixture
def scaled(provider: FakeUpstream, clock: WallClock, tmp_path: Path) -> Iterator[Stack]:
    """Two of each; the clock of `web-1` and `worker-1` is the one that jumps, not the database's."""
    database = PostgresDatabase(f"chofesh_clocks_{os.getpid()}")
    database.create()
    stack = Stack(tmp_path, database, provider.openai_url)
    try:
        stack.start_redis()
        true = stack.environment
        stack.environment = true | clock.environment
        stack.start_web("web-1")
        stack.start_worker("worker-1")
        stack.environment = true
        stack.start_web("web-2")
        yield stack
    finally:
        stack.stop()
        database.drop()


def person_of(stack: Stack) -> Row:
    return stack.make_people(1)[0]


async def ends(page: Page, reply: str) -> str:
    """How it ended. The server may think that the page has been silent for an hour; it comes back."""
    async with asyncio.timeout(2 * TAKEN_OVER_S):
        while reply not in page.ended:
            if not page.is_open:
                await page.open()
            await page.until(lambda: reply in page.ended or not page.is_open)
    return str(page.ended[reply]["state"])


@JUMPS
async def test_what_is_written_goes_on_and_what_is_sent_is_answered(
    embedded: Stack, upstream, clock: WallClock, seconds: int
):
    upstream.default = Answer(TEXT, delay_s=0.05)
    page = await Page(embedded.ports["web"], person_of(embedded)["session"]).open()
    reply = await page.ask("Count")
    await page.reads(reply, 200)

    clock.jump(seconds)

    assert await ends(page, reply) == "done"
    assert embedded.reply(reply)["text"] == TEXT
    upstream.default = Answer("Hello.")
    if not page.is_open:
        await page.open()
    assert await ends(page, await page.ask("And now?")) == "done"
    await page.close()


async def test_after_a_kill_and_a_clock_put_back_nothing_spins(
    embedded: Stack, upstream, clock: WallClock
):
    upstream.default = Answer(TEXT, delay_s=0.05)
    page = await Page(embedded.ports["web"], person_of(embedded)["session"]).open()
    written = await page.ask("Count")
    read = await page.reads(written, 200)
    upstream.default = Answer("Too late.", first_delay_s=60)
    page.conversation = None
    waiting = await page.ask("Wait")
    upstream.default = Answer("Here it is.")
    embedded.processes["web"].kill()

    clock.jump(-HOUR)
    embedded.start_web("web")

    assert await ends(page, written) == "interrupted"
    assert embedded.reply(written)["text"].startswith(read.rstrip())
    assert await ends(page, waiting) == "done"
    await page.close()


@JUMPS
async def test_two_workers_whose_clocks_differ_never_write_the_same_reply(
    scaled: Stack, upstream, clock: WallClock, seconds: int
):
    upstream.default = Answer(TEXT, delay_s=0.05)
    page = await Page(scaled.ports["web-2"], person_of(scaled)["session"]).open()
    # Nobody else is there to take it yet.
    reply = await page.ask("Count")
    await page.reads(reply, 100)
    scaled.start_worker("worker-2")

    clock.jump(seconds)

    assert await ends(page, reply) == "done"
    row = scaled.reply(reply)
    assert (row["text"], row["attempt"]) == (TEXT, 1)
    assert len(upstream.asked) == 1
    await page.close()


@JUMPS
async def test_a_message_of_a_web_process_with_another_clock_is_answered_without_a_bell(
    scaled: Stack, upstream, clock: WallClock, seconds: int
):
    person = person_of(scaled)
    clock.jump(seconds)
    scaled.processes["redis"].kill()
    page = await Page(scaled.ports["web-1"], person["session"]).open()

    assert await ends(page, await page.ask("Anybody there?")) == "done"
    await page.close()


@JUMPS
async def test_a_breaker_is_open_elsewhere_for_as_long_as_here(scaled: Stack, seconds: int):
    """Whatever the clock of the process that saw the failure says."""
    url = scaled.environment["REDIS_URL"]
    times = {"now": 1_800_000_000.0}
    there = Health(lambda: times["now"], lambda: times["now"] + seconds)
    here = Health(lambda: times["now"], lambda: times["now"])
    told = SharedHealth(there, url, lambda: times["now"] + seconds)
    heard = SharedHealth(here, url, lambda: times["now"])
    there.failed("model a b c", counts=0, opens_s=60)

    await told.exchange()
    await heard.exchange()

    assert here.closed_words("model a b c") is not None
    times["now"] += 61
    assert here.closed_words("model a b c") is None
    for shared in (told, heard):
        await shared.aclose()
