from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import current_membership
from accounts.invitations import create_invitation
from accounts.models import Approval, FirstOwner, Invitation, Organisation, Role, User
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
SIGNUP = "/accounts/signup/"


def sign_up(client: Client, email: str = "dana@example.org", **fields: str):
    return client.post(SIGNUP, {"email": email, "password1": PASSWORD, **fields})


@pytest.fixture
def founded(alice: User) -> FirstOwner:
    """A server whose first organisation was founded by somebody who signed up."""
    return FirstOwner.objects.create()


def test_the_first_person_founds_an_organisation(client):
    response = sign_up(client, name="Dana", organisation_name="Acme")
    assert response.status_code == 302
    membership = current_membership(User.objects.get())
    assert (membership.role, str(membership.organisation)) == (Role.OWNER, "Acme")
    assert str(membership.user) == "Dana"


def test_whoever_comes_first_is_led_to_sign_up(client):
    page = client.get("/", follow=True)
    assert page.redirect_chain[-1][0] == SIGNUP
    assert 'name="organisation_name"' in page.content.decode()


def test_whoever_comes_later_is_led_to_sign_in(client, alice):
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/accounts/login/?next=/"


def test_the_first_page_asks_for_the_organisation_with_a_sensible_default(client):
    page = client.get(SIGNUP).content.decode()
    assert 'name="organisation_name"' in page
    assert 'value="My organisation"' in page


def test_an_organisation_may_be_founded_without_a_name(client):
    sign_up(client, organisation_name="")
    assert Organisation.objects.get().name == "My organisation"


def test_a_new_organisation_may_use_the_demo_models(client):
    sign_up(client)
    approved = Approval.objects.values_list("model_id", flat=True)
    assert approved
    assert all(model_id.startswith("demo/") for model_id in approved)


def test_an_e_mail_address_is_kept_in_small_letters(client):
    sign_up(client, email="Dana@Example.org")
    assert User.objects.get().email == "dana@example.org"


@pytest.mark.usefixtures("founded")
def test_afterwards_the_page_says_that_a_link_is_needed(client):
    assert "An invitation is needed" in client.get(SIGNUP).content.decode()
    sign_up(client)
    assert not User.objects.filter(email="dana@example.org").exists()


@pytest.mark.usefixtures("founded")
def test_an_open_server_gives_everybody_an_organisation(client, settings):
    settings.CHOFESH_SIGNUP = "open"
    sign_up(client, organisation_name="Second")
    membership = current_membership(User.objects.get(email="dana@example.org"))
    assert (membership.role, str(membership.organisation)) == (Role.OWNER, "Second")


@pytest.mark.usefixtures("founded")
def test_an_invited_person_joins_by_signing_up(client, organisation, alice):
    invitation, token = create_invitation(current_membership(alice), Role.ADMIN)
    response = client.post(reverse("invitation", args=[token]))
    assert response["Location"] == SIGNUP
    page = client.get(SIGNUP).content.decode()
    assert f"Join {organisation}" in page
    assert "organisation_name" not in page
    sign_up(client)
    membership = current_membership(User.objects.get(email="dana@example.org"))
    assert (membership.organisation, membership.role) == (organisation, Role.ADMIN)
    invitation.refresh_from_db()
    assert invitation.used_by == membership.user


@pytest.mark.usefixtures("founded")
def test_an_invitation_for_another_address_makes_no_account(client, organisation, alice):
    _invitation, token = create_invitation(
        current_membership(alice), Role.MEMBER, "noa@example.org"
    )
    client.post(reverse("invitation", args=[token]))
    assert sign_up(client).status_code == 403
    assert not User.objects.filter(email="dana@example.org").exists()
    assert Invitation.objects.get().used_at is None


def test_fields_that_nobody_offered_change_nothing(client):
    sign_up(client, is_staff="on", is_superuser="on", role="owner", id="1")
    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser


def from_one_office(client: Client, number: int, token: str = "") -> int:
    visitor = Client(REMOTE_ADDR="192.0.2.1")
    if token:
        visitor.post(reverse("invitation", args=[token]))
    return sign_up(visitor, f"person-{number}@example.org").status_code


def test_the_sixth_sign_up_in_an_hour_from_one_place_has_to_wait(client, settings):
    settings.CHOFESH_SIGNUP = "open"
    statuses = [from_one_office(client, number) for number in range(6)]
    assert statuses == [302] * 5 + [429]


def test_an_invited_office_may_sign_up_together(client, founded, alice, organisation):
    me = current_membership(alice)
    tokens = [create_invitation(me, Role.MEMBER)[1] for _ in range(12)]
    statuses = [from_one_office(client, number, token) for number, token in enumerate(tokens)]
    assert statuses == [302] * 12


def test_a_link_is_no_way_to_try_addresses_without_end(client, founded, alice, organisation):
    _invitation, token = create_invitation(current_membership(alice), Role.MEMBER)
    client.post(reverse("invitation", args=[token]))
    statuses = [sign_up(client, "alice@example.org").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
