"""Calls whose process is gone: nobody else would book what they cost."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from answering.attempts import book_once
from answering.reading_books import book_lost_reading
from answering.reserved import Reserved, from_note
from providers.clocks import Clocks
from routing.cards import organisation_cards
from routing.engine.values import Prices
from routing.models import Attempt, Decision, ReadingCall
from usage import budgets, ledger

logger = logging.getLogger(__name__)

RESTARTED = "restarted"
UNKNOWN = Prices(0.0, 0.0)
# The longest that a call may take (providers/clocks.py), and a minute for its booking.
LONGEST_CALL = timedelta(seconds=Clocks().total_s + 60)


def book_lost_attempts(decision: Decision, answer_bytes: int) -> None:
    """Call when the lease of a reply has expired; `answer_bytes` came before its process went."""
    cards = organisation_cards(decision.organisation)
    for row in decision.attempts.filter(outcome=Attempt.Outcome.RUNNING):
        row.outcome, row.failure = Attempt.Outcome.FAILED, RESTARTED
        row.words = _restarted_words()
        used = ledger.Used(None, decision.receipt["features"]["prompt_tokens"], answer_bytes)
        card = cards.get(row.model_id)
        book_once(row, used, card.prices if card else UNKNOWN, _reserved_for(row, decision))


def book_lost_readings() -> int:
    """Second readings whose decision no process will store any more; how many there were."""
    lost = ReadingCall.objects.filter(started_at__lt=timezone.now() - LONGEST_CALL)
    calls = list(lost.select_related("organisation", "user"))
    for call in calls:
        card = organisation_cards(call.organisation).get(call.model_id)
        try:
            with transaction.atomic():
                book_lost_reading(call, _restarted_words(), card.prices if card else UNKNOWN)
        except Exception:
            # The others must not wait for it.
            logger.exception("The second reading %s could not be booked", call.id)
    return len(calls)


def _restarted_words() -> str:
    return _("The server restarted during this call")


def forgotten(but: QuerySet[Any]) -> list[Decision]:
    """Decisions with a call that nobody can be at any more, though no process has ended it."""
    open_calls = Attempt.objects.filter(
        # As the index has it: an attempt ends when it is booked.
        ended_at__isnull=True,
        started_at__lt=timezone.now() - LONGEST_CALL,
    )
    return list(Decision.objects.filter(id__in=open_calls.values("decision")).exclude(id__in=but))


def _reserved_for(row: Attempt, decision: Decision) -> Reserved:
    """As it was set aside when the call was opened."""
    return from_note(row.reserved) if row.reserved else _likely_reserved_for(row, decision)


def _likely_reserved_for(row: Attempt, decision: Decision) -> Reserved:
    """Of a process of a version that noted nothing: by its receipt, in the budgets that there are now."""
    user = decision.user
    if row.payer != "organisation" or user is None:
        return Reserved()
    expected = next(
        (
            note["cost_usd"]
            for note in decision.receipt["candidates"]
            if (note["model"], note["credential"] or "") == (row.model_id, row.credential)
        ),
        0.0,
    )
    limited = list(budgets.budgets_of(user, decision.organisation))
    for budget in limited:
        day = timezone.localdate(row.started_at)
        budget.period_start = budgets.period_start(budget.period, day)
    return Reserved(tuple(limited), Decimal(str(expected)))
