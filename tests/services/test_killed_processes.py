"""What becomes of a reply whose process dies: P3 and P4 of docs/reliability.md."""

from __future__ import annotations

import asyncio
import signal
from uuid import uuid4

from tests.fake_upstream import FakeUpstream
from tests.services.conftest import WEBS, WORKERS, Pages
from tests.services.processes import wait_for
from tests.services.stack import LEASE_S, TAKEN_OVER_S, Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer


async def all_asked(upstream: FakeUpstream, calls: int) -> None:
    """Until the provider has been called so often; the pages go on reading meanwhile."""
    async with asyncio.timeout(TAKEN_OVER_S):
        while len(upstream.asked) < calls:
            await asyncio.sleep(0.02)


async def test_a_worker_killed_in_the_middle_leaves_all_that_was_read(
    pages: Pages, upstream, stack: Stack
):
    upstream.default = Answer(numbered(2000), delay_s=0.03)
    page = await pages.open()
    reply = await page.ask("Count")
    await page.reads(reply, 300)

    stack.processes[stack.writer_of(reply)].kill()

    end = await page.sees_the_end(reply, TAKEN_OVER_S)
    row = stack.reply(reply)
    assert (end["state"], row["state"], row["failure"]) == ("interrupted",) * 2 + ("restarted",)
    assert numbered(2000).startswith(row["text"])
    assert row["text"].startswith(page.texts[reply].rstrip())
    assert len(row["text"]) >= 300


async def test_an_interrupted_reply_is_continued_by_the_other_worker(
    pages: Pages, upstream, stack: Stack
):
    upstream.default = Answer(numbered(2000), delay_s=0.03)
    page = await pages.open("web-2")
    reply = await page.ask("Count")
    await page.reads(reply, 200)
    stack.processes[stack.writer_of(reply)].kill()
    await page.sees_the_end(reply, TAKEN_OVER_S)
    until_then = stack.reply(reply)["text"]

    upstream.default = Answer(" and so on.", delay_s=0.02)
    del page.ended[reply]
    await page.say(type="continue", client_msg_id=str(uuid4()), reply=reply)

    end = await page.sees_the_end(reply)
    assert end["state"] == "done"
    assert stack.reply(reply)["text"] == until_then + " and so on."


async def test_a_worker_killed_before_any_text_hands_the_reply_on(
    pages: Pages, upstream, stack: Stack
):
    upstream.default = Answer("Too late.", first_delay_s=60)
    page = await pages.open()
    reply = await page.ask("Wait")
    killed = stack.writer_of(reply)
    await all_asked(upstream, 1)

    upstream.default = Answer(numbered(20), delay_s=0.01)
    stack.processes[killed].kill()

    end = await page.sees_the_end(reply, TAKEN_OVER_S)
    row = stack.reply(reply)
    assert (end["state"], row["text"], row["attempt"]) == ("done", numbered(20), 2)


async def test_a_reply_that_lost_two_workers_ends_in_words(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer("Never.", first_delay_s=60)
    page = await pages.open()
    reply = await page.ask("Wait")

    for attempt in (1, 2):
        await all_asked(upstream, attempt)
        stack.processes[stack.writer_of(reply)].kill()
    stack.start_worker(WORKERS[0])

    end = await page.sees_the_end(reply, TAKEN_OVER_S)
    assert end["state"] == "failed"
    assert "Your message is kept" in end["html"]


async def test_a_worker_ended_in_order_loses_nothing(pages: Pages, upstream, stack: Stack):
    """Short replies end, long ones keep their text, unbegun ones go to the other worker."""
    short, long, silent = numbered(20), numbered(4000), "Late."
    page = await pages.open()
    replies: dict[str, str] = {}
    for text, answer in (
        (short, Answer(short, delay_s=0.02)),
        (long, Answer(long, delay_s=0.02)),
        (silent, Answer(silent, first_delay_s=8)),
    ):
        upstream.default = answer
        for _ in range(4):
            page.conversation = None
            replies[await page.ask("Go on")] = text
        await all_asked(upstream, len(replies))

    assert stack.processes[WORKERS[0]].terminate() == 0

    upstream.default = Answer(silent)
    for reply, text in replies.items():
        if text is long and stack.reply(reply)["state"] == "running":
            await page.say(type="stop", reply=reply)
        end = await page.sees_the_end(reply)
        row = stack.reply(reply)
        assert text.startswith(row["text"])
        assert row["text"]
        assert end["state"] == ("done" if text is not long else row["state"])
    states = {stack.reply(reply)["state"] for reply, text in replies.items() if text is long}
    assert states <= {"interrupted", "stopped"}


async def test_a_killed_web_process_does_not_stop_a_reply(pages: Pages, upstream, stack: Stack):
    text = numbered(200)
    upstream.default = Answer(text, delay_s=0.03)
    page = await pages.open("web-1")
    reply = await page.ask("Count")
    await page.reads(reply, 200)

    stack.processes["web-1"].kill()
    await page.until(lambda: not page.is_open)
    await page.open(pages.port("web-2"))

    end = await page.sees_the_end(reply)
    assert text.startswith(page.texts[reply].rstrip())
    assert (end["state"], stack.reply(reply)["text"]) == ("done", text)


async def test_a_message_committed_as_its_web_process_dies_is_answered(
    pages: Pages, upstream, stack: Stack
):
    """The bell was never rung: the row alone says that there is something to do."""
    upstream.default = Answer("Here it is.")
    page = await pages.open("web-1")
    for name in WORKERS:
        stack.processes[name].signal(signal.SIGSTOP)
    reply = await page.ask("Anybody there?")
    stack.processes["web-1"].kill()
    with stack.redis() as client:
        client.delete("celery")
    for name in WORKERS:
        stack.processes[name].signal(signal.SIGCONT)

    await page.until(lambda: not page.is_open)
    await page.open(pages.port("web-2"))

    assert (await page.sees_the_end(reply, TAKEN_OVER_S))["state"] == "done"


async def test_a_worker_that_slept_past_its_lease_writes_no_more(
    pages: Pages, upstream, stack: Stack
):
    """F70: stopped, given up, continued. What it then has to say is refused."""
    upstream.default = Answer(numbered(500), delay_s=0.05)
    page = await pages.open()
    reply = await page.ask("Count")
    await page.reads(reply, 200)
    asleep = stack.processes[stack.writer_of(reply)]

    asleep.signal(signal.SIGSTOP)
    await page.sees_the_end(reply, TAKEN_OVER_S)
    until_then = stack.reply(reply)["text"]
    asleep.signal(signal.SIGCONT)

    wait_for(lambda: upstream.left >= 1, seconds=TAKEN_OVER_S)
    await asyncio.sleep(2 * LEASE_S)
    row = stack.reply(reply)
    assert (row["state"], row["text"], row["written"]) == ("interrupted", until_then, until_then)


async def test_a_process_that_slept_before_any_text_does_not_write_beside_its_heir(
    pages: Pages, upstream, stack: Stack
):
    """F64 and F70: two workers hold the same reply for a while, one of them in vain."""
    upstream.default = Answer("From the sleeper.", first_delay_s=4)
    page = await pages.open()
    reply = await page.ask("Who?")
    asleep = stack.processes[stack.writer_of(reply)]
    await all_asked(upstream, 1)
    upstream.default = Answer(numbered(80), delay_s=0.1)

    asleep.signal(signal.SIGSTOP)
    wait_for(lambda: stack.reply(reply)["attempt"] == 2, seconds=TAKEN_OVER_S)
    asleep.signal(signal.SIGCONT)

    assert (await page.sees_the_end(reply))["state"] == "done"
    assert stack.reply(reply)["text"] == numbered(80)


async def test_both_web_processes_may_be_killed_and_come_back(pages: Pages, upstream, stack: Stack):
    text = numbered(150)
    upstream.default = Answer(text, delay_s=0.03)
    page = await pages.open("web-1")
    reply = await page.ask("Count")
    await page.reads(reply, 100)

    for name in WEBS:
        stack.processes[name].kill()
    stack.start_web("web-2")
    await page.until(lambda: not page.is_open)
    await page.open(pages.port("web-2"))

    assert (await page.sees_the_end(reply))["seq"] == len(text)
    assert stack.reply(reply)["text"] == text
