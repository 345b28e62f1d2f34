"""A small market of models with the prices and abilities of real ones, and the parts of a decision, by plain functions."""

from __future__ import annotations

from routing.engine.decide import decide
from routing.engine.values import (
    CATEGORIES,
    COMPLEXITY,
    Candidate,
    Card,
    Incumbent,
    Policy,
    Prices,
    Reading,
    Request,
    Turn,
)

ALL = frozenset({"image", "document", "tools", "web_search", "structured_output", "reasoning"})
PLAIN = frozenset({"tools", "structured_output"})


def make_card(model="acme/one", usd_in=2.0, usd_out=10.0, quality=1.5, **changes) -> Card:
    given = {
        "id": model,
        "name": model.partition("/")[2].replace("-", " ").title(),
        "provider": model.partition("/")[0],
        "provider_model": model.partition("/")[2],
        "context_tokens": 200_000,
        "max_output_tokens": 64_000,
        "prices": Prices(usd_in, usd_out, usd_in / 10),
        "capabilities": ALL,
        "first_token_s": 0.7,
        "tokens_per_s": 80.0,
        "quality": quality if isinstance(quality, dict) else {"*": quality},
        "trusted": True,
    }
    return Card(**{**given, **changes})


def make_candidate(card=None, **changes) -> Candidate:
    card = card or make_card()
    free = card.prices.output == 0.0
    given = {
        "card": card,
        "endpoint": card.provider,
        "credential": None if free else "org:7f3a",
        "payer": "nobody" if free else "organisation",
    }
    return Candidate(**{**given, **changes})


def make_reading(category="chat", difficulty=0.3, **changes) -> Reading:
    categories = dict.fromkeys(CATEGORIES, 0.01) | {category: 0.88}
    given = {
        "categories": categories,
        "category": category,
        "difficulty": difficulty,
        "complexity": dict.fromkeys(COMPLEXITY, 0),
        "confidence": 0.88,
        "language": "en",
        "prompt_tokens": 200,
        "message_tokens": 60,
        "classifier": "2026-11-20",
    }
    return Reading(**{**given, **changes})


def make_request(turns=1, **changes) -> Request:
    return Request(turns=(Turn("user", ""),) * turns, **changes)


def market() -> list[Candidate]:
    return [make_candidate(card) for card in cards()]


def choose(reading=None, candidates=None, policy=None, **changes):
    """A decision of which only what matters to a test is said."""
    incumbent: Incumbent | None = changes.pop("incumbent", None)
    return decide(
        reading or make_reading(),
        make_request(**changes),
        market() if candidates is None else candidates,
        policy or Policy(),
        incumbent,
    )


def chosen_model(decision):
    return decision.chosen.candidate.card.id if decision.chosen else None


def cards() -> list[Card]:
    return [
        make_card(
            "openai/gpt-6-astra",
            10.0,
            50.0,
            {"*": 2.6, "coding": 2.8, "maths": 3.0},
            first_token_s=1.2,
            tokens_per_s=60.0,
        ),
        make_card("openai/gpt-6-sol", 2.0, 10.0, {"*": 2.0, "maths": 2.2}),
        make_card("openai/gpt-6-luna", 0.1, 0.5, {"*": 0.7}, first_token_s=0.4, tokens_per_s=180.0),
        make_card(
            "anthropic/claude-opus-5-5",
            4.0,
            20.0,
            {"*": 2.3, "coding": 2.7},
            first_token_s=1.0,
            tokens_per_s=55.0,
        ),
        make_card(
            "anthropic/claude-sonnet-5-5",
            2.0,
            10.0,
            {"*": 1.7, "coding": 2.4, "translation": 1.5},
            tokens_per_s=75.0,
        ),
        make_card(
            "anthropic/claude-haiku-5-5",
            0.1,
            0.5,
            {"*": 0.8, "coding": 1.0, "maths": 0.6},
            first_token_s=0.4,
            tokens_per_s=160.0,
        ),
        make_card(
            "google/gemini-3.5-pro",
            2.0,
            12.0,
            {"*": 1.9, "translation": 2.6, "coding": 1.7},
            first_token_s=0.9,
            tokens_per_s=90.0,
        ),
        make_card(
            "google/gemini-3.5-flash-lite",
            0.1,
            0.4,
            {"*": 0.4, "translation": 0.9},
            first_token_s=0.3,
            tokens_per_s=250.0,
        ),
        make_card("mistral/mistral-large-4", 0.68, 2.09, {"*": 1.2, "translation": 1.6}),
        make_card("mistral/mistral-small-2603", 0.15, 0.6, {"*": 0.1}, tokens_per_s=140.0),
        make_card(
            "deepseek/deepseek-v4-flash",
            0.14,
            0.28,
            {"*": 0.9, "maths": 1.4, "coding": 1.1},
            capabilities=PLAIN | {"reasoning"},
            trusted=False,
            languages_weak=frozenset({"he"}),
        ),
        make_card(
            "ollama/llama-4-scout",
            0.0,
            0.0,
            {"*": -0.5},
            capabilities=PLAIN,
            context_tokens=16_384,
            max_output_tokens=4096,
            first_token_s=0.5,
            tokens_per_s=20.0,
            local=True,
            languages_weak=frozenset({"he"}),
        ),
    ]
