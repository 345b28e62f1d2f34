from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from channels.db import database_sync_to_async

from accounts.approvals import approve_models
from accounts.models import Organisation, User
from chat.runner import current_runner
from routing.health import Health
from tests.cast import make_key
from tests.chat.tab import Tab, Tabs
from tests.fake_upstream import FakeUpstream

MODEL = "openai/gpt-6.1-sol"


@pytest.fixture(autouse=True)
def _fresh_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test measured must not choose for the next."""
    health = Health()
    for module in ("routing.health", "routing.snapshot", "answering.reports"):
        monkeypatch.setattr(f"{module}.health", health)


@pytest.fixture
async def runner(settings) -> AsyncIterator[None]:
    """A process that writes replies, ended in order."""
    settings.DRAIN_S = 0.2
    yield
    await current_runner().drain()


@pytest.fixture
async def upstream(settings, monkeypatch) -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", server.openai_url)
        yield server


@pytest.fixture
def connected(organisation: Organisation, alice: User, key_ring, upstream) -> Organisation:
    """The organisation reaches one model, and only that one is approved."""
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [MODEL], alice)
    return organisation


@pytest.fixture
async def tabs(runner) -> AsyncIterator[Tabs]:
    opened = Tabs()
    yield opened
    await opened.close()


@pytest.fixture
async def tab(tabs: Tabs, alice: User) -> Tab:
    return await tabs.open(alice)


@pytest.fixture
def in_thread():
    return database_sync_to_async
