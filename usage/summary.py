"""What was used and spent, added up for a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import Organisation, User
from routing.cards import organisation_cards
from routing.models import Attempt
from routing.names import model_name
from usage.models import LedgerEntry
from usage.money import usd

DAYS = 30
# A call that asked what kind of message it is costs, and is no answer.
ANSWERS = Q(attempt__number__gt=Attempt.SECOND_READING)


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    answers: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost: Decimal

    @property
    def cost_words(self) -> str:
        return usd(self.cost)


@dataclass(frozen=True, slots=True)
class Summary:
    """The last 30 days. Failed tries cost what the provider counted, so they stand in the total."""

    total: Line
    by_model: list[Line]
    by_payer: list[Line]
    by_person: list[Line]
    since: datetime


def of_person(user: User, organisation: Organisation) -> Summary:
    entries = LedgerEntry.objects.filter(organisation=organisation, user=user)
    return _summary(entries, organisation, people=False)


def of_organisation(organisation: Organisation) -> Summary:
    """Totals by person, never what they wrote."""
    entries = LedgerEntry.objects.filter(organisation=organisation)
    return _summary(entries, organisation, people=True)


def _summary(
    entries: QuerySet[LedgerEntry], organisation: Organisation, *, people: bool
) -> Summary:
    since = timezone.now() - timedelta(days=DAYS)
    recent = entries.filter(at__gte=since)
    total = recent.aggregate(**_sums())
    return Summary(
        total=_line("", total),
        by_model=_by_model(recent, organisation),
        by_payer=_lines(recent, "payer"),
        by_person=_lines(recent, "user__email") if people else [],
        since=since,
    )


def _by_model(entries: QuerySet[LedgerEntry], organisation: Organisation) -> list[Line]:
    cards = organisation_cards(organisation)
    lines = _lines(entries, "model_id")
    return [
        replace(line, name=cards[line.name].name if line.name in cards else model_name(line.name))
        for line in lines
    ]


def _lines(entries: QuerySet[LedgerEntry], group: str) -> list[Line]:
    # Mypy does not see the names that `annotate` adds.
    rows = cast("Iterable[dict[str, Any]]", entries.values(name=F(group)).annotate(**_sums()))
    lines = [_line(row["name"] or "", row) for row in rows]
    return sorted(lines, key=lambda line: (-line.cost, line.name))


def _sums() -> dict[str, Any]:
    return {
        "answers": Count("id", filter=Q(delivered=True) & ANSWERS),
        "failed": Count("id", filter=Q(delivered=False) & ANSWERS),
        "sent": Sum("input_tokens"),
        "received": Sum("output_tokens"),
        "cost": Sum("cost_usd"),
    }


def _line(name: str, row: dict[str, Any]) -> Line:
    return Line(
        name,
        row["answers"],
        row["failed"],
        row["sent"] or 0,
        row["received"] or 0,
        row["cost"] or Decimal(0),
    )
