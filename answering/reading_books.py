"""What a second reading cost: on the receipt, in the ledger, and in the budgets."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from answering.request import AnswerRequest
from answering.second_reading import PATIENCE_S, Word
from providers.events import Usage
from routing.decisions import Prepared
from routing.engine.length import estimate_tokens
from routing.engine.record import SecondReading
from routing.models import Attempt
from usage import budgets, ledger

OUTCOMES = {
    "answered": Attempt.Outcome.ANSWERED,
    "unclear": Attempt.Outcome.ANSWERED,
    "": Attempt.Outcome.STOPPED,
}


def second_reading_note(prepared: Prepared, word: Word) -> SecondReading:
    card = word.reader.candidate.card
    cost_usd = ledger.cost_of(_usage(word), card.prices)
    return SecondReading(
        model=card.id,
        outcome=word.outcome,
        category=word.category if word.outcome == "answered" else "",
        before=dict(prepared.reading.categories),
        seconds=round(_seconds(word), 3),
        cost_usd=round(float(cost_usd), 8),
    )


def book_reading(request: AnswerRequest, decision_id: UUID, word: Word) -> None:
    """Call inside the transaction that stores the decision."""
    candidate = word.reader.candidate
    row = Attempt.objects.create(
        decision_id=decision_id,
        number=Attempt.SECOND_READING,
        model_id=candidate.card.id,
        endpoint=candidate.endpoint,
        credential=candidate.credential or "",
        payer=candidate.payer,
        started_at=word.started_at,
        ended_at=word.ended_at or word.started_at,
        outcome=OUTCOMES.get(word.outcome, Attempt.Outcome.FAILED),
        failure=word.outcome if word.outcome in {"late", "failed"} else "",
        words=_words(word),
    )
    entry = ledger.book(row, _used(word), candidate.card.prices)
    if candidate.payer == "organisation" and entry.cost_usd:
        limits = list(budgets.budgets_of(request.user, request.organisation))
        budgets.settle(limits, Decimal(0), entry.cost_usd, delivered=entry.delivered)


def _used(word: Word) -> ledger.Used:
    asked = estimate_tokens(word.reader.question)
    return ledger.Used(word.usage, asked, len(word.text.encode()))


def _usage(word: Word) -> Usage:
    return word.usage or ledger.estimated(_used(word))


def _seconds(word: Word) -> float:
    ended_at = word.ended_at or word.started_at
    return (ended_at - word.started_at).total_seconds()


def _words(word: Word) -> str:
    if word.outcome == "late":
        return _("No answer within %(seconds)s s") % {"seconds": PATIENCE_S}
    return ""
