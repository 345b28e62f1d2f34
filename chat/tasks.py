"""The bell of the scaled run. It only rings: the queued row is what counts."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from celery import shared_task
from kombu.exceptions import OperationalError

from answering.log_ids import REQUEST
from chat import metrics

logger = logging.getLogger(__name__)


@shared_task(name="chat.write_reply", bind=True)
def write_reply(task: Any, reply_id: str) -> None:
    """In a worker: hand the reply to the loop of this process and return at once."""
    from chat import worker  # noqa: PLC0415  # only workers have a loop of their own

    token = REQUEST.set(task.request.get(REQUEST.name) or "")
    worker.start(UUID(reply_id))
    REQUEST.reset(token)


def ring(reply_id: UUID) -> None:
    """With Redis away the workers find the row by themselves, a moment later."""
    try:
        # A header, not an argument: the version before would not know it.
        headers = {REQUEST.name: REQUEST.get()}
        write_reply.apply_async((str(reply_id),), retry=False, expires=60, headers=headers)
    except OperationalError as error:
        metrics.REDIS_ERRORS.inc()
        logger.warning("No bell for reply %s: %s", reply_id, error)
