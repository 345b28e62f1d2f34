"""Where an organisation reaches its models."""

from __future__ import annotations

import os
from uuid import UUID

from django.db import transaction

from accounts.audit import record
from accounts.models import Endpoint, Organisation, User
from accounts.provider_keys import credential_key, opened
from providers import registry
from providers.addresses import AddressPolicy, normalise_base_url
from providers.request import Endpoint as Reached
from providers.secret import SecretStr


class EndpointGoneError(Exception):
    """The endpoint, or the key that leads to it, was removed."""


def reached(
    organisation: Organisation, name: str, credential: str | None
) -> tuple[Reached, SecretStr | None]:
    """What the provider client calls for a candidate, and with which key, opened just before the wire.

    A key decides by itself where it goes. Without one, `name` is a provider id, or that and the id
    of an endpoint at an address of the organisation's own: "vllm:<uuid>". Raises EndpointGoneError,
    KeyWithdrawnError or KeyUnreadableError.
    """
    if credential is not None:
        key = credential_key(credential)
        if key.organisation_id != organisation.pk:
            raise EndpointGoneError
        secret = opened(key)
        return Reached(key.endpoint.provider, key.endpoint.base_url, key.endpoint.dialect), secret
    if name == "demo":
        # It runs inside Chofesh, so no organisation has a row for it.
        return registry.default_endpoint(name, os.environ), None
    provider, _, row_id = name.partition(":")
    mine = organisation.endpoints.filter(provider=provider, keyless=True)
    row = mine.filter(**({"pk": UUID(row_id)} if row_id else {"own_base_url": ""})).first()
    if row is None:
        raise EndpointGoneError
    return Reached(row.provider, row.base_url, row.dialect), None


def default_endpoint(organisation: Organisation, provider_id: str) -> Endpoint:
    """The organisation's endpoint at the provider's own address, made when first asked for."""
    provider = registry.PROVIDERS[provider_id]
    endpoint, _created = Endpoint.objects.get_or_create(
        organisation=organisation,
        provider=provider_id,
        own_base_url="",
        defaults={"dialect": provider.dialect},
    )
    return endpoint


@transaction.atomic
def add_endpoint(
    organisation: Organisation, provider_id: str, base_url: str, by: User, policy: AddressPolicy
) -> Endpoint:
    """An endpoint at an address that an admin typed; the same one again if it is there already.

    Raises providers.errors.AddressError for an address that `policy` does not allow.
    """
    provider = registry.PROVIDERS[provider_id]
    endpoint, created = Endpoint.objects.get_or_create(
        organisation=organisation,
        provider=provider_id,
        own_base_url=normalise_base_url(base_url, policy),
        defaults={"dialect": provider.dialect},
    )
    if created:
        record(organisation, by, "endpoint.added", provider_id, base_url=endpoint.base_url)
    return endpoint


@transaction.atomic
def use_without_key(endpoint: Endpoint, by: User) -> None:
    """Call this endpoint without a key from now on: it was seen to answer without one."""
    endpoint.keyless = True
    endpoint.save(update_fields=["keyless"])
    record(
        endpoint.organisation, by, "endpoint.keyless", endpoint.provider, base_url=endpoint.base_url
    )


@transaction.atomic
def move_endpoint(endpoint: Endpoint, base_url: str, by: User, policy: AddressPolicy) -> int:
    """Change the address; how many keys were deleted, for a key is meant for one address alone.

    A keyless endpoint has to be tried again there. Raises as `add_endpoint`.
    """
    moved_to = normalise_base_url(base_url, policy)
    if moved_to == endpoint.own_base_url:
        return 0
    endpoint.own_base_url, endpoint.keyless = moved_to, False
    endpoint.save(update_fields=["own_base_url", "keyless"])
    keys, _by_model = endpoint.provider_keys.all().delete()
    record(
        endpoint.organisation,
        by,
        "endpoint.moved",
        endpoint.provider,
        base_url=endpoint.base_url,
        keys_deleted=keys,
    )
    return keys


@transaction.atomic
def remove_endpoint(endpoint: Endpoint, by: User) -> None:
    """Forget the address and every key for it."""
    record(
        endpoint.organisation, by, "endpoint.removed", endpoint.provider, base_url=endpoint.base_url
    )
    endpoint.delete()
