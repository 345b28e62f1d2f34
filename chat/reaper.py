"""Replies that nobody holds: begun again before their first text, ended in words after it."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from answering.lost_attempts import book_lost_attempts, book_lost_readings, forgotten
from chat import leases
from chat.leases import Ending
from chat.models import Reply, ReplyState
from routing.models import Attempt, Decision

logger = logging.getLogger(__name__)

NOBODY = UUID(int=0)
CLOCK = {
    "sqlite": "SELECT STRFTIME('%Y-%m-%d %H:%M:%f+00:00', 'now')",
    "postgresql": "SELECT TO_CHAR(CLOCK_TIMESTAMP() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00:00')",
}
# A reply that has lost two processes is not given a third.
ATTEMPTS_BEFORE_TEXT = 2


class BlindError(Exception):
    """The database kept us waiting, and so those who would have renewed their leases."""


def look() -> datetime:
    """Whether the database takes what is written, how fast, and what time it has."""
    Reply.objects.filter(id=NOBODY).update(stop_asked=False)
    with connection.cursor() as cursor:
        cursor.execute(CLOCK[connection.vendor])
        return datetime.fromisoformat(cursor.fetchone()[0])


def reap() -> list[UUID]:
    """Deal with every running reply whose lease has expired, and with every waiting one that was
    to stop; the ones that this ended. What is left is looked at in the next round."""
    ended = []
    try:
        for reply in _abandoned():
            if _end(reply):
                # Kept, whatever becomes of the next.
                ended.append(reply.id)  # noqa: PERF401
    except BlindError:
        logger.warning("The database was slow: no more replies are taken for abandoned now")
    return ended


def _abandoned() -> list[Reply]:
    asked = time.monotonic()
    expired = leases.is_expired() & Q(state=ReplyState.RUNNING)
    unwanted = Q(state=ReplyState.QUEUED, stop_asked=True)
    found = list(Reply.objects.filter(expired | unwanted).select_related("decision"))
    _see_clearly(asked)
    return found


def _end(reply: Reply) -> bool:
    """Whether it ended; else it is queued again, or somebody else has dealt with it."""
    asked = time.monotonic()
    # One transaction: a reply that has ended is not looked at again, so its calls must be booked by then.
    with transaction.atomic():
        text, reasoning = leases.committed(reply)
        if text or reply.stop_asked or reply.attempt >= ATTEMPTS_BEFORE_TEXT:
            is_ended = leases.settle_abandoned(reply.id, _ending(reply, text)) is not None
            is_mine = is_ended
        else:
            is_ended, is_mine = False, leases.requeue_abandoned(reply.id)
        _see_clearly(asked)
        if is_mine and reply.decision is not None:
            new_text, thoughts = text[len(reply.text) :], reasoning[len(reply.reasoning) :]
            book_lost_attempts(reply.decision, _bytes_of_last(reply.decision, new_text, thoughts))
    return is_ended


def _bytes_of_last(decision: Decision, text: str, thoughts: str) -> int:
    """What came of the call that was lost. Thoughts may be an earlier try's, and are booked with that."""
    tries = decision.attempts.exclude(number=Attempt.SECOND_READING).count()
    return len((text if tries > 1 else text + thoughts).encode())


def _see_clearly(asked: float) -> None:
    """Call with what was found still undone, `asked` when it was asked for."""
    if time.monotonic() - asked > settings.REAPER_S / 2:
        raise BlindError


def book_forgotten_attempts() -> int:
    """Calls that the death of their process, or of its database, left open when their reply had
    ended or was somebody else's: booked as failed. How many decisions had some, or were never stored."""
    # One whose reply is held is no business of ours, however old the clocks make it look.
    running = Reply.objects.filter(state=ReplyState.RUNNING, decision__isnull=False)
    decisions = forgotten(but=running.exclude(leases.is_expired()).values("decision"))
    for decision in decisions:
        try:
            with transaction.atomic():
                book_lost_attempts(decision, _bytes_kept(decision))
        except Exception:
            # The others must not wait for it.
            logger.exception("The calls of decision %s could not be booked", decision.id)
    return len(decisions) + book_lost_readings()


def _bytes_kept(decision: Decision) -> int:
    """What came of its call, as far as a reply that knew no other call tells."""
    reply = Reply.objects.filter(decision=decision, earlier_decisions=[]).first()
    return _bytes_of_last(decision, reply.text, reply.reasoning) if reply else 0


def waiting_replies() -> list[UUID]:
    """Queued replies that no process has begun: their bell was lost."""
    # Whoever queued a reply begins it at once; give that a moment.
    grace = timedelta(seconds=settings.QUEUE_GRACE_S)
    # The clock of whoever queued it may be ahead of ours, or ours was put back since.
    settled = Q(created_at__lt=Now() - grace) | Q(created_at__gt=Now() + grace)
    queued = Reply.objects.filter(settled, state=ReplyState.QUEUED)
    return list(queued.order_by("id").values_list("id", flat=True)[:50])


def _ending(reply: Reply, text: str) -> Ending:
    if reply.stop_asked:
        return Ending(ReplyState.STOPPED)
    if text:
        words = _("The server restarted. What was written is kept.")
    else:
        words = _("The server restarted twice before an answer. Your message is kept: try again.")
    state = ReplyState.INTERRUPTED if text else ReplyState.FAILED
    return Ending(state, failure="restarted", words=words)
