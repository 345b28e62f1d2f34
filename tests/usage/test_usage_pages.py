from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from routing.models import Attempt, OrganisationModel
from tests.cast import make_member
from tests.chat.html_reading import text_of
from tests.routing.test_cards import ENTRY
from tests.usage.rows import make_entry
from usage import summary
from usage.models import LedgerEntry

MINE, OURS = reverse("usage"), reverse("organisation_usage")


def page(user, address: str) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(text_of(response.content.decode()).split())


def status(user, address: str) -> int:
    client = Client()
    client.force_login(user)
    return client.get(address).status_code


def test_it_adds_up_what_a_person_used(organisation, alice):
    make_entry(alice, organisation, "0.01")
    make_entry(alice, organisation, "0.02", model_id="anthropic/claude", payer="person")
    make_entry(alice, organisation, "0", outcome=Attempt.Outcome.FAILED)

    found = summary.of_person(alice, organisation)

    assert (found.total.answers, found.total.failed, found.total.cost_words) == (2, 1, "$0.030")
    assert (found.total.input_tokens, found.total.output_tokens) == (30, 30)
    assert [line.name for line in found.by_model] == ["claude", "gpt"]
    assert {line.name: line.answers for line in found.by_payer} == {"person": 1, "organisation": 1}


def test_models_are_called_by_their_names(organisation, alice):
    own = ENTRY | {"name": "Our Helper"}
    OrganisationModel.objects.create(organisation=organisation, model_id=own["id"], card=own)
    for model in ("openai/gpt-6-luna", own["id"]):
        make_entry(alice, organisation, model_id=model)

    shown = page(alice, MINE)

    assert "GPT-6 Luna" in shown
    assert "Our Helper" in shown
    assert "openai/gpt-6-luna" not in shown


def test_a_page_shows_one_s_own_alone(organisation, alice, bob):
    make_entry(alice, organisation, "0.01")
    make_entry(bob, organisation, "7.77")

    assert "$0.010" in page(alice, MINE)
    assert "7.77" not in page(alice, MINE)


def test_an_admin_sees_the_organisation_by_person(organisation, alice, bob):
    make_entry(alice, organisation, "0.01")
    make_entry(bob, organisation, "7.77")

    shown = page(alice, OURS)

    assert "bob@example.org" in shown
    assert "$7.78" in shown


def test_a_member_does_not_see_the_organisation(organisation, bob):
    assert status(bob, OURS) == 403


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
def test_nobody_sees_another_organisation(organisation, alice, charlie, role):
    make_entry(charlie, charlie.memberships.get().organisation, "7.77")
    admin = make_member(organisation, "admin@example.org", role)

    assert "7.77" not in page(admin, OURS)
    assert "7.77" not in page(admin, MINE)


@pytest.mark.parametrize("address", [MINE, OURS])
def test_a_stranger_is_sent_to_sign_in(address, db):
    assert Client().get(address).status_code == 302


def test_what_is_older_than_a_month_is_left_out(organisation, alice):
    make_entry(alice, organisation, "7.77")
    LedgerEntry.objects.update(at=timezone.now() - timedelta(days=summary.DAYS + 1))

    assert summary.of_person(alice, organisation).total.answers == 0


def test_without_any_use_it_says_so(organisation, alice):
    assert "Nothing used yet" in page(alice, MINE)


def test_the_usage_of_a_person_who_left_stays_in_the_sum(organisation, alice, bob):
    make_entry(bob, organisation, "7.77")
    bob.delete()

    assert summary.of_organisation(organisation).total.cost_words == "$7.77"


def test_a_page_changes_nothing(organisation, alice):
    client = Client()
    client.force_login(alice)

    for address in (MINE, OURS):
        assert client.post(address).status_code == 405
