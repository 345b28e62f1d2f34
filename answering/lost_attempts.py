"""Calls whose process is gone: nobody else would book what they cost."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from answering.attempts import Reserved, book_once
from routing.cards import organisation_cards
from routing.engine.values import Prices
from routing.models import Attempt, Decision
from usage import budgets, ledger

RESTARTED = "restarted"
UNKNOWN = Prices(0.0, 0.0)


def book_lost_attempts(decision: Decision, answer_bytes: int) -> None:
    """Call when the lease of a reply has expired; `answer_bytes` came before its process went."""
    cards = organisation_cards(decision.organisation)
    for row in decision.attempts.filter(outcome=Attempt.Outcome.RUNNING):
        row.outcome, row.failure = Attempt.Outcome.FAILED, RESTARTED
        row.words = _("The server restarted during this call")
        used = ledger.Used(None, decision.receipt["features"]["prompt_tokens"], answer_bytes)
        card = cards.get(row.model_id)
        book_once(row, used, card.prices if card else UNKNOWN, _reserved_for(row, decision))


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
    limited = budgets.budgets_of(user, decision.organisation)
    return Reserved(tuple(limited), Decimal(str(expected)))
