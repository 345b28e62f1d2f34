"""What processes remember together for a minute or an hour: counts of tries, above all."""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from chat import metrics

logger = logging.getLogger(__name__)


class SharedCache(RedisCache):
    """With Redis away each process remembers by itself: a limit is looser, and nobody is kept out."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("redis is away", params)

    def add(self, key: Any, value: Any, *options: Any, **named: Any) -> bool:
        return bool(self._either("add", key, value, *options, **named))

    def get(self, key: Any, *options: Any, **named: Any) -> Any:
        return self._either("get", key, *options, **named)

    def set(self, key: Any, value: Any, *options: Any, **named: Any) -> None:
        self._either("set", key, value, *options, **named)

    def delete(self, key: Any, *options: Any, **named: Any) -> bool:
        return bool(self._either("delete", key, *options, **named))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._either("incr", key, delta=delta, version=version))

    def _either(self, verb: str, key: Any, *options: Any, **named: Any) -> Any:
        try:
            return getattr(super(), verb)(key, *options, **named)
        except (RedisError, OSError) as error:
            metrics.REDIS_ERRORS.inc()
            logger.warning("Redis is away, this process remembers by itself: %s", error)
        if verb == "incr":
            # It may have been counted in Redis until now.
            self._own.add(key, 0)
        return getattr(self._own, verb)(key, *options, **named)
