"""How the process of a socket reaches whoever writes replies: itself, or a worker elsewhere.

What the scaled run alone needs is imported where it is used: Redis and Celery take 10 MB.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from answering.threads import in_thread
from chat.broadcast import current_broadcast
from chat.live import Frame
from chat.runner import current_runner, runner_of_this_loop


async def ring(reply_id: UUID) -> None:
    """A reply is queued. The row is the truth: a lost ring costs a second, not the reply."""
    if settings.SCALED:
        from chat import tasks

        await in_thread(tasks.ring, reply_id)
    else:
        current_runner().start(reply_id)


async def stop(reply_id: UUID) -> bool:
    """Pass a stop on at once. False when nobody here writes the reply, or nobody knows who does."""
    if settings.SCALED:
        from chat import following

        following.ask_to_stop(reply_id)
        return False
    runner = runner_of_this_loop()
    return runner is not None and runner.stop(reply_id)


async def stop_all(reply_ids: Iterable[UUID]) -> None:
    for reply_id in reply_ids:
        await stop(reply_id)


async def follow(reply_id: UUID) -> None:
    """Hear of a reply that another process writes; the caller watches it already."""
    if settings.SCALED:
        from chat import following

        await following.follow(reply_id)


def tell_user(user_id: UUID, conversation_id: UUID, frame: Frame, but: str = "") -> None:
    """To all pages of a person, in whatever process, but the one of this name."""
    if settings.SCALED:
        from chat.relay import current_relay

        current_relay().tell_user(user_id, conversation_id, frame, but)
    else:
        current_broadcast().tell_user(user_id, conversation_id, frame, but)
