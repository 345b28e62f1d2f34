"""Verbs on a whole conversation. Call them with one that an access function gave."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from chat.models import ACTIVE_STATES, Conversation

# In one transaction: few enough that nobody waits for it long, and that they fit in memory.
PURGED_AT_ONCE = 20


def rename_conversation(conversation: Conversation, title: str) -> None:
    """An empty title leaves the old one."""
    title = " ".join(title.replace("\x00", "").split())[: settings.TITLE_MAX_CHARACTERS]
    if title:
        conversation.title, conversation.renamed = title, True
        conversation.save(update_fields=["title", "renamed"])


def delete_conversation(conversation: Conversation) -> list[UUID]:
    """Out of sight at once; it can be brought back. Its running replies, which are to stop: the
    caller tells whoever writes them."""
    conversation.deleted_at = timezone.now()
    conversation.save(update_fields=["deleted_at"])
    active = conversation.replies.filter(state__in=ACTIVE_STATES)
    active.update(stop_asked=True)
    return list(active.values_list("id", flat=True))


def restore_conversation(conversation: Conversation) -> None:
    conversation.deleted_at = None
    conversation.save(update_fields=["deleted_at"])


def purge_deleted() -> int:
    """Remove for good what was deleted long enough ago; how many conversations that was."""
    before = timezone.now() - timedelta(days=settings.DELETED_KEPT_DAYS)
    old = Conversation.objects.filter(deleted_at__lt=before).values_list("id", flat=True)
    count = 0
    while batch := list(old[:PURGED_AT_ONCE]):
        Conversation.objects.filter(id__in=batch).delete()
        count += len(batch)
    return count
