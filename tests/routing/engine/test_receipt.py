from __future__ import annotations

import json

import pytest

from routing.engine.decide import ENGINE_VERSION
from routing.engine.receipt import receipt
from routing.engine.replay import replay
from routing.engine.values import PREFERENCES, Budget, Incumbent, Policy
from tests.routing.engine.market import choose, chosen_model, make_card, make_reading, market

ASKED = {
    "model": "auto",
    "preference": "balanced",
    "pool": None,
    "fallback": True,
    "surface": "chat",
}
REFERENCE = make_card("acme/reference", 10.0, 50.0)


def make_receipt(decision=None, asked=ASKED):
    decision = decision or choose(
        make_reading("coding", 0.63, language="he", prompt_tokens=1840, sensitive=("email",)),
        policy=Policy(version=14, reference=REFERENCE, budget=Budget(41.2, 0.0)),
        incumbent=Incumbent("anthropic/claude-haiku-5-5", 0.31, cached_prefix_tokens=1410),
        turns=5,
        documents=1,
        tools=("web_search",),
        data_class="internal",
    )
    return receipt(decision, "0192f6c2", "2026-11-21T09:30:12.402Z", asked)


def test_it_has_the_fields_of_schema_1():
    made = make_receipt()
    assert list(made) == [
        "schema", "id", "made_at", "asked", "policy", "features", "categories", "difficulty",
        "complexity", "incumbent", "budget", "candidates", "rejected", "reference", "explanation",
    ]  # fmt: skip
    assert list(made["candidates"][0]) == [
        "model", "endpoint", "credential", "payer", "rank", "success", "ability_version",
        "cost_usd", "wait_s", "first_token_s", "score", "prices",
    ]  # fmt: skip
    assert list(made["rejected"][0]) == ["model", "code", "reason"]
    assert made["schema"] == 1
    assert made["asked"] == ASKED


def test_it_tells_what_was_asked_and_by_which_policy():
    made = make_receipt()
    assert made["policy"] == {
        "version": 14,
        "rule": None,
        "engine": ENGINE_VERSION,
        "classifier": "2026-11-20",
    }
    assert made["features"] == {
        "language": "he",
        "turns": 5,
        "prompt_tokens": 4840,
        "cached_prefix_tokens": 1410,
        "predicted_output_tokens": 686,
        "attachments": {"image": 0, "document": 1},
        "tools": ["web_search"],
        "response_format": None,
        "data_class": "internal",
        "sensitive": ["email"],
    }
    assert made["budget"] == {"left_usd": 41.2, "pressure": 0.0}
    assert made["incumbent"]["model"] == "anthropic/claude-haiku-5-5"
    assert made["reference"]["model"] == "acme/reference"


def test_it_is_json():
    made = make_receipt()
    assert json.loads(json.dumps(made)) == made


def test_no_candidate_is_a_receipt_too():
    made = make_receipt(choose(candidates=[]))
    assert made["candidates"] == []
    assert made["reference"] is None


@pytest.mark.parametrize("preference", PREFERENCES)
@pytest.mark.parametrize("difficulty", [0.05, 0.4, 0.63, 0.95])
@pytest.mark.parametrize("pinned", [False, True])
def test_a_replay_under_the_same_policy_decides_the_same(preference, difficulty, pinned):
    policy = Policy(preference=preference, reference=REFERENCE, budget=Budget(3.0, 0.4))
    incumbent = Incumbent(
        "openai/gpt-6-sol", difficulty, 900, pinned, rejected=frozenset({"openai/gpt-6-luna"})
    )
    decision = choose(
        make_reading("writing", difficulty, asked_words=900),
        policy=policy,
        incumbent=incumbent,
        turns=3,
        images=1,
    )
    stored = json.loads(json.dumps(make_receipt(decision)))
    assert replay(stored, market(), policy) == decision


def test_a_replay_under_another_policy_moves_the_pick():
    reading = make_reading("coding", 0.63)
    stored = make_receipt(choose(reading))
    cheaper = Policy(preference="cost")
    assert chosen_model(replay(stored, market(), cheaper)) == chosen_model(
        choose(reading, policy=cheaper)
    )


def test_a_replay_keeps_the_callers_pool():
    stored = make_receipt(choose(), {**ASKED, "pool": ["openai/gpt-6-sol"]})
    decision = replay(stored, market(), Policy())
    assert [each.candidate.card.id for each in decision.candidates] == ["openai/gpt-6-sol"]
