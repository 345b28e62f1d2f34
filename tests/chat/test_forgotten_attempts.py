"""Calls whose process died, or lost its database, when nobody looked at their reply any more."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import User
from answering.connections import close_connections
from answering.lost_attempts import LONGEST_CALL
from chat.models import Reply, ReplyState
from chat.reaper import book_forgotten_attempts
from routing.models import Attempt, Decision
from tests.answering.asking import ask_for, heard
from tests.chat.rows import make_queued
from usage.budgets import period_start
from usage.models import Budget, LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def decision(connected, alice) -> Decision:
    """Of an answer that was given, and booked."""
    await heard(ask_for(alice, connected))
    await close_connections()
    return await Decision.objects.select_related("organisation").aget()


def forget(decision: Decision) -> Attempt:
    """As after a second call whose process died unnoticed."""
    note = decision.receipt["candidates"][0]
    attempt = Attempt.objects.create(
        decision=decision,
        number=2,
        model_id=note["model"],
        endpoint="openai",
        credential=note["credential"],
        payer="organisation",
    )
    Attempt.objects.update(started_at=timezone.now() - LONGEST_CALL - timedelta(seconds=1))
    attempt.refresh_from_db()
    return attempt


def make_reply_of(user: User, decision: Decision, state: str, text: str = "") -> None:
    reply = make_queued(user)
    Reply.objects.filter(id=reply.id).update(decision=decision, state=state, text=text)


@pytest.mark.parametrize("state", ["", ReplyState.DONE, ReplyState.INTERRUPTED])
async def test_it_is_booked_once_as_failed(decision, alice, in_thread, state):
    def book() -> tuple[int, int]:
        forget(decision)
        if state:
            make_reply_of(alice, decision, state)
        return book_forgotten_attempts(), book_forgotten_attempts()

    assert await in_thread(book)() == (1, 0)

    attempt = await Attempt.objects.select_related("ledger_entry").aget(number=2)
    assert (attempt.outcome, attempt.failure) == ("failed", "restarted")
    assert attempt.ended_at is not None
    assert attempt.ledger_entry.cost_usd == 0


async def test_what_an_earlier_try_thought_is_not_booked_again(decision, alice, in_thread):
    def book() -> int:
        forget(decision)
        make_reply_of(alice, decision, ReplyState.INTERRUPTED)
        Reply.objects.update(reasoning="Let me see how this may be done.")
        return book_forgotten_attempts()

    assert await in_thread(book)() == 1

    assert (await LedgerEntry.objects.aget(attempt__number=2)).cost_usd == 0


async def test_one_that_may_still_be_under_way_is_left_alone(decision, in_thread):
    def book() -> int:
        forget(decision)
        Attempt.objects.update(started_at=timezone.now() - LONGEST_CALL + timedelta(minutes=1))
        return book_forgotten_attempts()

    assert await in_thread(book)() == 0


async def test_its_money_is_given_back(decision, in_thread):
    def book() -> Budget:
        attempt = forget(decision)
        begin = period_start(Budget.Period.MONTH, timezone.localdate(attempt.started_at))
        Budget.objects.create(
            organisation=decision.organisation,
            limit_usd=1,
            reserved_usd=Decimal("0.2"),
            period_start=begin,
        )
        book_forgotten_attempts()
        return Budget.objects.get()

    budget = await in_thread(book)()

    expected = Decimal("0.2") - Decimal(str(decision.receipt["candidates"][0]["cost_usd"]))
    assert abs(budget.reserved_usd - expected) < Decimal("0.0000001")


async def test_what_its_reply_kept_is_estimated(decision, alice, in_thread):
    def book() -> LedgerEntry:
        attempt = forget(decision)
        make_reply_of(alice, decision, ReplyState.INTERRUPTED, "x" * 400)
        book_forgotten_attempts()
        return LedgerEntry.objects.get(attempt=attempt)

    entry = await in_thread(book)()

    assert (entry.output_tokens, entry.certainty) == (100, "estimated")
