from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError

from providers.events import Usage
from routing.engine.values import Prices
from routing.models import Attempt
from tests.usage.rows import PRICES, make_attempt, make_decision
from usage.ledger import Used, book, cost_of

PLAIN = Prices(2.0, 10.0)


@pytest.mark.parametrize(
    ("usage", "prices", "cost"),
    [
        (Usage(), PRICES, "0"),
        (Usage(input_tokens=1_000_000), PRICES, "2"),
        (Usage(output_tokens=1_000_000), PRICES, "10"),
        (Usage(input_tokens=1000, output_tokens=100), PRICES, "0.003"),
        # What was read from the cache, or written into it, is a part of the input.
        (Usage(input_tokens=1_000_000, cached_input_tokens=1_000_000), PRICES, "0.2"),
        (Usage(input_tokens=1_000_000, cached_input_tokens=500_000), PRICES, "1.1"),
        (Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000), PRICES, "2.5"),
        (Usage(1_000_000, 400_000, 200_000, 0, 0), PRICES, "1.38"),
        # A price that the provider does not have is the plain one.
        (Usage(input_tokens=1_000_000, cached_input_tokens=1_000_000), PLAIN, "2"),
        (Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000), PLAIN, "2"),
        # Reasoning is a part of the output, never added to it.
        (Usage(output_tokens=1_000_000, reasoning_tokens=900_000), PRICES, "10"),
        # A provider that counts its cache beside the input must not make the rest negative.
        (Usage(input_tokens=10, cached_input_tokens=1_000_000), PRICES, "0.2"),
        (Usage(input_tokens=1_000_000, output_tokens=1_000_000), Prices(0.0, 0.0), "0"),
        (Usage(input_tokens=1), Prices(0.1, 0.5), "0.0000001"),
    ],
)
def test_what_a_call_costs(usage, prices, cost):
    assert cost_of(usage, prices) == Decimal(cost)


def test_sums_of_many_small_costs_are_exact():
    one = cost_of(Usage(input_tokens=7, output_tokens=3), Prices(0.1, 0.7))

    assert sum([one] * 1000, Decimal(0)) == cost_of(Usage(7000, 0, 0, 3000, 0), Prices(0.1, 0.7))


def test_an_entry_holds_what_the_provider_counted(organisation, alice):
    attempt = make_attempt(make_decision(alice, organisation), payer="person")

    entry = book(attempt, Used(Usage(100, 40, 10, 50, 20), 999, 9999), PRICES)

    assert (entry.user, entry.organisation, entry.payer) == (alice, organisation, "person")
    assert (entry.input_tokens, entry.cached_input_tokens, entry.cache_write_tokens) == (
        100,
        40,
        10,
    )
    assert (entry.output_tokens, entry.reasoning_tokens) == (50, 20)
    assert (entry.certainty, entry.delivered, entry.outcome) == ("exact", True, "answered")


def test_without_a_count_it_is_estimated_from_the_bytes(organisation, alice):
    attempt = make_attempt(make_decision(alice, organisation))

    entry = book(attempt, Used(None, prompt_tokens=100, answer_bytes=41), PRICES)

    assert (entry.input_tokens, entry.output_tokens, entry.certainty) == (100, 11, "estimated")


def test_a_call_that_gave_nothing_costs_nothing(organisation, alice):
    attempt = make_attempt(
        make_decision(alice, organisation), outcome=Attempt.Outcome.FAILED, failure="key_rejected"
    )

    entry = book(attempt, Used(None, prompt_tokens=100, answer_bytes=0), PRICES)

    assert (entry.cost_usd, entry.input_tokens) == (0, 0)
    assert (entry.delivered, entry.outcome) == (False, "key_rejected")


def test_a_stopped_call_was_delivered(organisation, alice):
    attempt = make_attempt(make_decision(alice, organisation), outcome=Attempt.Outcome.STOPPED)

    assert book(attempt, Used(None, 100, 40), PRICES).delivered


def test_an_attempt_is_booked_once(organisation, alice):
    attempt = make_attempt(make_decision(alice, organisation))
    book(attempt, Used(None, 100, 40), PRICES)

    with pytest.raises(IntegrityError):
        book(attempt, Used(None, 100, 40), PRICES)
