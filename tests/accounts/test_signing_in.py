from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from tests.cast import PASSWORD, make_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
TRIES = 5


def sign_in(client: Client, password: str = PASSWORD, email: str = "dana@example.org", **options):
    return client.post(LOGIN, {"login": email, "password": password}, **options)


def test_it_signs_in_with_the_address_in_any_case(client):
    make_user("dana@example.org")
    assert sign_in(client, email="Dana@Example.org").status_code == 302
    assert client.session["_auth_user_id"]


def test_there_is_one_link_to_a_new_password(client):
    make_user("dana@example.org")
    assert client.get(LOGIN).content.decode().count("/accounts/password/reset/") == 1


def test_the_session_changes_at_the_door(client):
    make_user("dana@example.org")
    client.get(LOGIN)
    client.session["before"] = True
    client.session.save()
    before = client.session.session_key
    sign_in(client)
    assert client.session.session_key != before


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client):
    make_user("dana@example.org")
    cookie = sign_in(client).cookies["chofesh_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_sixth_wrong_password_in_a_minute_has_to_wait(client):
    make_user("dana@example.org")
    assert {sign_in(client, "wrong").status_code for _ in range(TRIES)} == {200}
    refused = sign_in(client)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert "_auth_user_id" not in client.session


def test_a_made_up_forwarding_address_does_not_help(client):
    make_user("dana@example.org")
    statuses = [
        sign_in(client, "wrong", headers={"X-Forwarded-For": f"198.51.100.{number}"}).status_code
        for number in range(TRIES + 1)
    ]
    assert statuses[-1] == 429


def test_twenty_wrong_passwords_from_one_place_have_to_wait(client):
    statuses = [
        sign_in(client, "wrong", f"person{number}@example.org").status_code for number in range(21)
    ]
    assert statuses == [200] * 20 + [429]


def test_known_and_unknown_addresses_get_the_same_answer(client):
    make_user("dana@example.org")
    known = sign_in(client, "wrong")
    unknown = sign_in(client, "wrong", "nobody@example.org")
    assert known.context["form"].errors == unknown.context["form"].errors
    assert known.status_code == unknown.status_code == 200


def test_known_and_unknown_addresses_get_the_same_answer_to_a_lost_password(client):
    make_user("dana@example.org")
    answers = [
        client.post("/accounts/password/reset/", {"email": email})
        for email in ("dana@example.org", "nobody@example.org")
    ]
    assert {answer.headers["Location"] for answer in answers} == {"/accounts/password/reset/done/"}


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "http:///evil.example",
        "%2f%2fevil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "//evil.example\\@testserver",
        "https://testserver@evil.example",
        "\thttps://evil.example",
    ],
)
def test_it_never_sends_people_to_another_site(client, target):
    make_user("dana@example.org")
    response = client.post(
        LOGIN, {"login": "dana@example.org", "password": PASSWORD, "next": target}
    )
    assert response.status_code == 302
    location = response.headers["Location"]
    # Within this site: a path whose second character cannot begin a host.
    assert location == "/" or (location[0] not in "/\\" and ":" not in location)


def test_it_sends_people_where_they_wanted_to_go(client):
    make_user("dana@example.org")
    fields = {"login": "dana@example.org", "password": PASSWORD, "next": "/settings/profile"}
    assert client.post(LOGIN, fields).headers["Location"] == "/settings/profile"


def test_a_password_link_names_the_host_that_was_asked(client, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    make_user("dana@example.org")
    fields = {"email": "dana@example.org"}
    client.post("/accounts/password/reset/", fields, headers={"X-Forwarded-Host": "evil.example"})
    forged = client.post("/accounts/password/reset/", fields, headers={"Host": "evil.example"})
    assert forged.status_code == 400
    assert len(mail.outbox) == 1
    assert "http://testserver/accounts/password/reset/key/" in mail.outbox[0].body
    assert "evil" not in mail.outbox[0].body


def test_signing_out_ends_the_session_itself(client):
    make_user("dana@example.org")
    sign_in(client)
    replayed = Client()
    replayed.cookies.update(client.cookies)
    client.post("/accounts/logout/")
    assert replayed.get("/settings/profile").status_code == 302


@pytest.mark.parametrize(
    "headers",
    [{"X-User-Id": "1"}, {"Remote-User": "dana@example.org"}, {"Cookie": "chofesh_session=1"}],
)
def test_headers_do_not_sign_in(client, headers):
    make_user("dana@example.org")
    assert client.get("/settings/profile", headers=headers).status_code == 302


def test_a_chosen_language_comes_along(client):
    user = make_user("dana@example.org")
    user.language = "he"
    user.save()
    sign_in(client)
    page = client.get("/settings/profile").content.decode()
    assert '<html lang="he" dir="rtl">' in page


@pytest.mark.parametrize(
    ("host", "words"), [("", "sends no email"), ("mail.example.org", "Look into your mailbox")]
)
def test_a_lost_password_is_looked_for_where_the_link_is(client, settings, host, words):
    settings.EMAIL_HOST = host

    page = client.get("/accounts/password/reset/done/").content.decode()

    assert words in page


def test_a_new_language_is_spoken_at_once(client):
    make_user("dana@example.org")
    sign_in(client)

    page = client.post("/settings/profile", {"name": "Dana", "language": "he"}, follow=True)

    assert "Saved." not in page.content.decode()
