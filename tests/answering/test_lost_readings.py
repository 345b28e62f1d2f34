"""A second reading is booked once, whatever becomes of the process that asked, or of its database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import connection, transaction
from django.utils import timezone

from accounts.approvals import approve_models
from accounts.models import Organisation
from answering import decision
from answering.answer import answer
from answering.decision import Decided, Unclear
from answering.lost_attempts import LONGEST_CALL
from answering.second_reading import PATIENCE_S, Word
from chat.reaper import book_forgotten_attempts
from routing.health import health
from routing.models import Attempt, Decision, ReadingCall
from routing.policy import PolicyChange, change_policy
from tests.answering.asking import ask_for, heard
from tests.answering.busy_threads import BusyThreads
from tests.chat.rows import MODEL, OTHER_MODEL
from tests.upstream_formats import Answer
from tests.usage.rows import make_budget
from usage.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)

LUNA, SOL = (model.partition("/")[2] for model in (OTHER_MODEL, MODEL))


@pytest.fixture
def asking(connected, alice, upstream) -> Organisation:
    """Whatever the classifier says, it is too unsure: Luna is asked."""
    approve_models(connected, [OTHER_MODEL], alice)
    change_policy(connected, alice, PolicyChange(reader_model=OTHER_MODEL, reader_below=1.0))
    upstream.answers = {LUNA: [Answer("maths"), Answer("From Luna.")], SOL: Answer("From Sol.")}
    return connected


@pytest.fixture
def opened(asking, alice) -> Unclear:
    """Asked by a process that is about to die."""
    first = decision._decide(ask_for(alice, asking, "so?"))
    assert isinstance(first, Unclear)
    return first


def later() -> int:
    ReadingCall.objects.update(started_at=timezone.now() - LONGEST_CALL - timedelta(seconds=1))
    return book_forgotten_attempts()


async def test_nothing_is_left_of_one_that_was_booked(asking, alice):
    await heard(ask_for(alice, asking, "so?"))

    assert not await ReadingCall.objects.aexists()
    assert await Attempt.objects.filter(number=0).acount() == 1


def test_one_whose_process_died_is_booked_once_by_estimate(opened, asking):
    budget = make_budget(asking)

    assert (later(), later()) == (1, 0)

    row = Attempt.objects.select_related("ledger_entry", "decision").get()
    assert (row.number, row.outcome, row.failure) == (0, "failed", "restarted")
    assert row.ledger_entry.certainty == "estimated"
    assert row.ledger_entry.cost_usd > 0
    assert row.decision.receipt["id"] == str(row.decision.id)
    budget.refresh_from_db()
    assert budget.spent_usd == row.ledger_entry.cost_usd


def test_one_that_may_still_be_under_way_is_left_alone(opened):
    assert book_forgotten_attempts() == 0
    assert ReadingCall.objects.count() == 1


def test_a_decision_that_is_stored_twice_is_one_and_one_bill(opened, asking, alice):
    """As when the answer to the first commit was lost on the way."""
    request, word = ask_for(alice, asking, "so?"), Word(opened.reader, text="maths")
    word.outcome = "answered"

    once, again = (decision._decide_again(request, opened, word) for _ in range(2))

    assert isinstance(once, Decided)
    assert (again.id, again.receipt) == (once.id, once.receipt)
    assert Decision.objects.get().id == once.id
    assert LedgerEntry.objects.count() == 1


def test_a_process_that_wakes_up_late_stores_its_decision_and_books_nothing_more(
    opened, asking, alice
):
    later()

    made = decision._decide_again(ask_for(alice, asking, "so?"), opened, Word(opened.reader))

    assert Decision.objects.filter(id=made.id).exists()
    assert LedgerEntry.objects.count() == 1


def test_what_cannot_be_stored_whole_stays_to_be_booked(opened, asking, alice):
    @transaction.atomic
    def half_way() -> None:
        decision._decide_again(ask_for(alice, asking, "so?"), opened, Word(opened.reader))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_way()

    assert (LedgerEntry.objects.count(), later()) == (0, 1)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="A missing table is no OperationalError")
async def test_a_database_that_is_away_for_a_moment_is_waited_for(asking, alice, upstream):
    upstream.answers[LUNA] = [Answer("maths", first_delay_s=0.3), Answer("From Luna.")]
    telling = asyncio.create_task(heard(ask_for(alice, asking, "so?")))
    while not upstream.asked:
        await asyncio.sleep(0.01)
    await in_database(rename, "routing_attempt", "elsewhere")
    await asyncio.sleep(PATIENCE_S + 0.2)
    await in_database(rename, "elsewhere", "routing_attempt")

    assert (await telling).error is None
    assert await LedgerEntry.objects.filter(attempt__number=0).acount() == 1


def rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


async def in_database(verb: Callable[..., object], *arguments: object) -> None:
    await database_sync_to_async(verb)(*arguments)


async def test_a_stop_while_it_is_opened_asks_nobody_and_bills_nothing(asking, alice, upstream):
    events = answer(ask_for(alice, asking, "so?"))
    busy = BusyThreads()
    deciding = asyncio.ensure_future(anext(events))
    await asyncio.wait({deciding}, timeout=0.2)

    deciding.cancel()
    await asyncio.wait({deciding}, timeout=0.1)
    await busy.let_go()
    await asyncio.gather(deciding, return_exceptions=True)

    assert deciding.cancelled()
    assert upstream.asked == []
    assert not await ReadingCall.objects.aexists()
    assert not await LedgerEntry.objects.aexists()


async def test_one_on_probation_that_is_not_asked_leaves_its_place_to_the_next(asking, alice):
    """The probe that a stop kept from being made."""
    first = await database_sync_to_async(decision._decide)(ask_for(alice, asking, "so?"))
    assert isinstance(first, Unclear)
    scope = first.reader.scope
    health.failed(scope, counts=0, opens_s=0.01)
    await asyncio.sleep(0.02)
    assert health.may_try(scope)
    assert not health.may_try(scope)

    await decision._not_asked(first)

    assert health.may_try(scope)
