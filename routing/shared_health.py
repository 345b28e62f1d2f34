"""The scaled run: what one process learns of providers, all know a second or two later.

Everything here is best effort. With Redis away each process goes by what it saw itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import orjson
import redis.asyncio
from redis.exceptions import RedisError

from routing.engine.values import Speed
from routing.health import Health, Opening

logger = logging.getLogger(__name__)

BREAKERS, SPEEDS = "chofesh:breakers", "chofesh:speeds"
AWAY_S = 2.0
# By then every process has heard that a breaker closed.
CLOSED_KEPT_S = 60.0
# A breaker on probation that nobody tried again for so long: its model is not used any more.
FORGOTTEN_S = 24 * 3600.0


class SharedHealth:
    """One a process: `exchange` tells what is new here and hears what is new elsewhere."""

    def __init__(
        self,
        health: Health,
        url: str,
        wall: Callable[[], float] = time.time,
        count_error: Callable[[], None] = lambda: None,
    ) -> None:
        self._health, self._wall, self._count_error = health, wall, count_error
        self._redis = redis.asyncio.Redis.from_url(
            url, socket_connect_timeout=AWAY_S, socket_timeout=AWAY_S
        )
        self._is_away = False
        self._ahead_s = 0.0

    async def exchange(self) -> None:
        breakers, speeds = self._health.news(), self._health.new_speeds()
        try:
            self._ahead_s = await self._seconds_ahead()
            moved = _moved(breakers, self._ahead_s)
            told = await self._round_trip(_encoded(moved), _encoded(speeds))
        except (RedisError, OSError) as error:
            self._health.keep_as_news(breakers, speeds)
            self._count_error()
            if not self._is_away:
                logger.warning("Redis is away, breakers are this process's own: %s", error)
            self._is_away = True
            return
        self._is_away = False
        self._health.hear(_moved(_decoded(told[0], Opening), -self._ahead_s))
        self._health.hear_speeds(_decoded(told[1], Speed))

    async def _seconds_ahead(self) -> float:
        """Of Redis's clock before ours. Its own is what they tell each other the times by: a clock
        that is wrong here must not keep calls away elsewhere."""
        seconds, microseconds = await self._redis.time()
        return float(seconds + microseconds / 1e6 - self._wall())

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def _round_trip(
        self, breakers: dict[Any, Any], speeds: dict[Any, Any]
    ) -> list[dict[bytes, bytes]]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            # A command of a pipeline is only noted; execute() sends them all.
            if breakers:
                _ = pipeline.hset(BREAKERS, mapping=breakers)
            if speeds:
                _ = pipeline.hset(SPEEDS, mapping=speeds)
            _ = pipeline.hgetall(BREAKERS)
            _ = pipeline.hgetall(SPEEDS)
            *_counts, openings, measured = await pipeline.execute()
        await self._forget_old(_decoded(openings, Opening))
        return [openings, measured]

    async def _forget_old(self, openings: Mapping[str, Opening]) -> None:
        now = self._wall() + self._ahead_s
        old = [
            scope
            for scope, opening in openings.items()
            if now - opening.until > (FORGOTTEN_S if opening.since else CLOSED_KEPT_S)
        ]
        if old:
            await self._redis.hdel(BREAKERS, *old)


def _moved(openings: Mapping[str, Opening], seconds: float) -> dict[str, Opening]:
    """The same moments, as another clock has them; a time that is 0 is none."""
    return {
        scope: replace(
            opening,
            since=opening.since and opening.since + seconds,
            until=opening.until + seconds,
            probed_until=opening.probed_until and opening.probed_until + seconds,
        )
        for scope, opening in openings.items()
    }


def _encoded(told: Mapping[str, Opening] | Mapping[str, Speed]) -> dict[Any, Any]:
    return {scope: orjson.dumps(asdict(value)) for scope, value in told.items()}


def _decoded(stored: Mapping[bytes, bytes], kind: Callable[..., Any]) -> dict[str, Any]:
    """What a newer or older process wrote otherwise is passed over."""
    values = {}
    for scope, text in stored.items():
        try:
            values[scope.decode()] = kind(**orjson.loads(text))
        except (TypeError, ValueError):
            continue
    return values
