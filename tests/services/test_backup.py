"""A backup taken under load, restored into nothing, goes on as if the server had only restarted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_upstream import FakeUpstream
from tests.services.database import Database, PostgresDatabase, Row, SqliteDatabase
from tests.services.page import Page
from tests.services.stack import TAKEN_OVER_S, Stack, manage
from tests.services.texts import numbered
from tests.upstream_formats import Answer

REPLIES = 5


@dataclass(frozen=True)
class Server:
    stack: Stack
    start: Callable[[], None]


def embedded(folder: Path, upstream: FakeUpstream) -> Server:
    database = SqliteDatabase(folder / "data" / "chofesh.sqlite3")
    stack = Stack(folder, database, upstream.openai_url)
    return Server(stack, lambda: stack.start_web("web"))


def scaled(folder: Path, upstream: FakeUpstream) -> Server:
    database = PostgresDatabase(f"chofesh_{folder.name}_{os.getpid()}")
    database.create()
    stack = Stack(folder, database, upstream.openai_url)

    def start() -> None:
        stack.start_redis()
        stack.start_web("web")
        stack.start_worker("worker")

    return Server(stack, start)


@pytest.fixture(params=[embedded, scaled])
def servers(request, provider: FakeUpstream, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """One that is backed up, and an empty one."""
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        made.append(request.param(tmp_path / name, provider))
    yield made[0], made[1]
    for server in made:
        server.stack.stop()
        drop(server.stack.database)


def drop(database: Database) -> None:
    if isinstance(database, PostgresDatabase):
        database.drop()


async def test_a_backup_under_load_is_restored_into_nothing(servers, upstream, tmp_path: Path):
    first, second = servers
    first.start()
    (person,) = first.stack.make_people(1)
    read = await backed_up_while_streaming(first.stack, person, upstream, tmp_path)
    first.stack.stop()

    (copy,), (ring,) = (tmp_path / "copies").iterdir(), (tmp_path / "vault").iterdir()
    await asyncio.to_thread(manage, second.stack, "restore", str(copy), "--keys", str(ring))
    assert ": 1 keys" in await asyncio.to_thread(manage, second.stack, "keys_check")
    await asyncio.to_thread(second.start)

    for reply, text in read.items():
        await until_settled(second.stack, reply)
        row = second.stack.reply(reply)
        assert row["state"] == "interrupted"
        assert row["text"].startswith(text)
        assert numbered(3000).startswith(row["text"])
    # A copy holds no sessions.
    assert second.stack.database.rows("SELECT session_key FROM django_session") == []
    signed_in = await asyncio.to_thread(second.stack.sign_in, person)
    assert await answers(second.stack, signed_in, upstream)


async def backed_up_while_streaming(
    stack: Stack, person: Row, upstream: FakeUpstream, folder: Path
) -> dict[str, str]:
    """What was read of each reply before the copy was taken; each streams on while it is."""
    upstream.default = Answer(numbered(3000), delay_s=0.02)
    page = await Page(stack.ports["web"], person["session"]).open()
    replies = []
    for _ in range(REPLIES):
        page.conversation = None
        replies.append(await page.ask("Count"))
    read = {reply: (await page.reads(reply, 300)).rstrip() for reply in replies}

    vault = str(folder / "vault")
    said = await asyncio.to_thread(manage, stack, "backup", str(folder / "copies"), "--keys", vault)

    assert "Keep the two apart" in said
    for reply in replies:
        await page.reads(reply, len(page.texts[reply]) + 300)
    await page.close()
    return read


async def answers(stack: Stack, person: Row, upstream: FakeUpstream) -> bool:
    """With the key that was sealed on the other server."""
    upstream.default = Answer("Here I am again.")
    upstream.asked.clear()
    page = await Page(stack.ports["web"], person["session"]).open()
    end = await page.sees_the_end(await page.ask("Do you still have the key?"))
    await page.close()
    return end["state"] == "done" and len(upstream.asked) == 1


async def until_settled(stack: Stack, reply: str) -> None:
    async with asyncio.timeout(TAKEN_OVER_S):
        while stack.reply(reply)["state"] == "running":
            await asyncio.sleep(0.1)
