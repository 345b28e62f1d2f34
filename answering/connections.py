"""The provider client of this event loop: one a process, opened at the first call."""

from __future__ import annotations

import asyncio
import os
from weakref import WeakKeyDictionary

from django.conf import settings

from providers.addresses import AddressPolicy
from providers.client import ProviderClient
from providers.registry import moved_hosts

# Ollama's own address: the one private place that a server bound to loopback may speak to.
OLLAMA = "127.0.0.1:11434"

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, ProviderClient] = WeakKeyDictionary()


def allowed_private_hosts() -> frozenset[str]:
    ollama = frozenset({OLLAMA}) if settings.LOOPBACK_ONLY else frozenset[str]()
    return settings.ALLOWED_PRIVATE_HOSTS | moved_hosts(os.environ) | ollama


def provider_client() -> ProviderClient:
    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = ProviderClient(AddressPolicy(allowed_private_hosts()))
        _clients[loop] = client
    return client


async def close_connections() -> None:
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()
