from __future__ import annotations

from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from accounts.approvals import approve_models
from chat.models import Reply
from chat.receipt_panel import context, reference_cost
from providers.events import Usage
from routing.cards import shipped_cards
from tests.cast import make_key
from tests.chat.deciding import call, go_on, make_decided
from tests.chat.html_reading import text_of
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_turn


@pytest.fixture
def reply(organisation, alice, key_ring) -> Reply:
    """An answer by Auto, decided but not called yet."""
    make_key(organisation)
    organisation.approvals.all().delete()
    approve_models(organisation, [MODEL, OTHER_MODEL], alice)
    return make_decided(alice)


def words(reply: Reply) -> str:
    html = render_to_string("chat/_receipt.html", context(reply))
    return " ".join(text_of(html).split())


def test_before_a_decision_it_says_so(organisation, alice):
    reply = make_turn(make_conversation(alice))

    assert context(reply)["receipt"] is None
    assert "No model has been chosen" in words(reply)


def test_the_bars_are_the_categories_by_share(reply):
    bars = context(reply)["bars"]

    assert bars[0]["name"] == "Coding"
    assert [bar["share"] for bar in bars] == sorted((bar["share"] for bar in bars), reverse=True)
    assert all(bar["share"] >= 0.01 for bar in bars)


def test_it_shows_the_candidates_and_who_was_ruled_out(reply):
    shown = context(reply)

    assert {row["name"] for row in shown["candidates"]} == {"GPT-6.1 Sol", "GPT-6 Luna"}
    assert shown["candidates"][0]["rank"] == 1
    assert any("Not approved" in row["reason"] for row in shown["rejected"])


def test_the_difficulty_has_six_parts(reply):
    shown = context(reply)

    assert len(shown["complexity"]) == 6
    assert 0 <= shown["difficulty_percent"] <= 100


def test_it_adds_up_what_all_attempts_used(reply):
    call(reply, 1, None, outcome="failed", failure="overloaded", words="X is overloaded")
    call(reply, 2, Usage(1000, 600, 0, 500, 200))

    totals = context(reply)["totals"]

    assert (totals["input_tokens"], totals["cached_tokens"]) == (1000, 600)
    assert (totals["output_tokens"], totals["reasoning_tokens"]) == (500, 200)
    assert totals["is_estimated"]


def test_what_a_former_run_used_is_added_up_too(reply):
    call(reply, 1, Usage(1000, 0, 0, 500, 0), outcome="failed", failure="cut_after_text")
    go_on(reply)
    call(reply, 1, Usage(2000, 0, 0, 100, 0))

    totals = context(reply)["totals"]

    assert (totals["input_tokens"], totals["output_tokens"]) == (3000, 600)
    assert "chosen 2 times" in words(reply)


@pytest.mark.parametrize(
    ("payer", "said"),
    [
        ("person", "your key"),
        ("organisation", "your organisation’s key"),
        ("nobody", "nobody: it needs no key"),
    ],
)
def test_it_says_whose_key_paid(reply, payer, said):
    call(reply, 1, Usage(1000, 0, 0, 500, 0), payer=payer)

    assert context(reply)["totals"]["payer_words"] == said


def test_it_says_what_the_same_tokens_would_have_cost_elsewhere(reply):
    call(reply, 1, Usage(1000, 0, 0, 500, 0))
    reference = reply.decision.receipt["reference"]["model"]
    entry = reply.decision.attempts.get().ledger_entry

    comparison = context(reply)["totals"]["comparison"]

    if reference == reply.model_id:
        assert comparison == ""
    else:
        assert shipped_cards()[reference].name in comparison
        assert reference_cost(reference, [entry]) >= entry.cost_usd


def test_a_reference_that_the_catalogue_lost_is_not_compared(reply):
    call(reply, 1, Usage(1000, 0, 0, 500, 0))

    assert reference_cost("acme/gone", []) is None
    assert reference_cost(MODEL, []) == Decimal(0)


def test_the_panel_is_drawn_with_all_its_parts(reply):
    call(reply, 1, Usage(1000, 600, 0, 500, 200))

    said = words(reply)

    for part in (
        "Coding",
        "Who could answer",
        "What happened",
        "What it cost",
        "600 of them cached",
    ):
        assert part in said
