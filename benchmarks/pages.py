"""The pages of somebody with ten thousand chats, one of them of four hundred turns."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from benchmarks.figures import percentiles
from benchmarks.stamped_text import token, words

if TYPE_CHECKING:
    from django.test import Client

    from accounts.models import User
    from chat.models import Conversation, Message, Reply

CHATS = 10_000
TURNS = 400
REPLY_TOKENS = 250
ROUNDS = 9


def time_pages() -> dict[str, dict[str, Any]]:
    """Milliseconds, queries and kilobytes of each page, asked for inside this process."""
    from django.test import Client

    from accounts.models import User

    person = User.objects.get(email="person-0@example.org")
    _fill(person)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(person)
    return {name: _timed(client, address) for name, address in _addresses(person).items()}


def _addresses(person: User) -> dict[str, str]:
    from chat.models import Conversation

    newest = Conversation.objects.filter(owner=person).order_by("-active_at")
    long, middle = newest[0], newest[CHATS // 2]
    return {
        "a new chat": "/",
        "a chat of one turn": f"/c/{middle.id}",
        f"a chat of {TURNS} turns": f"/c/{long.id}",
        "older chats": "/sidebar?" + urlencode({"before": middle.active_at.isoformat()}),
        "usage": "/usage",
    }


def _timed(client: Client, address: str) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
        # Every request clears the log that this counts.
        asked = len(queries)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    taken = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        client.get(address)
        taken.append(1000 * (time.thread_time() - began))
    return {
        "cpu_ms": percentiles(taken),
        "queries": asked,
        "kilobytes": len(answer.content) / 1024,
    }


def _fill(person: User) -> None:
    from django.db import transaction
    from django.utils import timezone

    from accounts.access import current_membership
    from chat.models import Conversation, Message, Reply

    now = timezone.now()
    organisation = current_membership(person).organisation
    chats = [
        Conversation(
            organisation=organisation,
            owner=person,
            title=f"Chat {number}: {words(4)}",
            active_at=now - timedelta(minutes=7 * number),
        )
        for number in range(CHATS)
    ]
    turns = [_turn(chat, None, 12) for chat in chats[1:]]
    long: list[tuple[Message, Reply]] = []
    for _ in range(TURNS):
        long.append(_turn(chats[0], long[-1][1] if long else None, REPLY_TOKENS))
    both = [*turns, *long]
    # They point at each other, which the database looks at when it commits.
    with transaction.atomic():
        Conversation.objects.bulk_create(chats, batch_size=2000)
        Message.objects.bulk_create([message for message, _reply in both], batch_size=2000)
        Reply.objects.bulk_create([reply for _message, reply in both], batch_size=2000)


def _turn(chat: Conversation, parent: Reply | None, tokens: int) -> tuple[Message, Reply]:
    from uuid import uuid4

    from chat.models import Message, Reply, ReplyState

    sent = uuid4()
    message = Message(conversation=chat, parent=parent, client_msg_id=sent, text=words(40))
    text = "".join(token(number, 0.0, 0.0) for number in range(tokens))
    reply = Reply(
        conversation=chat,
        message=message,
        client_msg_id=sent,
        state=ReplyState.DONE,
        model_id="openai/gpt-6-sol",
        text=text,
        seq=len(text),
        ended_at=chat.active_at,
    )
    message.shown_reply, chat.leaf = reply, message
    return message, reply
