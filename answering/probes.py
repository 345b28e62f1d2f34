"""Looks at what is failing from outside, by asking for the list of models, which costs nothing.

Who answers that is reached again, so the next message may try it, before its time is over.
"""

from __future__ import annotations

import logging
from collections import defaultdict

from accounts.endpoints import EndpointGoneError, endpoint_of
from accounts.models import Organisation, ProviderKey
from accounts.provider_keys import KeyUnavailableError, api_key_for
from answering.connections import allowed_private_hosts
from answering.threads import in_thread
from providers.addresses import AddressPolicy
from providers.client import ProviderClient
from providers.clocks import Clocks
from providers.errors import ProviderError
from providers.request import Endpoint as Reached
from providers.secret import SecretStr
from routing.health import Way, health, provider_scope, way_of

logger = logging.getLogger(__name__)

PATIENCE = Clocks(head_s=10.0, first_content_s=10.0, total_s=20.0)


async def probe_failing() -> None:
    """Ask each way to a failing model once, whatever number of models fail behind it."""
    failing: defaultdict[Way, list[str]] = defaultdict(list)
    for scope, opening in health.openings().items():
        way = way_of(scope)
        if way is not None and not opening.is_stated:
            failing[way].append(scope)
    if not failing:
        return
    client = ProviderClient(AddressPolicy(allowed_private_hosts()))
    try:
        for way, scopes in failing.items():
            if await _answers(client, way):
                for scope in (*scopes, provider_scope(way.endpoint)):
                    health.answers_again(scope)
    finally:
        await client.aclose()


async def _answers(client: ProviderClient, way: Way) -> bool:
    try:
        endpoint, api_key = await in_thread(_opened, way)
        await client.list_models(endpoint, api_key, PATIENCE)
    except (EndpointGoneError, KeyUnavailableError):
        return False
    except ProviderError as error:
        logger.info("%s is still failing: %s", way.endpoint, error.failure)
        return False
    return True


def _opened(way: Way) -> tuple[Reached, SecretStr | None]:
    if way.credential is None:
        return endpoint_of(_organisation_at(way.endpoint), way.endpoint, None), None
    keys = ProviderKey.objects.select_related("organisation")
    key = keys.filter(pk=way.credential.partition(":")[2]).first()
    if key is None:
        raise EndpointGoneError
    endpoint = endpoint_of(key.organisation, way.endpoint, way.credential)
    return endpoint, api_key_for(way.credential)


def _organisation_at(endpoint: str) -> Organisation:
    """One that calls this endpoint without a key."""
    provider, _, row_id = endpoint.partition(":")
    which = {"endpoints__pk": row_id} if row_id else {"endpoints__own_base_url": ""}
    found = Organisation.objects.filter(
        endpoints__provider=provider, endpoints__keyless=True, **which
    ).first()
    if found is None:
        raise EndpointGoneError
    return found
