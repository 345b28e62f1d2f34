"""The decision of one call, and the messages that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from accounts.models import Organisation, User
from answering.reading_books import book_reading, open_reading, second_reading_note, take_reading
from answering.request import AnswerRequest
from answering.second_reading import Reader, Word, ask, not_asked, reader_for
from answering.threads import in_thread, kept_in_thread, to_its_end, undone_if_cancelled
from providers.request import DocumentPart, ImagePart, Message
from routing import decisions
from routing.decisions import Prepared
from routing.engine.record import Receipt
from routing.engine.second_reading import with_said
from routing.engine.values import Budget, Candidate, Decision, Request, Turn
from routing.models import Decision as DecisionRow
from usage import budgets

# A budget weighs on the price once this share of it is gone, fully when it is spent.
EASY_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Decided:
    id: UUID
    decision: Decision
    receipt: Receipt

    def expected_usd(self, candidate: Candidate) -> float:
        costs = (each.cost_usd for each in self.decision.candidates if each.candidate is candidate)
        return next(costs, 0.0)


@dataclass(frozen=True, slots=True)
class Unclear:
    """The classifier is unsure of the kind, and there is somebody to ask: the call is noted under `call_id`."""

    prepared: Prepared
    reader: Reader
    call_id: UUID


async def decide_for(request: AnswerRequest) -> Decided:
    """The decision, stored. Where a second reading is asked for it waits for that, never longer than its patience."""
    first = await undone_if_cancelled(in_thread(_decide, request), _not_asked)
    if isinstance(first, Decided):
        return first
    word = Word(first.reader)
    try:
        await ask(word)
    finally:
        # Whoever is stopped meanwhile has called all the same, and a call is booked.
        decided = await to_its_end(kept_in_thread(_decide_again, request, first, word))
    return decided


async def _not_asked(first: Decided | Unclear) -> None:
    if isinstance(first, Unclear):
        not_asked(first.reader)
        await kept_in_thread(take_reading, first.call_id)


def _decide(request: AnswerRequest) -> Decided | Unclear:
    prepared = decisions.prepare(
        decisions.Call(
            request.user,
            request.organisation,
            request.asked,
            _engine_request(request),
            request.incumbent,
            budget_for(request.user, request.organisation),
        )
    )
    reader = reader_for(request.organisation, prepared)
    if reader is not None:
        return _unclear(prepared, reader)
    stored = decisions.store(prepared)
    return Decided(stored.id, prepared.decision, stored.receipt)


def _unclear(prepared: Prepared, reader: Reader) -> Unclear:
    try:
        return Unclear(prepared, reader, open_reading(prepared, reader))
    except BaseException:
        not_asked(reader)
        raise


@transaction.atomic
def _decide_again(request: AnswerRequest, first: Unclear, word: Word) -> Decided:
    """By what was said, if anything was; the call stands on the receipt and in the ledger. Bears to run twice."""
    prepared = first.prepared
    if word.outcome == "answered":
        reading = with_said(prepared.reading, word.category)
        again = decisions.with_reading(prepared, reading)
    else:
        again = prepared
    is_ours = take_reading(first.call_id)
    before = None if is_ours else DecisionRow.objects.filter(id=first.call_id).first()
    if before is not None:
        return Decided(before.id, again.decision, before.receipt)
    stored = decisions.store(again, second_reading_note(prepared, word), first.call_id)
    if is_ours:
        book_reading(request, stored.id, word)
    return Decided(stored.id, again.decision, stored.receipt)


def budget_for(user: User, organisation: Organisation) -> Budget:
    """What is left for this person, and how much it presses on the choice."""
    left, gone = budgets.left_usd(user, organisation)
    if left is None:
        return Budget()
    return Budget(float(left), max(0.0, (gone - EASY_SHARE) / (1 - EASY_SHARE)))


def _engine_request(request: AnswerRequest) -> Request:
    said = request.messages[: request.said]
    parts = [part for message in said for part in message.parts]
    return Request(
        turns=tuple(_turn(message) for message in said if message.role != "tool"),
        images=sum(isinstance(part, ImagePart) for part in parts),
        documents=sum(isinstance(part, DocumentPart) for part in parts),
        tools=tuple(tool.name for tool in request.tools),
        response_format=request.response_format.kind if request.response_format else None,
        max_output_tokens=request.max_output_tokens,
    )


def _turn(message: Message) -> Turn:
    role = message.role if message.role != "tool" else "user"
    return Turn(role, message.text)
