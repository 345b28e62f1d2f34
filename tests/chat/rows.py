"""Conversations made by plain functions, as if they had been had."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.access import current_membership
from accounts.models import User
from chat.models import Conversation, JournalRow, Message, Reply, ReplyState

MODEL = "openai/gpt-6.1-sol"
OTHER_MODEL = "openai/gpt-6-luna"


def make_conversation(
    owner: User, title: str = "A chat", at: datetime | None = None, **fields: Any
) -> Conversation:
    return Conversation.objects.create(
        organisation=current_membership(owner).organisation,
        owner=owner,
        title=title,
        active_at=at or timezone.now(),
        **fields,
    )


def make_message(
    conversation: Conversation, text: str = "Question", parent: Reply | None = None
) -> Message:
    message = Message.objects.create(
        conversation=conversation, parent=parent, client_msg_id=uuid4(), text=text
    )
    conversation.leaf = message
    conversation.save(update_fields=["leaf"])
    return message


def make_reply(message: Message, text: str = "Answer", **fields: Any) -> Reply:
    """A finished reply, unless `state` says otherwise; it becomes the one that is shown."""
    reply = Reply.objects.create(
        conversation=message.conversation,
        message=message,
        client_msg_id=uuid4(),
        text=text,
        seq=len(text),
        **{"state": ReplyState.DONE, "model_id": MODEL, "finish": "stop"} | fields,
    )
    message.shown_reply = reply
    message.save(update_fields=["shown_reply"])
    return reply


def make_turn(
    conversation: Conversation,
    text: str = "Question",
    answer: str = "Answer",
    parent: Reply | None = None,
    **fields: Any,
) -> Reply:
    return make_reply(make_message(conversation, text, parent), answer, **fields)


def make_queued(owner: User, text: str = "Question") -> Reply:
    return make_turn(make_conversation(owner), text, "", state=ReplyState.QUEUED, model_id="")


def write(reply: Reply, text: str, kind: str = JournalRow.Kind.TEXT, start: int = 0) -> None:
    """A committed piece of a running reply."""
    JournalRow.objects.create(reply=reply, kind=kind, start=start, text=text)
