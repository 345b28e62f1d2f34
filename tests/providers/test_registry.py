from __future__ import annotations

import pytest

from providers.addresses import AddressPolicy, normalise_base_url
from providers.dialects import demo
from providers.quirks import QUIRKS
from providers.registry import (
    DIALECTS,
    PROVIDERS,
    base_url_variable,
    default_endpoint,
    moved_hosts,
)

LOCAL = AddressPolicy(frozenset({"127.0.0.1:11434", "127.0.0.1:1234", "127.0.0.1:8000"}))


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_a_provider_is_complete(provider):
    assert provider.dialect in {*DIALECTS, demo.DIALECT}
    assert provider.id == provider.id.lower()
    assert bool(provider.key_url) == provider.needs_key


@pytest.mark.parametrize(
    "provider", [each for each in PROVIDERS.values() if each.base_url], ids=lambda each: each.id
)
def test_a_default_address_is_in_its_stored_spelling(provider):
    assert normalise_base_url(provider.base_url, LOCAL) == provider.base_url


def test_quirks_belong_to_known_providers():
    assert set(QUIRKS) <= set(PROVIDERS)


def test_the_environment_moves_a_provider():
    environment = {"CHOFESH_OPENAI_BASE_URL": "http://127.0.0.1:9000/v1/"}
    assert default_endpoint("openai", environment).base_url == "http://127.0.0.1:9000/v1"
    assert default_endpoint("mistral", environment).base_url == "https://api.mistral.ai/v1"


def test_moved_addresses_name_the_hosts_that_the_operator_opened():
    environment = {
        "CHOFESH_OPENAI_BASE_URL": "http://127.0.0.1:9000/v1",
        "CHOFESH_GOOGLE_BASE_URL": "https://[::1]",
        "CHOFESH_NOBODY_BASE_URL": "http://10.0.0.1",
    }
    assert moved_hosts(environment) == {"127.0.0.1:9000", "[::1]:443"}


def test_the_variable_is_named_after_the_provider():
    assert base_url_variable("openai_compatible") == "CHOFESH_OPENAI_COMPATIBLE_BASE_URL"
