"""Budgets as admins make them: set, changed, deleted, each written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.audit import record
from accounts.models import Organisation, Team, User
from usage.budgets import period_start
from usage.models import Budget, LedgerEntry

CENT = Decimal("0.01")


class BudgetExistsError(Exception):
    """There is a budget of the same people and the same period."""


@dataclass(frozen=True, slots=True)
class Limit:
    usd: Decimal
    period: str


@dataclass(frozen=True, slots=True)
class Whose:
    """A team's spending or a person's; of neither, the whole organisation's."""

    team: Team | None = None
    user: User | None = None


@transaction.atomic
def create_budget(organisation: Organisation, whose: Whose, limit: Limit, by: User) -> Budget:
    """What was spent since its period began counts from the start."""
    # Two admins at once: the second finds the first one's.
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    budget = Budget(organisation=organisation, team=whose.team, user=whose.user)
    _set(budget, limit)
    budget.save(force_insert=True)
    _record(budget, by, "budget.created")
    return budget


@transaction.atomic
def change_budget(budget: Budget, limit: Limit, by: User) -> None:
    Organisation.objects.select_for_update().get(pk=budget.organisation_id)
    budget.refresh_from_db(from_queryset=Budget.objects.select_for_update())
    if limit.period == budget.period:
        budget.limit_usd = limit.usd
        budget.save(update_fields=["limit_usd"])
    else:
        _set(budget, limit)
        # What calls under way had set aside was for the former period, and is settled there.
        budget.reserved_usd = Decimal(0)
        budget.save(
            update_fields=["limit_usd", "period", "period_start", "spent_usd", "reserved_usd"]
        )
    _record(budget, by, "budget.changed")


@transaction.atomic
def delete_budget(budget: Budget, by: User) -> None:
    _record(budget, by, "budget.deleted")
    budget.delete()


def _set(budget: Budget, limit: Limit) -> None:
    same = budget.organisation.budgets.filter(
        team=budget.team, user=budget.user, period=limit.period
    )
    if same.exclude(id=budget.id).exists():
        raise BudgetExistsError
    budget.limit_usd, budget.period = limit.usd, limit.period
    budget.period_start = period_start(limit.period, timezone.localdate())
    budget.spent_usd = _spent_since(budget)


def _spent_since(budget: Budget) -> Decimal:
    """USD of the organisation's money since the period began."""
    day = datetime.combine(budget.period_start, datetime.min.time())
    entries = LedgerEntry.objects.filter(
        organisation=budget.organisation,
        payer="organisation",
        at__gte=timezone.make_aware(day),
    )
    if budget.team:
        entries = entries.filter(user__in=budget.team.members.all(), delivered=True)
    elif budget.user:
        entries = entries.filter(user=budget.user, delivered=True)
    spent: Decimal = entries.aggregate(spent=Sum("cost_usd"))["spent"] or Decimal(0)
    return spent


def _record(budget: Budget, by: User, action: str) -> None:
    whose = budget.team or budget.user or budget.organisation
    limit = {"limit_usd": str(budget.limit_usd), "period": budget.period}
    record(budget.organisation, by, action, str(whose), **limit)
