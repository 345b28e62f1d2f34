"""F69: a clock is set by an hour. What was stored before looks an hour older, or lies in the future."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from answering.lost_attempts import LONGEST_CALL
from chat import leases, reaper
from chat.leases import Ending
from chat.models import Conversation, Reply, ReplyState
from chat.turns import submit_message
from chofesh.schedule import Reaping
from routing.models import Attempt, Decision
from tests.chat.rows import make_queued, write
from tests.chat.test_submit_message import sent

HOUR = timedelta(hours=1)


@pytest.fixture
def reply(organisation, alice) -> Reply:
    return make_queued(alice)


def test_a_lease_from_before_the_clock_was_put_back_has_run_out(reply):
    leases.claim(reply.id, "a process that is gone")
    write(reply, "Half")
    Reply.objects.update(lease_until=timezone.now() + HOUR)

    assert reaper.reap() == [reply.id]


def test_one_that_such_a_lease_holds_can_be_stopped(reply):
    leases.claim(reply.id, "a process that is gone")
    Reply.objects.update(lease_until=timezone.now() + HOUR)

    assert leases.settle_abandoned(reply.id, Ending(ReplyState.STOPPED)) is not None


def test_a_living_writer_takes_its_lease_by_the_new_time(reply):
    leases.claim(reply.id, "me")
    Reply.objects.update(lease_until=timezone.now() + HOUR)

    leases.renew("me", [reply.id])

    assert reaper.reap() == []


def test_a_reply_queued_by_a_clock_that_is_ahead_is_begun(reply):
    Reply.objects.update(created_at=timezone.now() + HOUR)

    assert reaper.waiting_replies() == [reply.id]


def test_what_was_asked_before_the_clock_was_put_back_is_not_of_this_minute(
    organisation, alice, settings
):
    settings.MESSAGES_PER_MINUTE = 1
    submit_message(alice, sent())
    later = timezone.now() + HOUR
    Reply.objects.update(created_at=later)
    Conversation.objects.update(active_at=later)

    assert submit_message(alice, sent()).is_new


@pytest.mark.parametrize("state", [ReplyState.RUNNING, ReplyState.DONE])
def test_a_call_is_not_forgotten_while_its_reply_is_held(reply, alice, state):
    decision = Decision.objects.create(
        organisation=reply.conversation.organisation, user=alice, surface="chat",
        preference="balanced", category="questions", difficulty=0.1,
        receipt={"features": {"prompt_tokens": 10}, "candidates": []},
    )  # fmt: skip
    Attempt.objects.create(
        decision=decision, number=1, model_id="a/b", endpoint="a", payer="nobody"
    )
    leases.claim(reply.id, "me")
    Reply.objects.update(decision=decision, state=state)

    Attempt.objects.update(started_at=timezone.now() - LONGEST_CALL - HOUR)

    assert reaper.book_forgotten_attempts() == (state == ReplyState.DONE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["ahead", "back"])
async def test_after_a_jump_the_living_are_given_a_lease_to_renew_theirs(
    reply, in_thread, settings, jump
):
    settings.LEASE_S, settings.REAPER_S = 1.0, 0.5
    shift = timedelta()

    def look() -> datetime:
        return timezone.now() + shift

    def abandon() -> None:
        leases.claim(reply.id, "somebody")
        write(reply, "Half")
        Reply.objects.update(lease_until=timezone.now() - HOUR)

    reaping = Reaping(look)
    await reaping.reap()
    await in_thread(abandon)()
    shift = jump
    await reaping.reap()
    assert (await Reply.objects.aget()).state == "running"

    await asyncio.sleep(settings.LEASE_S)
    await reaping.reap()
    assert (await Reply.objects.aget()).state == "interrupted"
