from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.access import ForbiddenError, NotFoundError
from accounts.members import remove_member
from chat.frames import Send
from chat.models import Conversation, Message, Reply, ReplyState
from chat.turns import Submitted, TurnRefusedError, submit_message
from tests.chat.rows import make_conversation, make_message, make_reply, make_turn


def sent(text: str = "Hello", **fields) -> Send:
    defaults = {
        "client_msg_id": uuid4(), "conversation": None, "parent": None, "text": text,
        "model": "auto", "preference": "",
    }  # fmt: skip
    return Send(**defaults | fields)


def submit(user, text: str = "Hello", **fields) -> Submitted:
    return submit_message(user, sent(text, **fields))


def test_a_first_message_makes_a_conversation_with_its_title(organisation, alice):
    submitted = submit(alice, "What is a monad? Please.", model="a/b", preference="cost")

    conversation = Conversation.objects.get()
    assert submitted.is_new
    assert (conversation.owner, conversation.organisation) == (alice, organisation)
    assert conversation.title == "What is a monad?"
    assert (conversation.model, conversation.preference) == ("a/b", "cost")
    assert conversation.leaf == submitted.message


def test_the_reply_is_queued_with_what_was_asked(organisation, alice):
    reply = submit(alice, model="a/b", preference="speed").reply

    assert (reply.state, reply.asked_model, reply.preference) == ("queued", "a/b", "speed")
    assert Message.objects.get().shown_reply == reply


def test_the_next_message_hangs_below_the_shown_reply(organisation, alice):
    conversation = make_conversation(alice)
    last = make_turn(conversation)

    message = submit(alice, conversation=conversation.id).message

    assert message.parent == last


def test_a_message_may_name_the_reply_it_hangs_below(organisation, alice):
    conversation = make_conversation(alice)
    first = make_turn(conversation)
    make_turn(conversation, "two", "2", parent=first)

    message = submit(alice, conversation=conversation.id, parent=first.id).message

    assert message.parent == first


def test_a_later_message_leaves_the_title_alone(organisation, alice):
    conversation = make_conversation(alice, "My title")
    make_turn(conversation)

    submit(alice, "Something else entirely", conversation=conversation.id)

    conversation.refresh_from_db()
    assert conversation.title == "My title"


def test_the_choice_of_the_message_becomes_the_conversation_s(organisation, alice):
    conversation = make_conversation(alice)

    submit(alice, conversation=conversation.id, model="a/b", preference="quality")

    conversation.refresh_from_db()
    assert (conversation.model, conversation.preference) == ("a/b", "quality")


def test_the_same_id_again_is_the_same_message(organisation, alice):
    """P5: one message, one reply, one charge."""
    first = submit_message(alice, send := sent())
    again = submit_message(alice, send)

    assert (again.message, again.reply, again.is_new) == (first.message, first.reply, False)
    assert (Message.objects.count(), Reply.objects.count()) == (1, 1)
    assert Conversation.objects.count() == 1


def test_the_same_id_of_another_person_is_another_message(organisation, alice, bob):
    client_msg_id = uuid4()

    submit(alice, client_msg_id=client_msg_id)
    submit(bob, client_msg_id=client_msg_id)

    assert Message.objects.count() == 2


def test_a_stranger_may_not_write_into_a_conversation(organisation, alice, charlie, bob):
    conversation = make_conversation(alice)

    for stranger in (charlie, bob):
        with pytest.raises(NotFoundError):
            submit(stranger, conversation=conversation.id)
    assert Message.objects.count() == 0


def test_a_reply_of_another_conversation_is_no_parent(organisation, alice):
    conversation, other = make_conversation(alice), make_conversation(alice)
    elsewhere = make_turn(other)

    with pytest.raises(NotFoundError):
        submit(alice, conversation=conversation.id, parent=elsewhere.id)


def test_a_deleted_conversation_takes_no_message(organisation, alice):
    conversation = make_conversation(alice)
    conversation.deleted_at = conversation.active_at
    conversation.save()

    with pytest.raises(NotFoundError):
        submit(alice, conversation=conversation.id)


def test_a_person_without_an_organisation_may_not_write(organisation, bob):
    remove_member(
        organisation.memberships.get(user=bob), organisation.memberships.exclude(user=bob)[0]
    )

    with pytest.raises(ForbiddenError):
        submit(bob)


@pytest.mark.parametrize("state", [ReplyState.QUEUED, ReplyState.RUNNING])
def test_a_second_message_beside_a_running_reply_is_refused(organisation, alice, state):
    conversation = make_conversation(alice)
    make_turn(conversation, state=state)

    with pytest.raises(TurnRefusedError) as refused:
        submit(alice, conversation=conversation.id)

    assert refused.value.code == "busy"
    assert Message.objects.count() == 1


def test_only_so_many_replies_may_run_at_once(organisation, alice, settings):
    settings.ACTIVE_REPLIES_PER_USER = 2
    for _ in range(2):
        submit(alice)

    with pytest.raises(TurnRefusedError) as refused:
        submit(alice)

    assert refused.value.code == "too_many_replies"
    assert (Message.objects.count(), Conversation.objects.count()) == (2, 2)


def test_a_reply_that_ended_makes_room(organisation, alice, settings):
    settings.ACTIVE_REPLIES_PER_USER = 1
    submit(alice)
    Reply.objects.update(state=ReplyState.DONE)

    assert submit(alice).is_new


def test_only_so_many_messages_pass_in_a_minute(organisation, alice, settings):
    settings.MESSAGES_PER_MINUTE = 3
    conversation = make_conversation(alice)
    message = make_message(conversation)
    for _ in range(3):
        make_reply(message)

    with pytest.raises(TurnRefusedError) as refused:
        submit(alice)

    assert refused.value.code == "too_fast"


def test_the_limits_are_a_person_s_own(organisation, alice, bob, settings):
    settings.MESSAGES_PER_MINUTE = settings.ACTIVE_REPLIES_PER_USER = 1
    submit(alice)

    assert submit(bob).is_new


def test_a_message_sent_again_is_never_too_fast(organisation, alice, settings):
    settings.MESSAGES_PER_MINUTE = 1
    submit_message(alice, send := sent())

    assert not submit_message(alice, send).is_new
