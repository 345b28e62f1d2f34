"""A stored decision made once more, under another policy or over other candidates, without the text it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from routing.engine.decide import decide
from routing.engine.demand import demand_of
from routing.engine.gates import refusal_of
from routing.engine.record import Receipt
from routing.engine.rules import first_match
from routing.engine.stickiness import PINNED
from routing.engine.values import (
    Budget,
    Candidate,
    Decision,
    Incumbent,
    Policy,
    Reading,
    Rejected,
    Request,
    Turn,
)


def replay(receipt: Receipt, candidates: Sequence[Candidate], policy: Policy) -> Decision:
    """The decision that `policy` would make today for the features on `receipt`.

    Budget and caller's pool are those of the receipt; `policy.hour` is the caller's to set. What no receipt holds is
    put in its likeliest place: the incumbent's difficulty is today's, the message has an even share of the prompt.
    """
    pool = receipt["asked"]["pool"]
    then = replace(
        policy, pool=policy.pool if pool is None else frozenset(pool), budget=_budget(receipt)
    )
    return decide(_reading(receipt), _request(receipt), candidates, then, _incumbent(receipt))


def refusal(
    receipt: Receipt, before: Candidate, candidate: Candidate, policy: Policy
) -> Rejected | None:
    """Why `candidate` may not answer what stands on `receipt`, which was decided when it was `before`; None if it may."""
    reading, request = _reading(receipt), _request(receipt)
    then = replace(policy, budget=_budget(receipt))
    rule = first_match(reading, request, then)
    demand = demand_of(reading, request, then, rule, _incumbent(receipt))
    return refusal_of(candidate, before, demand)


def _budget(receipt: Receipt) -> Budget:
    return Budget(receipt["budget"]["left_usd"], receipt["budget"]["pressure"])


def _reading(receipt: Receipt) -> Reading:
    features, categories = receipt["features"], receipt["categories"]
    category = max(categories, key=lambda name: categories[name])
    return Reading(
        categories=categories,
        category=category,
        difficulty=receipt["difficulty"],
        complexity=receipt["complexity"],
        confidence=categories[category],
        language=features["language"],
        prompt_tokens=features["prompt_tokens"],
        message_tokens=features["prompt_tokens"] // max(1, features["turns"]),
        sensitive=tuple(features["sensitive"]),
        classifier=receipt["policy"]["classifier"],
        output_tokens=features["predicted_output_tokens"],
    )


def _request(receipt: Receipt) -> Request:
    features = receipt["features"]
    return Request(
        turns=(Turn("user", ""),) * features["turns"],
        images=features["attachments"]["image"],
        documents=features["attachments"]["document"],
        tools=tuple(features["tools"]),
        response_format=features["response_format"],
        data_class=features["data_class"],
        prompt_tokens=features["prompt_tokens"],
    )


def _incumbent(receipt: Receipt) -> Incumbent | None:
    note = receipt["incumbent"]
    if note is None:
        return None
    return Incumbent(
        model=note["model"],
        difficulty=receipt["difficulty"],
        cached_prefix_tokens=receipt["features"]["cached_prefix_tokens"],
        pinned=note["why"] == PINNED,
        rejected=frozenset(
            each["model"] for each in receipt["rejected"] if each["code"] == "rejected_earlier"
        ),
    )
