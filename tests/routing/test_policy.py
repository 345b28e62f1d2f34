from __future__ import annotations

import pytest

from accounts.approvals import approve_models, unapprove_models
from accounts.models import AuditEntry
from routing.cards import organisation_cards
from routing.engine.record import Asked
from routing.engine.values import Budget
from routing.policy import (
    PersonalChange,
    PolicyChange,
    auto_allowed,
    change_personal_routing,
    change_policy,
    default_model,
    effective_preference,
    organisation_policy,
    policy_of_call,
    stand_in_allowed,
    standing_policy,
)
from routing.rules import RuleError
from tests.cast import make_team

RULE = {"name": "Code", "when": {"categories": ["coding"]}, "then": {"preference": "quality"}}


def policy(user, organisation, model="auto", preference="", pool=None, fallback=None):
    asked: Asked = {
        "model": model,
        "preference": preference,
        "pool": pool,
        "fallback": model == "auto" if fallback is None else fallback,
        "surface": "chat",
    }
    cards = organisation_cards(organisation)
    standing = standing_policy(user, organisation_policy(organisation), cards)
    return policy_of_call(standing, asked, Budget())


def test_without_any_row_the_defaults_hold(alice, organisation):
    found = policy(alice, organisation)

    assert (found.version, found.preference, found.pool) == (0, "balanced", None)
    assert default_model(alice, organisation) == "auto"
    assert auto_allowed(alice, organisation)


def test_each_change_is_a_new_version_and_audited(alice, organisation):
    change_policy(organisation, alice, PolicyChange(preference="cost"))
    change_policy(organisation, alice, PolicyChange(preference="speed"))

    assert policy(alice, organisation).version == 2
    assert AuditEntry.objects.filter(action="routing.changed").count() == 2


def test_a_broken_rule_changes_nothing(alice, organisation):
    with pytest.raises(RuleError):
        change_policy(organisation, alice, PolicyChange(preference="cost", rules=({"name": "x"},)))

    assert organisation_policy(organisation).version == 0


@pytest.mark.parametrize(
    ("asked", "mine", "theirs", "expected"),
    [
        ("", None, "cost", "cost"),
        ("", "speed", "cost", "speed"),
        ("quality", "speed", "cost", "quality"),
        ("nonsense", None, "cost", "cost"),
    ],
)
def test_the_nearest_preference_counts(alice, organisation, asked, mine, theirs, expected):
    change_policy(organisation, alice, PolicyChange(preference=theirs))
    change_personal_routing(alice, PersonalChange(preference=mine))

    assert policy(alice, organisation, preference=asked).preference == expected


def test_the_effective_preference_is_what_auto_would_take(alice, organisation):
    change_personal_routing(alice, PersonalChange(preference="cost"))

    assert effective_preference(alice, organisation) == "cost"


def test_a_pool_that_is_asked_for_takes_the_place_of_ones_own(alice, organisation):
    change_personal_routing(alice, PersonalChange(pool=("demo/swift", "demo/coder")))

    assert policy(alice, organisation).pool == {"demo/swift", "demo/coder"}
    assert policy(alice, organisation, pool=["demo/scholar"]).pool == {"demo/scholar"}


def test_a_model_chosen_by_hand_is_not_held_to_the_pool(alice, organisation):
    change_personal_routing(alice, PersonalChange(pool=("demo/swift",)))

    assert policy(alice, organisation, model="demo/scholar").pool is None


def test_who_stands_in_for_a_model_chosen_by_hand_is_held_to_the_pool(alice, organisation):
    change_personal_routing(alice, PersonalChange(pool=("demo/swift",)))

    found = policy(alice, organisation, model="demo/scholar", fallback=True)

    assert (found.by_hand, found.pool) == ("demo/scholar", {"demo/swift"})


def test_nobody_stands_in_where_members_may_not_use_auto(alice, organisation):
    assert stand_in_allowed(organisation)

    change_policy(organisation, alice, PolicyChange(auto_allowed=False, default_model="demo/swift"))

    assert not stand_in_allowed(organisation)


def test_the_rules_of_the_organisation_come_first(alice, organisation):
    change_personal_routing(alice, PersonalChange(rules=(RULE | {"name": "Mine"},)))
    change_policy(organisation, alice, PolicyChange(rules=(RULE,)))

    assert [rule.name for rule in policy(alice, organisation).rules] == ["Code", "Mine"]


def test_the_teams_of_a_person_are_told(bob, organisation):
    team = make_team(organisation, bob)

    assert policy(bob, organisation).teams == {str(team.pk)}


def test_the_reference_is_the_best_approved_model(alice, organisation):
    approve_models(organisation, ["openai/gpt-6-luna", "anthropic/claude-opus-5-5"], alice)

    reference = policy(alice, organisation).reference

    assert reference is not None
    assert reference.id == "anthropic/claude-opus-5-5"


def test_the_reference_is_the_one_that_an_admin_chose(alice, organisation):
    change_policy(organisation, alice, PolicyChange(reference_model="openai/gpt-6-astra"))

    reference = policy(alice, organisation).reference

    assert reference is not None
    assert reference.id == "openai/gpt-6-astra"


def test_there_is_no_reference_without_approved_models(alice, organisation):
    unapprove_models(organisation, organisation_cards(organisation), alice)

    assert policy(alice, organisation).reference is None


@pytest.mark.parametrize(
    ("theirs", "mine", "expected"),
    [
        (PolicyChange(), PersonalChange(), "auto"),
        (PolicyChange(default_model="demo/swift"), PersonalChange(), "demo/swift"),
        (
            PolicyChange(default_model="demo/swift"),
            PersonalChange(default_model="demo/coder"),
            "demo/coder",
        ),
        (PolicyChange(auto_allowed=False), PersonalChange(), ""),
        (PolicyChange(), PersonalChange(auto_allowed=False), ""),
        (
            PolicyChange(auto_allowed=False),
            PersonalChange(default_model="demo/coder"),
            "demo/coder",
        ),
    ],
)
def test_a_new_chat_starts_with_the_nearest_default(alice, organisation, theirs, mine, expected):
    change_policy(organisation, alice, theirs)
    change_personal_routing(alice, mine)

    assert default_model(alice, organisation) == expected


@pytest.mark.parametrize(("theirs", "mine"), [(False, True), (True, False)])
def test_either_may_switch_auto_off(alice, organisation, theirs, mine):
    change_policy(organisation, alice, PolicyChange(auto_allowed=theirs))
    change_personal_routing(alice, PersonalChange(auto_allowed=mine))

    assert not auto_allowed(alice, organisation)
