"""S70: what a browser does not read does not pile up in the server."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from chofesh.slow_readers import _text_frame
from tests.fake_upstream import running_upstream
from tests.services.database import SqliteDatabase
from tests.services.page import Page
from tests.services.stack import Stack

WEB = "web"
ASKED_FOR = 60
# Its HTML, with the source for copying, is about twice as long.
TEXT = "word " * 60_000
MOST_CHARACTERS = 20_000_000


@pytest.fixture
def stack(tmp_path) -> Iterator[Stack]:
    with running_upstream() as upstream:
        database = SqliteDatabase(tmp_path / "data" / "chofesh.sqlite3")
        started = Stack(tmp_path, database, upstream.openai_url)
        started.start_web(WEB)
        yield started
        started.stop()


def lengthen(stack: Stack, reply: str) -> None:
    with sqlite3.connect(stack.folder / "data" / "chofesh.sqlite3", timeout=20) as database:
        query = "UPDATE chat_reply SET text = ? WHERE id = ?"
        assert database.execute(query, (TEXT, stack.key(reply))).rowcount == 1


async def read_to_the_end(socket) -> int:
    characters = 0
    try:
        while True:
            characters += len(await socket.recv())
    except ConnectionClosed:
        return characters


async def test_a_browser_that_does_not_read_is_closed(stack):
    (person,) = stack.make_people(1)
    page = Page(stack.ports[WEB], person["session"])
    await page.open()
    reply = await page.ask("Hello")
    await page.sees_the_end(reply)
    await page.close()
    lengthen(stack, reply)

    address = f"127.0.0.1:{stack.ports[WEB]}"
    # It reads one message ahead and no further, until it is asked for them.
    async with connect(
        f"ws://{address}/ws/chat/",
        origin=f"http://{address}",  # type: ignore[arg-type]  # a NewType of str
        additional_headers={"Cookie": f"chofesh_session={person['session']}"},
        max_size=None,
        max_queue=1,
        ping_interval=None,
    ) as socket:
        with suppress(ConnectionClosed):
            for _ in range(ASKED_FOR):
                await socket.send(f'{{"type": "resync", "reply": "{reply}"}}')
                await asyncio.sleep(0.1)
        read = await asyncio.wait_for(read_to_the_end(socket), 60)

    assert read < MOST_CHARACTERS
    assert socket.close_code in {4429, 1006}


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 70_000])
def test_a_frame_that_is_written_at_once_is_one_whole_message(length):
    payload = "ש".encode() * (length // 2) + b"a" * (length % 2)
    assert _text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
