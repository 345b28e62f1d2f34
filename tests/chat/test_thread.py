from __future__ import annotations

from uuid import uuid4

import pytest

from chat.frames import Send
from chat.models import Message, Reply, ReplyState
from chat.thread import Branch, Thread, turn_of
from chat.turns import show_message, show_reply, submit_message
from tests.chat.rows import make_conversation, make_message, make_reply, make_turn


@pytest.fixture
def conversation(organisation, alice):
    return make_conversation(alice)


def shown(conversation) -> list[str]:
    conversation.refresh_from_db()
    turns = Thread(conversation).shown_turns()
    return [f"{turn.message.text}: {turn.reply.text if turn.reply else ''}" for turn in turns]


def test_an_empty_conversation_shows_nothing(conversation):
    assert shown(conversation) == []


def test_it_shows_the_turns_in_order(conversation):
    first = make_turn(conversation, "one", "1")
    second = make_turn(conversation, "two", "2", parent=first)
    make_turn(conversation, "three", "3", parent=second)

    assert shown(conversation) == ["one: 1", "two: 2", "three: 3"]


def test_a_message_without_a_reply_is_shown(conversation):
    make_message(conversation, "one")

    assert shown(conversation) == ["one: "]


def test_the_chosen_reply_is_shown_of_several(conversation):
    message = make_message(conversation, "one")
    first, second = make_reply(message, "1a"), make_reply(message, "1b")
    message.shown_reply = first
    message.save()

    assert shown(conversation) == ["one: 1a"]
    turn = Thread(conversation).shown_turns()[0]
    assert turn.answers == Branch(1, 2, None, second.id)
    assert turn.versions == Branch()


def test_the_newest_reply_is_shown_where_none_was_chosen(conversation):
    message = make_message(conversation, "one")
    make_reply(message, "1a")
    make_reply(message, "1b")
    message.shown_reply = None
    message.save()

    assert shown(conversation) == ["one: 1b"]


def test_the_branch_follows_the_reply_below_which_it_hangs(conversation):
    message = make_message(conversation, "one")
    first, _second = make_reply(message, "1a"), make_reply(message, "1b")
    make_turn(conversation, "two", "2", parent=first)

    assert shown(conversation) == ["one: 1a", "two: 2"]


def test_turning_to_a_branch_shows_its_newest_end(conversation, alice):
    message = make_message(conversation, "one")
    first, second = make_reply(message, "1a"), make_reply(message, "1b")
    below = make_turn(conversation, "two a", "2a", parent=first)
    make_turn(conversation, "three a", "3a", parent=below)
    make_turn(conversation, "two b", "2b", parent=second)
    assert shown(conversation) == ["one: 1b", "two b: 2b"]

    show_reply(alice, first.id)
    assert shown(conversation) == ["one: 1a", "two a: 2a", "three a: 3a"]

    show_reply(alice, second.id)
    assert shown(conversation) == ["one: 1b", "two b: 2b"]


def test_turning_to_a_branch_without_more_ends_there(conversation, alice):
    message = make_message(conversation, "one")
    first, second = make_reply(message, "1a"), make_reply(message, "1b")
    make_turn(conversation, "two", "2", parent=first)

    show_reply(alice, second.id)

    assert shown(conversation) == ["one: 1b"]


def test_the_newest_of_two_continuations_is_shown(conversation, alice):
    first = make_turn(conversation, "one", "1")
    make_turn(conversation, "two a", "2a", parent=first)
    make_turn(conversation, "two b", "2b", parent=first)

    show_reply(alice, first.id)

    assert shown(conversation) == ["one: 1", "two b: 2b"]


def test_a_deep_conversation_is_loaded_with_two_queries(conversation, django_assert_num_queries):
    reply = None
    for number in range(30):
        reply = make_turn(conversation, str(number), "x", parent=reply)

    with django_assert_num_queries(2):
        assert len(Thread(conversation).shown_turns()) == 30


def test_a_turn_knows_the_other_versions_of_its_message(conversation):
    first = make_turn(conversation, "one", "1")
    left, right = (make_turn(conversation, text, "x", first) for text in ("two a", "two b"))

    turns = Thread(conversation).shown_turns()

    assert [turn.versions.count for turn in turns] == [1, 2]
    assert turns[1].versions == Branch(2, 2, left.message_id, None)
    assert turn_of(right).versions == turns[1].versions


def test_turning_to_another_version_shows_its_newest_end(conversation, alice):
    left = make_turn(conversation, "one a", "1a")
    make_turn(conversation, "two a", "2a", left)
    right = make_turn(conversation, "one b", "1b")
    assert shown(conversation) == ["one b: 1b"]

    show_message(alice, left.message_id)
    assert shown(conversation) == ["one a: 1a", "two a: 2a"]

    show_message(alice, right.message_id)
    assert shown(conversation) == ["one b: 1b"]


@pytest.fixture
def versions(conversation):
    """[0] and [1] are versions of the first message, [2] and [3] those of the second one below [0]."""
    left = make_turn(conversation, "one a", "1a")
    below = [make_turn(conversation, f"two {name}", f"2{name}", left) for name in "ab"]
    right = make_turn(conversation, "one b", "1b")
    return [reply.message_id for reply in (left, right, *below)]


def test_coming_back_to_a_version_finds_the_branch_as_it_was_left(conversation, alice, versions):
    show_message(alice, versions[2])
    assert shown(conversation) == ["one a: 1a", "two a: 2a"]

    show_message(alice, versions[1])
    show_message(alice, versions[0])

    assert shown(conversation) == ["one a: 1a", "two a: 2a"]


def test_what_is_said_after_turning_back_is_what_is_found_again(conversation, alice, versions):
    show_message(alice, versions[2])
    again = Send(uuid4(), conversation.id, None, "two c", "auto", "", edits=versions[3])
    reply = submit_message(alice, again).reply
    Reply.objects.filter(id=reply.id).update(state=ReplyState.STOPPED)

    show_message(alice, versions[1])
    show_message(alice, versions[0])

    assert shown(conversation) == ["one a: 1a", "two c: "]


def test_a_version_of_a_message_that_is_gone_is_not_looked_for(conversation, alice, versions):
    show_message(alice, versions[2])
    Message.objects.filter(id=versions[2]).delete()

    show_message(alice, versions[0])

    assert shown(conversation) == ["one a: 1a", "two b: 2b"]


def test_a_version_without_a_reply_can_be_turned_to(conversation, alice):
    alone = make_message(conversation, "one a")
    make_turn(conversation, "one b", "1b")

    show_message(alice, alone.id)

    assert shown(conversation) == ["one a: "]
