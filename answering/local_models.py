"""Is Ollama running on this machine?"""

from __future__ import annotations

import os

from asgiref.sync import async_to_sync

from accounts.models import Organisation
from answering.connections import allowed_private_hosts
from providers.addresses import AddressPolicy
from providers.client import ProviderClient
from providers.clocks import Clocks
from providers.errors import ProviderError
from providers.registry import default_endpoint

OLLAMA = "ollama"
# It is on this machine or it is not: nobody should wait for a page because of it.
AT_ONCE = Clocks(connect_s=0.5, head_s=1.0, first_content_s=1.0, total_s=2.0)


def offered_ollama_models(organisation: Organisation) -> tuple[str, ...]:
    """The names of the models of an Ollama that runs here and is not connected yet."""
    if organisation.endpoints.filter(provider=OLLAMA, keyless=True).exists():
        return ()
    return async_to_sync(_ollama_models)()


async def _ollama_models() -> tuple[str, ...]:
    client = ProviderClient(AddressPolicy(allowed_private_hosts()))
    try:
        return await client.list_models(default_endpoint(OLLAMA, os.environ), clocks=AT_ONCE)
    except ProviderError:
        return ()
    finally:
        await client.aclose()
