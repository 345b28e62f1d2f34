"""A new version is rolled out under load: process after process, and the schema before them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.services.conftest import WEBS, WORKERS, Pages
from tests.services.database import SqliteDatabase
from tests.services.page import Page
from tests.services.processes import wait_for
from tests.services.stack import Stack, is_healthy, manage
from tests.services.texts import numbered
from tests.upstream_formats import Answer

TALKERS = 6
TEXT = numbered(40)
NEXT_VERSION = {"DJANGO_SETTINGS_MODULE": "tests.services.next_version.settings"}


@dataclass
class Talker:
    """A page that asks again and again, and comes back to whichever web process is there."""

    page: Page
    ports: list[int]
    sent: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)

    async def talk(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            self.page.conversation = None
            client_msg_id = str(uuid4())
            self.sent.append(client_msg_id)
            frame = await self._acknowledged(client_msg_id)
            self.page.conversation = frame["conversation"]
            self.replies.append(frame["reply"])
            await self._ended(frame["reply"])

    async def _acknowledged(self, client_msg_id: str) -> dict[str, str]:
        """As the page does it: what was not acknowledged is sent again, under the same id."""
        while True:
            await self._connected()
            try:
                await self.page.send("Count", client_msg_id)
            except ConnectionClosed:
                continue
            await self.page.until(
                lambda: bool(self._answer(client_msg_id)) or not self.page.is_open
            )
            if answer := self._answer(client_msg_id):
                assert answer["type"] == "ack", answer
                return answer

    def _answer(self, client_msg_id: str) -> dict[str, str]:
        answers = (
            frame for frame in self.page.frames if frame.get("client_msg_id") == client_msg_id
        )
        return next(answers, {})

    async def _ended(self, reply: str) -> None:
        while reply not in self.page.ended:
            await self._connected()
            await self.page.until(lambda: reply in self.page.ended or not self.page.is_open)

    async def _connected(self) -> None:
        for port in itertools.cycle(self.ports):
            if self.page.is_open:
                return
            try:
                await self.page.open(port)
            except (OSError, InvalidHandshake, ConnectionClosed):
                await asyncio.sleep(0.1)


async def test_a_rolling_restart_under_load_loses_nothing(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer(TEXT, delay_s=0.02)
    ports = [pages.port(web) for web in WEBS]
    talkers = [Talker(await pages.open(web), ports) for web in WEBS * (TALKERS // 2)]
    enough = asyncio.Event()
    all_talking = asyncio.gather(*(talker.talk(enough) for talker in talkers))

    for name in (*WEBS, *WORKERS):
        process = stack.processes[name]
        assert await asyncio.to_thread(process.terminate) == 0
        start = stack.start_web if name in WEBS else stack.start_worker
        await asyncio.to_thread(start, name)
        # Some are sent and answered between this restart and the next.
        await answered(talkers, TALKERS)
    enough.set()
    await all_talking

    assert_all_kept(stack, talkers)


def assert_all_kept(stack: Stack, talkers: list[Talker]) -> None:
    for talker in talkers:
        for client_msg_id, reply in zip(talker.sent, talker.replies, strict=True):
            assert_kept(stack, client_msg_id, reply, talker.page.texts.get(reply, ""))


def assert_kept(stack: Stack, client_msg_id: str, reply: str, read: str) -> None:
    """One message, one reply, and all that was read of it. One that outlived the time that ending
    processes give is cut in words; nothing else is."""
    messages = stack.database.rows(
        "SELECT id FROM chat_message WHERE client_msg_id = ?", stack.key(client_msg_id)
    )
    row = stack.reply(reply)
    assert len(messages) == 1
    assert (row["state"], row["failure"]) in {("done", ""), ("interrupted", "restarted")}
    assert row["text"].startswith(read.rstrip())
    assert row["text"] == TEXT if row["state"] == "done" else TEXT.startswith(row["text"])


async def test_the_next_version_migrates_beside_this_one(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer(numbered(400), delay_s=0.03)
    page = await pages.open("web-1")
    long = await page.ask("Count")
    await page.reads(long, 200)
    upstream.default = Answer(TEXT, delay_s=0.02)
    talkers = [Talker(await pages.open("web-1"), [pages.port("web-1")]) for _ in range(TALKERS)]

    await asyncio.to_thread(stack.processes["web-2"].terminate)
    async with talking(talkers):
        of_this_version = stack.environment
        stack.environment = of_this_version | NEXT_VERSION
        await asyncio.to_thread(stack.start_web, "web-2")
        stack.environment = of_this_version
    assert stack.database.rows("SELECT next_version FROM chat_reply LIMIT 1")

    assert_all_kept(stack, talkers)
    assert is_healthy(stack.ports["web-1"])
    other = await pages.open("web-2")
    assert (await other.sees_the_end(await other.ask("Hello?")))["state"] == "done"
    end = await page.sees_the_end(long)
    assert (end["state"], stack.reply(long)["text"]) == ("done", numbered(400))

    # And back: this version starts beside the schema of the next one.
    await asyncio.to_thread(stack.processes["web-2"].terminate)
    await asyncio.to_thread(stack.start_web, "web-2")
    wait_for(lambda: is_healthy(stack.ports["web-2"]))


async def test_a_migration_of_sqlite_under_load_loses_nothing(provider, upstream, tmp_path):
    """By hand, beside the one process that serves: it waits while the tables are copied."""
    database = SqliteDatabase(tmp_path / "data" / "chofesh.sqlite3")
    stack = Stack(tmp_path, database, provider.openai_url)
    stack.start_web("web")
    try:
        person, port = stack.make_people(1)[0], stack.ports["web"]
        upstream.default = Answer(numbered(300), delay_s=0.03)
        page = await Page(port, person["session"]).open()
        long = await page.ask("Count")
        await page.reads(long, 200)
        upstream.default = Answer(TEXT, delay_s=0.02)
        talkers = [
            Talker(await Page(port, person["session"]).open(), [port]) for _ in range(TALKERS)
        ]
        async with talking(talkers):
            await asyncio.to_thread(manage, stack, "migrate", **NEXT_VERSION)
        assert database.rows("SELECT next_version FROM chat_reply LIMIT 1")

        assert_all_kept(stack, talkers)
        end = await page.sees_the_end(long)
        assert (end["state"], stack.reply(long)["text"]) == ("done", numbered(300))
        for each in (page, *(talker.page for talker in talkers)):
            assert (each.is_open, each.closed) == (True, 0)
            await each.close()
    finally:
        stack.stop()


@asynccontextmanager
async def talking(talkers: list[Talker]) -> AsyncIterator[None]:
    """They talk before, during and after."""
    enough = asyncio.Event()
    all_talking = asyncio.gather(*(talker.talk(enough) for talker in talkers))
    await answered(talkers, TALKERS)
    yield
    await answered(talkers, TALKERS)
    enough.set()
    await all_talking


async def answered(talkers: list[Talker], times: int) -> None:
    """So many more."""
    before = sum(len(talker.replies) for talker in talkers)
    async with asyncio.timeout(60):
        while sum(len(talker.replies) for talker in talkers) < before + times:
            await asyncio.sleep(0.05)
