from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from providers.addresses import AddressPolicy
from providers.client import ProviderClient
from tests.aimock import aimock

__all__ = ["aimock"]

OpenClient = Callable[..., ProviderClient]


@pytest.fixture
async def open_client() -> AsyncIterator[OpenClient]:
    """Makes clients that may reach the given `host:port`s, and closes them afterwards."""
    opened: list[ProviderClient] = []

    def open_one(*allowed: str, demo_delay_s: float = 0.0, **parts) -> ProviderClient:
        policy = AddressPolicy(frozenset(allowed))
        client = ProviderClient(policy, demo_delay_s=demo_delay_s, **parts)
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        await client.aclose()
