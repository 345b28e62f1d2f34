"""Answering again, continuing, stopping and turning to another branch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F

from accounts.access import NotFoundError
from chat.frames import Continue, Retry, Send
from chat.models import Message, Reply, ReplyState
from chat.turns import (
    Submitted,
    TurnRefusedError,
    ask_to_stop,
    continue_reply,
    retry_reply,
    show_reply,
    submit_message,
)
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_queued, make_turn


@pytest.fixture
def reply(organisation, alice) -> Reply:
    return make_turn(make_conversation(alice))


def retry(user, reply, model=None, *, not_this_one=False) -> Submitted:
    return retry_reply(user, Retry(uuid4(), reply.id, model, not_this_one))


def go_on(user, reply) -> Submitted:
    return continue_reply(user, Continue(uuid4(), reply.id))


def test_answering_again_adds_a_branch(reply, alice):
    submitted = retry(alice, reply)

    assert submitted.message == reply.message
    assert submitted.reply.state == "queued"
    assert Message.objects.get().shown_reply == submitted.reply
    reply.refresh_from_db()
    assert (reply.text, reply.state) == ("Answer", "done")


def test_answering_again_asks_what_was_asked(reply, alice):
    Reply.objects.update(asked_model=OTHER_MODEL, preference="cost")

    again = retry(alice, reply).reply

    assert (again.asked_model, again.preference, again.refused_models) == (OTHER_MODEL, "cost", [])


def test_answering_again_with_a_model_leaves_the_chat_s_own_choice(reply, alice):
    again = retry(alice, reply, OTHER_MODEL).reply

    assert again.asked_model == OTHER_MODEL
    again.conversation.refresh_from_db()
    assert again.conversation.model == "auto"


def test_not_this_one_turns_the_model_down_and_asks_auto(reply, alice):
    Reply.objects.update(asked_model=MODEL)

    again = retry(alice, reply, not_this_one=True).reply

    assert (again.asked_model, again.refused_models) == ("auto", [MODEL])


def test_not_this_one_twice_turns_both_down(reply, alice):
    second = retry(alice, reply, not_this_one=True).reply
    Reply.objects.filter(id=second.id).update(state=ReplyState.DONE, model_id=OTHER_MODEL)

    third = retry(alice, second, not_this_one=True).reply

    assert third.refused_models == [MODEL, OTHER_MODEL]


def test_the_same_retry_again_is_the_same_reply(reply, alice):
    frame = Retry(uuid4(), reply.id, None, not_this_one=True)

    first, again = retry_reply(alice, frame), retry_reply(alice, frame)

    assert (again.reply, again.is_new) == (first.reply, False)
    assert Reply.objects.count() == 2


def test_answering_again_beside_a_running_reply_is_refused(reply, alice):
    retry(alice, reply)

    with pytest.raises(TurnRefusedError):
        retry(alice, reply)


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({"state": ReplyState.INTERRUPTED}, True),
        ({"state": ReplyState.STOPPED}, True),
        ({"state": ReplyState.DONE, "finish": "length"}, True),
        ({"state": ReplyState.DONE, "finish": "stop"}, False),
        ({"state": ReplyState.FAILED}, False),
        ({"state": ReplyState.INTERRUPTED, "text": ""}, False),
    ],
)
def test_only_a_reply_that_ended_too_early_is_continued(reply, alice, fields, may):
    Reply.objects.update(**fields)

    if may:
        assert go_on(alice, reply).reply.state == "queued"
    else:
        with pytest.raises(TurnRefusedError):
            go_on(alice, reply)
        reply.refresh_from_db()
        assert reply.state == fields["state"]


def test_a_continued_reply_keeps_its_text_and_forgets_its_end(reply, alice):
    Reply.objects.update(state=ReplyState.INTERRUPTED, failure="stalled", failure_words="It broke.")

    go_on(alice, reply)

    reply.refresh_from_db()
    assert reply.text == "Answer"
    assert (reply.failure, reply.failure_words, reply.finish) == ("", "", "")


@pytest.mark.parametrize("state", [ReplyState.QUEUED, ReplyState.RUNNING])
def test_continuing_what_is_being_continued_is_one_continuation(reply, alice, state):
    Reply.objects.update(state=state)

    again = go_on(alice, reply)

    assert (again.is_new, again.reply) == (False, reply)
    reply.refresh_from_db()
    assert reply.state == state


def test_a_continuation_that_is_sent_again_is_not_another_one(reply, alice):
    Reply.objects.update(state=ReplyState.INTERRUPTED)
    asked = Continue(uuid4(), reply.id)
    assert continue_reply(alice, asked).is_new
    Reply.objects.update(state=ReplyState.INTERRUPTED)

    assert not continue_reply(alice, asked).is_new

    reply.refresh_from_db()
    assert reply.state == "interrupted"


@pytest.mark.django_db(transaction=True)
def test_two_presses_of_continue_at_once_are_one_continuation(reply, alice):
    Reply.objects.update(state=ReplyState.INTERRUPTED)

    def press(_number: int) -> bool:
        try:
            return go_on(alice, reply).is_new
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pages:
        assert sum(pages.map(press, range(4))) == 1


def test_continuations_count_toward_the_limit_a_minute(reply, alice, settings):
    settings.MESSAGES_PER_MINUTE = 3
    broken_again = {"state": ReplyState.INTERRUPTED, "attempt": F("attempt") + 1}
    for _ in range(2):
        Reply.objects.update(**broken_again)
        go_on(alice, reply)
    Reply.objects.update(**broken_again)

    with pytest.raises(TurnRefusedError) as refused:
        go_on(alice, reply)

    assert refused.value.code == "too_fast"


def test_a_stop_is_marked_on_a_running_reply(organisation, alice):
    reply = make_queued(alice)

    ask_to_stop(alice, reply.id)

    reply.refresh_from_db()
    assert reply.stop_asked


def test_a_stop_after_the_end_changes_nothing(reply, alice):
    ask_to_stop(alice, reply.id)

    reply.refresh_from_db()
    assert (reply.state, reply.stop_asked) == ("done", False)


@pytest.mark.parametrize(
    "verb",
    [
        retry,
        go_on,
        lambda user, reply: ask_to_stop(user, reply.id),
        lambda user, reply: show_reply(user, reply.id),
    ],
    ids=["retry", "continue", "stop", "show"],
)
@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_a_stranger_finds_no_such_reply(reply, verb, name, request):
    Reply.objects.update(state=ReplyState.INTERRUPTED)

    with pytest.raises(NotFoundError):
        verb(request.getfixturevalue(name), reply)

    reply.refresh_from_db()
    assert (reply.state, reply.stop_asked, Reply.objects.count()) == ("interrupted", False, 1)


@pytest.mark.django_db(transaction=True)
def test_many_pages_at_once_never_pass_the_limit(organisation, alice, settings):
    settings.ACTIVE_REPLIES_PER_USER = 5

    def send(number: int) -> bool:
        try:
            submit_message(alice, Send(uuid4(), None, None, f"Hello {number}", "auto", ""))
        except TurnRefusedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pages:
        passed = sum(pages.map(send, range(30)))

    assert passed == Reply.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_one_message_from_many_pages_at_once_is_stored_once(organisation, alice):
    frame = Send(uuid4(), None, None, "Hello", "auto", "")

    def send(_number: int) -> Submitted:
        try:
            return submit_message(alice, frame)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pages:
        stored = {submitted.reply.id for submitted in pages.map(send, range(8))}

    assert len(stored) == Message.objects.count() == Reply.objects.count() == 1
