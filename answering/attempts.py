"""The rows of an attempt: opened with the right credential, closed with what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.endpoints import reached
from accounts.provider_keys import mark_rejected, mark_working
from answering import fallback_matrix
from answering.decision import Decided
from answering.hops import measured_again
from answering.request import AnswerRequest, Reasoning, Text, ToolCallPiece
from answering.reserved import Reserved, note_of
from answering.walk import Place
from providers.errors import ProviderError
from providers.events import (
    Finished,
    FinishReason,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from providers.request import Endpoint
from providers.secret import SecretStr
from routing.engine.values import Candidate, Prices
from routing.models import Attempt
from usage import budgets, ledger

# What is known of an attempt only at its end.
ENDING = (
    "ended_at", "first_token_at", "outcome", "failure", "words", "retry_after_s",
    "left_out_messages",
)  # fmt: skip


@dataclass(slots=True)
class OpenAttempt:
    """One call under way: what must be known to book it. `is_probe`: a breaker let it through."""

    row: Attempt
    candidate: Candidate
    endpoint: Endpoint
    api_key: SecretStr | None
    usage: Usage | None = None
    answer_bytes: int = 0
    left_out: int = 0
    first_token_at: datetime | None = None
    budgets: Reserved = field(default_factory=Reserved)
    finish: FinishReason = "stop"
    is_probe: bool = False
    without: frozenset[str] = frozenset()

    def took(self, event: StreamEvent) -> Text | Reasoning | ToolCallPiece | None:
        """Count what came, and say it in our words; None for what only the books need."""
        match event:
            case TextDelta(text):
                self._saw(text)
                return Text(text)
            case ReasoningDelta(text):
                self._saw(text)
                return Reasoning(text)
            case ToolCallDelta():
                self._saw(event.arguments)
                return ToolCallPiece(event.index, event.id, event.name, event.arguments)
            case Usage():
                self.usage = event
            case Finished(reason):
                self.finish = reason
        return None

    def _saw(self, text: str) -> None:
        self.answer_bytes += len(text.encode())
        if self.first_token_at is None:
            self.first_token_at = timezone.now()


def open_attempt(
    request: AnswerRequest, decided: Decided, candidate: Candidate, place: Place
) -> OpenAttempt:
    """Check again what may have changed since the decision, then open the key as late as possible.

    Raises CandidateWithdrawnError, EndpointGoneError, KeyUnavailableError or BudgetExhaustedError;
    then nothing is stored or set aside.
    """
    today = measured_again(request, decided, candidate, moves_bill=place.moves_bill)
    endpoint, api_key = reached(request.organisation, candidate.endpoint, candidate.credential)
    is_limited = candidate.payer == "organisation" and budgets.are_set(request.organisation)
    with transaction.atomic():
        reserved = _reserve(request, decided.expected_usd(candidate)) if is_limited else Reserved()
        row = Attempt.objects.create(
            decision_id=decided.id,
            number=place.number,
            model_id=candidate.card.id,
            endpoint=candidate.endpoint,
            credential=candidate.credential or "",
            payer=candidate.payer,
            reserved=note_of(reserved),
            passed_over=list(place.passed_over) or None,
        )
    return OpenAttempt(row, today, endpoint, api_key, budgets=reserved)


def _reserve(request: AnswerRequest, expected_usd: float) -> Reserved:
    """Budgets limit the organisation's money; what a person's own key pays is theirs to judge."""
    cost_usd = Decimal(str(expected_usd))
    return Reserved(tuple(budgets.reserve(request.user, request.organisation, cost_usd)), cost_usd)


def close_attempt(
    attempt: OpenAttempt,
    outcome: Attempt.Outcome,
    prompt_tokens: int,
    error: ProviderError | None = None,
) -> None:
    row = attempt.row
    row.first_token_at = attempt.first_token_at
    row.outcome = outcome
    row.left_out_messages = attempt.left_out
    if error is not None:
        row.failure = error.failure.value
        row.words = fallback_matrix.words(error.failure, attempt.candidate.card.name)[:400]
        row.retry_after_s = error.retry_after_s
    used = ledger.Used(attempt.usage, prompt_tokens, attempt.answer_bytes)
    book_once(row, used, attempt.candidate.card.prices, attempt.budgets)
    _tell_owner(attempt, error)


def book_once(row: Attempt, used: ledger.Used, prices: Prices, reserved: Reserved) -> None:
    """Store how it ended and what it cost; nothing if it was booked as lost meanwhile."""
    running = Attempt.objects.filter(id=row.id, outcome=Attempt.Outcome.RUNNING)
    row.ended_at = timezone.now()
    with transaction.atomic():
        ended = {name: getattr(row, name) for name in ENDING}
        if not running.update(**ended):
            return
        entry = ledger.book(row, used, prices)
        limited = list(reserved.of)
        budgets.settle(limited, reserved.usd, entry.cost_usd, delivered=entry.delivered)


def _tell_owner(attempt: OpenAttempt, error: ProviderError | None) -> None:
    """The words stand beside the key until it works again."""
    credential = attempt.candidate.credential
    if credential is None:
        return
    if error is None:
        mark_working(credential)
    elif fallback_matrix.TABLE[error.failure].breaker == "credential":
        mark_rejected(credential, attempt.row.words)
