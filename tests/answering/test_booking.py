"""Every attempt is booked once, whatever happens while it is opened or booked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.utils import timezone

from answering.answer import answer
from answering.request import Text
from routing.models import Attempt, Decision
from tests.answering.asking import ask_for, decided_and_then
from tests.answering.busy_threads import BusyThreads
from usage.budgets import period_start
from usage.models import Budget, LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def budget(connected) -> Budget:
    return Budget.objects.create(
        organisation=connected,
        limit_usd=1,
        period_start=period_start(Budget.Period.MONTH, timezone.localdate()),
    )


async def test_a_stop_while_an_answer_is_booked_does_not_lose_its_cost(connected, alice, upstream):
    events = answer(ask_for(alice, connected))
    async for event in events:
        if isinstance(event, Text) and event.text.strip() == "upstream.":
            break
    busy = BusyThreads()
    booking = asyncio.ensure_future(anext(events))
    await asyncio.wait({booking}, timeout=0.5)

    booking.cancel()
    await asyncio.wait({booking}, timeout=0.1)
    await busy.let_go()
    await asyncio.gather(booking, return_exceptions=True)

    attempt = await Attempt.objects.select_related("ledger_entry").aget()
    assert attempt.outcome == "answered"
    assert attempt.ledger_entry.output_tokens == 7


async def test_a_stop_while_a_call_is_opened_leaves_nothing_under_way(
    budget, connected, alice, upstream
):
    events = answer(ask_for(alice, connected))
    await anext(events)
    busy = BusyThreads()
    opening = asyncio.ensure_future(anext(events))
    await asyncio.wait({opening}, timeout=0.2)

    for _ in range(3):
        opening.cancel()
        await asyncio.wait({opening}, timeout=0.1)
    await busy.let_go()
    await asyncio.gather(opening, return_exceptions=True)

    assert not await Attempt.objects.filter(outcome="").aexists()
    await budget.arefresh_from_db()
    assert budget.reserved_usd == 0
    assert upstream.asked == []


async def test_a_call_that_cannot_be_stored_sets_nothing_aside(budget, connected, alice):
    def take_its_place() -> None:
        decision = Decision.objects.get()
        Attempt.objects.create(decision=decision, number=1, model_id="a/b", endpoint="a")

    with pytest.raises(IntegrityError):
        await decided_and_then(ask_for(alice, connected), take_its_place)

    await budget.arefresh_from_db()
    assert budget.reserved_usd == 0


async def test_a_call_that_ends_in_the_next_month_takes_nothing_from_those_of_that_month(
    budget, connected, alice
):
    """What it had set aside was forgotten when the month began; what stands there is others'."""

    def next_month() -> None:
        begin = budget.period_start + timedelta(days=31)
        Budget.objects.update(period_start=begin.replace(day=1), reserved_usd=Decimal("0.5"))

    events = answer(ask_for(alice, connected))
    kinds = []
    async for event in events:
        kinds.append(type(event).__name__)
        if kinds[-1] == "AttemptStarted":
            await asyncio.to_thread(in_own_connection, next_month)

    await budget.arefresh_from_db()
    entry = await LedgerEntry.objects.aget()
    assert (budget.reserved_usd, budget.spent_usd) == (Decimal("0.5"), entry.cost_usd)


def in_own_connection(verb) -> None:
    from django.db import connection

    verb()
    connection.close()
