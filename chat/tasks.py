"""The bell of the scaled run. It only rings: the queued row is what counts."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import shared_task
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


@shared_task(name="chat.write_reply")
def write_reply(reply_id: str) -> None:
    """In a worker: hand the reply to the loop of this process and return at once."""
    from chat import worker  # noqa: PLC0415  # only workers have a loop of their own

    worker.start(UUID(reply_id))


def ring(reply_id: UUID) -> None:
    """With Redis away the workers find the row by themselves, a moment later."""
    try:
        write_reply.apply_async((str(reply_id),), retry=False, expires=60)
    except OperationalError as error:
        logger.warning("No bell for reply %s: %s", reply_id, error)
