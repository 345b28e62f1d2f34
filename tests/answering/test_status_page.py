from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Organisation, User
from routing.health import Health, credential_scope, model_scope, provider_scope
from routing.models import Attempt, Decision
from tests.chat.rows import MODEL

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def health(_fresh_health: None, monkeypatch: pytest.MonkeyPatch) -> Health:
    health = Health()
    for module in ("routing.snapshot", "answering.status"):
        monkeypatch.setattr(f"{module}.health", health)
    return health


@pytest.fixture
def page(connected: Organisation, alice: User, health: Health):
    client = Client()
    client.force_login(alice)

    def fetch(language: str = "en") -> str:
        # What the request activates must not outlive it here.
        with translation.override("en"):
            response = client.get("/organisation/status", headers={"Accept-Language": language})
        assert response.status_code == 200
        return response.content.decode()

    return fetch


@pytest.fixture
def scopes(connected: Organisation) -> dict[str, str]:
    credential = connected.provider_keys.get().credential
    return {
        "credential": credential_scope(credential, "openai"),
        "model": model_scope(credential, "openai", MODEL),
        "provider": provider_scope("openai"),
    }


def call(organisation: Organisation, outcome: str = "answered", failure: str = "") -> None:
    decision = Decision.objects.create(
        organisation=organisation, surface="chat", preference="", model_id=MODEL,
        category="chat", difficulty=0.1, receipt={},
    )  # fmt: skip
    Attempt.objects.create(
        decision=decision, number=1, model_id=MODEL, endpoint="openai", payer="organisation",
        outcome=outcome, failure=failure, words="as it was told then",
    )  # fmt: skip


def test_a_model_that_nobody_called_says_so(page):
    assert "not called lately" in page()


def test_a_model_that_answers_works(page, connected):
    call(connected)

    assert "works" in page()


def test_failures_are_counted_and_told(page, connected):
    for _ in range(3):
        call(connected)
    call(connected, "failed", "overloaded")

    shown = page()

    assert "25 % errors" in shown
    assert "GPT-6.1 Sol is overloaded" in shown


def test_a_failure_is_told_in_the_reader_s_language(page, connected):
    call(connected, "failed", "overloaded")

    assert "GPT-6.1 Sol עמוס" in page("he")


def test_our_own_restart_is_no_failure_of_the_model(page, connected):
    call(connected, "failed", "restarted")

    shown = page()

    assert "errors" not in shown
    assert "restarted" not in shown


def test_a_model_on_probation_says_so(page, health, scopes):
    health.failed(scopes["model"], counts=3)
    assert "tried again" not in page()

    health.answers_again(scopes["model"])

    assert "tried again with the next message" in page()


def test_the_same_failure_is_told_once_with_how_often(page, connected):
    for _ in range(3):
        call(connected, "failed", "overloaded")
    call(connected, "failed", "unreachable")

    shown = page()

    assert shown.count("is overloaded") == shown.count("cannot be reached") == 1
    assert "3 ×" in shown
    assert "1 ×" not in shown


@pytest.mark.parametrize("scope", ["credential", "model", "provider"])
def test_a_closed_model_says_until_when(page, health, scopes, scope):
    health.failed(scopes[scope], counts=0, opens_s=600)

    assert "closed until" in page()


def test_a_slow_model_is_called_slow_and_how_slow(page, health, scopes):
    health.measured(scopes["model"], 14.24, 31.4)

    shown = page()

    assert "slow" in shown
    assert "14.2 s" in shown
    assert ">31<" in shown


def test_another_organisation_s_calls_are_not_counted(page, connected, charlie):
    call(Organisation.objects.get(memberships__user=charlie), "failed", "overloaded")

    shown = page()

    assert "overloaded" not in shown
    assert "not called lately" in shown
