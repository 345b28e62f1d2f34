"""What a second reading cost: on the receipt, in the ledger, and in the budgets."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.identifiers import uuid7
from accounts.models import Organisation, User
from answering.request import AnswerRequest
from answering.second_reading import ANSWER_TOKENS, PATIENCE_S, Reader, Word
from providers.events import Usage
from routing import decisions
from routing.decisions import Prepared
from routing.engine.length import estimate_tokens
from routing.engine.record import SecondReading
from routing.engine.values import Prices
from routing.models import Attempt, Decision, ReadingCall
from usage import budgets, ledger
from usage.models import LedgerEntry

OUTCOMES = {
    "answered": Attempt.Outcome.ANSWERED,
    "unclear": Attempt.Outcome.ANSWERED,
    "": Attempt.Outcome.STOPPED,
}


# Of the decision that would have been made without it.
COLUMNS = ("surface", "preference", "model_id", "category", "difficulty", "receipt")


def open_reading(prepared: Prepared, reader: Reader) -> UUID:
    """Call before it is asked: then what it costs is booked whatever becomes of this process."""
    candidate = reader.candidate
    without = decisions.not_stored(prepared, uuid7())
    ReadingCall.objects.create(
        id=without.id,
        organisation=prepared.call.organisation,
        user=prepared.call.user,
        decision={name: getattr(without, name) for name in COLUMNS},
        model_id=candidate.card.id,
        endpoint=candidate.endpoint,
        credential=candidate.credential or "",
        payer=candidate.payer,
        question_tokens=estimate_tokens(reader.question),
    )
    return without.id


def take_reading(call_id: UUID) -> bool:
    """Whether it is still to be booked; then it is the caller's, in the same transaction."""
    _number, by_model = ReadingCall.objects.filter(id=call_id).delete()
    return bool(by_model)


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
    """Call inside the transaction that stores the decision, once `take_reading` was true."""
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
    if candidate.payer == "organisation":
        _spend(request.user, request.organisation, entry)


def book_lost_reading(call: ReadingCall, words: str, prices: Prices) -> None:
    """Its process is gone. Nobody knows what it said, so it is taken to have said all that it might."""
    if not take_reading(call.id):
        return
    decision = Decision(
        organisation=call.organisation, user=call.user, made_at=call.started_at, **call.decision
    )
    decision.receipt["id"] = str(decision.id)
    decision.save()
    row = Attempt.objects.create(
        decision=decision,
        number=Attempt.SECOND_READING,
        model_id=call.model_id,
        endpoint=call.endpoint,
        credential=call.credential,
        payer=call.payer,
        started_at=call.started_at,
        ended_at=timezone.now(),
        outcome=Attempt.Outcome.FAILED,
        failure="restarted",
        words=words,
    )
    used = ledger.Used(None, call.question_tokens, ANSWER_TOKENS * ledger.BYTES_PER_TOKEN)
    entry = ledger.book(row, used, prices)
    if call.user and call.payer == "organisation":
        _spend(call.user, call.organisation, entry)


def _spend(user: User, organisation: Organisation, entry: LedgerEntry) -> None:
    """Nothing was set aside for it: it costs a fraction of a cent."""
    limits = list(budgets.budgets_of(user, organisation))
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
