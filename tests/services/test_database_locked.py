"""F66: somebody else holds the database for a while. Nothing is lost, and nobody reads of a lock."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.fake_upstream import FakeUpstream
from tests.services.database import Database, PostgresDatabase, SqliteDatabase
from tests.services.page import Page
from tests.services.stack import Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer

TEXT = numbered(200)
LOCKS = pytest.mark.parametrize(
    "seconds", [5, pytest.param(30, marks=pytest.mark.soak)], ids=["5 s", "30 s"]
)
# Longer than the longest lock, and what is waited for after it.
PATIENCE_S = 90.0


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, provider: FakeUpstream, tmp_path: Path) -> Iterator[Stack]:
    database: Database
    if request.param == "sqlite":
        database = SqliteDatabase(tmp_path / "data" / "chofesh.sqlite3")
    else:
        database = PostgresDatabase(f"chofesh_locks_{os.getpid()}")
        database.create()
    stack = Stack(tmp_path, database, provider.openai_url)
    try:
        if request.param == "postgresql":
            stack.start_redis()
        stack.start_web("web")
        if request.param == "postgresql":
            stack.start_worker("worker")
        yield stack
    finally:
        stack.stop()
        if isinstance(database, PostgresDatabase):
            database.drop()


def lock(stack: Stack) -> AbstractContextManager[Any]:
    database = stack.database
    return lock_sqlite(stack) if isinstance(database, SqliteDatabase) else lock_tables(database)


@contextmanager
def lock_sqlite(stack: Stack) -> Iterator[None]:
    path = stack.folder / "data" / "chofesh.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def lock_tables(database: PostgresDatabase) -> Iterator[None]:
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE chat_reply, chat_message, chat_journalrow")
        yield
        other.rollback()


def read_of_a_lock(page: Page) -> list[str]:
    return [str(frame) for frame in page.frames if "locked" in str(frame).lower()]


@LOCKS
async def test_a_stream_goes_on_after_a_lock(server: Stack, upstream, seconds: int):
    upstream.default = Answer(TEXT, delay_s=0.05)
    page = await Page(server.ports["web"], server.make_people(1)[0]["session"]).open()
    reply = await page.ask("Count")
    await page.reads(reply, 200)

    with lock(server):
        await asyncio.sleep(seconds)

    assert (await page.sees_the_end(reply, PATIENCE_S))["state"] == "done"
    assert server.reply(reply)["text"] == TEXT
    assert (page.closed, read_of_a_lock(page)) == (0, [])
    assert any("cannot store" in frame.get("text", "") for frame in page.frames)
    await page.close()


@LOCKS
async def test_a_message_sent_during_a_lock_is_stored_once(server: Stack, upstream, seconds: int):
    """One that is held up for too long is given back in words, and is the same when sent again."""
    upstream.default = Answer("Hello.")
    page = await Page(server.ports["web"], server.make_people(1)[0]["session"]).open()
    message = str(uuid4())

    with lock(server):
        await page.send("Anybody there?", message)
        await asyncio.sleep(seconds)
    told = await page.hears(lambda frame: frame.get("client_msg_id") == message, PATIENCE_S)
    if told["type"] == "error":
        assert seconds > 20
        assert "Your text is kept" in told["message"]
        page.frames.clear()
        await page.send("Anybody there?", message)
        told = await page.hears(lambda frame: frame.get("client_msg_id") == message, PATIENCE_S)

    assert (await page.sees_the_end(told["reply"], PATIENCE_S))["state"] == "done"
    stored = server.database.rows(
        "SELECT id FROM chat_message WHERE client_msg_id = ?", server.key(message)
    )
    assert (len(stored), page.closed, read_of_a_lock(page)) == (1, 0, [])
    await page.close()
