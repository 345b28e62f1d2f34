"""What is kept of an organisation is thrown away by every change of what it was built from."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import approvals, provider_keys
from accounts.access import access_organisation
from accounts.apps import WATCHED as OF_ACCOUNTS
from accounts.models import Approval, Membership, Organisation, ProviderKey
from accounts.revisions import revision_of
from routing import policy, setup
from routing.apps import WATCHED as OF_ROUTING
from routing.models import LearnedAbility, OrganisationModel, PersonalRouting, RoutingPolicy
from routing.policy import PersonalChange, PolicyChange
from tests.cast import make_endpoint, make_key, make_team
from usage.apps import WATCHED as OF_USAGE
from usage.budgets import are_set
from usage.models import Budget

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = "openai/gpt-6-sol"


@pytest.fixture
def bob_too(organisation, alice, bob, key_ring):
    approvals.approve_models(organisation, [MODEL], alice)
    make_key(organisation)
    return organisation


CHANGES: dict[str, Callable[..., object]] = {
    "a model is approved": lambda o, a, b: approvals.approve_models(o, ["openai/gpt-6-luna"], a),
    "a model is withdrawn": lambda o, a, b: approvals.unapprove_models(o, [MODEL], a),
    "approvals are deleted by hand": lambda o, a, b: Approval.objects.all().delete(),
    "a key is added": lambda o, a, b: make_key(o, owner=b),
    "a key is disabled": lambda o, a, b: provider_keys.disable_key(o.provider_keys.get(), a),
    "a key is deleted": lambda o, a, b: provider_keys.delete_key(o.provider_keys.get(), a),
    "a key is unreadable": lambda o, a, b: ProviderKey.objects.update(unreadable=True),
    "an endpoint needs no key": lambda o, a, b: o.endpoints.update(keyless=True),
    "an endpoint is added": lambda o, a, b: make_endpoint(o, "ollama"),
    "personal keys are forbidden": lambda o, a, b: Organisation.objects.update(
        personal_keys_allowed=False
    ),
    "a team is joined": lambda o, a, b: make_team(o, b),
    "a team is left": lambda o, a, b: make_team(o, b).members.clear(),
    "the policy is changed": lambda o, a, b: policy.change_policy(o, a, PolicyChange("quality")),
    "the policy is deleted": lambda o, a, b: (
        RoutingPolicy.objects.create(organisation=o),
        RoutingPolicy.objects.all().delete(),
    ),
    "a person's routing is changed": lambda o, a, b: policy.change_personal_routing(
        b, PersonalChange("speed")
    ),
    "a person's routing is updated": lambda o, a, b: (
        PersonalRouting.objects.create(user=b),
        PersonalRouting.objects.update(pool=[]),
    ),
    "something is learned": lambda o, a, b: LearnedAbility.objects.create(organisation=o),
    "a card is added": lambda o, a, b: OrganisationModel.objects.create(
        organisation=o, model_id="acme/x", card={}
    ),
    "a role is changed": lambda o, a, b: Membership.objects.filter(user=b).update(role="admin"),
    "somebody leaves": lambda o, a, b: Membership.objects.filter(user=b).delete(),
    "a budget is set": lambda o, a, b: Budget.objects.create(
        organisation=o, limit_usd=1, period="day", period_start="2026-11-21"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_counts(change, bob_too, alice, bob):
    before = revision_of(bob_too.id)

    change(bob_too, alice, bob)

    assert revision_of(bob_too.id) > before


def test_what_every_call_writes_does_not_count(bob_too):
    before = revision_of(bob_too.id)

    ProviderKey.objects.update(last_used_at="2026-11-21T09:00:00Z", last_failure="busy")

    assert revision_of(bob_too.id) == before


def test_a_change_elsewhere_does_not_count(bob_too, charlie):
    before = revision_of(bob_too.id)

    approvals.approve_models(access_organisation(charlie), [MODEL], charlie)

    assert revision_of(bob_too.id) == before


def test_a_withdrawn_model_is_gone_at_once(bob_too, alice, bob):
    assert MODEL in setup.setup_of(bob, bob_too).approved

    approvals.unapprove_models(bob_too, [MODEL], alice)

    assert MODEL not in setup.setup_of(bob, bob_too).approved


def test_an_organisation_that_was_read_before_the_change_changes_nothing(bob_too, alice, bob):
    make_key(bob_too, owner=bob)
    old = Organisation.objects.get(pk=bob_too.pk)
    Organisation.objects.update(personal_keys_allowed=False)

    assert {way.payer for way in setup.setup_of(bob, old).ways} == {"organisation"}


def test_a_budget_is_seen_at_once(bob_too):
    assert not are_set(bob_too)

    Budget.objects.create(
        organisation=bob_too, limit_usd=1, period="day", period_start="2026-11-21"
    )

    assert are_set(bob_too)


def test_nothing_is_read_again_while_nothing_changes(bob_too, bob):
    first = setup.setup_of(bob, bob_too)

    with CaptureQueriesContext(connection) as asked:
        assert setup.setup_of(bob, bob_too) is first

    assert len(asked) == 1


def test_all_that_is_read_is_watched(bob_too, bob):
    """A table that is read here one day and not named there would leave old rows in use."""
    with CaptureQueriesContext(connection) as asked:
        setup._read(bob, bob_too.pk)
        bob_too.budgets.exists()

    read = {
        table for query in asked for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])
    }
    watched = {watched.table for watched in (*OF_ACCOUNTS, *OF_ROUTING, *OF_USAGE)}
    assert read - watched == set()
    assert len(read) > 6
