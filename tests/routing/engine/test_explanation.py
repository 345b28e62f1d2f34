from __future__ import annotations

import pytest

from routing.engine.values import CATEGORIES, Policy
from tests.routing.engine.market import choose, make_candidate, make_card, make_reading


def offer(*models):
    """Candidates of (id, ability, price of output)."""
    return [
        make_candidate(make_card(model, usd / 5, usd, quality)) for model, quality, usd in models
    ]


@pytest.mark.parametrize(
    ("reading", "task"),
    [
        (make_reading("coding", 0.6), "A coding task (88 %)."),
        (make_reading("chat", 0.1), "Everyday chat (88 %), easy."),
        (
            make_reading("coding", 0.6, complexity={"reasoning_steps": 2, "stakes": 1}),
            "A coding task (88 %) that takes several steps.",
        ),
        (
            make_reading("maths", 0.9, complexity={"constraints": 2, "specialist_knowledge": 3}),
            "A maths problem (88 %) that needs expert knowledge and sets many conditions.",
        ),
    ],
)
def test_it_begins_with_the_task(reading, task):
    assert choose(reading).explanation.startswith(task + " ")


def test_a_mixed_task_names_two_categories():
    categories = dict.fromkeys(CATEGORIES, 0.02) | {"editing": 0.42, "writing": 0.36}
    decision = choose(make_reading("editing", 0.4, categories=categories))
    assert decision.explanation.startswith("An editing task (42 %), partly writing (36 %). ")


@pytest.mark.parametrize(
    ("preference", "candidates", "choice"),
    [
        (
            "balanced",
            [("acme/best", 2.4, 10.0), ("other/good", 2.0, 10.0)],
            "Of 2 fitting models Best is the likeliest to succeed (95 %) at the same price.",
        ),
        (
            "balanced",
            [("acme/best", 2.4, 1.0), ("other/good", 2.0, 10.0)],
            "Of 2 fitting models Best is the likeliest to succeed (95 %) and the cheapest.",
        ),
        (
            "balanced",
            [("acme/best", 2.4, 50.0), ("other/good", 2.0, 1.0)],
            "Of 2 fitting models Good gives the most for its price and wait: 93 % likely to succeed for $0.0015, where Best reaches 95 % for $0.075.",
        ),
        (
            "quality",
            [("acme/best", 2.4, 50.0), ("other/good", 2.35, 1.0)],
            "Of 2 fitting models Good is the cheapest of those likeliest to succeed (95 %).",
        ),
        (
            "cost",
            [("acme/best", 2.4, 50.0), ("other/good", 2.2, 1.0)],
            "Good is the cheapest of 2 fitting models ($0.0015, 94 % likely to succeed).",
        ),
        (
            "speed",
            [("acme/best", 2.4, 50.0), ("other/good", 2.2, 1.0)],
            "Good is the quickest of 2 fitting models (19 s, 94 % likely to succeed).",
        ),
        (
            "balanced",
            [("acme/best", 2.4, 50.0)],
            "Best is the only fitting model (95 % likely to succeed).",
        ),
    ],
)
def test_it_says_why_this_model(preference, candidates, choice):
    reading = make_reading("coding", 0.46)
    decision = choose(reading, offer(*candidates), Policy(preference=preference))
    assert decision.explanation == f"A coding task (88 %). {choice}"


@pytest.mark.parametrize(
    ("usd", "comparison"),
    [
        (50.0, "; about 5 times cheaper than Reference."),
        (20.0, "; about 2.0 times cheaper than Reference."),
        (2_000.0, "; about 200 times cheaper than Reference."),
        (11.0, ")."),
        (1.0, "; about 10 times dearer than Reference."),
    ],
)
def test_it_compares_with_the_reference(usd, comparison):
    policy = Policy(reference=make_card("acme/reference", usd / 5, usd))
    assert choose(candidates=offer(("acme/one", 2.0, 10.0)), policy=policy).explanation.endswith(
        comparison
    )


def test_a_free_model_is_called_free():
    policy = Policy(reference=make_card("acme/reference", 10.0, 50.0))
    decision = choose(candidates=offer(("acme/one", 2.0, 0.0)), policy=policy)
    assert "; free, where Reference costs $0.0" in decision.explanation


def test_the_reference_is_not_compared_with_itself():
    candidates = offer(("acme/one", 2.0, 10.0))
    decision = choose(candidates=candidates, policy=Policy(reference=candidates[0].card))
    assert "than One" not in decision.explanation
    assert decision.reference == {"model": "acme/one", "cost_usd": decision.chosen.cost_usd}
