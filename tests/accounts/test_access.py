from __future__ import annotations

import pytest

from accounts import access
from accounts.access import ForbiddenError, NotFoundError, current_membership
from accounts.identifiers import uuid7
from accounts.invitations import create_invitation
from accounts.models import Membership, Role
from tests.cast import make_endpoint, make_key, make_member, make_team

pytestmark = pytest.mark.usefixtures("key_ring")

ADMIN_THINGS = {
    "key": (access.access_provider_key, make_key),
    "key to withdraw": (access.access_provider_key_to_withdraw, make_key),
    "endpoint": (access.access_endpoint_as_admin, make_endpoint),
    "team": (access.access_team_as_admin, make_team),
    "membership": (
        access.access_membership_as_admin,
        lambda organisation: make_member(organisation).memberships.get(),
    ),
    "invitation": (
        access.access_invitation_as_admin,
        lambda organisation: create_invitation(organisation.memberships.first(), Role.MEMBER)[0],
    ),
}
cases = pytest.mark.parametrize(("fetch", "make"), ADMIN_THINGS.values(), ids=ADMIN_THINGS)


@cases
def test_an_admin_gets_the_thing(organisation, alice, fetch, make):
    thing = make(organisation)
    assert fetch(alice, thing.pk) == thing


@cases
def test_a_member_is_forbidden(organisation, bob, fetch, make):
    thing = make(organisation)
    with pytest.raises(ForbiddenError):
        fetch(bob, thing.pk)


@cases
def test_charlie_never_sees_it(organisation, charlie, fetch, make):
    thing = make(organisation)
    with pytest.raises(NotFoundError):
        fetch(charlie, thing.pk)


@cases
def test_what_never_was_is_not_found_even_by_a_member(organisation, bob, fetch, make):
    with pytest.raises(NotFoundError):
        fetch(bob, uuid7())


def test_a_personal_key_is_its_owners_alone(organisation, alice, bob, charlie):
    key = make_key(organisation, bob)
    assert access.access_provider_key(bob, key.pk) == key
    for stranger in (alice, charlie, make_member(organisation)):
        with pytest.raises(NotFoundError):
            access.access_provider_key(stranger, key.pk)


def test_an_admin_may_withdraw_a_personal_key_and_a_colleague_may_not(organisation, alice, bob):
    key = make_key(organisation, bob)
    assert access.access_provider_key_to_withdraw(alice, key.pk) == key
    with pytest.raises(NotFoundError):
        access.access_provider_key_to_withdraw(make_member(organisation), key.pk)


def test_a_key_stays_with_the_organisation_that_one_left(organisation, bob, charlie):
    key = make_key(organisation, bob)
    elsewhere = current_membership(charlie).organisation
    Membership.objects.filter(user=bob).update(organisation=elsewhere)
    with pytest.raises(NotFoundError):
        access.access_provider_key(bob, key.pk)


def test_whoever_is_switched_off_is_forbidden(alice, organisation):
    alice.is_active = False
    with pytest.raises(ForbiddenError):
        current_membership(alice)
