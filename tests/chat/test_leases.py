from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import uuid4

import pytest
from django.utils import timezone

from chat import leases, runs
from chat.journal import Lease
from chat.leases import Ending
from chat.models import JournalRow, Reply, ReplyState
from routing.engine.record import Receipt
from tests.chat.rows import make_queued, write

DONE = Ending(ReplyState.DONE, finish="stop")


@pytest.fixture
def reply(organisation, alice) -> Reply:
    return make_queued(alice)


def claimed(reply: Reply, owner: str = "me") -> Lease:
    lease = leases.claim(reply.id, owner)
    assert lease is not None
    return lease


def expire(reply: Reply) -> None:
    Reply.objects.filter(id=reply.id).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_it_takes_a_queued_reply(reply, settings):
    lease = claimed(reply)

    reply.refresh_from_db()
    assert (reply.state, reply.lease_owner, reply.attempt) == ("running", "me", 1)
    assert reply.lease_until is not None
    assert reply.lease_until > timezone.now() + timedelta(seconds=settings.LEASE_S - 5)
    assert (lease.attempt, lease.text_seq, lease.reasoning_seq) == (1, 0, 0)


def test_only_one_of_two_takes_it(reply):
    claimed(reply, "me")

    assert leases.claim(reply.id, "another") is None


@pytest.mark.parametrize("state", [ReplyState.DONE, ReplyState.STOPPED, ReplyState.FAILED])
def test_an_ended_reply_is_not_to_be_had(reply, state):
    Reply.objects.update(state=state)

    assert leases.claim(reply.id, "me") is None


def test_a_continuation_begins_where_its_text_ends(reply):
    Reply.objects.update(text="so far", reasoning="hm")

    lease = claimed(reply)

    assert (lease.text_seq, lease.reasoning_seq) == (6, 2)


def test_what_a_former_run_thought_is_forgotten(reply):
    """It was never followed by text, and the new run thinks from the beginning."""
    lease = claimed(reply)
    write(reply, "I wonder", JournalRow.Kind.REASONING)
    leases.release(lease)

    claimed(reply)

    assert not JournalRow.objects.exists()


def test_it_renews_the_replies_that_are_still_written(reply, alice):
    other = make_queued(alice)
    for each in (reply, other):
        claimed(each)
        expire(each)

    leases.renew("me", [reply.id])

    reply.refresh_from_db()
    other.refresh_from_db()
    assert reply.lease_until is not None
    assert other.lease_until is not None
    assert reply.lease_until > timezone.now() > other.lease_until


def test_it_renews_nothing_of_another(reply):
    claimed(reply, "another")
    expire(reply)

    leases.renew("me", [reply.id])

    reply.refresh_from_db()
    assert reply.lease_until < timezone.now()


def test_renewing_tells_whose_stop_was_asked_for(reply, alice):
    other = make_queued(alice)
    for each in (reply, other):
        claimed(each)
    Reply.objects.filter(id=other.id).update(stop_asked=True)

    assert leases.renew("me", [reply.id, other.id]) == {other.id}


def test_a_released_reply_is_queued_again(reply):
    assert leases.release(claimed(reply))

    reply.refresh_from_db()
    assert (reply.state, reply.lease_owner, reply.lease_until) == ("queued", "", None)
    assert claimed(reply, "another").attempt == 2


def test_settling_folds_what_was_committed(reply):
    lease = claimed(reply)
    write(reply, "Hello ")
    write(reply, "world", start=6)
    write(reply, "Hm", JournalRow.Kind.REASONING)

    settled = leases.settle(lease, DONE, [{"name": "search"}])

    assert settled is not None
    reply.refresh_from_db()
    assert (reply.text, reply.seq, reply.reasoning) == ("Hello world", 11, "Hm")
    assert (reply.state, reply.finish, reply.tool_calls) == ("done", "stop", [{"name": "search"}])
    assert (reply.lease_owner, reply.lease_until) == ("", None)
    assert reply.ended_at is not None
    assert not JournalRow.objects.exists()


def test_settling_adds_to_the_text_of_a_continued_reply(reply):
    Reply.objects.update(text="One, ")
    lease = claimed(reply)
    write(reply, "two.", start=5)

    settled = leases.settle(lease, DONE)

    assert settled is not None
    assert (settled.text, settled.seq) == ("One, two.", 9)


def test_settling_keeps_the_tool_calls_of_a_continued_reply(reply):
    Reply.objects.update(tool_calls=[{"name": "first"}])

    leases.settle(claimed(reply), DONE, [{"name": "second"}])

    reply.refresh_from_db()
    assert [call["name"] for call in reply.tool_calls] == ["first", "second"]


def test_the_pieces_are_put_in_order_of_their_places(reply):
    write(reply, "c", start=10)
    write(reply, "a")
    write(reply, "b", start=9)

    assert leases.committed(reply) == ("abc", "")


@pytest.mark.parametrize(
    "change",
    [
        {"lease_owner": "another"},
        {"attempt": 2},
        {"state": ReplyState.QUEUED},
        {"state": ReplyState.INTERRUPTED},
    ],
    ids=["owner", "attempt", "queued", "ended"],
)
def test_a_lost_lease_changes_nothing(reply, change):
    lease = claimed(reply)
    Reply.objects.update(**change)

    assert leases.settle(lease, DONE) is None
    assert not leases.release(lease)
    assert not leases.fenced(lease).exists()
    reply.refresh_from_db()
    assert {name: getattr(reply, name) for name in change} == change


def test_an_abandoned_reply_is_ended_with_its_text(reply):
    claimed(reply)
    write(reply, "Half")
    expire(reply)

    leases.settle_abandoned(
        reply.id, Ending(ReplyState.INTERRUPTED, failure="restarted", words="!")
    )

    reply.refresh_from_db()
    assert (reply.state, reply.text, reply.failure_words) == ("interrupted", "Half", "!")


def test_a_queued_reply_is_ended_at_once(reply):
    assert leases.settle_abandoned(reply.id, Ending(ReplyState.STOPPED))


def test_a_held_reply_is_not_abandoned(reply):
    claimed(reply)

    assert leases.settle_abandoned(reply.id, Ending(ReplyState.STOPPED)) is None
    assert not leases.requeue_abandoned(reply.id)
    reply.refresh_from_db()
    assert reply.state == "running"


def test_an_abandoned_reply_without_text_is_queued_again(reply):
    claimed(reply)
    write(reply, "Hm", JournalRow.Kind.REASONING)
    expire(reply)

    assert leases.requeue_abandoned(reply.id)

    reply.refresh_from_db()
    assert (reply.state, reply.lease_owner) == ("queued", "")


def test_a_reply_with_text_is_never_queued_again(reply):
    """Between the look and the deed its writer may have woken and committed."""
    claimed(reply)
    write(reply, "Half")
    expire(reply)

    assert not leases.requeue_abandoned(reply.id)

    reply.refresh_from_db()
    assert reply.state == "running"


def test_who_has_lost_a_reply_stores_neither_its_decision_nor_its_model(reply):
    run = runs.claim_run(reply.id, "me")
    assert run is not None
    receipt = cast(Receipt, {"candidates": []})
    Reply.objects.filter(id=reply.id).update(lease_owner="another")

    with pytest.raises(runs.LeaseLostError):
        runs.link_decision(run, uuid4(), receipt)
    with pytest.raises(runs.LeaseLostError):
        runs.link_model(run, "openai/gpt-6-luna")
    assert Reply.objects.get().decision is None
