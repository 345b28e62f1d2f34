"""Decisions, attempts and what they cost, as if they had happened."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Organisation, User
from providers.events import Usage
from routing.engine.values import Prices
from routing.models import Attempt, Decision
from usage import ledger
from usage.budgets import period_start
from usage.models import Budget, LedgerEntry

PRICES = Prices(2.0, 10.0, cached_input=0.2, cache_write=2.5)


def make_decision(user: User, organisation: Organisation, **fields: Any) -> Decision:
    given = {"surface": "chat", "preference": "balanced", "category": "chat", "difficulty": 0.2}
    return Decision.objects.create(
        organisation=organisation, user=user, **given | {"receipt": {"candidates": []}} | fields
    )


def make_attempt(decision: Decision, number: int = 1, **fields: Any) -> Attempt:
    given = {"model_id": "openai/gpt", "endpoint": "openai", "payer": "organisation"}
    return Attempt.objects.create(
        decision=decision, number=number, **given | {"outcome": Attempt.Outcome.ANSWERED} | fields
    )


def make_entry(
    user: User, organisation: Organisation, cost_usd: str = "0.01", **fields: Any
) -> LedgerEntry:
    """One answered call of ten tokens each way, at this price."""
    attempt = make_attempt(make_decision(user, organisation), **fields)
    entry = ledger.book(attempt, ledger.Used(Usage(10, 0, 0, 10, 0), 10, 40), PRICES)
    LedgerEntry.objects.filter(id=entry.id).update(cost_usd=Decimal(cost_usd))
    entry.refresh_from_db()
    return entry


def make_budget(
    organisation: Organisation, limit: str = "1", period: str = Budget.Period.MONTH, **scope: Any
) -> Budget:
    start = period_start(period, timezone.localdate())
    return Budget.objects.create(
        organisation=organisation,
        limit_usd=Decimal(limit),
        period=period,
        period_start=start,
        **scope,
    )
