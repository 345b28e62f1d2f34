"""Verbs on a whole conversation. Call them with one that an access function gave."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from chat.models import ACTIVE_STATES, Conversation


def rename_conversation(conversation: Conversation, title: str) -> None:
    """An empty title leaves the old one."""
    title = " ".join(title.replace("\x00", "").split())[: settings.TITLE_MAX_CHARACTERS]
    if title:
        conversation.title, conversation.renamed = title, True
        conversation.save(update_fields=["title", "renamed"])


def delete_conversation(conversation: Conversation) -> None:
    """Out of sight at once; its running replies stop. It can be brought back."""
    conversation.deleted_at = timezone.now()
    conversation.save(update_fields=["deleted_at"])
    conversation.replies.filter(state__in=ACTIVE_STATES).update(stop_asked=True)


def restore_conversation(conversation: Conversation) -> None:
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])


def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; how many conversations that was."""
    before = timezone.now() - timedelta(days=settings.DELETED_KEPT_DAYS)
    old = Conversation.objects.filter(deleted_at__lt=before)
    count = old.count()
    old.delete()
    return count


def mark_read(conversation: Conversation) -> None:
    conversation.read_at = timezone.now()
    conversation.save(update_fields=["read_at"])
