"""The conversation as a model is to see it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chat.models import Message as Asked
from chat.models import Reply
from chat.thread import Thread
from providers.request import Message, TextPart

CONTINUE = (
    "Your last answer above was cut off. Continue it exactly where it stops: "
    "do not repeat any of it, do not greet, do not comment."
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """`said`: how many of the messages people and models said; what follows is our instruction."""

    messages: tuple[Message, ...]
    said: int


def assemble(reply: Reply) -> Prompt:
    """Everything said on the branch that leads to this reply; never its siblings' answers."""
    messages: list[Message] = []
    for message, answer in _turns_before(reply):
        messages.append(_said("user", message.text))
        if answer is not None and answer.text:
            messages.append(_said("assistant", answer.text))
    messages.append(_said("user", reply.message.text))
    said = len(messages)
    if reply.text:
        messages += [_said("assistant", reply.text), _said("user", CONTINUE)]
    return Prompt(tuple(messages), said)


def _turns_before(reply: Reply) -> list[tuple[Asked, Reply | None]]:
    if reply.message.parent_id is None:
        return []
    thread = Thread(reply.conversation)
    return thread.path_to(thread.messages[reply.message_id])[:-1]


def former_reply(reply: Reply) -> Reply | None:
    """The reply before this one on its branch: its model is the incumbent."""
    parent_id: UUID | None = reply.message.parent_id
    if parent_id is None:
        return None
    return Reply.objects.select_related("decision").get(id=parent_id)


def _said(role: str, text: str) -> Message:
    return Message("user" if role == "user" else "assistant", (TextPart(text),))
