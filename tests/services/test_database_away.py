"""F68: PostgreSQL restarts under a stream. What a page has shown is there, and all of it comes."""

from __future__ import annotations

import asyncio

from tests.services.conftest import Pages
from tests.services.stack import Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer


async def test_a_stream_outlives_a_restart_of_the_database(pages: Pages, upstream, stack: Stack):
    text = numbered(200)
    upstream.default = Answer(text, delay_s=0.05)
    page = await pages.open()
    reply = await page.ask("Count")
    await page.reads(reply, 200)

    with stack.database.away():
        await asyncio.sleep(1.0)

    end = await page.sees_the_end(reply)
    assert (end["state"], end["seq"]) == ("done", len(text))
    assert stack.reply(reply)["text"] == text
    assert page.closed == 0


async def test_a_stream_that_ends_while_the_database_is_away_is_kept(
    pages: Pages, upstream, stack: Stack
):
    text = numbered(60)
    upstream.default = Answer(text, delay_s=0.05)
    page = await pages.open()
    reply = await page.ask("Count")
    await page.reads(reply, 450)

    with stack.database.away():
        await asyncio.sleep(2.0)

    end = await page.sees_the_end(reply)
    assert (end["state"], end["seq"]) == ("done", len(text))
    assert stack.reply(reply)["text"] == text
