from __future__ import annotations

import logging

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.approvals import approved_model_ids, organisation_approved_ids
from accounts.models import Endpoint, ProviderKey, Role
from accounts.provider_keys import api_key_for, mark_rejected
from tests.answering.key_server import running_key_server
from tests.cast import KEY_TEXT, make_endpoint, make_key, make_member

pytestmark = pytest.mark.usefixtures("key_ring", "_fresh_limits")
NEW = "/settings/keys/new/openai"
NEW_FOR_ALL = "/organisation/keys/new/openai"
NEW_SERVER = "/organisation/servers/new/openai_compatible"


@pytest.fixture
def _fresh_limits():
    cache.clear()


@pytest.fixture
def openai(monkeypatch):
    """The operator moved OpenAI to a server that knows one key."""
    with running_key_server(KEY_TEXT) as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", server.base_url)
        yield server


def errors_of(response) -> str:
    return " ".join(
        error for errors in response.context["form"].errors.values() for error in errors
    )


def test_a_working_key_is_tested_and_stored(client, organisation, bob, openai):
    client.force_login(bob)
    response = client.post(NEW, {"text": KEY_TEXT})
    assert response.headers["Location"] == "/settings/keys?added=1"
    assert openai.seen == [KEY_TEXT]
    key = ProviderKey.objects.get()
    assert (key.owner, key.tested_at is not None) == (bob, True)
    assert api_key_for(key.credential).reveal_for_transport() == KEY_TEXT


@pytest.mark.parametrize("pasted", ["  {} \n", '"{}"', "Bearer {}", "'{}'"])
def test_what_comes_along_when_a_key_is_copied_is_left_out(client, bob, openai, pasted):
    client.force_login(bob)
    client.post(NEW, {"text": pasted.format(KEY_TEXT)})
    assert openai.seen == [KEY_TEXT]


def test_a_rejected_key_is_not_stored(client, bob, openai):
    client.force_login(bob)
    wrong = "sk-wrong-0123456789abcdefghijklmnop"
    response = client.post(NEW, {"text": wrong})
    assert response.status_code == 400
    assert "OpenAI rejected this key" in errors_of(response)
    assert not ProviderKey.objects.exists()
    assert wrong not in response.content.decode()
    assert wrong[-12:] not in response.content.decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sk-ant-api03-0123456789", "looks like a key of Anthropic"),
        ("AIzaSy0123456789abcdef", "looks like a key of Google Gemini"),
        ("short", "too short or too long"),
        ("sk-two words-0123456789", "one word"),
        ("sk-מפתח-0123456789", "one word"),
        ("", "required"),
    ],
)
def test_a_key_that_cannot_be_right_is_not_sent_anywhere(client, bob, openai, text, words):
    client.force_login(bob)
    response = client.post(NEW, {"text": text})
    assert words in errors_of(response)
    assert openai.seen == []
    assert not ProviderKey.objects.exists()


def test_a_key_may_be_saved_untested_while_the_provider_is_out_of_reach(client, bob, openai):
    openai.status = 503
    client.force_login(bob)
    response = client.post(NEW, {"text": KEY_TEXT})
    assert "cannot be reached" in errors_of(response)
    assert 'name="untested"' in response.content.decode()
    assert not ProviderKey.objects.exists()
    client.post(NEW, {"text": KEY_TEXT, "untested": "on"})
    assert ProviderKey.objects.get().tested_at is None
    assert "Untested" in client.get("/settings/keys").content.decode()


def test_a_page_that_is_no_model_server_is_named(client, bob, openai):
    openai.content_type = "text/html"
    client.force_login(bob)
    assert "no model server" in errors_of(client.post(NEW, {"text": KEY_TEXT}))


def test_a_key_that_is_out_of_credit_is_still_the_right_key(client, bob, openai):
    openai.status = 429
    client.force_login(bob)
    client.post(NEW, {"text": KEY_TEXT})
    assert ProviderKey.objects.get().tested_at is not None


def test_the_first_key_of_an_admin_approves_a_sensible_set_that_can_be_undone(
    client, organisation, alice, openai
):
    before = organisation_approved_ids(organisation)
    client.force_login(alice)
    page = client.post(NEW_FOR_ALL, {"text": KEY_TEXT}, follow=True).content.decode()
    added = organisation_approved_ids(organisation) - before
    assert added
    assert all(model_id in page for model_id in added)
    client.post(reverse("approval_undo"))
    assert organisation_approved_ids(organisation) == before


def test_a_second_key_approves_nothing(client, organisation, alice, openai):
    make_key(organisation)
    before = organisation_approved_ids(organisation)
    client.force_login(alice)
    client.post(NEW_FOR_ALL, {"text": KEY_TEXT})
    assert organisation_approved_ids(organisation) == before


def test_a_members_key_widens_nothing(client, organisation, bob, openai):
    before = approved_model_ids(bob, organisation)
    client.force_login(bob)
    client.post(NEW, {"text": KEY_TEXT})
    assert approved_model_ids(bob, organisation) == before


def test_a_member_cannot_choose_an_address(client, bob, openai):
    client.force_login(bob)
    for url in (NEW, NEW_SERVER):
        response = client.post(url, {"text": KEY_TEXT, "base_url": openai.base_url})
        assert response.status_code == 403
    assert openai.seen == []
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/v1",
        "http://localhost/v1",
        "https://127.1/v1",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://user@models.example.org/",
        "https://models.example.org:99999/",
        "ftp://models.example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://①②⑦.0.0.1/",
        "https://models.example.org\t.evil.example/",
        "${SECRET_KEY}",
    ],
)
def test_an_admin_cannot_choose_a_private_or_odd_address(client, organisation, alice, address):
    client.force_login(alice)
    response = client.post(NEW_SERVER, {"text": KEY_TEXT, "base_url": address})
    assert response.status_code == 400
    assert response.context["form"].errors["base_url"]
    assert not Endpoint.objects.exists()
    assert not ProviderKey.objects.exists()


def test_a_private_server_is_used_when_the_operator_allows_it(
    client, organisation, alice, openai, settings
):
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({openai.host_and_port})
    client.force_login(alice)
    client.post(NEW_SERVER, {"text": KEY_TEXT, "base_url": openai.base_url})
    key = ProviderKey.objects.get()
    assert key.owner is None
    assert key.endpoint.base_url == openai.base_url
    assert not key.endpoint.keyless


def test_a_server_that_answers_without_a_key_becomes_keyless(
    client, organisation, alice, settings, monkeypatch
):
    with running_key_server("") as server:
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({server.host_and_port})
        client.force_login(alice)
        client.post(NEW_SERVER, {"text": "", "base_url": server.base_url})
    assert Endpoint.objects.get().keyless


def test_a_server_that_wants_a_key_does_not_become_keyless(
    client, organisation, alice, openai, settings
):
    settings.ALLOWED_PRIVATE_HOSTS = frozenset({openai.host_and_port})
    client.force_login(alice)
    response = client.post(NEW_SERVER, {"text": "", "base_url": openai.base_url})
    assert response.status_code == 400
    assert not Endpoint.objects.get().keyless


def test_changing_an_address_deletes_its_keys(client, organisation, alice, openai):
    endpoint = make_endpoint(organisation, "openai_compatible", "https://one.example.org/v1")
    ProviderKey.objects.filter(pk=make_key(organisation).pk).update(endpoint=endpoint)
    client.force_login(alice)
    moved_to = {"base_url": "https://other.example.org/v1"}
    assert client.post(reverse("endpoint_move", args=[endpoint.pk]), moved_to).status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.base_url == "https://other.example.org/v1"
    assert not ProviderKey.objects.exists()


def test_the_pages_show_four_characters_and_a_fingerprint(client, organisation, bob):
    key = make_key(organisation, bob)
    client.force_login(bob)
    page = client.get("/settings/keys").content.decode()
    assert KEY_TEXT[-4:] in page
    assert key.fingerprint[:4] in page
    assert KEY_TEXT[-5:] not in page
    form = client.get(reverse("key_replace", args=[key.pk])).content.decode()
    assert KEY_TEXT[-4:] not in form


def test_an_admin_sees_that_a_member_has_a_key_but_nothing_of_it(client, organisation, alice, bob):
    key = make_key(organisation, bob)
    client.force_login(alice)
    page = client.get("/organisation/keys").content.decode()
    assert str(bob) in page
    assert KEY_TEXT[-4:] not in page
    assert key.fingerprint[:4] not in page


def test_a_failing_key_says_so(client, organisation, bob):
    mark_rejected(make_key(organisation, bob).credential, "OpenAI does not know this key.")
    client.force_login(bob)
    assert "OpenAI does not know this key." in client.get("/settings/keys").content.decode()


def test_a_replaced_key_is_tested_too(client, organisation, bob, openai):
    key = make_key(organisation, bob, text="sk-the-key-before-0123456789")
    client.force_login(bob)
    url = reverse("key_replace", args=[key.pk])
    assert client.post(url, {"text": "sk-wrong-0123456789abcdef"}).status_code == 400
    assert client.post(url, {"text": KEY_TEXT}).status_code == 302
    assert api_key_for(key.credential).reveal_for_transport() == KEY_TEXT


def test_the_sixth_test_in_a_minute_has_to_wait(client, organisation, bob, openai):
    client.force_login(bob)
    wrong = [client.post(NEW, {"text": f"sk-wrong-{number:020}"}) for number in range(6)]
    assert "Wait a moment" in errors_of(wrong[-1])
    assert len(openai.seen) == 5


def test_no_page_offers_personal_keys_where_they_are_not_allowed(client, organisation, bob):
    organisation.personal_keys_allowed = False
    organisation.save()
    client.force_login(bob)
    assert NEW not in client.get("/settings/keys").content.decode()
    assert client.post(NEW, {"text": KEY_TEXT}).status_code == 403


def test_nothing_of_a_key_is_logged(client, organisation, bob, openai, caplog):
    caplog.set_level(logging.DEBUG)
    client.force_login(bob)
    client.post(NEW, {"text": KEY_TEXT})
    client.post(NEW, {"text": KEY_TEXT[::-1]})
    assert KEY_TEXT[-12:] not in caplog.text
    assert KEY_TEXT[::-1][-12:] not in caplog.text


def test_an_ollama_on_this_machine_is_offered_and_connected(client, organisation, monkeypatch):
    admin = make_member(organisation, "admin@example.org", Role.ADMIN)
    client.force_login(admin)
    with running_key_server("") as server:
        monkeypatch.setenv("CHOFESH_OLLAMA_BASE_URL", server.base_url)
        offer = client.get(reverse("local_models")).content.decode()
        assert "Ollama runs on this machine" in offer
        client.post(reverse("ollama_connect"))
        assert Endpoint.objects.get(provider="ollama").keyless
        assert "Ollama runs" not in client.get(reverse("local_models")).content.decode()


def test_without_ollama_nothing_is_offered(client, organisation, alice, monkeypatch):
    monkeypatch.setenv("CHOFESH_OLLAMA_BASE_URL", "http://127.0.0.1:9/v1")
    client.force_login(alice)
    assert client.get(reverse("local_models")).content.decode().strip() == ""
    response = client.post(reverse("ollama_connect"), follow=True)
    assert "cannot be reached" in response.content.decode()
