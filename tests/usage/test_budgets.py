from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from tests.cast import make_team
from tests.usage.rows import make_budget
from usage.budgets import (
    BudgetExhaustedError,
    budgets_of,
    left_usd,
    period_start,
    reserve,
    settle,
)
from usage.models import Budget

CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("period", "day", "start"),
    [
        ("day", date(2026, 11, 21), date(2026, 11, 21)),
        ("week", date(2026, 11, 21), date(2026, 11, 16)),
        ("week", date(2026, 11, 16), date(2026, 11, 16)),
        ("week", date(2027, 1, 1), date(2026, 12, 28)),
        ("month", date(2026, 11, 21), date(2026, 11, 1)),
        ("month", date(2028, 2, 29), date(2028, 2, 1)),
    ],
)
def test_when_a_period_begins(period, day, start):
    assert period_start(period, day) == start


def test_without_a_budget_there_is_no_limit(organisation, alice):
    assert reserve(alice, organisation, Decimal(1_000_000)) == []
    assert left_usd(alice, organisation) == (None, 0.0)


def test_what_is_set_aside_is_no_longer_left(organisation, alice):
    make_budget(organisation, "1")

    reserve(alice, organisation, Decimal("0.25"))

    assert left_usd(alice, organisation) == (Decimal("0.75"), 0.25)


def test_settling_books_what_it_really_cost(organisation, alice):
    budget = make_budget(organisation, "1")
    budgets = reserve(alice, organisation, Decimal("0.25"))

    settle(budgets, Decimal("0.25"), Decimal("0.10"), delivered=True)

    budget.refresh_from_db()
    assert (budget.spent_usd, budget.reserved_usd) == (Decimal("0.10"), 0)


def test_the_last_cent_may_be_spent(organisation, alice):
    make_budget(organisation, "0.02")

    for _ in range(2):
        reserve(alice, organisation, CENT)
    with pytest.raises(BudgetExhaustedError):
        reserve(alice, organisation, CENT)


def test_the_strictest_budget_decides(organisation, alice):
    team = make_team(organisation, alice)
    make_budget(organisation, "100")
    make_budget(organisation, "10", team=team)
    make_budget(organisation, "1", user=alice)

    assert left_usd(alice, organisation) == (Decimal(1), 0.0)
    with pytest.raises(BudgetExhaustedError):
        reserve(alice, organisation, Decimal(2))


def test_a_refused_call_sets_nothing_aside_anywhere(organisation, alice):
    wide = make_budget(organisation, "100")
    make_budget(organisation, "1", user=alice)

    with pytest.raises(BudgetExhaustedError):
        reserve(alice, organisation, Decimal(2))

    wide.refresh_from_db()
    assert wide.reserved_usd == 0


def test_only_one_s_own_budgets_count(organisation, alice, bob, charlie):
    make_budget(organisation, "1", user=bob)
    make_budget(organisation, "1", team=make_team(organisation, bob))
    make_budget(charlie.memberships.get().organisation, "1")

    assert budgets_of(alice, organisation).count() == 0
    assert budgets_of(bob, organisation).count() == 2


def test_a_person_in_two_teams_counts_once_in_each(organisation, alice):
    make_team(organisation, alice, name="Other")
    team = make_team(organisation, alice)
    make_budget(organisation, "1", team=team)

    assert budgets_of(alice, organisation).count() == 1


@pytest.mark.parametrize("period", Budget.Period)
def test_a_new_period_begins_with_nothing_spent(organisation, alice, period):
    budget = make_budget(organisation, "1", period)
    old = budget.period_start - timedelta(days=1)
    Budget.objects.update(spent_usd=1, reserved_usd=CENT, period_start=old)

    assert left_usd(alice, organisation) == (Decimal(1), 0.0)

    budget.refresh_from_db()
    assert (budget.spent_usd, budget.reserved_usd) == (0, 0)
    assert budget.period_start > old


def test_a_call_over_midnight_leaves_no_negative_reserve(organisation, alice):
    budget = make_budget(organisation, "1", Budget.Period.DAY)
    budgets = reserve(alice, organisation, CENT)
    Budget.objects.update(period_start=budget.period_start - timedelta(days=1))
    left_usd(alice, organisation)

    settle(budgets, CENT, CENT, delivered=True)

    budget.refresh_from_db()
    assert (budget.reserved_usd, budget.spent_usd) == (0, CENT)


@pytest.mark.parametrize(
    ("period", "start", "until"),
    [
        ("day", date(2026, 12, 31), date(2027, 1, 1)),
        ("week", date(2026, 12, 28), date(2027, 1, 4)),
        ("month", date(2026, 12, 1), date(2027, 1, 1)),
        ("month", date(2026, 2, 1), date(2026, 3, 1)),
    ],
)
def test_the_refusal_names_the_day_of_the_next_period(organisation, alice, period, start, until):
    # A period that has not begun yet by the calendar is not begun anew.
    make_budget(organisation, "0", period)
    ahead = max(start, timezone.localdate().replace(day=1))
    Budget.objects.update(period_start=start if ahead == start else start.replace(year=2926))

    with pytest.raises(BudgetExhaustedError) as refused:
        reserve(alice, organisation, CENT)

    assert (refused.value.until.month, refused.value.until.day) == (until.month, until.day)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_never_pass_the_limit(organisation, alice):
    budget = make_budget(organisation, "0.10")

    def call(_number: int) -> bool:
        try:
            reserve(alice, organisation, CENT)
        except BudgetExhaustedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(20) as calls:
        passed = sum(calls.map(call, range(60)))

    budget.refresh_from_db()
    assert passed == 10
    assert budget.reserved_usd == budget.limit_usd
