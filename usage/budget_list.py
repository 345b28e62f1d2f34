"""Budgets as people see them: what is spent, what is left, and when it begins anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from usage.budgets import budgets_of, next_period, period_start
from usage.models import Budget
from usage.money import usd

# From this share on it is said to be nearly spent (Auto then minds the price more).
NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """`share`: 0 to 1 of the limit, spent or set aside. `shows_money`: false for a member who shares it."""

    id: UUID
    name: str
    period_words: str
    limit_words: str
    spent_words: str
    left_words: str
    share: float
    until: date
    shows_money: bool

    @property
    def is_reached(self) -> bool:
        return self.share >= 1

    @property
    def is_near(self) -> bool:
        return NEARLY <= self.share < 1


def row_of(budget: Budget) -> BudgetRow:
    return _row(budget, shows_money=True)


def budgets_of_organisation(organisation: Organisation) -> list[BudgetRow]:
    """The whole organisation's first, then teams, then people."""
    budgets = organisation.budgets.select_related("team", "user")
    rows = [(_order(budget), row_of(budget)) for budget in budgets]
    return [row for _place, row in sorted(rows, key=lambda pair: pair[0])]


def budgets_for(user: User, organisation: Organisation) -> list[BudgetRow]:
    """What this person's calls count against. What others spent of a shared one is not theirs to see."""
    budgets = budgets_of(user, organisation).select_related("team", "user")
    # One's own first.
    return [
        _row(budget, shows_money=budget.user_id == user.pk)
        for budget in sorted(budgets, key=_order, reverse=True)
    ]


def _order(budget: Budget) -> tuple[int, str, str]:
    kind = 0 if budget.is_of_organisation else 1 if budget.team_id else 2
    return kind, _name(budget), budget.period


def _name(budget: Budget) -> str:
    return str(budget.team or budget.user or _("The whole organisation"))


def _row(budget: Budget, *, shows_money: bool) -> BudgetRow:
    """As it stands today: a period that is over is begun anew by the next call, not by looking."""
    start = period_start(budget.period, timezone.localdate())
    is_over = budget.period_start < start
    spent = Decimal(0) if is_over else budget.spent_usd
    gone = Decimal(0) if is_over else budget.spent_usd + budget.reserved_usd
    left = max(Decimal(0), budget.limit_usd - gone)
    return BudgetRow(
        id=budget.id,
        name=_name(budget),
        period_words=budget.get_period_display(),
        limit_words=usd(budget.limit_usd),
        spent_words=usd(spent),
        left_words=usd(left),
        share=float(min(Decimal(1), gone / budget.limit_usd)) if budget.limit_usd else 1.0,
        until=next_period(budget.period, max(start, budget.period_start)),
        shows_money=shows_money,
    )
