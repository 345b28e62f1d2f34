from __future__ import annotations

import pytest

from answering import probes
from routing.health import Health, model_scope, provider_scope
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
