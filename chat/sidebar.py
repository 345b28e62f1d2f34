"""The list of conversations, newest first, under the days people think in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.models import ACTIVE_STATES, Conversation, Reply

PAGE = 40


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    title: str
    active_at: datetime
    is_running: bool
    is_unread: bool


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is where the following page begins, None on the last."""

    groups: list[tuple[str, list[Row]]]
    next: str | None


def page(conversations: QuerySet[Conversation], before: datetime | None = None) -> Page:
    wanted = conversations.filter(active_at__lt=before) if before else conversations
    found = rows(wanted.order_by("-active_at")[: PAGE + 1])
    shown = found[:PAGE]
    following = shown[-1].active_at.isoformat() if len(found) > PAGE else None
    return Page(_grouped(shown, timezone.localdate()), following)


def rows(conversations: QuerySet[Conversation]) -> list[Row]:
    running = Reply.objects.filter(conversation=OuterRef("pk"), state__in=ACTIVE_STATES)
    return [
        Row(
            row.id,
            row.title,
            row.active_at,
            row.is_running,
            is_unread=not row.is_running and (row.read_at is None or row.read_at < row.active_at),
        )
        for row in conversations.annotate(is_running=Exists(running))
    ]


def row(conversation_id: UUID) -> Row:
    return rows(Conversation.objects.filter(id=conversation_id))[0]


def running_row(conversation: Conversation) -> Row:
    title, active_at = conversation.title, conversation.active_at
    return Row(conversation.id, title, active_at, is_running=True, is_unread=False)


def _grouped(shown: Iterable[Row], today: date) -> list[tuple[str, list[Row]]]:
    return [
        (label, list(group))
        for label, group in groupby(
            shown, key=lambda row: day_label(timezone.localdate(row.active_at), today)
        )
    ]


def day_label(day: date, today: date) -> str:
    if day >= today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    if day > today - timedelta(days=7):
        return _("Previous 7 days")
    if day > today - timedelta(days=30):
        return _("Previous 30 days")
    return date_format(day, "F Y")
