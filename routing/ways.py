"""How the members of an organisation reach its models."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Endpoint, Organisation, User
from accounts.provider_keys import usable_keys
from routing.engine.values import Payer

DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Way:
    """How an organisation's member reaches all the models of one provider."""

    provider: str
    endpoint: str
    credential: str | None
    payer: Payer


def ways_of(user: User, organisation: Organisation) -> list[Way]:
    """Personal keys before the organisation's, then the endpoints that need none.

    The demo models step back as soon as there is anything else.
    """
    ways = []
    for key in usable_keys(user, organisation):
        payer: Payer = "person" if key.owner_id else "organisation"
        ways.append(Way(key.provider, _endpoint_name(key.endpoint), key.credential, payer))
    ways += [
        Way(endpoint.provider, _endpoint_name(endpoint), None, "nobody")
        for endpoint in organisation.endpoints.filter(keyless=True)
    ]
    return ways or [Way(DEMO, DEMO, None, "nobody")]


def _endpoint_name(endpoint: Endpoint) -> str:
    """On the receipt: the provider, and which of its addresses when the organisation set one."""
    return f"{endpoint.provider}:{endpoint.id}" if endpoint.own_base_url else endpoint.provider
