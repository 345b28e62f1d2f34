from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from channels.db import database_sync_to_async

from accounts.approvals import approve_models
from accounts.models import Organisation, User
from answering.connections import close_connections
from routing.health import Health
from tests.cast import make_key
from tests.chat.rows import MODEL
from tests.fake_upstream import FakeUpstream


@pytest.fixture(autouse=True)
def _fresh_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test measured must not choose for the next."""
    health = Health()
    for module in (
        "routing.health",
        "routing.snapshot",
        "answering.reports",
        "answering.key_purse",
    ):
        monkeypatch.setattr(f"{module}.health", health)


@pytest.fixture
async def upstream(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeUpstream]:
    """OpenAI, Anthropic and Google at once, each where its provider is expected."""
    async with FakeUpstream() as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("CHOFESH_ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("CHOFESH_GOOGLE_BASE_URL", server.base_url)
        yield server
        await close_connections()


@pytest.fixture
def connected(organisation: Organisation, alice: User, key_ring, upstream) -> Organisation:
    """The organisation has a key for one provider, and one approved model."""
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [MODEL], alice)
    return organisation


@pytest.fixture
def in_database():
    """Runs a verb that uses the database from a test that is a coroutine."""
    return database_sync_to_async
