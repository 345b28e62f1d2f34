from __future__ import annotations

import pytest

from chat.models import ReplyState
from chat.prompt import CONTINUE, assemble, former_reply
from tests.chat.rows import make_conversation, make_message, make_reply, make_turn


@pytest.fixture
def conversation(organisation, alice):
    return make_conversation(alice)


def said(reply) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in assemble(reply).messages]


def test_it_sends_everything_said_on_the_branch(conversation):
    first = make_turn(conversation, "one", "1")
    second = make_turn(conversation, "two", "", parent=first, state=ReplyState.QUEUED)

    assert said(second) == [("user", "one"), ("assistant", "1"), ("user", "two")]
    assert assemble(second).said == 3


def test_answering_again_does_not_send_the_former_reply(conversation):
    """Or the next model repeats the mistakes of the one that was turned down."""
    message = make_message(conversation, "one")
    make_reply(message, "a bad answer")
    again = make_reply(message, "", state=ReplyState.QUEUED)

    assert said(again) == [("user", "one")]


def test_other_branches_are_not_sent(conversation):
    message = make_message(conversation, "one")
    make_reply(message, "1a")
    shown = make_reply(message, "1b")
    make_turn(conversation, "elsewhere", "x", parent=make_reply(message, "1c"))
    last = make_turn(conversation, "two", "", parent=shown, state=ReplyState.QUEUED)

    assert said(last) == [("user", "one"), ("assistant", "1b"), ("user", "two")]


def test_a_reply_without_text_leaves_no_empty_message(conversation):
    failed = make_turn(conversation, "one", "", state=ReplyState.FAILED)
    last = make_turn(conversation, "two", "", parent=failed, state=ReplyState.QUEUED)

    assert said(last) == [("user", "one"), ("user", "two")]


def test_a_continuation_sends_what_is_there_and_an_instruction_of_ours(conversation):
    reply = make_turn(conversation, "one", "1, 2,", state=ReplyState.QUEUED)

    assert said(reply) == [("user", "one"), ("assistant", "1, 2,"), ("user", CONTINUE)]
    assert assemble(reply).said == 1


def test_reasoning_is_never_sent(conversation):
    first = make_turn(conversation, "one", "1", reasoning="hidden thoughts")
    second = make_turn(conversation, "two", "", parent=first, state=ReplyState.QUEUED)

    assert "hidden" not in str(said(second))


def test_the_former_reply_is_the_one_of_the_branch(conversation):
    message = make_message(conversation, "one")
    first = make_reply(message, "1a")
    make_reply(message, "1b")
    second = make_turn(conversation, "two", "2", parent=first)

    assert former_reply(first) is None
    assert former_reply(second) == first
