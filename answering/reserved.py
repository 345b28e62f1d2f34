"""What was set aside for one call, and how that is noted on its row for whoever must book it instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypedDict

from usage.models import Budget


class BudgetNote(TypedDict):
    id: str
    period: str
    period_start: str


class ReservedNote(TypedDict):
    usd: str
    budgets: list[BudgetNote]


@dataclass(frozen=True, slots=True)
class Reserved:
    """So much in each of these budgets, as they were then."""

    of: tuple[Budget, ...] = ()
    usd: Decimal = Decimal(0)


def note_of(reserved: Reserved) -> ReservedNote:
    return ReservedNote(
        usd=str(reserved.usd),
        budgets=[
            BudgetNote(
                id=str(budget.id),
                period=budget.period,
                period_start=budget.period_start.isoformat(),
            )
            for budget in reserved.of
        ],
    )


def from_note(note: ReservedNote) -> Reserved:
    """A budget that was deleted since has forgotten it."""
    then = {each["id"]: each for each in note["budgets"]}
    budgets = list(Budget.objects.filter(id__in=then))
    for budget in budgets:
        noted = then[str(budget.id)]
        budget.period = noted["period"]
        budget.period_start = date.fromisoformat(noted["period_start"])
    return Reserved(tuple(budgets), Decimal(note["usd"]))
