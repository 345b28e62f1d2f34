"""Who may write a reply: claimed, renewed, released and settled by rows, never by memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from chat import metrics
from chat.journal import Lease
from chat.models import ACTIVE_STATES, Conversation, JournalRow, Reply, ReplyState


@dataclass(frozen=True, slots=True)
class Ending:
    """How a reply ended. `failure` is a class of the fallback matrix or one of our own words."""

    state: ReplyState
    finish: str = ""
    failure: str = ""
    words: str = ""


def claim(reply_id: UUID, owner: str) -> Lease | None:
    """Take a queued reply; None when somebody else has it, it has ended or its stop was asked."""
    wanted = Reply.objects.filter(id=reply_id, state=ReplyState.QUEUED, stop_asked=False)
    taken = wanted.update(
        state=ReplyState.RUNNING,
        lease_owner=owner,
        lease_until=timezone.now() + timedelta(seconds=settings.LEASE_S),
        attempt=F("attempt") + 1,
    )
    if not taken:
        return None
    written = Reply.objects.values_list("attempt", "text", "reasoning")
    attempt, text, reasoning = written.get(id=reply_id)
    if attempt > 1:
        # What a former run thought led to no text, and this one begins to think anew.
        JournalRow.objects.filter(reply=reply_id).delete()
    return Lease(reply_id, owner, attempt, len(text), len(reasoning))


def renew(owner: str, reply_ids: Collection[UUID]) -> set[UUID]:
    """Keep the leases of the replies that are still written; those whose stop was asked for."""
    mine = Reply.objects.filter(id__in=reply_ids, lease_owner=owner, state=ReplyState.RUNNING)
    mine.update(lease_until=timezone.now() + timedelta(seconds=settings.LEASE_S))
    return set(mine.filter(stop_asked=True).values_list("id", flat=True))


def release(lease: Lease) -> bool:
    """Give an unbegun reply back to the queue, for another process or the next start.

    One with text is not begun anew: the reaper ends it when its lease has expired.
    """
    if JournalRow.objects.filter(reply=lease.reply_id, kind=JournalRow.Kind.TEXT).exists():
        return False
    return bool(fenced(lease).update(state=ReplyState.QUEUED, lease_owner="", lease_until=None))


def fenced(lease: Lease) -> QuerySet[Reply]:
    return Reply.objects.filter(
        id=lease.reply_id,
        state=ReplyState.RUNNING,
        lease_owner=lease.owner,
        attempt=lease.attempt,
    )


def settle(
    lease: Lease, ending: Ending, tool_calls: list[dict[str, Any]] | None = None
) -> Reply | None:
    """End a reply with all its committed text; None when the lease was lost."""
    with transaction.atomic():
        reply = _locked(fenced(lease)).first()
        if reply is None:
            return None
        reply.tool_calls = [*reply.tool_calls, *(tool_calls or [])]
        return _end(reply, ending)


def settle_abandoned(reply_id: UUID, ending: Ending) -> Reply | None:
    """End a reply that nobody holds: queued, or running with an expired lease."""
    with transaction.atomic():
        reply = _locked(Reply.objects.filter(id=reply_id, state__in=ACTIVE_STATES)).first()
        if reply is None or (reply.lease_until and reply.lease_until > timezone.now()):
            return None
        return _end(reply, ending)


def requeue_abandoned(reply_id: UUID) -> bool:
    """Back to the queue, if its lease has expired and it has no text yet."""
    expired = Reply.objects.filter(
        id=reply_id, state=ReplyState.RUNNING, lease_until__lt=timezone.now()
    )
    with transaction.atomic():
        reply = _locked(expired).first()
        if reply is None or committed(reply)[0]:
            return False
        expired.update(state=ReplyState.QUEUED, lease_owner="", lease_until=None)
    return True


def committed(reply: Reply) -> tuple[str, str]:
    """Text and reasoning so far: what is folded, then the journal."""
    rows = reply.journal.order_by("kind", "start").values_list("kind", "text")
    return _joined(reply, rows)


def _joined(reply: Reply, rows: Iterable[tuple[str, str]]) -> tuple[str, str]:
    parts = {JournalRow.Kind.TEXT: [reply.text], JournalRow.Kind.REASONING: [reply.reasoning]}
    for kind, text in rows:
        parts[JournalRow.Kind(kind)].append(text)
    return "".join(parts[JournalRow.Kind.TEXT]), "".join(parts[JournalRow.Kind.REASONING])


def _end(reply: Reply, ending: Ending) -> Reply:
    """Call with the row locked."""
    reply.text, reply.reasoning = committed(reply)
    reply.seq = len(reply.text)
    reply.state = ending.state
    reply.finish = ending.finish
    reply.failure = ending.failure
    reply.failure_words = ending.words
    reply.lease_owner, reply.lease_until, reply.stop_asked = "", None, False
    reply.ended_at = timezone.now()
    reply.save()
    reply.journal.all().delete()
    # An answer is news in its conversation, whether or not anybody watches.
    Conversation.objects.filter(id=reply.conversation_id).update(active_at=reply.ended_at)
    metrics.ENDED.labels(ending.state.value).inc()
    return reply


def _locked(replies: QuerySet[Reply]) -> QuerySet[Reply]:
    return replies.select_for_update(of=("self",), no_key=True)
