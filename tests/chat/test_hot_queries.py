"""With ten thousand chats a person waits no longer: no query reads them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from chat import reaper, sidebar, turns
from chat.access import own_conversations
from chat.frames import Continue, Send
from chat.models import Conversation, Reply, ReplyState
from tests.chat.rows import make_conversation, make_turn

# What SQLite says of a walk through everything, or through all the chats of a person.
ALL_OF_THEM = ("SCAN chat_", "USING INDEX chat_recent (owner_id=?)")


def plans(work: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        work()
    asked = [query["sql"] for query in captured if query["sql"].startswith(("SELECT", "UPDATE"))]
    with connection.cursor() as cursor:
        steps = [cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall() for sql in asked]
    return [f"{row[-1]}: {sql}" for sql, rows in zip(asked, steps, strict=True) for row in rows]


def walks(work: Callable[[], object]) -> list[str]:
    return [step for step in plans(work) if any(part in step for part in ALL_OF_THEM)]


pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="The plans are read as SQLite words them"
)


@pytest.fixture
def reply(organisation, alice) -> Reply:
    return make_turn(make_conversation(alice), state=ReplyState.INTERRUPTED)


def send(user: User, conversation: Conversation | None = None) -> None:
    where = conversation.id if conversation else None
    turns.submit_message(user, Send(uuid4(), where, None, "Hello", "auto", ""))


def test_a_message_in_a_new_chat_looks_through_no_other_chat(reply, alice):
    assert walks(lambda: send(alice)) == []


def test_a_message_looks_through_no_other_chat(reply, alice):
    assert walks(lambda: send(alice, reply.conversation)) == []


def test_continuing_looks_through_no_other_chat(reply, alice):
    asked = Continue(uuid4(), reply.id)

    assert walks(lambda: turns.continue_reply(alice, asked)) == []


def test_what_runs_every_second_looks_at_what_runs_alone(reply):
    assert walks(reaper.look) == walks(reaper.reap) == walks(reaper.waiting_replies) == []


def test_a_page_of_the_sidebar_is_read_in_its_order(reply, alice):
    """The newest forty: the index gives them first, so it is no walk, and nothing is sorted."""
    for before in (None, timezone.now() - timedelta(days=1)):
        steps = plans(partial(sidebar.page, own_conversations(alice), before))
        listed = [step for step in steps if '"title"' in step]
        assert "chat_recent" in listed[0]
        assert not [step for step in listed if "SCAN" in step or "ORDER BY:" in step]


@pytest.mark.parametrize("address", ["/", "/sidebar", "/c/{}", "/usage", "/organisation/members"])
def test_a_page_takes_as_many_queries_with_many_chats_as_with_one(reply, alice, address):
    client = Client()
    client.force_login(alice)
    url = address.format(reply.conversation_id)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    count()
    before = count()
    for number in range(60):
        make_turn(make_conversation(alice, f"Chat {number}"))

    assert count() == before <= 30
