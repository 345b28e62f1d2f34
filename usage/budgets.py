"""Limits on spending: what is left, set aside before a call and settled after it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import Organisation, User
from accounts.revisions import KeptByRevision
from usage.models import Budget

_set: KeptByRevision[bool] = KeptByRevision()


class BudgetExhaustedError(Exception):
    """A limit is reached. `until` is the day on which the next period begins."""

    def __init__(self, until: date) -> None:
        super().__init__(f"The limit is reached until {until:%Y-%m-%d}")
        self.until = until


def budgets_of(user: User, organisation: Organisation) -> QuerySet[Budget]:
    """Every limit that this person's calls count against: the strictest one wins."""
    return organisation.budgets.filter(
        Q(user=user) | Q(team__members=user) | Q(user=None, team=None)
    ).distinct()


def are_set(organisation: Organisation) -> bool:
    """Whether anything limits the spending here. Most organisations look no further."""
    return _set.get(organisation.pk, "budgets", organisation.budgets.exists)


def reserve(user: User, organisation: Organisation, cost_usd: Decimal) -> list[Budget]:
    """Set the cost aside in all budgets, or in none: then BudgetExhaustedError."""
    with transaction.atomic():
        # In one order for all, so that two calls never wait for each other's budgets.
        budgets = list(budgets_of(user, organisation).order_by("id"))
        for budget in budgets:
            _begin_period(budget)
            room = Budget.objects.filter(
                id=budget.id, limit_usd__gte=F("spent_usd") + F("reserved_usd") + cost_usd
            )
            if not room.update(reserved_usd=F("reserved_usd") + cost_usd):
                raise BudgetExhaustedError(next_period(budget.period, budget.period_start))
    return budgets


def settle(
    budgets: list[Budget], reserved_usd: Decimal, cost_usd: Decimal, *, delivered: bool
) -> None:
    """Book what the call really cost in the place of what was set aside. A try that was not delivered
    is the organisation's overhead: it counts in its own budgets, not in a team's or a person's.

    `budgets` as reserve() gave them: a period that began since, or was chosen, has forgotten what was set aside.
    """
    left = Greatest(F("reserved_usd") - reserved_usd, Decimal(0))
    for budget in sorted(budgets, key=lambda budget: budget.id):
        same_period = When(period=budget.period, period_start=budget.period_start, then=left)
        Budget.objects.filter(id=budget.id).update(
            reserved_usd=Case(same_period, default=F("reserved_usd")),
            spent_usd=F("spent_usd")
            + (cost_usd if delivered or budget.is_of_organisation else Decimal(0)),
        )


def left_usd(user: User, organisation: Organisation) -> tuple[Decimal | None, float]:
    """The least that is left of any budget, and the share of that budget that is gone (0..1)."""
    least, gone = None, 0.0
    if not are_set(organisation):
        return least, gone
    for budget in budgets_of(user, organisation):
        _begin_period(budget)
        left = max(Decimal(0), budget.limit_usd - budget.spent_usd - budget.reserved_usd)
        if least is None or left < least:
            least = left
            gone = float(1 - left / budget.limit_usd) if budget.limit_usd else 1.0
    return least, gone


def _begin_period(budget: Budget) -> None:
    start = period_start(budget.period, timezone.localdate())
    if budget.period_start < start:
        late = Budget.objects.filter(id=budget.id, period_start__lt=start)
        late.update(period_start=start, spent_usd=0, reserved_usd=0)
        budget.refresh_from_db()


def period_start(period: str, day: date) -> date:
    if period == Budget.Period.DAY:
        return day
    if period == Budget.Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def next_period(period: str, start: date) -> date:
    """The first day of the period after the one that begins at `start`."""
    if period == Budget.Period.DAY:
        return start + timedelta(days=1)
    if period == Budget.Period.WEEK:
        return start + timedelta(days=7)
    return (start + timedelta(days=32)).replace(day=1)
