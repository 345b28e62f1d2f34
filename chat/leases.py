"""Who may write a reply: claimed, renewed, released and settled by rows, never by memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, UUIDField
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Membership
from accounts.prepared import PreparedQuery
from chat import metrics
from chat.journal import Lease
from chat.models import ACTIVE_STATES, Conversation, JournalRow, Reply, ReplyState

# Nobody is given a lease for so much longer than the usual: the clock was put back since.
FAR_AHEAD = 3


_WITH_NEIGHBOURS = PreparedQuery(
    lambda reply_id: Reply.objects.select_related(
        "conversation__owner", "conversation__organisation", "message"
    ).filter(id=reply_id),
    UUIDField(),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a reply ended. `failure` is a class of the fallback matrix or one of our own words."""

    state: ReplyState
    finish: str = ""
    failure: str = ""
    words: str = ""


def is_expired() -> Q:
    """By the clock of the database, the one that all processes have in common."""
    return Q(lease_until__lt=Now()) | Q(lease_until__gt=_a_lease_from_now(FAR_AHEAD))


def _a_lease_from_now(times: int = 1) -> CombinedExpression:
    return Now() + timedelta(seconds=times * settings.LEASE_S)


def claim(reply_id: UUID, owner: str) -> Lease | None:
    """Take a queued reply; None when somebody else has it, it has ended or its stop was asked."""
    reply = claimed(reply_id, owner)
    return lease_of(reply) if reply else None


def claimed(reply_id: UUID, owner: str) -> Reply | None:
    """As `claim`, for whoever needs the row and its neighbours too."""
    wanted = Reply.objects.filter(id=reply_id, state=ReplyState.QUEUED, stop_asked=False)
    taken = wanted.update(
        state=ReplyState.RUNNING,
        lease_owner=owner,
        lease_until=_a_lease_from_now(),
        attempt=F("attempt") + 1,
    )
    if not taken:
        return None
    reply = _WITH_NEIGHBOURS.first(reply_id)
    if reply is not None and reply.attempt > 1:
        # What a former run thought led to no text, and this one begins to think anew.
        JournalRow.objects.filter(reply=reply_id).delete()
    return reply


def lease_of(reply: Reply) -> Lease:
    return Lease(reply.id, reply.lease_owner, reply.attempt, len(reply.text), len(reply.reasoning))


def renew(owner: str, reply_ids: Collection[UUID]) -> set[UUID]:
    """Keep the leases of the replies that are still written; those that are to stop, as was asked or
    because their person is no longer a member: a call that runs outlives anything but that."""
    mine = Reply.objects.filter(id__in=reply_ids, lease_owner=owner, state=ReplyState.RUNNING)
    mine.update(lease_until=_a_lease_from_now())
    member = Membership.objects.filter(
        user=OuterRef("conversation__owner"),
        organisation=OuterRef("conversation__organisation"),
        active=True,
        user__is_active=True,
    )
    unwanted = mine.filter(Q(stop_asked=True) | ~Exists(member))
    return set(unwanted.values_list("id", flat=True))


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


def settle_stopped(reply_id: UUID) -> Reply | None:
    """End a reply whose stop was asked for before anybody took it."""
    waits = Reply.objects.filter(id=reply_id, state=ReplyState.QUEUED, stop_asked=True)
    with transaction.atomic():
        reply = _locked(waits).first()
        return _end(reply, Ending(ReplyState.STOPPED)) if reply else None


def settle_abandoned(reply_id: UUID, ending: Ending) -> Reply | None:
    """End a reply that nobody holds: queued, or running with an expired lease."""
    with transaction.atomic():
        mine = Reply.objects.filter(id=reply_id, state__in=ACTIVE_STATES)
        reply = _locked(mine.filter(Q(lease_until=None) | is_expired())).first()
        return _end(reply, ending) if reply else None


def requeue_abandoned(reply_id: UUID) -> bool:
    """Back to the queue, if its lease has expired and it has no text yet."""
    expired = Reply.objects.filter(is_expired(), id=reply_id, state=ReplyState.RUNNING)
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
