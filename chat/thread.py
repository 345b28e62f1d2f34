"""The tree of a conversation, and the one branch of it that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chat.models import Conversation, Message, Reply


@dataclass(frozen=True, slots=True)
class Branch:
    """Where something stands among those that could stand in its place."""

    position: int = 1
    count: int = 1
    previous_id: UUID | None = None
    next_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """`versions` are what the person said here, `answers` what was said to it."""

    message: Message
    reply: Reply | None
    versions: Branch
    answers: Branch


class Thread:
    """All messages and replies of one conversation, loaded once; not their receipts, which are
    ten times as long as the texts."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.messages = {row.id: row for row in conversation.messages.order_by("id")}
        self.replies: dict[UUID, Reply] = {}
        self.replies_of: dict[UUID, list[Reply]] = {}
        self.messages_below: dict[UUID | None, list[Message]] = {}
        for reply in conversation.replies.order_by("id"):
            self.replies[reply.id] = reply
            self.replies_of.setdefault(reply.message_id, []).append(reply)
        for message in self.messages.values():
            self.messages_below.setdefault(message.parent_id, []).append(message)

    def shown_turns(self) -> list[Turn]:
        leaf = self.messages.get(self.conversation.leaf_id) if self.conversation.leaf_id else None
        return [self.turn(message, reply) for message, reply in self.path_to(leaf)]

    def path_to(self, leaf: Message | None) -> list[tuple[Message, Reply | None]]:
        """From the first message down to this one, each with the reply that the branch follows."""
        path: list[tuple[Message, Reply | None]] = []
        message, reply = leaf, self.shown_reply(leaf) if leaf else None
        while message is not None:
            path.append((message, reply))
            reply = self.replies[message.parent_id] if message.parent_id else None
            message = self.messages[reply.message_id] if reply else None
        return path[::-1]

    def shown_reply(self, message: Message) -> Reply | None:
        replies = self.replies_of.get(message.id, [])
        chosen = self.replies.get(message.shown_reply_id) if message.shown_reply_id else None
        return chosen or (replies[-1] if replies else None)

    def turn(self, message: Message, reply: Reply | None) -> Turn:
        versions = [sibling.id for sibling in self.messages_below[message.parent_id]]
        answers = [sibling.id for sibling in self.replies_of.get(message.id, [])]
        return Turn(
            message,
            reply,
            _branch(message.id, versions),
            _branch(reply.id, answers) if reply else Branch(),
        )

    def leaf_below(self, message: Message, reply: Reply | None) -> Message:
        """The end of the branch that a turn opens, where it was left."""
        below = reply
        while below is not None and (following := self.shown_message(below)):
            message, below = following, self.shown_reply(following)
        return message

    def shown_message(self, reply: Reply) -> Message | None:
        versions = self.messages_below.get(reply.id, [])
        turned_to = [version for version in versions if version.id == reply.shown_message]
        return next(iter(turned_to or versions[::-1]), None)


def turn_of(reply: Reply) -> Turn:
    """One turn alone, without the rest of its conversation."""
    message = reply.message
    versions = Message.objects.filter(
        conversation=message.conversation_id, parent=message.parent_id
    )
    return Turn(
        message,
        reply,
        _branch(message.id, list(versions.order_by("id").values_list("id", flat=True))),
        answers_of(reply),
    )


def answers_of(reply: Reply) -> Branch:
    """Where a reply stands among the replies to its message."""
    if reply.is_active and reply.is_first_answer:
        # Another can be asked for only once this one has ended.
        return Branch()
    siblings = reply.message.replies.order_by("id").values_list("id", flat=True)
    return _branch(reply.id, list(siblings))


def _branch(which: UUID, siblings: list[UUID]) -> Branch:
    at = siblings.index(which)
    return Branch(
        position=at + 1,
        count=len(siblings),
        previous_id=siblings[at - 1] if at > 0 else None,
        next_id=siblings[at + 1] if at + 1 < len(siblings) else None,
    )
