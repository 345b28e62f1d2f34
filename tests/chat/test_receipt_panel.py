from __future__ import annotations

from decimal import Decimal

import pytest
from django.template.loader import render_to_string

from accounts.approvals import approve_models
from chat.models import Reply
from chat.receipt_panel import context, reference_cost
from providers.events import Usage
from routing import decisions
from routing.cards import shipped_cards
from routing.engine.record import Asked
from routing.engine.values import Request, Turn
from routing.models import Attempt
from tests.cast import make_key
from tests.chat.html_reading import text_of
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_turn
from tests.usage.rows import make_attempt
from usage import ledger

ASKED: Asked = {
    "model": "auto",
    "preference": "",
    "pool": None,
    "fallback": True,
    "surface": "chat",
}


@pytest.fixture
def reply(organisation, alice, key_ring) -> Reply:
    """An answer by Auto, decided but not called yet."""
    make_key(organisation)
    organisation.approvals.all().delete()
    approve_models(organisation, [MODEL, OTHER_MODEL], alice)
    request = Request(turns=(Turn("user", "Write a Python function that sorts a list"),))
    stored = decisions.store(decisions.prepare(decisions.Call(alice, organisation, ASKED, request)))
    chosen = stored.receipt["candidates"][0]["model"]
    return make_turn(make_conversation(alice), decision_id=stored.id, model_id=chosen)


def call(reply: Reply, number: int, usage: Usage | None, **fields) -> Attempt:
    assert reply.decision is not None
    attempt = make_attempt(reply.decision, number, **{"model_id": reply.model_id} | fields)
    prices = shipped_cards()[attempt.model_id].prices
    ledger.book(attempt, ledger.Used(usage, 1000, 400 if usage else 0), prices)
    return attempt


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


def test_the_timeline_says_what_happened_in_order(reply):
    call(reply, 1, None, outcome="failed", failure="overloaded", words="X is overloaded")
    call(reply, 2, Usage(1000, 0, 0, 500, 0), model_id=OTHER_MODEL)

    attempts = context(reply)["attempts"]

    assert [attempt.number for attempt in attempts] == [1, 2]
    assert [attempt.words for attempt in attempts] == ["X is overloaded", "Answered"]
    assert attempts[1].model_name == "GPT-6 Luna"


def test_an_attempt_under_way_is_shown_without_a_price(reply):
    make_attempt(reply.decision, 1, model_id=reply.model_id, outcome="")

    attempt = context(reply)["attempts"][0]

    assert (attempt.outcome, attempt.words, attempt.cost_words) == ("running", "Running", "")


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
