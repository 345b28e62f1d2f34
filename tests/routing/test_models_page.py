from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.approvals import approve_models, organisation_approved_ids
from accounts.models import AuditEntry, Role
from routing.approval import approve_first_models
from routing.cards import sensible_set
from routing.models import OrganisationModel
from tests.cast import make_member, make_team
from tests.routing.test_cards import ENTRY

LUNA, ASTRA = "openai/gpt-6-luna", "openai/gpt-6-astra"
PIECE = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def signed_in(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


def get(client, **query):
    return client.get(reverse("models"), query)


def post(client, name, **fields):
    return client.post(reverse(name), fields)


def test_an_admin_sees_every_model_by_provider(signed_in, alice, organisation):
    page = get(signed_in(alice)).content.decode()

    assert "Anthropic" in page
    assert ASTRA in page
    assert "$10 / $50" in page
    assert "922K" in page
    assert "Approve the sensible set" in page


def test_it_finds_by_name_id_and_provider(signed_in, alice, organisation):
    page = get(signed_in(alice), q="gpt-6 LUNA").content.decode()

    assert LUNA in page
    assert ASTRA not in page


def test_it_says_that_nothing_was_found(signed_in, alice, organisation):
    assert "No model of that name" in get(signed_in(alice), q="xyzzy").content.decode()


def test_a_search_while_typing_answers_with_the_piece_alone(signed_in, alice, organisation):
    response = signed_in(alice).get(reverse("models"), {"q": "luna"}, **PIECE)

    assert b"<html" not in response.content
    assert b'id="models"' in response.content
    assert "HX-Request" in response.headers["Vary"]


def test_a_page_restored_from_history_is_whole(signed_in, alice, organisation):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

    assert b"<html" in signed_in(alice).get(reverse("models"), headers=headers).content


def test_it_approves_one(signed_in, alice, organisation):
    post(signed_in(alice), "approve_models", only=LUNA)

    assert LUNA in organisation_approved_ids(organisation)
    assert AuditEntry.objects.filter(action="models.approved", actor=alice).count() == 1


def test_a_button_of_one_model_leaves_the_ticked_ones(signed_in, alice, organisation):
    post(signed_in(alice), "approve_models", only=LUNA, model=[ASTRA])

    assert ASTRA not in organisation_approved_ids(organisation)


def test_it_approves_many(signed_in, alice, organisation):
    post(signed_in(alice), "approve_models", model=[LUNA, ASTRA])

    assert {LUNA, ASTRA} <= organisation_approved_ids(organisation)


def test_it_approves_only_what_the_catalogue_knows(signed_in, alice, organisation):
    post(signed_in(alice), "approve_models", model=["nobody/nothing", LUNA])

    assert "nobody/nothing" not in organisation_approved_ids(organisation)
    assert LUNA in organisation_approved_ids(organisation)


def test_it_approves_the_sensible_set_of_a_provider(signed_in, alice, organisation):
    post(signed_in(alice), "approve_sensible_set", provider="openai")

    approved = organisation_approved_ids(organisation)
    assert {id_ for id_ in approved if id_.startswith("openai/")} == set(sensible_set("openai"))


def test_an_unknown_provider_changes_nothing(signed_in, alice, organisation):
    before = organisation_approved_ids(organisation)

    post(signed_in(alice), "approve_sensible_set", provider="nobody")

    assert organisation_approved_ids(organisation) == before


def test_it_withdraws_at_once(signed_in, alice, organisation):
    approve_models(organisation, [LUNA], alice)

    post(signed_in(alice), "unapprove_models", only=LUNA)

    assert LUNA not in organisation_approved_ids(organisation)


def test_what_was_just_changed_can_be_undone(signed_in, alice, organisation):
    client = signed_in(alice)
    page = client.post(reverse("approve_models"), {"only": LUNA}, follow=True).content.decode()
    assert "1 model approved: " + LUNA in page
    assert f'<input type="hidden" name="model" value="{LUNA}">' in page

    post(client, "unapprove_models", model=[LUNA])

    assert LUNA not in organisation_approved_ids(organisation)


def test_undo_touches_only_what_the_change_added(signed_in, alice, organisation):
    approve_models(organisation, [ASTRA], alice)

    page = signed_in(alice).post(reverse("approve_models"), {"model": [LUNA, ASTRA]}, follow=True)

    assert page.context["just_changed"]["model_ids"] == [LUNA]


def test_the_undo_is_offered_once(signed_in, alice, organisation):
    client = signed_in(alice)
    client.post(reverse("approve_models"), {"only": LUNA}, follow=True)

    assert get(client).context["just_changed"] is None


def test_a_change_keeps_the_search(signed_in, alice, organisation):
    response = post(signed_in(alice), "approve_models", only=LUNA, q="luna & co")

    assert response.url == reverse("models") + "?q=luna+%26+co"


def test_a_change_from_the_page_answers_with_the_piece(signed_in, alice, organisation):
    response = signed_in(alice).post(
        reverse("approve_models"), {"only": LUNA, "q": "luna"}, **PIECE
    )

    assert b"<html" not in response.content
    assert b"1 model approved" in response.content
    assert ASTRA.encode() not in response.content


def test_what_left_the_catalogue_can_still_be_withdrawn(signed_in, alice, organisation):
    approve_models(organisation, ["openai/gpt-1"], alice)
    client = signed_in(alice)
    assert "openai/gpt-1" in get(client).content.decode()

    post(client, "unapprove_models", only="openai/gpt-1")

    assert "openai/gpt-1" not in organisation_approved_ids(organisation)


def test_a_model_of_ones_own_is_listed(signed_in, alice, organisation):
    OrganisationModel.objects.create(organisation=organisation, model_id=ENTRY["id"], card=ENTRY)

    assert "House model" in get(signed_in(alice)).content.decode()


def test_a_member_sees_what_they_may_use_and_no_more(signed_in, alice, bob, organisation):
    approve_models(organisation, [LUNA], alice)

    page = get(signed_in(bob)).content.decode()

    assert LUNA in page
    assert ASTRA not in page
    assert "checkbox" not in page
    assert reverse("approve_models") not in page


def test_a_member_of_a_narrower_team_sees_less(signed_in, alice, bob, organisation):
    approve_models(organisation, [LUNA, ASTRA], alice)
    team = make_team(organisation, bob)
    approve_models(organisation, [LUNA], alice, team)

    assert ASTRA not in get(signed_in(bob)).content.decode()


@pytest.mark.parametrize("name", ["approve_models", "unapprove_models", "approve_sensible_set"])
def test_a_member_may_change_nothing(signed_in, bob, organisation, name):
    before = organisation_approved_ids(organisation)

    response = post(signed_in(bob), name, only=LUNA, provider="openai")

    assert response.status_code == 403
    assert organisation_approved_ids(organisation) == before


@pytest.mark.parametrize("name", ["approve_models", "unapprove_models", "approve_sensible_set"])
def test_an_admin_changes_only_their_own_organisation(signed_in, charlie, organisation, name):
    before = organisation_approved_ids(organisation)

    post(signed_in(charlie), name, only="demo/swift", provider="openai")

    assert organisation_approved_ids(organisation) == before


def test_an_admin_who_is_not_the_owner_may_approve(signed_in, organisation):
    dana = make_member(organisation, role=Role.ADMIN)

    post(signed_in(dana), "approve_models", only=LUNA)

    assert LUNA in organisation_approved_ids(organisation)


@pytest.mark.parametrize("name", ["models", "approve_models", "unapprove_models"])
def test_nobody_comes_in_without_signing_in(client, db, name):
    response = client.get(reverse(name)) if name == "models" else client.post(reverse(name))

    assert response.status_code == 302
    assert "login" in response.url


@pytest.mark.parametrize("name", ["approve_models", "unapprove_models", "approve_sensible_set"])
def test_a_link_changes_nothing(signed_in, alice, organisation, name):
    assert signed_in(alice).get(reverse(name)).status_code == 405


def test_the_first_key_approves_the_sensible_set(alice, organisation):
    assert set(approve_first_models(organisation, "openai", alice)) == set(sensible_set("openai"))


def test_a_later_key_does_not_bring_back_what_was_withdrawn(alice, organisation):
    approve_models(organisation, [ASTRA], alice)

    assert approve_first_models(organisation, "openai", alice) == []
