"""Calls whose process is gone: nobody else would book what they cost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from answering.attempts import Reserved, book_once
from providers.clocks import Clocks
from routing.cards import organisation_cards
from routing.engine.values import Prices
from routing.models import Attempt, Decision
from usage import budgets, ledger

RESTARTED = "restarted"
UNKNOWN = Prices(0.0, 0.0)
# The longest that a call may take (providers/clocks.py), and a minute for its booking.
LONGEST_CALL = timedelta(seconds=Clocks().total_s + 60)


def book_lost_attempts(decision: Decision, answer_bytes: int) -> None:
    """Call when the lease of a reply has expired; `answer_bytes` came before its process went."""
    cards = organisation_cards(decision.organisation)
    for row in decision.attempts.filter(outcome=Attempt.Outcome.RUNNING):
        row.outcome, row.failure = Attempt.Outcome.FAILED, RESTARTED
        row.words = _("The server restarted during this call")
        used = ledger.Used(None, decision.receipt["features"]["prompt_tokens"], answer_bytes)
        card = cards.get(row.model_id)
        book_once(row, used, card.prices if card else UNKNOWN, _reserved_for(row, decision))


def forgotten() -> list[Decision]:
    """Decisions with a call that nobody can be at any more, though no process has ended it."""
    open_calls = Attempt.objects.filter(
        # As the index has it: an attempt ends when it is booked.
        ended_at__isnull=True,
        started_at__lt=timezone.now() - LONGEST_CALL,
    )
    return list(Decision.objects.filter(id__in=open_calls.values("decision")))


def _reserved_for(row: Attempt, decision: Decision) -> Reserved:
    """As it was set aside when the call was opened."""
    user = decision.user
    if row.payer != "organisation" or user is None:
        return Reserved((), Decimal(0))
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
