"""A call whose process is gone gives back what it had set aside where it was set aside, whatever was changed since."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async

from accounts.models import Organisation, User
from answering.answer import answer
from answering.lost_attempts import book_lost_attempts
from answering.request import AnswerEvent, AttemptStarted
from routing.models import Attempt, Decision
from tests.answering.asking import ask_for
from tests.cast import make_team
from tests.upstream_formats import Answer
from tests.usage.rows import make_budget
from usage.limits import Limit, Whose, change_budget, create_budget, delete_budget
from usage.models import Budget, LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)

# What other calls have set aside meanwhile.
OTHERS = Decimal("0.5")
ANSWER_BYTES = 400


async def called(user: User, organisation: Organisation) -> AsyncGenerator[AnswerEvent, None]:
    """An answer whose call is under way."""
    events = answer(ask_for(user, organisation))
    async for event in events:
        if isinstance(event, AttemptStarted):
            break
    return events


@pytest.fixture
def lost(connected, alice, upstream) -> Callable[[Callable[[], object]], Awaitable[Decimal]]:
    """A call that is lost after `change`; what it cost."""
    upstream.default = Answer("late", first_delay_s=30)

    async def lost_after(change: Callable[[], object]) -> Decimal:
        events = await called(alice, connected)
        await sync_to_async(change)()
        decision = await Decision.objects.select_related("organisation", "user").aget()
        await sync_to_async(book_lost_attempts)(decision, ANSWER_BYTES)
        await events.aclose()
        return (await LedgerEntry.objects.aget()).cost_usd

    return lost_after


@pytest.fixture
def budget(connected) -> Budget:
    return make_budget(connected)


async def test_it_is_given_back_and_spent(lost, budget):
    cost_usd = await lost(lambda: None)

    await budget.arefresh_from_db()
    assert (budget.reserved_usd, budget.spent_usd) == (0, cost_usd)
    assert cost_usd > 0


async def test_of_a_changed_period_nothing_is_taken(lost, budget, alice):
    def by_day() -> None:
        change_budget(budget, Limit(Decimal(2), Budget.Period.DAY), alice)
        Budget.objects.update(reserved_usd=OTHERS)

    cost_usd = await lost(by_day)

    await budget.arefresh_from_db()
    assert (budget.reserved_usd, budget.spent_usd) == (OTHERS, cost_usd)


async def test_of_a_budget_in_its_place_nothing_is_taken(lost, budget, connected, alice):
    def replaced() -> None:
        delete_budget(budget, alice)
        create_budget(connected, Whose(), Limit(Decimal(2), Budget.Period.MONTH), alice)
        Budget.objects.update(reserved_usd=OTHERS)

    await lost(replaced)

    assert (await Budget.objects.aget()).reserved_usd == OTHERS


async def test_a_team_that_was_left_gets_its_own_back(lost, connected, alice):
    team = await sync_to_async(make_team)(connected, alice)
    budget = await sync_to_async(make_budget)(connected, team=team)
    await lost(team.members.clear)

    await budget.arefresh_from_db()
    assert (budget.reserved_usd, budget.spent_usd) == (0, 0)


async def test_a_person_who_is_gone_leaves_nothing_set_aside(lost, budget, alice):
    await lost(alice.delete)

    await budget.arefresh_from_db()
    assert budget.reserved_usd == 0


async def test_what_an_older_process_set_aside_is_given_back_too(lost, budget):
    """It knew no column to note it in."""
    await lost(lambda: Attempt.objects.update(reserved=None))

    await budget.arefresh_from_db()
    assert budget.reserved_usd < Decimal("0.000001")
