"""Looks from outside, by asking for the list of models, which costs nothing.

What is failing and answers that is reached again, so the next message may try it before its time is
over. What nobody has called for a while is asked too: if it is away, the breakers know it before a
person has to wait for it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import timedelta

from django.core.cache import cache
from django.db.models import Max
from django.utils import timezone

from accounts.endpoints import EndpointGoneError, reached
from accounts.identifiers import first_id_of
from accounts.models import Organisation
from accounts.provider_keys import KeyUnavailableError, credential_key, mark_rejected
from answering import fallback_matrix
from answering.connections import allowed_private_hosts
from answering.threads import in_thread
from providers.addresses import AddressPolicy
from providers.client import ProviderClient
from providers.clocks import Clocks
from providers.errors import ProviderError
from providers.request import Endpoint as Reached
from providers.secret import SecretStr
from routing.cards import provider_name
from routing.health import (
    Way,
    credential_scope,
    health,
    model_scope,
    provider_scope,
    way_of,
)
from routing.models import Attempt

logger = logging.getLogger(__name__)

PATIENCE = Clocks(head_s=10.0, first_content_s=10.0, total_s=20.0)


# A way that was called within the day, but not within these ten minutes, is asked as often.
USED_WITHIN = timedelta(days=1)
STALE = timedelta(minutes=10)
# A failure that three tries show lasts for more than an instant.
TRIES, BETWEEN_TRIES_S = 3, 0.5
# A failing way is asked in every round, and rounds are a minute apart.
FAILING_AGAIN_S = 45
AT_ONCE = 10
# Of many stale ways so many are asked in one round, and the rest in the next.
WAYS_A_ROUND = 20


async def probe() -> None:
    await asyncio.gather(probe_failing(), probe_stale())


async def probe_stale() -> None:
    """Ask each way that was used today and not lately; each failure counts as that of a call.

    One failure opens nothing, so it is asked again at once: in a later round it might be another
    process that asks, which counts by itself.
    """
    stale = await in_thread(_stale_ways)

    async def ask(client: ProviderClient, way: Way) -> None:
        for _try in range(TRIES):
            try:
                await _ask(client, way)
            except (EndpointGoneError, KeyUnavailableError):
                return
            except ProviderError as error:
                if not await in_thread(_learn, way, stale[way], error):
                    break
                await asyncio.sleep(BETWEEN_TRIES_S)
            else:
                return
        await in_thread(_forget, way)

    await _each(ask, stale)


async def _each(ask: Callable[[ProviderClient, Way], Awaitable[None]], ways: Iterable[Way]) -> None:
    """Some at once: one that says nothing must not make the others wait."""
    client = ProviderClient(AddressPolicy(allowed_private_hosts()))
    places = asyncio.Semaphore(AT_ONCE)

    async def in_turn(way: Way) -> None:
        async with places:
            try:
                await ask(client, way)
            except Exception:
                logger.exception("%s could not be looked at", way.endpoint)

    try:
        await asyncio.gather(*map(in_turn, ways))
    finally:
        await client.aclose()


def _stale_ways() -> dict[Way, list[str]]:
    """With the models that were called that way. In the scaled run each is one process's to ask."""
    now = timezone.now()
    # By id, which goes by time and has an index.
    used = Attempt.objects.filter(id__gte=first_id_of(now - USED_WITHIN)).order_by()
    last = used.values("credential", "endpoint", "model_id").annotate(last=Max("started_at"))
    found: defaultdict[Way, list[str]] = defaultdict(list)
    lately: set[Way] = set()
    for row in last:
        way = Way(row["credential"] or None, row["endpoint"])
        found[way].append(row["model_id"])
        if row["last"] > now - STALE:
            lately.add(way)
    return {way: found[way] for way in itertools.islice(_claimed(found, lately), WAYS_A_ROUND)}


def _claimed(ways: Iterable[Way], lately: set[Way]) -> Iterator[Way]:
    for way in ways:
        if way not in lately and cache.add(_mark(way), 1, STALE.total_seconds()):
            yield way


def _forget(way: Way) -> None:
    cache.delete(_mark(way))


def _mark(way: Way, why: str = "stale") -> str:
    return f"probed {why} {way.credential} {way.endpoint}".replace(" ", "|")


def _learn(way: Way, models: list[str], error: ProviderError) -> bool:
    """Whether another try may show something else."""
    step = fallback_matrix.step_after(error, 1, other_candidates=True)
    logger.info("%s does not answer: %s", way.endpoint, error.failure)
    if step.breaker == "credential":
        scope = credential_scope(way.credential, way.endpoint)
        health.failed(scope, counts=step.counts, opens_s=step.opens_s)
        if way.credential:
            words = fallback_matrix.words(
                error.failure, provider_name(way.endpoint.partition(":")[0])
            )
            mark_rejected(way.credential, words)
    elif step.breaker == "model":
        for model in models:
            scope = model_scope(way.credential, way.endpoint, model)
            health.failed(scope, counts=step.counts, opens_s=step.opens_s)
    return step.breaker != "credential"


async def probe_failing() -> None:
    """Ask each way to a failing model once, whatever number of models fail behind it."""
    failing: defaultdict[Way, list[str]] = defaultdict(list)
    for scope, opening in health.openings().items():
        way = way_of(scope)
        if way is not None and not opening.is_stated:
            failing[way].append(scope)
    mine = await in_thread(_claimed_failing, failing)

    async def ask(client: ProviderClient, way: Way) -> None:
        if await _answers(client, way):
            for scope in (*failing[way], provider_scope(way.endpoint)):
                health.answers_again(scope)

    await _each(ask, mine)


def _claimed_failing(ways: Iterable[Way]) -> list[Way]:
    """In the scaled run each is one process's to ask, though all know of it."""
    return [way for way in ways if cache.add(_mark(way, "failing"), 1, FAILING_AGAIN_S)]


async def _ask(client: ProviderClient, way: Way) -> None:
    endpoint, api_key = await in_thread(_opened, way)
    await client.list_models(endpoint, api_key, PATIENCE)


async def _answers(client: ProviderClient, way: Way) -> bool:
    try:
        await _ask(client, way)
    except (EndpointGoneError, KeyUnavailableError):
        return False
    except ProviderError as error:
        logger.info("%s is still failing: %s", way.endpoint, error.failure)
        return False
    return True


def _opened(way: Way) -> tuple[Reached, SecretStr | None]:
    if way.credential is None:
        return reached(_organisation_at(way.endpoint), way.endpoint, None)
    return reached(credential_key(way.credential).organisation, way.endpoint, way.credential)


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
