"""F67: the disk of the database is full. Nothing acknowledged is lost, and when there is room all goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.fake_upstream import FakeUpstream
from tests.services.database import Row, SqliteDatabase
from tests.services.page import Frame, Page
from tests.services.small_disk import fill, make_room, small_disk
from tests.services.stack import LEASE_S, Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer

TEXT = numbered(200)
REPLIES = 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "data", megabytes=16) as mounted:
        yield mounted


@pytest.fixture
def server(provider: FakeUpstream, disk: Path, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path, SqliteDatabase(disk / "chofesh.sqlite3"), provider.openai_url)
    stack.start_web("web")
    yield stack
    stack.stop()


@pytest.fixture
def someone(server: Stack) -> Row:
    return server.make_people(1)[0]


def readiness(stack: Stack) -> dict[str, str]:
    try:
        with urlopen(f"http://127.0.0.1:{stack.ports['web']}/readyz", timeout=30) as answer:
            return json.load(answer)
    except HTTPError as refused:
        return json.load(refused)


async def stand_still(pages: list[Page]) -> None:
    for page in pages:
        await page.hears(lambda frame: frame["type"] == "words" and "cannot store" in frame["text"])


async def until_refused(page: Page) -> tuple[Frame, list[str]]:
    """The last free bytes may still take a message or two: the replies to those."""
    taken: list[str] = []
    while True:
        page.conversation = None
        message = str(uuid4())
        await page.send("x" * 100_000, message)
        told = await page.hears(partial(is_about, message))
        if told["type"] == "error":
            return told, taken
        taken.append(told["reply"])


def is_about(message: str, frame: Frame) -> bool:
    return frame.get("client_msg_id") == message and frame["type"] in {"ack", "error"}


async def test_replies_stand_still_in_words_and_go_on(server: Stack, disk, upstream, someone):
    upstream.default = Answer(TEXT, delay_s=0.05)
    pages = [await Page(server.ports["web"], someone["session"]).open() for _ in range(REPLIES)]
    replies = [await page.ask("Count") for page in pages]
    for page, reply in zip(pages, replies, strict=True):
        await page.reads(reply, 100)

    fill(disk)
    await stand_still(pages)
    # Every lease has run out by now, and no one could renew it.
    await asyncio.sleep(2 * LEASE_S)
    assert (await asyncio.to_thread(readiness, server))["journal"] == "stuck"
    make_room(disk)

    for page, reply in zip(pages, replies, strict=True):
        assert (await page.sees_the_end(reply))["state"] == "done"
        assert TEXT.startswith(page.texts[reply].rstrip())
        assert server.reply(reply)["text"] == TEXT
        assert (page.is_open, page.closed) == (True, 0)
        await page.close()
    assert (await asyncio.to_thread(readiness, server))["status"] == "ok"


async def test_a_message_is_refused_in_words_and_taken_when_there_is_room(
    server: Stack, disk, upstream, someone
):
    upstream.default = Answer("Hello.")
    page = await Page(server.ports["web"], someone["session"]).open()
    before = await page.ask("Before")
    await page.sees_the_end(before)

    fill(disk)
    refused, taken = await until_refused(page)
    assert "cannot store" in refused["message"]
    assert "Your text is kept" in refused["message"]
    told = await asyncio.to_thread(readiness, server)
    assert (told["status"], told["storage"]) == ("unable", "refused")
    make_room(disk)

    for reply in taken:
        assert (await page.sees_the_end(reply))["state"] in {"done", "failed"}
    page.frames.clear()
    again = await page.ask("x" * 100_000, refused["client_msg_id"])
    assert (await page.sees_the_end(again))["state"] == "done"
    stored = server.database.rows(
        "SELECT id FROM chat_message WHERE client_msg_id = ?", server.key(refused["client_msg_id"])
    )
    assert len(stored) == 1
    assert server.reply(before)["text"] == "Hello."
    await page.close()
