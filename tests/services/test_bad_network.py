"""A bad network between the server and Redis, the server and PostgreSQL, the page and the server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.fake_upstream import FakeUpstream
from tests.services.database import ADMINISTRATION, PostgresDatabase, Row
from tests.services.page import Page
from tests.services.processes import free_port, wait_for
from tests.services.stack import TAKEN_OVER_S, Stack
from tests.services.texts import numbered
from tests.tcp_proxy import FAIR, TcpProxy, Weather, running_proxy
from tests.upstream_formats import Answer

TEXT = numbered(150)


@dataclass
class Network:
    """One web process and one worker; what they say to each other goes through these."""

    stack: Stack
    redis: TcpProxy
    postgres: TcpProxy
    web: TcpProxy
    people: Iterator[Row]

    async def page(self) -> Page:
        return await Page(self.web.port, next(self.people)["session"]).open()


@pytest.fixture(scope="module")
def started(provider: FakeUpstream, tmp_path_factory) -> Iterator[Network]:
    database = PostgresDatabase(f"chofesh_network_{os.getpid()}")
    database.create()
    stack = Stack(tmp_path_factory.mktemp("network"), database, provider.openai_url)
    try:
        stack.start_redis()
        address = urlsplit(database.url)
        port = urlsplit(ADMINISTRATION).port or 5432
        stack.ports["web"] = free_port()
        with (
            running_proxy(port) as postgres,
            running_proxy(stack.ports["redis"]) as redis,
            running_proxy(stack.ports["web"]) as web,
        ):
            stack.environment["DATABASE_URL"] = address._replace(
                netloc=f"{address.username}@127.0.0.1:{postgres.port}"
            ).geturl()
            stack.environment["REDIS_URL"] = f"redis://127.0.0.1:{redis.port}/0"
            # A page is let in from the address that its person types.
            stack.environment["CHOFESH_PUBLIC_URL"] = f"http://127.0.0.1:{web.port}"
            stack.start_web("web")
            stack.start_worker("worker")
            yield Network(stack, redis, postgres, web, iter(stack.make_people(12)))
            stack.stop()
    finally:
        stack.stop()
        database.drop()


@pytest.fixture
def network(started: Network, upstream: FakeUpstream) -> Iterator[Network]:
    upstream.default = Answer(TEXT, delay_s=0.03)
    yield started
    for proxy in (started.redis, started.postgres, started.web):
        proxy.weather = FAIR


async def ends_whole(page: Page, stack: Stack, reply: str) -> None:
    end = await page.sees_the_end(reply, 2 * TAKEN_OVER_S)
    assert (end["state"], stack.reply(reply)["text"]) == ("done", TEXT)
    assert TEXT.startswith(page.texts[reply].rstrip())
    await page.close()


@pytest.mark.parametrize(
    "weather",
    [Weather(latency_s=0.3), Weather(slice_bytes=7), Weather(is_black_hole=True)],
    ids=["slow", "sliced", "black hole"],
)
async def test_a_stream_outlives_a_bad_way_to_redis(network: Network, weather: Weather):
    page = await network.page()
    reply = await page.ask("Count")
    await page.reads(reply, 100)

    network.redis.weather = weather

    await ends_whole(page, network.stack, reply)


async def test_a_message_sent_while_redis_swallows_everything_is_answered(network: Network):
    page = await network.page()
    network.redis.weather = Weather(is_black_hole=True)

    reply = await page.ask("Count")

    await ends_whole(page, network.stack, reply)


@pytest.mark.parametrize("how", ["cut", "reset"])
async def test_a_stream_outlives_broken_connections_to_the_database(network: Network, how: str):
    page = await network.page()
    reply = await page.ask("Count")
    await page.reads(reply, 100)

    for _ in range(3):
        await asyncio.to_thread(getattr(network.postgres, how))
        await page.reads(reply, len(page.texts[reply]) + 50)

    await ends_whole(page, network.stack, reply)


async def test_a_stream_outlives_a_slow_database(network: Network):
    page = await network.page()
    reply = await page.ask("Count")
    await page.reads(reply, 100)

    network.postgres.weather = Weather(latency_s=0.05)

    await ends_whole(page, network.stack, reply)


@pytest.mark.parametrize("how", ["cut", "reset"])
async def test_a_page_whose_connection_breaks_gets_every_character_once(network: Network, how: str):
    page = await network.page()
    reply = await page.ask("Count")

    for _ in range(5):
        await page.reads(reply, len(page.texts.get(reply, "")) + 60)
        await asyncio.to_thread(getattr(network.web, how))
        await page.until(lambda: not page.is_open)
        await page.open()

    await ends_whole(page, network.stack, reply)


async def test_a_page_behind_a_bad_line_gets_every_character_once(network: Network):
    network.web.weather = Weather(latency_s=0.002, slice_bytes=200)
    page = await network.page()

    await ends_whole(page, network.stack, await page.ask("Count"))


async def test_what_was_written_while_a_page_heard_nothing_comes_afterwards(network: Network):
    """F51 and F52: a tunnel, or a lid that was closed for a while."""
    page = await network.page()
    reply = await page.ask("Count")
    await page.reads(reply, 100)

    network.web.weather = Weather(is_black_hole=True)
    await asyncio.to_thread(_until_ended, network.stack, reply)
    network.web.weather = FAIR

    await ends_whole(page, network.stack, reply)


def _until_ended(stack: Stack, reply: str) -> None:
    wait_for(lambda: stack.reply(reply)["state"] == "done", seconds=2 * TAKEN_OVER_S)
