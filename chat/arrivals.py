"""What a browser needs when it comes, comes back or has missed something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat import leases, presentation
from chat.access import access_conversation, access_reply, own_conversations
from chat.frames import Hello
from chat.leases import Ending
from chat.models import ACTIVE_STATES, Conversation, Reply, ReplyState


def catch_up(user: User, hello: Hello) -> tuple[list[UUID], list[dict[str, Any]]]:
    """The replies that still run in the shown conversation, and what was missed: ends, or whole turns."""
    running: list[UUID] = []
    stale: list[dict[str, Any]] = []
    if hello.conversation is not None:
        conversation = access_conversation(user, hello.conversation)
        mark_read(user.id, conversation.id)
        active = conversation.replies.filter(state__in=ACTIVE_STATES)
        running = list(active.values_list("id", flat=True))
        if _has_gone_on(conversation, hello.last):
            stale = [{"type": "stale"}]
    missed = Reply.objects.filter(
        id__in=hello.running, conversation__in=own_conversations(user)
    ).exclude(state__in=ACTIVE_STATES)
    ends = [presentation.done_frame(reply_id) for reply_id in missed.values_list("id", flat=True)]
    return running, ends + stale


def _has_gone_on(conversation: Conversation, last: UUID | None) -> bool:
    """Whether the page ends at another reply than the conversation: what is said there would make a branch."""
    shown = conversation.leaf.shown_reply_id if conversation.leaf else None
    return last is not None and shown is not None and shown != last


def state_of(user: User, reply_id: UUID) -> dict[str, Any]:
    """A reply that does not run here: how it ended, or that it waits for somebody to write it."""
    reply = access_reply(user, reply_id)
    if reply.is_active:
        return {"type": "words", "reply": str(reply_id), "text": _("Resuming…")}
    return presentation.done_frame(reply_id)


@dataclass(frozen=True, slots=True)
class CommittedState:
    """A reply as the database has it: `ended` is the frame of its end, if it has ended."""

    text: str
    reasoning: str
    chip: str
    ended: dict[str, Any] | None


def committed_state(reply_id: UUID) -> CommittedState | None:
    """None for a reply that is gone, or that nobody has begun yet."""
    reply = Reply.objects.select_related("decision").filter(id=reply_id).first()
    if reply is None or reply.state == ReplyState.QUEUED:
        return None
    if not reply.is_active:
        return CommittedState("", "", "", presentation.done_frame(reply_id))
    text, reasoning = leases.committed(reply)
    chip = presentation.chip_html(reply) if reply.decision else ""
    return CommittedState(text, reasoning, chip, None)


def mark_read(user_id: UUID, conversation_id: UUID) -> None:
    now = timezone.now()
    Conversation.objects.filter(id=conversation_id, owner=user_id).update(read_at=now)


def stop_unstarted(reply_id: UUID) -> dict[str, Any] | None:
    """Nobody writes it yet, so nobody else would end it; the frame of its end, if this was it."""
    ended = leases.settle_abandoned(reply_id, Ending(ReplyState.STOPPED))
    return presentation.done_frame(reply_id) if ended else None
