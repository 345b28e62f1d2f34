"""Replies that nobody holds: begun again before their first text, ended in words after it."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from answering.lost_attempts import book_lost_attempts, forgotten
from chat import leases, metrics
from chat.leases import Ending
from chat.models import Reply, ReplyState
from routing.models import Decision

logger = logging.getLogger(__name__)

# A reply that has lost two processes is not given a third.
ATTEMPTS_BEFORE_TEXT = 2


def look() -> None:
    """Whether the database answers, and how fast."""
    Reply.objects.filter(state=ReplyState.RUNNING).exists()


def reap() -> list[UUID]:
    """Deal with every running reply whose lease has expired, and with every waiting one that was
    to stop; the ones that this ended."""
    expired = Q(state=ReplyState.RUNNING, lease_until__lt=timezone.now())
    unwanted = Q(state=ReplyState.QUEUED, stop_asked=True)
    replies = Reply.objects.filter(expired | unwanted).select_related("decision")
    return [reply.id for reply in replies if _end(reply)]


@transaction.atomic
def _end(reply: Reply) -> bool:
    """Whether it ended; else it is queued again, or somebody else has dealt with it.

    One transaction: a reply that has ended is not looked at again, so its calls must be booked by then.
    """
    text, reasoning = leases.committed(reply)
    if text or reply.stop_asked or reply.attempt >= ATTEMPTS_BEFORE_TEXT:
        is_ended = leases.settle_abandoned(reply.id, _ending(reply, text)) is not None
        is_mine = is_ended
    else:
        is_ended, is_mine = False, leases.requeue_abandoned(reply.id)
    if is_mine and reply.decision is not None:
        written = text[len(reply.text) :] + reasoning[len(reply.reasoning) :]
        book_lost_attempts(reply.decision, len(written.encode()))
    return is_ended


def book_forgotten_attempts() -> int:
    """Calls that the death of their process, or of its database, left open when their reply had
    ended or was somebody else's: booked as failed. How many decisions had some."""
    decisions = forgotten()
    for decision in decisions:
        try:
            with transaction.atomic():
                book_lost_attempts(decision, _bytes_kept(decision))
        except Exception:
            # The others must not wait for it.
            logger.exception("The calls of decision %s could not be booked", decision.id)
    return len(decisions)


def _bytes_kept(decision: Decision) -> int:
    """What came of its call, as far as a reply that knew no other call tells."""
    reply = Reply.objects.filter(decision=decision, earlier_decisions=[]).first()
    return len((reply.text + reply.reasoning).encode()) if reply else 0


def waiting_replies() -> list[UUID]:
    """Queued replies that no process has begun: their bell was lost."""
    # Whoever queued a reply begins it at once; give that a moment.
    settled = timezone.now() - timedelta(seconds=settings.QUEUE_GRACE_S)
    queued = Reply.objects.filter(state=ReplyState.QUEUED, created_at__lt=settled)
    oldest = queued.order_by("id").values_list("created_at", flat=True).first()
    metrics.QUEUE_AGE.set((timezone.now() - oldest).total_seconds() if oldest else 0)
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
