"""A message of one's own said anew: another version beside it, and nothing of the former lost."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.access import NotFoundError
from chat.frames import Send
from chat.models import Conversation, Message, Reply, ReplyState
from chat.prompt import assemble
from chat.thread import Thread
from chat.turns import Submitted, TurnRefusedError, submit_message
from providers.request import TextPart
from tests.chat.rows import make_conversation, make_turn


@pytest.fixture
def conversation(organisation, alice) -> Conversation:
    """Three turns; the second is what gets edited."""
    conversation = make_conversation(alice)
    reply = None
    for number in ("one", "two", "three"):
        reply = make_turn(conversation, number, f"about {number}", reply)
    return conversation


@pytest.fixture
def second(conversation) -> Message:
    return conversation.messages.get(text="two")


def edit(user, message: Message, text: str = "TWO", **fields: Any) -> Submitted:
    place: dict[str, Any] = {"conversation": message.conversation_id, "parent": None}
    wish: dict[str, Any] = {
        "client_msg_id": uuid4(),
        "text": text,
        "model": "auto",
        "preference": "",
    }
    return submit_message(user, Send(**wish | place | fields, edits=message.id))


def shown(conversation) -> list[str]:
    conversation.refresh_from_db()
    return [turn.message.text for turn in Thread(conversation).shown_turns()]


def test_it_stands_beside_the_edited_message(conversation, second, alice):
    submitted = edit(alice, second)

    assert submitted.message.parent == second.parent
    assert submitted.reply.state == ReplyState.QUEUED
    assert shown(conversation) == ["one", "TWO"]


def test_nothing_that_was_said_is_lost(conversation, second, alice):
    edit(alice, second)

    said = conversation.messages.order_by("id").values_list("text", flat=True)
    assert list(said) == ["one", "two", "three", "TWO"]


def test_the_model_hears_the_new_version_alone(second, alice):
    reply = edit(alice, second).reply

    said = [message.parts for message in assemble(reply).messages]
    assert said == [(TextPart("one"),), (TextPart("about one"),), (TextPart("TWO"),)]


def test_the_first_message_can_be_edited(conversation, alice):
    submitted = edit(alice, conversation.messages.get(text="one"), "ONE")

    assert submitted.message.parent is None
    assert shown(conversation) == ["ONE"]


def test_the_edited_message_counts_and_not_the_end_of_the_page(conversation, second, alice):
    """The page names the reply it ends with, as for any message."""
    last = Reply.objects.get(text="about three")

    assert edit(alice, second, parent=last.id).message.parent == second.parent


def test_the_same_edit_again_is_the_same_message(conversation, second, alice):
    client_msg_id = uuid4()
    first = edit(alice, second, client_msg_id=client_msg_id)
    again = edit(alice, second, client_msg_id=client_msg_id)

    assert (again.message, again.is_new) == (first.message, False)
    assert conversation.messages.count() == 4


def test_it_waits_for_a_running_reply_as_any_message(second, alice):
    Reply.objects.filter(text="about three").update(state=ReplyState.RUNNING)

    with pytest.raises(TurnRefusedError) as refused:
        edit(alice, second)

    assert refused.value.code == "busy"


def test_a_stranger_edits_nothing(second, bob, charlie):
    for stranger in (bob, charlie):
        for conversation in (second.conversation_id, None):
            with pytest.raises(NotFoundError):
                edit(stranger, second, conversation=conversation)
    assert Message.objects.count() == 3


def test_a_message_of_another_chat_is_not_edited_here(second, alice):
    other = make_conversation(alice)

    with pytest.raises(NotFoundError):
        edit(alice, second, conversation=other.id)


def test_a_message_of_another_person_is_not_edited_in_one_s_own_chat(second, charlie):
    own = make_conversation(charlie)
    make_turn(own)

    with pytest.raises(NotFoundError):
        edit(charlie, second, conversation=own.id)
    assert own.messages.count() == 1
