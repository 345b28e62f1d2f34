"""How much a person asks for at present: what runs, and what was begun in this minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, DateTimeField, F, Q, QuerySet, UUIDField
from django.utils import timezone

from accounts.models import User
from accounts.prepared import PreparedQuery
from chat.models import ACTIVE_STATES, Continuation, Reply, ReplyState

MINUTE = timedelta(minutes=1)


def running_in(user: User) -> list[UUID]:
    """The conversations of this person in which a reply is waited for, once for each reply."""
    return [conversation for (conversation,) in _RUNNING.all(user.pk)]


def asked_this_minute(user: User) -> int:
    """Messages, answers again and continuations: each is a call."""
    # What seems to come from the future was asked before the clock was put back.
    now = timezone.now()
    since, until = now - MINUTE, now + MINUTE
    begun, perhaps_continued = _BEGUN.first(user.pk, since, until) or (0, 0)
    if not perhaps_continued:
        return begun
    newer = _newer(user.pk, since, until)
    continued = Continuation.objects.filter(reply__in=newer, created_at__range=(since, until))
    return begun + continued.count()


def _newer(user_id: UUID, since: datetime, until: datetime) -> QuerySet[Reply]:
    """What was asked since then has made its conversation newer, and for that there is an index."""
    return Reply.objects.filter(
        conversation__owner=user_id, conversation__active_at__range=(since, until)
    )


def _begun(user_id: UUID, since: datetime, until: datetime) -> QuerySet[Reply, tuple[int, int]]:
    """Of one group, for an aggregate alone is no query."""
    # What was never claimed twice, and waits to be for the first time, was never continued.
    again = Q(attempt__gt=1) | Q(attempt=1, state=ReplyState.QUEUED)
    return (
        _newer(user_id, since, until)
        .values(of=F("conversation__owner"))
        .annotate(
            begun=Count("id", filter=Q(created_at__range=(since, until))),
            perhaps_continued=Count("id", filter=again),
        )
        .values_list("begun", "perhaps_continued")
    )


_RUNNING = PreparedQuery(
    lambda user_id: Reply.objects.filter(
        conversation__owner=user_id, state__in=ACTIVE_STATES
    ).values_list("conversation"),
    UUIDField(),
)
_BEGUN = PreparedQuery(_begun, UUIDField(), DateTimeField(), DateTimeField())
