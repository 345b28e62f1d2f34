from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fake_upstream import FakeUpstream, running_upstream
from tests.services.database import PostgresDatabase, Row
from tests.services.page import Page
from tests.services.stack import Stack
from tests.upstream_formats import Answer

WEBS, WORKERS = ("web-1", "web-2"), ("worker-1", "worker-2")
PEOPLE = 120


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeUpstream]:
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def database() -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(f"chofesh_services_{os.getpid()}")
    made.create()
    yield made
    made.drop()


@pytest.fixture(scope="session")
def started(
    provider: FakeUpstream, database: PostgresDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """PostgreSQL, a Redis of its own, two web processes and two workers."""
    stack = Stack(tmp_path_factory.mktemp("stack"), database, provider.openai_url)
    try:
        stack.start_redis()
        for name in WEBS:
            stack.start_web(name, wait=False)
        for name in WEBS:
            stack.wait_for_web(name)
        for name in WORKERS:
            stack.start_worker(name)
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def _people(started: Stack) -> Iterator[Row]:
    return iter(started.make_people(PEOPLE))


@pytest.fixture
def stack(started: Stack) -> Stack:
    """All of it running, whatever the test before has killed."""
    if not started.processes["redis"].alive:
        started.start_redis()
    for name in WEBS:
        if not started.processes[name].alive:
            started.start_web(name)
    for name in WORKERS:
        if not started.processes[name].alive:
            started.start_worker(name)
    return started


@pytest.fixture
def upstream(provider: FakeUpstream) -> Iterator[FakeUpstream]:
    yield provider
    provider.default = Answer("Hello from upstream.")
    provider.asked.clear()
    provider.left = 0


@pytest.fixture
def person(_people: Iterator[Row]) -> Row:
    """Somebody whom no other test knows."""
    return next(_people)


class Pages:
    def __init__(self, stack: Stack, person: Row) -> None:
        self._stack, self._person = stack, person
        self._opened: list[Page] = []

    async def open(self, web: str = WEBS[0], conversation: str | None = None) -> Page:
        page = Page(self.port(web), self._person["session"])
        page.conversation = conversation
        self._opened.append(page)
        return await page.open()

    def port(self, web: str) -> int:
        return self._stack.ports[web]

    async def close(self) -> None:
        for page in self._opened:
            await page.close()


@pytest.fixture
async def pages(stack: Stack, person: Row) -> AsyncIterator[Pages]:
    opened = Pages(stack, person)
    yield opened
    await opened.close()
