"""Fetch and permission in one act: a conversation is its owner's alone."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet

from accounts.access import NotFoundError, current_membership
from accounts.models import Membership, User
from chat.models import Conversation, Message, Reply

Part = TypeVar("Part", Message, Reply)


def own_conversations(user: User) -> QuerySet[Conversation]:
    return conversations_of(current_membership(user))


def conversations_of(member: Membership) -> QuerySet[Conversation]:
    return Conversation.objects.filter(
        owner=member.user_id, organisation=member.organisation_id, deleted_at=None
    )


def access_conversation(user: User, conversation_id: UUID) -> Conversation:
    conversation = (
        own_conversations(user).filter(id=conversation_id).select_related("organisation").first()
    )
    if conversation is None:
        raise NotFoundError
    return conversation


def lock_conversation(member: Membership, conversation_id: UUID) -> Conversation:
    """Nobody else changes it until this transaction ends."""
    conversations = conversations_of(member).select_for_update()
    conversation = conversations.filter(id=conversation_id).first()
    if conversation is None:
        raise NotFoundError
    return conversation


def access_deleted_conversation(user: User, conversation_id: UUID) -> Conversation:
    """To bring it back; it is found nowhere else."""
    organisation_id = current_membership(user).organisation_id
    conversation = Conversation.objects.filter(
        id=conversation_id, owner=user, organisation_id=organisation_id
    ).first()
    if conversation is None:
        raise NotFoundError
    return conversation


def access_message(user: User, message_id: UUID) -> Message:
    messages = Message.objects.select_related("conversation", "parent")
    return _of_own_conversation(user, messages.filter(id=message_id).first())


def access_reply(user: User, reply_id: UUID) -> Reply:
    replies = Reply.objects.select_related("conversation", "message", "decision")
    return _of_own_conversation(user, replies.filter(id=reply_id).first())


def _of_own_conversation(user: User, row: Part | None) -> Part:
    """Its one conversation is looked up: looked for among one's chats, all of them would be read."""
    mine = own_conversations(user)
    if row is None or not mine.filter(id=row.conversation_id).exists():
        raise NotFoundError
    return row
