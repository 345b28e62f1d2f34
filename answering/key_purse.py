"""Keys and addresses come in here: tested by a call, stored, and the models behind them approved."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts import endpoints, provider_keys
from accounts.models import Endpoint, Membership, ProviderKey
from answering.connections import allowed_private_hosts
from answering.key_test import KeyTestError, check_key
from providers.addresses import AddressPolicy
from routing.approval import approve_first_models
from routing.health import credential_scope, health

TESTS_PER_MINUTE = 5


@dataclass(frozen=True, slots=True)
class Added:
    """What came in, and which models it approved, so that this can be undone."""

    endpoint: Endpoint
    key: ProviderKey | None
    approved: list[str]


def add_personal_key(me: Membership, provider_id: str, text: str, *, untested: bool) -> Added:
    endpoint = endpoints.default_endpoint(me.organisation, provider_id)
    return _add_key(me, endpoint, text, personal=True, untested=untested)


def add_organisation_key(me: Membership, provider_id: str, text: str, *, untested: bool) -> Added:
    endpoint = endpoints.default_endpoint(me.organisation, provider_id)
    return _add_key(me, endpoint, text, personal=False, untested=untested)


def add_server(
    me: Membership, provider_id: str, base_url: str, text: str, *, untested: bool
) -> Added:
    """A model server of one's own, with a key or, if it answers without one, keyless.

    Raises AddressError for an address that may not be used.
    """
    policy = AddressPolicy(allowed_private_hosts())
    endpoint = endpoints.add_endpoint(me.organisation, provider_id, base_url, me.user, policy)
    if text:
        return _add_key(me, endpoint, text, personal=False, untested=untested)
    return _connect(me, endpoint)


def connect_local_ollama(me: Membership) -> Added:
    return _connect(me, endpoints.default_endpoint(me.organisation, "ollama"))


def replace_key(me: Membership, key: ProviderKey, text: str, *, untested: bool) -> None:
    _count_test(me)
    provider_keys.replace_key(key, text, me.user, None if untested else check_key)
    # What was known of the old secret says nothing of the new one.
    health.reset(credential_scope(key.credential, key.endpoint.provider))


def _add_key(
    me: Membership, endpoint: Endpoint, text: str, *, personal: bool, untested: bool
) -> Added:
    _count_test(me)
    is_first = not _is_reached(endpoint)
    owner = me.user if personal else None
    test = None if untested else check_key
    key = provider_keys.add_key(endpoint, owner, text, me.user, test)
    return Added(endpoint, key, _approve(me, endpoint) if is_first else [])


def _connect(me: Membership, endpoint: Endpoint) -> Added:
    _count_test(me)
    is_first = not _is_reached(endpoint)
    check_key(endpoint, None)
    endpoints.use_without_key(endpoint, me.user)
    return Added(endpoint, None, _approve(me, endpoint) if is_first else [])


def _is_reached(endpoint: Endpoint) -> bool:
    """Whether the organisation reaches the provider already: then it has chosen its models."""
    same = endpoint.organisation.endpoints.filter(provider=endpoint.provider)
    return (
        same.filter(keyless=True).exists()
        or endpoint.organisation.provider_keys.filter(endpoint__in=same).exists()
    )


def _approve(me: Membership, endpoint: Endpoint) -> list[str]:
    # A member's key brings no approvals: what may be used is for admins to say.
    if not me.is_admin:
        return []
    return approve_first_models(me.organisation, endpoint.provider, me.user)


def _count_test(me: Membership) -> None:
    """Trying keys one after another is what a thief does."""
    counter = f"key-tests:{me.user_id}"
    cache.add(counter, 0, timeout=60)
    if cache.incr(counter) > TESTS_PER_MINUTE:
        raise KeyTestError(_("These were many tests in one minute. Wait a moment, then try again."))
