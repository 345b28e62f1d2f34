"""A model that Auto stays with in one conversation, for as long as it can answer."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from chat.access import access_conversation, access_reply
from chat.models import Conversation


class NothingToPinError(Exception):
    """The message is a sentence for the person."""


def pin_model(user: User, reply_id: UUID) -> Conversation:
    """Pin the model that answered here to its conversation. Raises `NothingToPinError`."""
    reply = access_reply(user, reply_id)
    if not reply.model_id:
        raise NothingToPinError(_("No model has answered here yet."))
    return _pinned(reply.conversation, reply.model_id)


def unpin_model(user: User, conversation_id: UUID) -> Conversation:
    return _pinned(access_conversation(user, conversation_id), "")


def _pinned(conversation: Conversation, model_id: str) -> Conversation:
    conversation.pinned_model = model_id
    conversation.save(update_fields=["pinned_model"])
    return conversation
