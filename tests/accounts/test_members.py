from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.access import ForbiddenError, current_membership
from accounts.members import LastOwnerError, change_role, remove_member
from accounts.models import AuditEntry, Role, User
from tests.cast import make_key, make_member, make_team


@pytest.fixture
def admin(organisation) -> User:
    return make_member(organisation, "admin@example.org", Role.ADMIN)


def set_role(of: User, role: str, by: User) -> None:
    change_role(current_membership(of), role, current_membership(by))


def test_an_owner_makes_an_admin(alice, bob):
    set_role(bob, Role.ADMIN, by=alice)
    assert current_membership(bob).is_admin
    assert AuditEntry.objects.filter(action="member.role_changed", actor=alice).count() == 1


def test_an_admin_makes_no_owner(admin, bob):
    with pytest.raises(ForbiddenError):
        set_role(bob, Role.OWNER, by=admin)


def test_an_admin_does_not_touch_an_owner(alice, admin):
    with pytest.raises(ForbiddenError):
        set_role(alice, Role.MEMBER, by=admin)
    with pytest.raises(ForbiddenError):
        remove_member(current_membership(alice), current_membership(admin))


def test_an_admin_who_was_demoted_meanwhile_changes_nothing(alice, admin, bob):
    still_admin = current_membership(admin)
    set_role(admin, Role.MEMBER, by=alice)
    with pytest.raises(ForbiddenError):
        change_role(current_membership(bob), Role.ADMIN, still_admin)


def test_the_last_owner_stays(organisation, alice):
    me = current_membership(alice)
    with pytest.raises(LastOwnerError):
        remove_member(me, me)
    with pytest.raises(LastOwnerError):
        set_role(alice, Role.ADMIN, by=alice)


def test_an_owner_may_leave_when_there_is_another(alice, bob):
    set_role(bob, Role.OWNER, by=alice)
    me = current_membership(alice)
    remove_member(me, me)
    with pytest.raises(ForbiddenError):
        current_membership(alice)


@pytest.mark.usefixtures("key_ring")
def test_whoever_is_removed_leaves_teams_and_keys_behind(organisation, alice, bob):
    team = make_team(organisation, bob)
    make_key(organisation, bob)
    remove_member(current_membership(bob), current_membership(alice))
    assert not team.members.exists()
    assert not organisation.provider_keys.exists()


def test_a_removed_member_is_forbidden_everything(client, alice, bob):
    client.force_login(bob)
    remove_member(current_membership(bob), current_membership(alice))
    for name in ("members", "keys", "models"):
        assert client.get(reverse(name)).status_code == 403


def test_the_page_explains_why_the_last_owner_stays(client, alice, organisation):
    client.force_login(alice)
    response = client.post(reverse("leave"), follow=True)
    assert "an organisation needs an owner" in response.content.decode()


def test_a_member_sees_names_but_no_addresses(client, alice, bob):
    client.force_login(bob)
    page = client.get(reverse("members")).content.decode()
    assert str(alice) in page
    assert alice.email not in page
    assert reverse("invite") not in page
