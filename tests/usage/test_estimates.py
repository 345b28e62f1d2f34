from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from routing.models import Attempt
from tests.usage.rows import make_attempt, make_decision
from tests.usage.test_usage_pages import OURS, page
from usage.estimates import estimates_of
from usage.models import LedgerEntry

LUNA, SOL = "openai/gpt-6-luna", "openai/gpt-6.1-sol"


def answered(user, organisation, cost_usd, expected_usd=0.01, model=LUNA, **fields):
    """One answer that was expected to cost so much and billed at another price."""
    note = {"model": model, "credential": "", "cost_usd": expected_usd, "first_token_s": 0.5}
    decision = make_decision(user, organisation, receipt={"candidates": [note]})
    started = timezone.now()
    given = {
        "model_id": model,
        "started_at": started,
        "first_token_at": started + timedelta(seconds=1),
    }
    attempt = make_attempt(decision, **given | fields)
    return LedgerEntry.objects.create(
        organisation=organisation,
        user=user,
        attempt=attempt,
        model_id=model,
        payer="organisation",
        delivered=True,
        input_tokens=10,
        output_tokens=10,
        cost_usd=Decimal(cost_usd),
        certainty="exact",
        outcome="answered",
    )


def test_the_bill_stands_beside_what_was_expected_per_model(organisation, alice):
    answered(alice, organisation, "0.02")
    answered(alice, organisation, "0.01")
    answered(alice, organisation, "0.005", model=SOL)

    luna, sol = estimates_of(organisation).lines
    assert (luna.name, luna.answers, luna.difference_words) == ("GPT-6 Luna", 2, "+50 %")
    assert (luna.expected_usd, luna.billed_usd) == (Decimal("0.02"), Decimal("0.03"))
    assert (luna.expected_first_token_s, luna.first_token_s) == (0.5, 1.0)
    assert (sol.name, sol.difference_words) == ("GPT-6.1 Sol", "−50 %")


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": Attempt.Outcome.STOPPED},
        {"outcome": Attempt.Outcome.FAILED},
        {"number": Attempt.SECOND_READING},
    ],
)
def test_only_whole_answers_are_compared(organisation, alice, fields):
    answered(alice, organisation, "0.02", **fields)

    assert estimates_of(organisation).lines == []


def test_what_was_expected_to_be_free_has_no_percentage(organisation, alice):
    answered(alice, organisation, "0.00", expected_usd=0.0, first_token_at=None)

    (line,) = estimates_of(organisation).lines
    assert (line.difference_words, line.first_token_s) == ("", None)


def test_a_model_that_no_receipt_expected_is_left_out(organisation, alice):
    entry = answered(alice, organisation, "0.02")
    Attempt.objects.filter(id=entry.attempt_id).update(model_id=SOL)

    assert estimates_of(organisation).lines == []


def test_older_answers_and_other_organisations_are_left_out(organisation, alice, charlie):
    entry = answered(alice, organisation, "0.02")
    LedgerEntry.objects.filter(id=entry.id).update(at=timezone.now() - timedelta(days=31))
    answered(charlie, charlie.memberships.get().organisation, "0.02")

    assert estimates_of(organisation).lines == []


def test_an_admin_sees_it(organisation, alice):
    answered(alice, organisation, "0.02")
    shown = page(alice, OURS)

    assert "Expected and real" in shown
    assert "GPT-6 Luna 1 $0.010 $0.020 +100 %" in shown
