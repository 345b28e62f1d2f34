"""Fetch and permission in one act: a conversation is its owner's alone."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.access import NotFoundError, current_membership
from accounts.models import Membership, User
from chat.models import Conversation, Message, Reply


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
    message = (
        Message.objects.filter(id=message_id, conversation__in=own_conversations(user))
        .select_related("conversation", "parent")
        .first()
    )
    if message is None:
        raise NotFoundError
    return message


def access_reply(user: User, reply_id: UUID) -> Reply:
    reply = (
        Reply.objects.filter(id=reply_id, conversation__in=own_conversations(user))
        .select_related("conversation", "message", "decision")
        .first()
    )
    if reply is None:
        raise NotFoundError
    return reply
