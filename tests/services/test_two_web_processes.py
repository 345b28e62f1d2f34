"""Two web processes and two workers: whichever a page is connected to, it sees the same."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from tests.services.conftest import Pages
from tests.services.processes import wait_for
from tests.services.stack import Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer


async def test_a_reply_is_watched_from_the_other_process(pages: Pages, upstream, stack: Stack):
    text = numbered(60)
    upstream.default = Answer(text, delay_s=0.03)
    asking, watching = await pages.open("web-1"), await pages.open("web-2")

    reply = await asking.ask("Count")
    await watching.show(asking.conversation)

    for page in (asking, watching):
        end = await page.sees_the_end(reply)
        assert (end["state"], end["seq"]) == ("done", len(text))
        assert text.startswith(page.texts[reply].rstrip())
    assert len(watching.texts[reply]) > len(text) / 2
    assert stack.reply(reply)["text"] == text


async def test_a_reply_is_stopped_from_the_other_process(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer(numbered(2000), delay_s=0.05)
    asking, stopping = await pages.open("web-1"), await pages.open("web-2")
    reply = await asking.ask("Count")
    await asking.reads(reply, 50)

    await stopping.say(type="stop", reply=reply)

    end = await asking.sees_the_end(reply)
    wait_for(lambda: upstream.left == 1, seconds=5)
    row = stack.reply(reply)
    assert (end["state"], row["state"]) == ("stopped", "stopped")
    assert row["text"].startswith(asking.texts[reply].rstrip())
    assert end["seq"] == len(row["text"]) > 0


async def test_reloads_at_changing_processes_show_every_character_once(
    pages: Pages, upstream, stack: Stack
):
    text = numbered(150)
    upstream.default = Answer(text, delay_s=0.03)
    page = await pages.open("web-1")
    reply = await page.ask("Count")

    for web in ("web-2", "web-1", "web-2", "web-1", "web-2"):
        await page.reads(reply, len(page.texts.get(reply, "")) + 100)
        await page.close()
        # A reload forgets everything: what stands in the page then comes from the server.
        page = await pages.open(web, conversation=page.conversation)

    end = await page.sees_the_end(reply)
    assert text.startswith(page.texts[reply].rstrip())
    assert (end["state"], end["seq"]) == ("done", len(text))
    assert stack.reply(reply)["text"] == text


async def test_a_lost_connection_is_taken_up_where_it_broke(pages: Pages, upstream):
    text = numbered(100)
    upstream.default = Answer(text, delay_s=0.03)
    page = await pages.open("web-1")
    reply = await page.ask("Count")

    for web in ("web-2", "web-1"):
        await page.reads(reply, len(page.texts.get(reply, "")) + 150)
        await page.close()
        await asyncio.sleep(0.3)
        await page.open(pages.port(web))

    end = await page.sees_the_end(reply)
    assert text.startswith(page.texts[reply].rstrip())
    assert end["seq"] == len(text)


async def test_a_new_turn_is_seen_at_both_processes(pages: Pages, upstream):
    upstream.default = Answer("First.")
    asking, other, elsewhere = [await pages.open(web) for web in ("web-1", "web-2", "web-2")]
    first = await asking.ask("One")
    await asking.sees_the_end(first)
    await other.show(asking.conversation)

    upstream.default = Answer(numbered(20), delay_s=0.05)
    second = await asking.ask("Two")

    turn = await other.hears(lambda frame: frame["type"] == "turn" and frame["reply"] == second)
    assert "Two" in turn["html"]
    await elsewhere.hears(lambda frame: frame["type"] == "title")
    assert (await other.sees_the_end(second))["state"] == "done"


async def test_the_same_message_at_both_processes_at_once_is_one_message(
    pages: Pages, upstream, stack: Stack
):
    upstream.default = Answer("Once.", delay_s=0.02)
    ones = [await pages.open(web) for web in ("web-1", "web-2") * 3]
    client_msg_id = str(uuid4())

    replies = await asyncio.gather(*(page.ask("Only once", client_msg_id) for page in ones))

    await asyncio.gather(*(page.sees_the_end(replies[0]) for page in ones))
    messages = stack.database.rows(
        "SELECT id FROM chat_message WHERE client_msg_id = ?", stack.key(client_msg_id)
    )
    assert (len(set(replies)), len(messages), len(upstream.asked)) == (1, 1, 1)
    assert stack.reply(replies[0])["attempt"] == 1
