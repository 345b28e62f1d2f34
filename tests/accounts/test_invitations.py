from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.access import ForbiddenError, current_membership
from accounts.invitations import (
    InvitationUnusableError,
    accept_invitation,
    create_invitation,
    open_invitation,
    withdraw_invitation,
)
from accounts.members import AlreadyInOrganisationError, change_role, remove_member
from accounts.models import AuditEntry, Invitation, Role
from tests.cast import make_member, make_user


def invite(by, role: str = Role.MEMBER, email: str = "") -> str:
    return create_invitation(current_membership(by), role, email)[1]


def test_a_link_works_once(organisation, alice):
    token = invite(alice)
    accept_invitation(token, make_user("dana@example.org"))
    with pytest.raises(InvitationUnusableError):
        accept_invitation(token, make_user("noa@example.org"))


def test_only_the_hash_of_a_token_is_stored(organisation, alice):
    token = invite(alice)
    assert token not in str(Invitation.objects.values().get())
    assert token not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize("token", ["", "x", "x" * 43])
def test_an_unknown_token_opens_nothing(organisation, alice, token):
    invite(alice)
    with pytest.raises(InvitationUnusableError):
        open_invitation(token)


def test_a_link_expires(organisation, alice):
    token = invite(alice)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvitationUnusableError):
        accept_invitation(token, make_user())


def test_a_withdrawn_link_opens_nothing(organisation, alice):
    token = invite(alice)
    withdraw_invitation(Invitation.objects.get(), alice)
    with pytest.raises(InvitationUnusableError):
        open_invitation(token)


def test_an_addressed_link_is_for_that_address_alone(organisation, alice):
    token = invite(alice, email="Noa@Example.org")
    with pytest.raises(InvitationUnusableError):
        accept_invitation(token, make_user("dana@example.org"))
    assert accept_invitation(token, make_user("noa@example.org")).organisation == organisation


def test_a_member_of_another_organisation_keeps_the_link_unused(organisation, alice, charlie):
    token = invite(alice)
    with pytest.raises(AlreadyInOrganisationError):
        accept_invitation(token, charlie)
    assert open_invitation(token).used_at is None


def test_a_removed_member_comes_back_with_the_new_role(organisation, alice, bob):
    me = current_membership(alice)
    remove_member(current_membership(bob), me)
    accept_invitation(invite(alice, Role.ADMIN), bob)
    assert current_membership(bob).role == Role.ADMIN


def test_a_removed_admin_cannot_come_back_by_a_link_of_their_own(organisation, alice):
    admin = make_member(organisation, "admin@example.org", Role.ADMIN)
    token = invite(admin)

    remove_member(current_membership(admin), by=current_membership(alice))

    with pytest.raises(InvitationUnusableError):
        accept_invitation(token, admin)


def test_a_demoted_owner_keeps_the_links_that_an_admin_may_make(organisation, alice):
    owner = make_member(organisation, "owner@example.org", Role.OWNER)
    as_owner, as_member = invite(owner, Role.OWNER), invite(owner)

    change_role(current_membership(owner), Role.ADMIN, by=current_membership(alice))

    assert open_invitation(as_member).role == Role.MEMBER
    with pytest.raises(InvitationUnusableError):
        open_invitation(as_owner)


def test_an_admin_cannot_invite_an_owner(organisation):
    admin = make_member(organisation, "admin@example.org", Role.ADMIN)
    with pytest.raises(ForbiddenError):
        invite(admin, Role.OWNER)


def test_the_link_is_shown_once_and_joins_a_visitor_with_an_account(client, organisation, alice):
    client.force_login(alice)
    page = client.post(reverse("invite"), {"role": "member", "email": ""})
    link = page.context["link"]
    assert link in page.content.decode()
    assert link not in client.get(reverse("members")).content.decode()
    client.force_login(visitor := make_user())
    assert "Join Acme" in client.get(link).content.decode()
    assert client.post(link).status_code == 302
    assert current_membership(visitor).organisation == organisation


def test_looking_at_a_link_does_not_use_it(client, organisation, alice):
    token = invite(alice)
    for _ in range(2):
        assert client.get(reverse("invitation", args=[token])).status_code == 200
    assert open_invitation(token).used_at is None


def test_a_used_link_says_what_to_do(client, organisation, alice):
    token = invite(alice)
    accept_invitation(token, make_user())
    response = client.get(reverse("invitation", args=[token]))
    assert response.status_code == 410
    assert "Ask the person who sent it for a new one" in response.content.decode()
