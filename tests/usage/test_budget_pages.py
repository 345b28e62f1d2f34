"""Budgets are set by admins and seen by whom they limit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Role
from routing.models import Attempt
from tests.cast import make_member, make_team
from tests.chat.html_reading import text_of
from tests.usage.rows import make_budget, make_entry
from usage.budgets import left_usd
from usage.models import Budget, LedgerEntry

LIST = "/organisation/budgets"


@pytest.fixture
def admin(organisation) -> Client:
    client = Client()
    client.force_login(make_member(organisation, "admin@example.org", Role.ADMIN))
    return client


def words(response) -> str:
    return " ".join(text_of(response.content.decode()).split())


def create(client: Client, whose: str = "organisation", limit: str = "10", period: str = "month"):
    return client.post(LIST, {"whose": whose, "limit_usd": limit, "period": period})


def page_of(user, address: str) -> str:
    client = Client()
    client.force_login(user)
    return words(client.get(address))


def test_an_admin_limits_the_organisation_a_team_and_a_person(admin, organisation, bob):
    team = make_team(organisation, bob, name="Sales")
    for whose in ("organisation", f"team:{team.pk}", f"person:{bob.pk}"):
        assert create(admin, whose).status_code == 302

    assert {(budget.team, budget.user) for budget in Budget.objects.all()} == {
        (None, None),
        (team, None),
        (None, bob),
    }
    shown = words(admin.get(LIST))
    assert "The whole organisation" in shown
    assert "Sales" in shown
    assert "$10.00 left" in shown
    assert AuditEntry.objects.filter(action="budget.created").count() == 3


def test_what_was_spent_in_the_period_counts_from_the_start(admin, organisation, alice, bob):
    make_entry(bob, organisation, "3")
    make_entry(alice, organisation, "2")
    make_entry(bob, organisation, "5", payer="person")
    make_entry(bob, organisation, "1", outcome=Attempt.Outcome.FAILED)
    before = make_entry(bob, organisation, "50")
    LedgerEntry.objects.filter(id=before.id).update(at=timezone.now() - timedelta(days=40))
    team = make_team(organisation, bob)

    for whose in ("organisation", f"team:{team.pk}", f"person:{bob.pk}"):
        create(admin, whose)

    spent = {budget.is_of_organisation: budget.spent_usd for budget in Budget.objects.all()}
    assert spent == {True: Decimal(6), False: Decimal(3)}


def test_the_same_budget_twice_is_refused(admin):
    create(admin)

    again = create(admin, limit="20")

    assert again.status_code == 400
    assert "There is such a budget already" in words(again)
    assert create(admin, period="day").status_code == 302
    assert Budget.objects.count() == 2


@pytest.mark.parametrize("limit", ["0", "-1", "0.001", "1e9", "NaN", "Infinity", "ten", ""])
def test_a_limit_that_makes_no_sense_is_refused(admin, limit):
    assert create(admin, limit=limit).status_code == 400
    assert not Budget.objects.exists()


@pytest.mark.parametrize("whose", ["", "person:", "team:x", "everybody"])
def test_a_budget_of_nobody_is_refused(admin, whose):
    assert create(admin, whose).status_code == 400
    assert not Budget.objects.exists()


def test_people_and_teams_elsewhere_cannot_be_limited(admin, charlie):
    elsewhere = charlie.memberships.get().organisation
    team = make_team(elsewhere, charlie)

    assert create(admin, f"person:{charlie.pk}").status_code == 400
    assert create(admin, f"team:{team.pk}").status_code == 400
    assert not Budget.objects.exists()


def test_a_changed_limit_keeps_what_is_spent(admin, organisation, bob):
    budget = make_budget(organisation, "1", user=bob, spent_usd=Decimal("0.75"))

    admin.post(reverse("budget", args=[budget.id]), {"limit_usd": "2", "period": "month"})

    budget.refresh_from_db()
    assert (budget.limit_usd, budget.spent_usd) == (2, Decimal("0.75"))
    assert AuditEntry.objects.get(action="budget.changed").detail == {
        "limit_usd": "2",
        "period": "month",
    }


def test_another_period_counts_what_was_spent_in_it(admin, organisation, bob):
    budget = make_budget(organisation, "10", period="day", user=bob)
    make_entry(bob, organisation, "3")
    # A call under way: it is settled in the period in which it was opened.
    Budget.objects.filter(id=budget.id).update(reserved_usd=4)

    admin.post(reverse("budget", args=[budget.id]), {"limit_usd": "10", "period": "month"})

    budget.refresh_from_db()
    assert (budget.period, budget.spent_usd, budget.reserved_usd) == ("month", 3, 0)


def test_a_deleted_budget_limits_nothing(admin, organisation, bob):
    budget = make_budget(organisation, "1", user=bob)

    admin.post(reverse("budget_delete", args=[budget.id]))

    assert left_usd(bob, organisation) == (None, 0.0)
    assert AuditEntry.objects.filter(action="budget.deleted").exists()


def test_a_person_sees_their_own_limit_and_nobody_else_s_spending(organisation, alice, bob):
    make_budget(organisation, "10", user=bob, spent_usd=Decimal("2.50"))
    make_budget(organisation, "777", spent_usd=Decimal("123.45"))
    make_budget(organisation, "10", user=alice, spent_usd=Decimal("9.99"))

    shown = page_of(bob, "/usage")

    assert "$7.50 left" in shown
    assert "$2.50 spent of $10.00 a month" in shown
    assert "The whole organisation" in shown
    for figure in ("777", "123.45", "9.99", "653.55"):
        assert figure not in shown


@pytest.mark.parametrize(
    ("spent", "said"), [("0.10", ""), ("0.85", "Nearly spent"), ("1", "Reached")]
)
def test_it_says_when_little_is_left(organisation, bob, spent, said):
    make_budget(organisation, "1", user=bob, spent_usd=Decimal(spent))

    shown = page_of(bob, "/usage")

    assert [word for word in ("Nearly spent", "Reached") if word in shown] == (
        [said] if said else []
    )


def test_a_period_that_is_over_is_shown_anew_and_not_begun_by_looking(organisation, bob):
    budget = make_budget(organisation, "1", user=bob, spent_usd=Decimal(1))
    Budget.objects.update(period_start=timezone.localdate() - timedelta(days=40))

    assert "$1.00 left" in page_of(bob, "/usage")

    budget.refresh_from_db()
    assert budget.spent_usd == 1


def test_a_budget_elsewhere_is_nothing_here(admin, charlie):
    elsewhere = charlie.memberships.get().organisation
    budget = make_budget(elsewhere)

    assert admin.get(reverse("budget", args=[budget.id])).status_code == 404
    assert admin.post(reverse("budget_delete", args=[budget.id])).status_code == 404
    assert Budget.objects.exists()
    assert str(budget.limit_usd) not in words(admin.get(LIST))
