"""Row 43: what is set aside before a call, and what follows when nothing is left."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.approvals import approve_models
from answering.lost_attempts import book_lost_attempts
from answering.request import NoModelLeftError
from routing.models import Attempt, Decision
from tests.answering.asking import ask_for, decided_and_then, heard
from tests.cast import make_key
from tests.chat.rows import OTHER_MODEL
from tests.upstream_formats import Answer
from tests.usage.rows import make_budget
from usage.budgets import period_start, reserve
from usage.models import Budget, LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def budget(connected) -> Budget:
    return Budget.objects.create(
        organisation=connected,
        limit_usd=1,
        period_start=period_start(Budget.Period.MONTH, timezone.localdate()),
    )


async def test_a_call_is_spent_and_nothing_stays_set_aside(budget, connected, alice):
    await heard(ask_for(alice, connected))

    await budget.arefresh_from_db()
    entry = await LedgerEntry.objects.aget()
    assert (budget.spent_usd, budget.reserved_usd) == (entry.cost_usd, 0)
    assert entry.cost_usd > 0


async def test_a_failed_call_is_not_charged(budget, connected, alice, upstream):
    upstream.default = Answer(status=500)
    await heard(ask_for(alice, connected))

    await budget.arefresh_from_db()
    assert (budget.spent_usd, budget.reserved_usd) == (0, 0)


async def test_a_call_that_broke_is_the_organisation_s_overhead_not_the_person_s_spending(
    budget, connected, alice, upstream, in_database
):
    own = await in_database(make_budget)(connected, user=alice)
    upstream.default = Answer("One two three", cut_after=2)
    await heard(ask_for(alice, connected))

    await budget.arefresh_from_db()
    await own.arefresh_from_db()
    entry = await LedgerEntry.objects.aget()
    assert (budget.spent_usd, budget.reserved_usd) == (entry.cost_usd, 0)
    assert entry.cost_usd > 0
    assert (own.spent_usd, own.reserved_usd) == (0, 0)


async def test_with_nothing_left_nobody_is_called(budget, connected, alice, upstream):
    await Budget.objects.aupdate(spent_usd=1)

    told = await heard(ask_for(alice, connected))

    assert isinstance(told.error, NoModelLeftError)
    assert upstream.asked == []
    assert await Attempt.objects.acount() == 0


async def test_what_is_set_aside_meanwhile_ends_in_words(budget, connected, alice, upstream):
    """The decision saw money that another call has taken by now."""
    told = await decided_and_then(
        ask_for(alice, connected), lambda: Budget.objects.update(reserved_usd=1)
    )

    assert isinstance(told.error, NoModelLeftError)
    assert told.kinds == ["DecisionMade"]
    assert "Your limit is reached until" in told.error.words
    assert upstream.asked == []


async def test_one_s_own_key_is_not_held_to_the_organisation_s_budget(
    budget, connected, alice, upstream, in_database
):
    await in_database(make_key)(connected, alice, "sk-of-alice-0123456789abcdef")
    await Budget.objects.aupdate(spent_usd=1)

    told = await heard(ask_for(alice, connected))

    assert told.text == "Hello from upstream."
    assert upstream.asked[0].key.startswith("sk-of-alice")
    await budget.arefresh_from_db()
    assert budget.spent_usd == 1


async def test_a_cheaper_model_answers_while_the_money_for_the_dear_one_is_gone(
    budget, connected, alice, upstream, in_database
):
    await in_database(approve_models)(connected, [OTHER_MODEL], alice)
    # Luna costs a twentieth of Sol.
    await Budget.objects.aupdate(limit_usd=Decimal("0.0008"))

    told = await heard(ask_for(alice, connected, "Hello"))

    assert told.text == "Hello from upstream."
    assert upstream.asked[0].model == OTHER_MODEL.partition("/")[2]


def lost_call(user, organisation) -> Decision:
    """A call of a process that was killed."""
    decision = Decision.objects.get()
    note = decision.receipt["candidates"][0]
    Attempt.objects.create(
        decision=decision,
        number=2,
        model_id=note["model"],
        endpoint=note["endpoint"],
        credential=note["credential"],
        payer="organisation",
    )
    reserve(user, organisation, Decimal(str(note["cost_usd"])))
    return decision


async def test_a_call_of_a_killed_process_is_booked_and_its_money_given_back(
    budget, connected, alice, in_database
):
    await heard(ask_for(alice, connected))
    spent = (await LedgerEntry.objects.aget()).cost_usd

    decision = await in_database(lost_call)(alice, connected)
    await in_database(book_lost_attempts)(decision, 400)
    await in_database(book_lost_attempts)(decision, 400)

    attempt = await Attempt.objects.select_related("ledger_entry").aget(number=2)
    assert (attempt.outcome, attempt.failure) == ("failed", "restarted")
    assert (attempt.ledger_entry.output_tokens, attempt.ledger_entry.certainty) == (
        100,
        "estimated",
    )
    assert await LedgerEntry.objects.acount() == 2
    await budget.arefresh_from_db()
    assert budget.reserved_usd < Decimal("0.000001")
    assert budget.spent_usd == spent + attempt.ledger_entry.cost_usd
