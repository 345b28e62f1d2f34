from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat import leases, reaper
from chat.models import JournalRow, Reply, ReplyState
from tests.chat.rows import make_queued, make_turn, write


@pytest.fixture
def reply(organisation, alice) -> Reply:
    return make_queued(alice)


def abandon(reply: Reply, text: str = "") -> None:
    """As after a kill: it was claimed, perhaps written, and its lease ran out."""
    leases.claim(reply.id, "a process that is gone")
    if text:
        write(reply, text)
    Reply.objects.filter(id=reply.id).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_reply_without_text_is_begun_again(reply):
    abandon(reply)

    assert reaper.reap() == []

    reply.refresh_from_db()
    assert reply.state == "queued"


def test_a_reply_that_has_only_thought_is_begun_again(reply):
    abandon(reply)
    write(reply, "Hm", JournalRow.Kind.REASONING)

    reaper.reap()

    reply.refresh_from_db()
    assert reply.state == "queued"
    assert leases.claim(reply.id, "me") is not None


def test_a_reply_with_text_is_interrupted_with_all_of_it(reply):
    abandon(reply, "Half an ans")

    assert reaper.reap() == [reply.id]

    reply.refresh_from_db()
    assert (reply.state, reply.text, reply.failure) == ("interrupted", "Half an ans", "restarted")
    assert "kept" in reply.failure_words


def test_a_reply_that_lost_two_processes_is_not_given_a_third(reply):
    abandon(reply)
    reaper.reap()
    abandon(reply)

    reaper.reap()

    reply.refresh_from_db()
    assert (reply.state, reply.failure) == ("failed", "restarted")
    assert "try again" in reply.failure_words


def test_a_continued_reply_keeps_both_texts(reply):
    Reply.objects.update(text="One, ")
    leases.claim(reply.id, "a process that is gone")
    write(reply, "two", start=5)
    Reply.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    reaper.reap()

    reply.refresh_from_db()
    assert (reply.state, reply.text) == ("interrupted", "One, two")


def test_a_held_reply_is_left_alone(reply):
    leases.claim(reply.id, "me")

    assert reaper.reap() == []

    reply.refresh_from_db()
    assert reply.state == "running"


def test_reaping_twice_is_reaping_once(reply):
    abandon(reply, "Half")
    reaper.reap()
    ended_at = Reply.objects.get().ended_at

    assert reaper.reap() == []

    assert Reply.objects.get().ended_at == ended_at


@pytest.mark.parametrize("state", [ReplyState.DONE, ReplyState.STOPPED, ReplyState.INTERRUPTED])
def test_an_ended_reply_is_left_alone(reply, state):
    Reply.objects.update(state=state, lease_until=timezone.now() - timedelta(hours=1))

    assert reaper.reap() == []

    assert Reply.objects.get().state == state


def test_a_queued_reply_waits_for_its_own_process_first(reply, settings):
    assert reaper.waiting_replies() == []

    Reply.objects.update(created_at=timezone.now() - timedelta(seconds=settings.QUEUE_GRACE_S + 1))

    assert reaper.waiting_replies() == [reply.id]


def test_the_oldest_queued_reply_comes_first(reply, alice, settings):
    settings.QUEUE_GRACE_S = -1
    second = make_queued(alice)
    make_turn(second.conversation, state=ReplyState.DONE)

    assert reaper.waiting_replies() == [reply.id, second.id]


@pytest.mark.parametrize("text", ["", "Half"])
def test_a_stop_that_was_asked_before_the_crash_is_kept(reply, text):
    abandon(reply, text)
    Reply.objects.update(stop_asked=True)

    assert reaper.reap() == [reply.id]

    reply.refresh_from_db()
    assert (reply.state, reply.text, reply.stop_asked) == ("stopped", text, False)


def test_a_waiting_reply_whose_stop_was_asked_is_begun_by_nobody(reply):
    Reply.objects.update(stop_asked=True)

    assert leases.claim(reply.id, "me") is None
    assert reaper.reap() == [reply.id]

    reply.refresh_from_db()
    assert reply.state == "stopped"
