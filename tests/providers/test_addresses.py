from __future__ import annotations

import pytest

from providers.addresses import AddressPolicy, normalise_base_url, parse_allowed_hosts
from providers.errors import AddressError
from tests.providers.forbidden_addresses import ALL_FORMS, PRIVATE_ADDRESSES

NOBODY = AddressPolicy()
OLLAMA = AddressPolicy(frozenset({"127.0.0.1:11434", "ollama:11434", "[::1]:8080"}))


def test_there_are_at_least_120_forbidden_forms():
    assert len(set(ALL_FORMS)) >= 120


@pytest.mark.parametrize("url", ALL_FORMS)
def test_a_forbidden_form_is_refused(url):
    with pytest.raises(AddressError):
        normalise_base_url(url, NOBODY)


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
def test_a_name_at_a_private_address_is_refused(address):
    with pytest.raises(AddressError):
        NOBODY.check_address(address, "models.example", 443)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_a_public_address_is_allowed(address):
    NOBODY.check_address(address, "models.example", 443)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://API.OpenAI.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com:443/v1", "https://api.openai.com/v1"),
        ("https://models.example:8443", "https://models.example:8443"),
        ("https://8.8.8.8/", "https://8.8.8.8"),
        ("https://[2606:4700:0::1111]/v1", "https://[2606:4700::1111]/v1"),
        ("https://xn--4dbcagdahymbxekheh6e0a7fei0b.example/v1",) * 2,
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
        ("http://OLLAMA:11434/v1", "http://ollama:11434/v1"),
        ("https://[0:0::1]:8080/v1", "https://[::1]:8080/v1"),
    ],
)
def test_an_allowed_url_has_one_spelling(written, stored):
    assert normalise_base_url(written, OLLAMA) == stored
    assert normalise_base_url(stored, OLLAMA) == stored


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:11435/v1",
        "http://127.0.0.2:11434/v1",
        "http://localhost:11434/v1",
        "http://ollama/v1",
        "http://ollama.example:11434/v1",
    ],
)
def test_only_the_exact_host_and_port_is_opened(url):
    with pytest.raises(AddressError):
        normalise_base_url(url, OLLAMA)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "172.18.0.3", "fd00::5", "100.64.0.9"]
)
def test_an_opened_name_may_be_at_a_private_address(address):
    OLLAMA.check_address(address, "ollama", 11434)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1"]
)
def test_an_opened_name_is_still_not_the_metadata_service(address):
    with pytest.raises(AddressError):
        OLLAMA.check_address(address, "ollama", 11434)


def test_plain_http_is_for_opened_hosts_only():
    with pytest.raises(AddressError, match="https"):
        normalise_base_url("http://api.openai.com/v1", OLLAMA)


def test_allowed_hosts_are_read_from_a_setting():
    assert parse_allowed_hosts("") == frozenset()
    read = parse_allowed_hosts(" 127.0.0.1:11434, Ollama:11434 ,[0::1]:8080,")
    assert read == OLLAMA.allowed_private


@pytest.mark.parametrize("text", ["ollama", "ollama:", "ollama:0", "ollama:70000", ":80", "a b:80"])
def test_an_allowed_host_needs_a_port(text):
    with pytest.raises(AddressError):
        parse_allowed_hosts(text)


def test_the_error_says_what_to_change():
    with pytest.raises(AddressError, match="four decimal numbers"):
        normalise_base_url("https://2130706433", NOBODY)
