"""P1-P6 of docs/reliability.md on the embedded server: a real process, killed and started again."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from tests.fake_upstream import FakeUpstream, running_upstream
from tests.services.database import Row, SqliteDatabase
from tests.services.page import Page
from tests.services.stack import LEASE_S, Stack
from tests.upstream_formats import Answer

WEB = "web"
KILLS = 10
# What P4 promises, and a machine that does other things beside.
SETTLED_S = 40.0
WORDS = " ".join(f"word{number}" for number in range(60))
ENDED = {"done", "interrupted", "failed"}


@pytest.fixture(scope="module")
def running_provider() -> Iterator[FakeUpstream]:
    with running_upstream() as running:
        yield running


@pytest.fixture
def provider(running_provider: FakeUpstream) -> FakeUpstream:
    running_provider.answers.clear()
    return running_provider


@pytest.fixture(scope="module")
def started(
    running_provider: FakeUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("server")
    stack = Stack(
        folder, SqliteDatabase(folder / "data" / "chofesh.sqlite3"), running_provider.openai_url
    )
    stack.start_web(WEB)
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def people(started: Stack) -> Iterator[Row]:
    return iter(started.make_people(12))


@pytest.fixture
def server(started: Stack) -> Stack:
    if not started.processes[WEB].alive:
        started.start_web(WEB)
    return started


async def start_again(server: Stack) -> None:
    await asyncio.to_thread(server.start_web, WEB)


async def come_back(page: Page) -> None:
    await page.close()
    await page.open()


@dataclass
class Person:
    """A page and what it was promised: it sends again what was never confirmed, as pages do."""

    page: Page
    unconfirmed: dict[str, str] = field(default_factory=dict)
    replies: list[str] = field(default_factory=list)

    async def ask(self) -> None:
        client_msg_id = str(uuid4())
        self.page.conversation = None
        self.unconfirmed[client_msg_id] = WORDS
        await self.page.send(f"Count {client_msg_id}", client_msg_id)

    async def come_back(self) -> None:
        self.is_confirmed()
        await come_back(self.page)
        for client_msg_id in self.unconfirmed:
            self.page.conversation = None
            await self.page.send(f"Count {client_msg_id}", client_msg_id)

    def is_confirmed(self) -> bool:
        for frame in self.page.frames:
            if frame["type"] == "ack" and self.unconfirmed.pop(frame["client_msg_id"], None):
                self.page.conversation = frame["conversation"]
                self.replies.append(frame["reply"])
        return not self.unconfirmed


async def test_ten_kills_lose_nothing_and_double_nothing(server, people, provider):
    provider.default = Answer(WORDS, delay_s=0.02)
    port = server.ports[WEB]
    crowd = [Person(await Page(port, next(people)["session"]).open()) for _ in range(4)]

    for _ in range(KILLS):
        for person in crowd:
            with suppress(ConnectionClosed):
                await person.ask()
        await asyncio.sleep(random.uniform(0, 1.2))
        await asyncio.to_thread(server.processes[WEB].kill)
        await start_again(server)
        for person in crowd:
            await person.come_back()

    await asyncio.gather(*(everything_ends(person, server) for person in crowd))
    for person in crowd:
        assert person.replies
        check_promises(person, server)
        await person.page.close()
    check_books(server)


async def everything_ends(person: Person, server: Stack) -> None:
    async with asyncio.timeout(SETTLED_S):
        await person.page.until(person.is_confirmed)
        for reply in person.replies:
            while server.reply(reply)["state"] not in ENDED:
                await asyncio.sleep(0.1)


def check_promises(person: Person, server: Stack) -> None:
    for reply in person.replies:
        row = server.reply(reply)
        seen = person.page.texts.get(reply, "").rstrip()
        assert row["text"].startswith(seen), "what was read is in the database"
        assert WORDS.startswith(row["text"].rstrip())
        if row["state"] == "done":
            assert row["text"].strip() == WORDS
        elif row["state"] == "interrupted":
            assert row["text"]
        assert row["failure_words"] or row["state"] == "done"


def check_books(server: Stack) -> None:
    rows = server.database.rows
    assert rows("SELECT client_msg_id FROM chat_message GROUP BY 1 HAVING COUNT(*) > 1") == []
    assert rows("SELECT id FROM chat_journalrow") == []
    unbooked = """SELECT attempt.id FROM routing_attempt AS attempt
        LEFT JOIN usage_ledgerentry AS entry ON entry.attempt_id = attempt.id
        WHERE entry.id IS NULL OR attempt.ended_at IS NULL"""
    assert rows(unbooked) == []


async def test_a_page_that_waits_through_a_kill_is_told_the_end(server, people, provider):
    """No reload, no press: the socket that came back hears it. P4: never a spinner."""
    provider.default = Answer(WORDS, delay_s=0.05)
    page = await Page(server.ports[WEB], next(people)["session"]).open()
    reply = await page.ask("Count")
    seen = await page.reads(reply, 20)

    await asyncio.to_thread(server.processes[WEB].kill)
    await start_again(server)
    await come_back(page)

    done = await page.sees_the_end(reply, SETTLED_S)
    assert done["state"] == "interrupted"
    assert "The server restarted" in done["html"]
    assert "data-continue" in done["html"]
    assert server.reply(reply)["text"].startswith(seen.rstrip())
    await page.close()


async def test_a_terminated_server_ends_its_replies_in_order(server, people, provider):
    provider.answers["gpt-6-luna"] = Answer("late", first_delay_s=60)
    provider.default = Answer(WORDS, delay_s=0.2)
    pages = [await Page(server.ports[WEB], next(people)["session"]).open() for _ in range(3)]
    written = await pages[0].ask("Count", model="openai/gpt-6.1-sol")
    await pages[0].reads(written, 6)
    waiting = await pages[1].ask("Wait", model="openai/gpt-6-luna")
    provider.default = Answer("It is soon done.", delay_s=0.1)
    short = await pages[2].ask("Be brief", model="openai/gpt-6.1-sol")
    await pages[2].reads(short, 1)

    assert await asyncio.to_thread(server.processes[WEB].terminate) == 0

    assert server.reply(short)["state"] == "done"
    row = server.reply(written)
    assert (row["state"], row["failure"]) == ("interrupted", "restarted")
    assert row["text"].startswith(pages[0].texts[written].rstrip())
    assert (server.reply(waiting)["state"], server.reply(waiting)["written"]) == ("queued", "")
    check_books(server)

    provider.answers["gpt-6-luna"] = Answer("Here it is.")
    await start_again(server)
    await come_back(pages[1])
    await pages[1].sees_the_end(waiting, SETTLED_S)
    assert server.reply(waiting)["text"].strip() == "Here it is."
    for page in pages:
        await page.close()


async def test_a_continued_reply_is_one_text_after_a_kill(server, people, provider):
    provider.default = Answer("One two three", cut_after=2)
    page = await Page(server.ports[WEB], next(people)["session"]).open()
    reply = await page.ask("Count")
    await page.sees_the_end(reply)
    await asyncio.to_thread(server.processes[WEB].kill)
    provider.default = Answer("three four.")
    await start_again(server)

    await come_back(page)
    del page.ended[reply]
    await page.say(type="continue", client_msg_id=str(uuid4()), reply=reply)
    await page.sees_the_end(reply)

    row = server.reply(reply)
    assert (row["state"], row["text"]) == ("done", "One two three four.")
    await page.close()


async def test_a_server_that_slept_ends_its_replies_too(server, people, provider):
    """A laptop was closed: its leases ran out while nothing ran at all."""
    provider.default = Answer(WORDS, delay_s=0.05)
    page = await Page(server.ports[WEB], next(people)["session"]).open()
    reply = await page.ask("Count")
    await page.reads(reply, 20)

    server.processes[WEB].signal(signal.SIGSTOP)
    await asyncio.sleep(LEASE_S + 1)
    server.processes[WEB].signal(signal.SIGCONT)

    done = await page.sees_the_end(reply, SETTLED_S)
    row = server.reply(reply)
    assert done["state"] == row["state"]
    assert row["state"] in {"done", "interrupted"}
    assert row["text"].startswith(page.texts[reply].rstrip())
    await page.close()
