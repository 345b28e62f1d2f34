"""The web side of the scaled run: replies that workers write, as the sockets here see them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from answering.threads import in_thread
from chat import arrivals
from chat.broadcast import current_broadcast
from chat.live import Frame
from chat.relay import PEOPLE, WORKERS, current_relay, web_channel

logger = logging.getLogger(__name__)

# A worker forgets who watches after 30 s (chat/worker.py), so it is told again well before.
RENEW_S = 10.0
QUIET_S = 1.0

_tasks: set[asyncio.Task[None]] = set()


def begin_following() -> None:
    """Call once in a web process, in its loop."""
    relay = current_relay()
    relay.listen({web_channel(relay.process): _hear, PEOPLE: _hear_of_person})
    _spawn(_catch_up_for_ever())
    _spawn(_renew_for_ever())


async def follow(reply_id: UUID) -> None:
    """Have its text sent here from now on, and take what there is already."""
    _ask_for(reply_id)
    await _catch_up(reply_id)


def ask_to_stop(reply_id: UUID) -> None:
    current_relay().send(WORKERS, {"stop": str(reply_id)})


def _ask_for(reply_id: UUID) -> None:
    relay = current_relay()
    relay.send(WORKERS, {"watch": str(reply_id), "process": relay.process})


def _hear(message: list[list[Any]]) -> None:
    """What a worker committed and said since its last tick."""
    for verb, reply, *rest in message:
        _VERBS[verb](UUID(reply), *rest)


def _begin(reply_id: UUID, text: str, reasoning: str) -> None:
    if not current_broadcast().is_beyond(reply_id, text, reasoning):
        current_broadcast().begin(reply_id, text, reasoning)


def _add_text(reply_id: UUID, start: int, text: str) -> None:
    if not current_broadcast().add_text(reply_id, start, text):
        _spawn(_tried(_catch_up(reply_id)))


_VERBS: dict[str, Callable[..., object]] = {
    "begin": _begin,
    "text": _add_text,
    "reasoning": lambda *told: current_broadcast().add_reasoning(*told),
    "say": lambda *told: current_broadcast().say(*told),
    "receipt": lambda *told: current_broadcast().show_receipt(*told),
    "finish": lambda *told: current_broadcast().finish(*told),
}


def _hear_of_person(message: dict[str, Any]) -> None:
    if message["process"] == current_relay().process:
        return
    broadcast = current_broadcast()
    frame: Frame = message["frame"]
    user_id, conversation_id = UUID(message["user"]), UUID(message["conversation"])
    broadcast.tell_user(user_id, conversation_id, frame, message["but"])
    if frame["type"] == "turn" and UUID(frame["reply"]) in broadcast.awaited():
        _spawn(_tried(follow(UUID(frame["reply"]))))


async def _catch_up(reply_id: UUID) -> None:
    """Bring this process to where the database is."""
    broadcast = current_broadcast()
    found = await in_thread(arrivals.committed_state, reply_id)
    if found is None:
        return
    if found.ended is not None:
        broadcast.finish(reply_id, found.ended)
    elif not broadcast.knows(reply_id):
        broadcast.begin(reply_id, found.text, found.reasoning)
        if found.chip:
            broadcast.show_receipt(reply_id, found.chip)
    else:
        broadcast.add_text(reply_id, 0, found.text)
        broadcast.add_reasoning(reply_id, 0, found.reasoning)


async def _catch_up_for_ever() -> None:
    """What was lost on the way, or written while Redis was away, is read from the database."""
    loop = asyncio.get_running_loop()
    broadcast = current_broadcast()
    while True:
        await asyncio.sleep(QUIET_S)
        broadcast.forget_unwatched()
        for live in broadcast.watched():
            if loop.time() - live.heard_at >= QUIET_S:
                await _tried(_catch_up(live.reply_id))
        for reply_id in broadcast.awaited():
            await _tried(_catch_up(reply_id))


async def _renew_for_ever() -> None:
    while True:
        await asyncio.sleep(RENEW_S)
        for live in current_broadcast().watched():
            _ask_for(live.reply_id)


async def _tried(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        logger.exception("A reply could not be brought up to date; tried again in a second")


def _spawn(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
