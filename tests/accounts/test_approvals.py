from __future__ import annotations

import pytest

from accounts.approvals import (
    approve_models,
    approved_model_ids,
    organisation_approved_ids,
    unapprove_models,
)
from accounts.models import Approval, AuditEntry, Organisation
from accounts.teams import set_restricted
from tests.cast import make_team

SOL, LUNA, OPUS = "openai/gpt-6-sol", "openai/gpt-6-luna", "anthropic/claude-opus-5-5"


@pytest.fixture
def organisation(organisation: Organisation) -> Organisation:
    Approval.objects.all().delete()
    return organisation


def test_everybody_may_use_what_the_organisation_approved(organisation, alice, bob):
    approve_models(organisation, [SOL, LUNA], alice)
    assert approved_model_ids(bob, organisation) == {SOL, LUNA}


def test_a_stranger_gains_nothing(organisation, alice, charlie):
    approve_models(organisation, [SOL], alice)
    elsewhere = Organisation.objects.exclude(pk=organisation.pk).get()
    assert SOL not in approved_model_ids(charlie, elsewhere)


def test_a_restricted_team_narrows_its_members(organisation, alice, bob):
    approve_models(organisation, [SOL, LUNA], alice)
    approve_models(organisation, [LUNA], alice, make_team(organisation, bob))
    assert approved_model_ids(bob, organisation) == {LUNA}
    assert approved_model_ids(alice, organisation) == {SOL, LUNA}


def test_a_team_never_widens_what_the_organisation_approved(organisation, alice, bob):
    approve_models(organisation, [SOL], alice)
    approve_models(organisation, [OPUS], alice, make_team(organisation, bob))
    assert approved_model_ids(bob, organisation) == frozenset()


def test_of_several_teams_the_strictest_rule_wins(organisation, alice, bob):
    approve_models(organisation, [SOL, LUNA, OPUS], alice)
    approve_models(organisation, [SOL, LUNA], alice, make_team(organisation, bob, name="A"))
    approve_models(organisation, [LUNA, OPUS], alice, make_team(organisation, bob, name="B"))
    make_team(organisation, bob, name="Without a list")
    assert approved_model_ids(bob, organisation) == {LUNA}


def test_a_list_that_becomes_empty_opens_nothing(organisation, alice, bob):
    team = make_team(organisation, bob)
    approve_models(organisation, [SOL, LUNA], alice)
    approve_models(organisation, [LUNA], alice, team)
    unapprove_models(organisation, [LUNA], alice, team)
    assert approved_model_ids(bob, organisation) == frozenset()
    set_restricted(team, alice, restricted=False)
    assert approved_model_ids(bob, organisation) == {SOL, LUNA}


def test_approving_twice_adds_once(organisation, alice):
    assert approve_models(organisation, [SOL, SOL], alice) == [SOL]
    assert approve_models(organisation, [SOL, LUNA], alice) == [LUNA]
    assert Approval.objects.count() == 2


def test_it_says_what_it_removed(organisation, alice):
    approve_models(organisation, [SOL], alice)
    assert unapprove_models(organisation, [SOL, LUNA], alice) == [SOL]
    assert organisation_approved_ids(organisation) == frozenset()


def test_changes_are_audited_and_repetitions_are_not(organisation, alice):
    approve_models(organisation, [SOL], alice)
    approve_models(organisation, [SOL], alice)
    unapprove_models(organisation, [SOL], alice)
    entries = AuditEntry.objects.filter(actor=alice, action__startswith="models.")
    assert [entry.action for entry in entries] == ["models.unapproved", "models.approved"]
    assert entries[1].detail == {"models": [SOL]}
