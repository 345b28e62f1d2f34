from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from chat import sidebar
from chat.access import own_conversations
from chat.models import ReplyState
from tests.chat.rows import make_conversation, make_turn


def titles(page: sidebar.Page) -> list[tuple[str, list[str]]]:
    return [(label, [row.title for row in rows]) for label, rows in page.groups]


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2026, 11, 22), "Today"),
        (date(2026, 11, 21), "Today"),
        (date(2026, 11, 20), "Yesterday"),
        (date(2026, 11, 19), "Previous 7 days"),
        (date(2026, 11, 15), "Previous 7 days"),
        (date(2026, 11, 14), "Previous 30 days"),
        (date(2026, 10, 23), "Previous 30 days"),
        (date(2026, 10, 22), "October 2026"),
        (date(2025, 11, 21), "November 2025"),
    ],
)
def test_what_a_day_is_called(day, label):
    assert sidebar.day_label(day, date(2026, 11, 21)) == label


def test_the_newest_conversation_comes_first(organisation, alice):
    now = timezone.now()
    make_conversation(alice, "old", now - timedelta(days=400))
    make_conversation(alice, "older today", now - timedelta(seconds=2))
    make_conversation(alice, "now", now)

    groups = titles(sidebar.page(own_conversations(alice)))

    assert groups[0] == ("Today", ["now", "older today"])
    assert groups[1][1] == ["old"]


def test_it_shows_one_s_own_alone(organisation, alice, bob, charlie):
    for user in (bob, charlie):
        make_conversation(user)

    assert sidebar.page(own_conversations(alice)).groups == []


def test_a_deleted_conversation_is_not_shown(organisation, alice):
    make_conversation(alice, deleted_at=timezone.now())

    assert sidebar.page(own_conversations(alice)).groups == []


@pytest.mark.parametrize(
    ("state", "is_running"),
    [(ReplyState.QUEUED, True), (ReplyState.RUNNING, True), (ReplyState.DONE, False)],
)
def test_a_dot_says_that_a_reply_is_written(organisation, alice, state, is_running):
    make_turn(make_conversation(alice), state=state)

    assert sidebar.rows(own_conversations(alice))[0].is_running == is_running


def test_a_mark_says_that_it_was_not_read(organisation, alice):
    now = timezone.now()
    for title, read_at in (("never", None), ("before", now - timedelta(1)), ("after", now)):
        make_conversation(alice, title, now - timedelta(seconds=1), read_at=read_at)

    unread = {row.title: row.is_unread for row in sidebar.rows(own_conversations(alice))}

    assert unread == {"never": True, "before": True, "after": False}


def test_the_pages_hold_every_conversation_once(organisation, alice):
    now = timezone.now()
    for number in range(sidebar.PAGE * 2 + 5):
        make_conversation(alice, str(number), now - timedelta(hours=number))
    seen, before = [], None
    for _ in range(3):
        page = sidebar.page(own_conversations(alice), before)
        seen += [title for _, rows in titles(page) for title in rows]
        before = datetime.fromisoformat(page.next) if page.next else None

    assert before is None
    assert seen == [str(number) for number in range(sidebar.PAGE * 2 + 5)]
