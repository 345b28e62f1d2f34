"""A page that comes back hears of what it has missed."""

from __future__ import annotations

import pytest

from chat.arrivals import catch_up
from chat.frames import Hello
from chat.models import Message
from tests.chat.rows import make_conversation, make_turn

pytestmark = pytest.mark.django_db


def test_a_page_that_missed_a_turn_is_told_to_show_the_chat_anew(organisation, alice):
    conversation = make_conversation(alice)
    first = make_turn(conversation, "One", "First")
    second = make_turn(conversation, "Two", "Second")
    Message.objects.filter(id=second.message_id).update(shown_reply=second)
    conversation.leaf = second.message
    conversation.save()

    assert catch_up(alice, Hello(1, conversation.id, {}, first.id))[1] == [{"type": "stale"}]
    assert catch_up(alice, Hello(1, conversation.id, {}, second.id))[1] == []
    assert catch_up(alice, Hello(1, conversation.id, {}, None))[1] == []
