"""What was expected of the answers of the last 30 days, beside what they cost and how soon they began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from statistics import median

from django.utils import timezone

from accounts.models import Organisation
from routing.engine.record import CandidateNote, Receipt
from routing.models import Attempt
from routing.names import model_name
from usage.models import LedgerEntry
from usage.money import usd

DAYS = 30
# The latest answers that are read, so that the page is quick in a large organisation too.
ANSWERS_READ = 2000


@dataclass(frozen=True, slots=True)
class Comparison:
    """One model: sums in USD over the same answers, medians in seconds; None where nothing was measured."""

    name: str
    answers: int
    expected_usd: Decimal
    billed_usd: Decimal
    expected_first_token_s: float
    first_token_s: float | None

    @property
    def expected_words(self) -> str:
        return usd(self.expected_usd)

    @property
    def billed_words(self) -> str:
        return usd(self.billed_usd)

    @property
    def difference_words(self) -> str:
        """ "+12 %": how far the bill is from the estimate; "" where nothing was expected."""
        if not self.expected_usd:
            return ""
        share = self.billed_usd / self.expected_usd - 1
        return f"{100 * share:+.0f} %".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Estimates:
    """`is_cut`: there were more answers than were read."""

    lines: list[Comparison]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    entry: LedgerEntry
    expected: CandidateNote


def estimates_of(organisation: Organisation) -> Estimates:
    """By model, of answers that were given to their end: a stopped one costs less than was expected."""
    entries = LedgerEntry.objects.filter(
        organisation=organisation,
        at__gte=timezone.now() - timedelta(days=DAYS),
        attempt__outcome=Attempt.Outcome.ANSWERED,
        attempt__number__gt=Attempt.SECOND_READING,
    ).select_related("attempt__decision")
    read = list(entries.order_by("-at")[: ANSWERS_READ + 1])
    by_model: dict[str, list[_Answer]] = {}
    for entry in read[:ANSWERS_READ]:
        expected = _expected(entry.attempt)
        if expected is not None:
            by_model.setdefault(entry.model_id, []).append(_Answer(entry, expected))
    lines = [_comparison(model_id, answers) for model_id, answers in by_model.items()]
    lines.sort(key=lambda line: (-line.billed_usd, line.name))
    return Estimates(lines, is_cut=len(read) > ANSWERS_READ)


def _expected(attempt: Attempt) -> CandidateNote | None:
    """What the receipt says of the candidate that answered; the same model by another key is nearly it."""
    receipt: Receipt = attempt.decision.receipt
    notes = [note for note in receipt["candidates"] if note["model"] == attempt.model_id]
    same = (note for note in notes if (note["credential"] or "") == attempt.credential)
    return next(same, notes[0] if notes else None)


def _comparison(model_id: str, answers: list[_Answer]) -> Comparison:
    measured = [seconds for each in answers if (seconds := _first_token_s(each)) is not None]
    return Comparison(
        name=model_name(model_id),
        answers=len(answers),
        expected_usd=sum((Decimal(str(each.expected["cost_usd"])) for each in answers), Decimal(0)),
        billed_usd=sum((each.entry.cost_usd for each in answers), Decimal(0)),
        expected_first_token_s=median(each.expected["first_token_s"] for each in answers),
        first_token_s=median(measured) if measured else None,
    )


def _first_token_s(answer: _Answer) -> float | None:
    attempt = answer.entry.attempt
    if attempt.first_token_at is None:
        return None
    return (attempt.first_token_at - attempt.started_at).total_seconds()
