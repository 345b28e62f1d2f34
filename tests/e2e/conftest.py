from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.chatting import Chat
from tests.e2e.complaints import Complaints
from tests.fake_upstream import FakeUpstream, running_upstream
from tests.services.database import Database, PostgresDatabase, Row, SqliteDatabase
from tests.services.stack import Stack
from tests.upstream_formats import Answer

WEB = "web"
PEOPLE = 120


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    # The shell has no windows, which take most of the time of a test that opens one.
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if chromium is None:
        reason = "Chromium is missing: make browser installs it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    arguments += ["--disable-background-networking"]
    return {"executable_path": chromium, "args": arguments}


@pytest.fixture(scope="session")
def running_provider() -> Iterator[FakeUpstream]:
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def database(folder: Path) -> Iterator[Database]:
    """E2E_RUN=scaled: PostgreSQL, Redis and a worker, and the same tests."""
    if os.environ.get("E2E_RUN") != "scaled":
        yield SqliteDatabase(folder / "data" / "chofesh.sqlite3")
        return
    made = PostgresDatabase(f"chofesh_e2e_{os.getpid()}")
    made.create()
    yield made
    made.drop()


@pytest.fixture(scope="session")
def server(running_provider: FakeUpstream, database: Database, folder: Path) -> Iterator[Stack]:
    """Our server with a data folder of its own, and every provider on loopback."""
    stack = Stack(folder, database, running_provider.openai_url)
    stack.environment |= {
        "CHOFESH_ANTHROPIC_BASE_URL": running_provider.base_url,
        "CHOFESH_GOOGLE_BASE_URL": running_provider.base_url,
        "CHOFESH_SIGNUP": "open",
    }
    try:
        if isinstance(database, PostgresDatabase):
            stack.start_redis()
            stack.start_web(WEB)
            stack.start_worker("worker")
        else:
            stack.start_web(WEB)
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def base_url(server: Stack) -> str:
    return f"http://127.0.0.1:{server.ports[WEB]}"


@pytest.fixture(scope="session")
def _people(server: Stack) -> Iterator[Row]:
    return iter(server.make_people(PEOPLE))


@pytest.fixture
def provider(running_provider: FakeUpstream) -> FakeUpstream:
    running_provider.answers.clear()
    running_provider.asked.clear()
    running_provider.left = 0
    running_provider.default = Answer("Hello from upstream.")
    return running_provider


@pytest.fixture
def person(_people: Iterator[Row]) -> Row:
    """The owner of an organisation with a key and two approved models, who is signed in."""
    return next(_people)


@pytest.fixture
def another_person(_people: Iterator[Row]) -> Row:
    return next(_people)


@pytest.fixture(autouse=True)
def complaints(context: BrowserContext, base_url: str) -> Iterator[Complaints]:
    """A test fails on errors in the console, on violations of the policy, and on strange requests."""
    heard = Complaints(base_url)
    heard.watch(context)
    yield heard
    assert heard.all == []


@pytest.fixture
def watch(complaints: Complaints) -> Callable[[BrowserContext], None]:
    """For a context that a test opens itself."""
    return complaints.watch


@pytest.fixture
def chat(page: Page, provider: FakeUpstream, person: Row, base_url: str) -> Chat:
    """The page of a new chat of a person who is signed in."""
    sign_in(page.context, person, base_url)
    opened = Chat(page)
    opened.open("/")
    return opened


@pytest.fixture
def another_chat(
    browser: Browser, base_url: str, another_person: Row, watch: Callable[[BrowserContext], None]
) -> Iterator[Chat]:
    """Somebody of another organisation, in a browser of their own."""
    context = browser.new_context(base_url=base_url)
    watch(context)
    sign_in(context, another_person, base_url)
    yield Chat(context.new_page())
    context.close()


def sign_in(context: BrowserContext, person: Row, base_url: str) -> None:
    context.add_cookies([{"name": "chofesh_session", "value": person["session"], "url": base_url}])
