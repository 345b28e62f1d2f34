"""What many people do at the same moment happens as often as it may, and no more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts.access import current_membership
from accounts.invitations import create_invitation
from accounts.models import Membership, Organisation, Role, User
from tests.cast import PASSWORD, make_member, make_organisation, make_user

pytestmark = pytest.mark.django_db(transaction=True)
TOGETHER = 20


def all_at_once(deed: Callable[[int], object], times: int = TOGETHER) -> list[object]:
    start = Barrier(times)

    def one(number: int) -> object:
        try:
            start.wait()
            return deed(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def visitor(number: int) -> Client:
    # Each from an address of its own: the limit on sign-ups is not what is tested here.
    return Client(REMOTE_ADDR=f"192.0.2.{number}", raise_request_exception=False)


def sign_up(number: int) -> int:
    fields = {"email": f"person{number}@example.org", "password1": PASSWORD}
    return visitor(number).post("/accounts/signup/", fields).status_code


def test_of_twenty_first_people_one_becomes_the_owner():
    statuses = all_at_once(sign_up)
    assert Organisation.objects.count() == 1
    assert Membership.objects.filter(role=Role.OWNER).count() == 1
    assert User.objects.count() == 1
    assert statuses.count(302) == 1
    assert set(statuses) <= {200, 302, 403}


def test_twenty_clicks_on_one_form_make_one_account():
    def same_form(number: int) -> int:
        fields = {"email": "dana@example.org", "password1": PASSWORD}
        return visitor(number).post("/accounts/signup/", fields).status_code

    statuses = all_at_once(same_form)
    assert User.objects.count() == 1
    assert 500 not in statuses


def test_of_twenty_uses_of_one_invitation_one_succeeds():
    alice = make_user("alice@example.org")
    organisation = make_organisation(alice)
    _invitation, token = create_invitation(current_membership(alice), Role.MEMBER)
    clients = []
    for number in range(TOGETHER):
        client = visitor(number)
        client.force_login(make_user(f"person{number}@example.org"))
        clients.append(client)
    link = reverse("invitation", args=[token])
    statuses = all_at_once(lambda number: clients[number].post(link).status_code)
    assert sorted(map(str, statuses)) == ["302"] + ["410"] * (TOGETHER - 1)
    assert organisation.memberships.count() == 2


def test_two_owners_who_remove_each_other_leave_one():
    alice = make_user("alice@example.org")
    organisation = make_organisation(alice)
    bob = make_member(organisation, "bob@example.org", Role.OWNER)
    owners = [current_membership(alice), current_membership(bob)]
    clients = [visitor(0), visitor(1)]
    for client, owner in zip(clients, owners, strict=True):
        client.force_login(owner.user)

    def remove_the_other(number: int) -> int:
        link = reverse("member_remove", args=[owners[1 - number].pk])
        return clients[number].post(link).status_code

    assert 500 not in all_at_once(remove_the_other, times=2)
    assert organisation.memberships.filter(role=Role.OWNER, active=True).count() == 1
