from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.identifiers import first_id_of
from answering import probes
from routing.health import Health, model_scope, provider_scope
from routing.models import Attempt, Decision
from tests.cast import make_endpoint
from tests.chat.rows import MODEL, OTHER_MODEL

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def health(_fresh_health: None, monkeypatch: pytest.MonkeyPatch) -> Health:
    health = Health()
    monkeypatch.setattr("answering.probes.health", health)
    return health


@pytest.fixture
def scopes(connected) -> list[str]:
    credential = connected.provider_keys.get().credential
    return [model_scope(credential, "openai", model) for model in (MODEL, OTHER_MODEL)]


@pytest.fixture(autouse=True)
def _fresh_marks() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


async def test_who_lists_its_models_again_may_be_tried(connected, upstream, health, scopes):
    for scope in (*scopes, provider_scope("openai")):
        health.failed(scope, counts=3)

    await probes.probe_failing()

    assert health.may_try(*scopes, provider_scope("openai"))
    assert upstream.asked == []


async def test_who_is_still_failing_is_not(connected, health, scopes, monkeypatch):
    monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    health.failed(scopes[0], counts=3)

    await probes.probe_failing()

    assert not health.may_try(scopes[0])


async def test_a_time_that_a_provider_named_is_waited_for(connected, upstream, health, scopes):
    health.failed(scopes[0], counts=0, opens_s=600)

    await probes.probe_failing()

    assert not health.may_try(scopes[0])


@pytest.mark.parametrize("own", [False, True])
async def test_a_server_without_keys_is_asked_too(
    organisation, upstream, health, in_database, monkeypatch, own
):
    monkeypatch.setenv("CHOFESH_OLLAMA_BASE_URL", upstream.openai_url)
    address = "http://127.0.0.1:11434/v1" if own else ""
    row = await in_database(make_endpoint)(organisation, "ollama", address)
    row.keyless = True
    await in_database(row.save)()
    scope = model_scope(None, f"ollama:{row.pk}" if own else "ollama", "ollama/model-a")
    health.failed(scope, counts=3)

    await probes.probe_failing()

    # Nothing listens at Ollama's own address here.
    assert health.may_try(scope) is not own


async def test_what_was_deleted_is_asked_of_nobody(
    connected, upstream, health, in_database, scopes
):
    health.failed(scopes[0], counts=3)
    await in_database(connected.provider_keys.all().delete)()

    await probes.probe_failing()

    assert not health.may_try(scopes[0])


def called(organisation, ago: timedelta) -> None:
    """A call of so long ago, with the organisation's key."""
    at = timezone.now() - ago
    decision = Decision.objects.create(
        organisation=organisation, surface="chat", preference="", model_id=MODEL,
        category="chat", difficulty=0.1, receipt={},
    )  # fmt: skip
    Attempt.objects.create(
        id=UUID(int=first_id_of(at).int + 1), decision=decision, number=1,
        model_id=MODEL, endpoint="openai", credential=organisation.provider_keys.get().credential,
        payer="organisation", started_at=at,
    )  # fmt: skip


@pytest.fixture
def away(upstream, monkeypatch):
    monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")


@pytest.mark.usefixtures("away")
async def test_what_nobody_called_lately_is_known_to_be_away(
    connected, health, in_database, scopes
):
    await in_database(called)(connected, timedelta(hours=2))

    assert health.may_try(scopes[0])

    await probes.probe_stale()

    assert not health.may_try(scopes[0])
    assert health.may_try(scopes[1])


async def test_one_failure_closes_nothing(connected, upstream, health, in_database, scopes):
    await in_database(called)(connected, timedelta(hours=2))
    upstream.listing_status = 503

    async def come_back() -> None:
        while not upstream.listed:
            await asyncio.sleep(0.01)
        upstream.listing_status = 200

    await asyncio.gather(probes.probe_stale(), come_back())

    assert upstream.listed == 2
    assert health.may_try(scopes[0])


async def test_of_two_that_look_at_once_one_asks(connected, upstream, health, scopes):
    for scope in scopes:
        health.failed(scope, counts=3)

    await asyncio.gather(probes.probe_failing(), probes.probe_failing())

    assert upstream.listed == 1


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("ago", [timedelta(minutes=1), timedelta(days=2)])
async def test_what_is_in_use_or_out_of_use_is_left_alone(
    connected, health, in_database, scopes, ago
):
    await in_database(called)(connected, ago)

    for _round in range(5):
        await probes.probe_stale()

    assert health.may_try(scopes[0])


async def test_a_stale_way_is_asked_once_in_ten_minutes_and_never_called(
    connected, upstream, health, in_database
):
    await in_database(called)(connected, timedelta(hours=2))

    for _round in range(5):
        await probes.probe_stale()

    assert (upstream.listed, upstream.asked) == (1, [])


async def test_a_key_that_is_refused_meanwhile_is_known_to_its_owner(
    connected, upstream, health, in_database, scopes
):
    await in_database(called)(connected, timedelta(hours=2))
    upstream.listing_status = 401

    await probes.probe_stale()

    key = await in_database(connected.provider_keys.get)()
    assert upstream.listed == 1
    assert "rejected" in key.last_failure
    assert not health.may_try(f"credential {key.credential}")
