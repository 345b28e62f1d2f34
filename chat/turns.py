"""What a person may do in a conversation. Each verb is one transaction; the caller rings the runner after it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import UUIDField
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import NotFoundError, locked_membership
from accounts.models import Membership, User
from accounts.prepared import PreparedQuery
from chat import pace
from chat.access import access_message, access_reply, conversations_of, lock_conversation
from chat.frames import Continue, Retry, Send
from chat.models import ACTIVE_STATES, Conversation, Message, Reply, ReplyState
from chat.thread import Thread
from chat.titles import title_from
from chat.verdicts import note_retry

_OF_THIS_ID = PreparedQuery(
    lambda id_: Message.objects.filter(client_msg_id=id_).values_list("conversation"), UUIDField()
)


class TurnRefusedError(Exception):
    """Nothing was stored. `code` is for the page, the message for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Submitted:
    """`is_new` is false when the same client_msg_id had come before: nothing was stored again."""

    client_msg_id: UUID
    conversation: Conversation
    message: Message
    reply: Reply
    is_new: bool


def submit_message(user: User, send: Send) -> Submitted:
    """A message and its queued reply; the same client_msg_id twice is the same message.

    One that edits another opens a branch beside it: nothing that was said is changed.
    """
    with transaction.atomic():
        member = _wait_in_line(user)
        conversation = _conversation_for(member, send)
        again = _already_sent(member, conversation, send)
        if again:
            return again
        _refuse_if_busy(user, conversation)
        message = Message(
            conversation=conversation,
            parent=_parent(user, conversation, send),
            client_msg_id=send.client_msg_id,
            text=send.text,
        )
        reply = _reply_to(message, send.client_msg_id, send.model, send.preference)
        conversation.model, conversation.preference = send.model, send.preference
        if send.fallback is not None:
            conversation.may_fall_back = send.fallback
        if message.parent is not None and message.parent.shown_message is not None:
            # What is said now is the newest, and shown again.
            Reply.objects.filter(id=message.parent.id).update(shown_message=None)
        _show(conversation, message, reply, title=title_from(send.text))
    return Submitted(send.client_msg_id, conversation, message, reply, is_new=True)


def retry_reply(user: User, retry: Retry) -> Submitted:
    """Another reply to the same message, as a branch; the conversation's own choice stays."""
    with transaction.atomic():
        _wait_in_line(user)
        former = access_reply(user, retry.reply)
        conversation = _locked(former.conversation)
        again = _already_asked(conversation, retry.client_msg_id)
        if again:
            return again
        _refuse_if_busy(user, conversation)
        model = retry.model or former.asked_model
        reply = _reply_to(former.message, retry.client_msg_id, model, former.preference)
        if retry.not_this_one:
            refused = [*former.refused_models, former.model_id]
            reply.refused_models = [model for model in dict.fromkeys(refused) if model]
            reply.asked_model = retry.model or "auto"
        note_retry(user, former, retry)
        _show(conversation, former.message, reply)
    return Submitted(retry.client_msg_id, conversation, former.message, reply, is_new=True)


def continue_reply(user: User, asked: Continue) -> Submitted:
    """Go on with a reply that ended too early: the same reply, a new attempt.

    Asked for twice, or while somebody else's press is being answered, it is one continuation.
    """
    with transaction.atomic():
        _wait_in_line(user)
        reply = access_reply(user, asked.reply)
        conversation = _locked(reply.conversation)
        reply.refresh_from_db()
        is_new = not (reply.is_active or _already_continued(reply, asked))
        if is_new:
            _continue(user, conversation, reply)
            reply.continuations.create(client_msg_id=asked.client_msg_id)
    return Submitted(asked.client_msg_id, conversation, reply.message, reply, is_new=is_new)


def _already_continued(reply: Reply, asked: Continue) -> bool:
    return reply.continuations.filter(client_msg_id=asked.client_msg_id).exists()


def _continue(user: User, conversation: Conversation, reply: Reply) -> None:
    if not can_continue(reply):
        raise TurnRefusedError("complete", _("This reply is complete already."))
    _refuse_if_busy(user, conversation)
    reply.state = ReplyState.QUEUED
    reply.failure = reply.failure_words = reply.finish = ""
    reply.save(update_fields=["state", "failure", "failure_words", "finish"])
    conversation.active_at = timezone.now()
    conversation.save(update_fields=["active_at"])


def can_continue(reply: Reply) -> bool:
    if not reply.text:
        return False
    if reply.state in {ReplyState.INTERRUPTED, ReplyState.STOPPED}:
        return True
    return reply.state == ReplyState.DONE and reply.finish == "length"


def ask_to_stop(user: User, reply_id: UUID) -> Reply:
    """Whoever runs the reply sees the mark within a heartbeat, even in another process."""
    reply = access_reply(user, reply_id)
    Reply.objects.filter(id=reply.id, state__in=ACTIVE_STATES).update(stop_asked=True)
    return reply


def show_reply(user: User, reply_id: UUID) -> Conversation:
    """Turn to another branch."""
    with transaction.atomic():
        reply = access_reply(user, reply_id)
        conversation = _locked(reply.conversation)
        Message.objects.filter(id=reply.message_id).update(shown_reply=reply)
        _show_end_below(conversation, reply.message_id)
    return conversation


def show_message(user: User, message_id: UUID) -> Conversation:
    """Turn to another version of what the person said."""
    with transaction.atomic():
        message = access_message(user, message_id)
        conversation = _locked(message.conversation)
        _show_end_below(conversation, message.id)
    return conversation


def _wait_in_line(user: User) -> Membership:
    """What one person asks for is done one after another, so that they can neither pass a limit
    by asking from many pages at once, nor send one message twice."""
    return locked_membership(user)


def _conversation_for(member: Membership, send: Send) -> Conversation:
    if send.conversation is not None:
        return lock_conversation(member, send.conversation)
    return Conversation(organisation=member.organisation, owner_id=member.user_id)


def _locked(conversation: Conversation) -> Conversation:
    """As it is now; whoever deleted it meanwhile has stopped what was running in it."""
    living = Conversation.objects.filter(id=conversation.id, deleted_at=None)
    found = living.select_for_update().first()
    if found is None:
        raise NotFoundError
    return found


def _already_sent(member: Membership, conversation: Conversation, send: Send) -> Submitted | None:
    # A new chat whose acknowledgement was lost is sent again without knowing its conversation.
    # First those of this id, which are few: looked for among one's chats, all of them would be read.
    wanted = [row[0] for row in _OF_THIS_ID.all(send.client_msg_id)]
    if not wanted:
        return None
    same = Message.objects.select_related("conversation").filter(client_msg_id=send.client_msg_id)
    if send.conversation:
        same = same.filter(conversation=conversation)
    mine = list(conversations_of(member).filter(id__in=wanted).values_list("id", flat=True))
    message = same.filter(conversation__in=mine).first()
    reply = message.replies.order_by("id").first() if message else None
    if message is None or reply is None:
        return None
    return Submitted(send.client_msg_id, message.conversation, message, reply, is_new=False)


def _already_asked(conversation: Conversation, client_msg_id: UUID) -> Submitted | None:
    reply = conversation.replies.filter(client_msg_id=client_msg_id).first()
    if reply is None:
        return None
    return Submitted(client_msg_id, conversation, reply.message, reply, is_new=False)


def _refuse_if_busy(user: User, conversation: Conversation) -> None:
    """Call with the conversation locked."""
    running = pace.running_in(user)
    if conversation.id in running:
        raise TurnRefusedError(
            "busy", _("A reply is still being written here. Stop it or wait; your text is kept.")
        )
    if len(running) >= settings.ACTIVE_REPLIES_PER_USER:
        raise TurnRefusedError(
            "too_many_replies",
            _("%(count)s of your replies are being written. Wait for one; your text is kept.")
            % {"count": len(running)},
        )
    if pace.asked_this_minute(user) >= settings.MESSAGES_PER_MINUTE:
        raise TurnRefusedError(
            "too_fast", _("That is many messages in a minute. Wait a little; your text is kept.")
        )


def _parent(user: User, conversation: Conversation, send: Send) -> Reply | None:
    if send.edits is not None:
        edited = access_message(user, send.edits)
        if edited.conversation_id != conversation.id:
            raise NotFoundError
        return edited.parent
    if send.parent is not None:
        parent = conversation.replies.filter(id=send.parent).first()
        if parent is None:
            raise NotFoundError
        return parent
    leaf = conversation.leaf
    return (leaf.shown_reply or leaf.replies.order_by("id").last()) if leaf else None


def _reply_to(message: Message, client_msg_id: UUID, model: str, preference: str) -> Reply:
    return Reply(
        conversation=message.conversation,
        message=message,
        client_msg_id=client_msg_id,
        asked_model=model,
        preference=preference,
    )


def _show(conversation: Conversation, leaf: Message, reply: Reply, title: str = "") -> None:
    """Store them. They point at each other, which the database looks at when it commits."""
    conversation.leaf = leaf
    conversation.active_at = timezone.now()
    if title and not conversation.title:
        conversation.title = title
    conversation.save()
    leaf.shown_reply = reply
    leaf.save()
    reply.save()


def _show_end_below(conversation: Conversation, message_id: UUID) -> None:
    thread = Thread(conversation)
    message = thread.messages[message_id]
    conversation.leaf = thread.leaf_below(message, thread.shown_reply(message))
    conversation.save(update_fields=["leaf"])
    _remember_branch(thread, conversation.leaf)


def _remember_branch(thread: Thread, leaf: Message) -> None:
    """Whoever comes back to a part of it finds the versions that were shown."""
    for message, _reply in thread.path_to(leaf):
        before = thread.replies.get(message.parent_id) if message.parent_id else None
        if before is not None and thread.shown_message(before) != message:
            Reply.objects.filter(id=before.id).update(shown_message=message.id)
