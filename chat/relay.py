"""Messages between the processes of the scaled run, by Redis pub/sub.

Everything sent here may be lost: the database holds every character and every end, and each
process reads there whatever it has not heard of for a second (chat/following.py).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

import orjson
import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from chat import metrics
from chat.broadcast import current_broadcast
from chat.live import Frame

logger = logging.getLogger(__name__)

WORKERS, PEOPLE = "chofesh:workers", "chofesh:people"
RECONNECT_S = 1.0
AWAY_S = 2.0
IDLE_S = 5.0

Hear = Callable[[Any], None]


def web_channel(process: str) -> str:
    return f"chofesh:web:{process}"


class Relay:
    """One an event loop. Messages leave in order, all that are waiting in one round trip."""

    def __init__(self) -> None:
        self.process = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._mouth = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=AWAY_S, socket_timeout=AWAY_S
        )
        # A listener waits as long as nothing is said, so only its connecting has a limit.
        self._ears = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=AWAY_S, health_check_interval=15
        )
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._away: set[str] = set()
        self._tasks = {asyncio.get_running_loop().create_task(self._publish(), name="relay")}

    def send(self, channel: str, message: object) -> None:
        self._waiting.append((channel, orjson.dumps(message)))
        self._wake.set()

    def listen(self, hear: dict[str, Hear]) -> None:
        loop = asyncio.get_running_loop()
        self._tasks.add(loop.create_task(self._listen(hear), name="relay listener"))

    def tell_user(self, user_id: UUID, conversation_id: UUID, frame: Frame, but: str = "") -> None:
        """Here and in every other process that has sockets of this person."""
        current_broadcast().tell_user(user_id, conversation_id, frame, but)
        message = {"user": str(user_id), "conversation": str(conversation_id), "frame": frame}
        self.send(PEOPLE, message | {"but": but, "process": self.process})

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._mouth.aclose()
        await self._ears.aclose()

    async def _publish(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            messages, self._waiting = self._waiting, deque()
            try:
                async with self._mouth.pipeline(transaction=False) as pipeline:
                    for channel, message in messages:
                        # A command of a pipeline is only noted; execute() sends them all.
                        _ = pipeline.publish(channel, message)
                    await pipeline.execute()
                self._is_back("messages were dropped")
            except (RedisError, OSError) as error:
                self._is_away("messages were dropped", error)
                await asyncio.sleep(AWAY_S)

    async def _listen(self, hear: dict[str, Hear]) -> None:
        while True:
            try:
                async with self._ears.pubsub(ignore_subscribe_messages=True) as heard:
                    await heard.subscribe(*hear)
                    self._is_back("nothing is heard")
                    while True:
                        message = await heard.get_message(timeout=IDLE_S)
                        if message is not None:
                            _told(hear, message)
            except (RedisError, OSError) as error:
                self._is_away("nothing is heard", error)
            await asyncio.sleep(RECONNECT_S)

    def _is_away(self, so: str, error: Exception) -> None:
        """Counted each time, and logged once for as long as it lasts."""
        metrics.REDIS_ERRORS.inc()
        if so not in self._away:
            logger.warning("Redis is away, %s: %s", so, error)
        self._away.add(so)

    def _is_back(self, so: str) -> None:
        self._away.discard(so)


def _told(hear: dict[str, Hear], message: dict[str, Any]) -> None:
    """One message that cannot be used must not end the listening: the database has it too."""
    try:
        hear[message["channel"].decode()](orjson.loads(message["data"]))
    except Exception:
        logger.exception("A message from another process could not be used")


_relays: WeakKeyDictionary[asyncio.AbstractEventLoop, Relay] = WeakKeyDictionary()


def current_relay() -> Relay:
    loop = asyncio.get_running_loop()
    relay = _relays.get(loop)
    if relay is None:
        relay = _relays[loop] = Relay()
    return relay
