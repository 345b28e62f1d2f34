"""How long it takes to read a message and to decide over 50 candidates: `python -m benchmarks.decide`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial

from benchmarks.figures import Part, Table, between, percentiles
from benchmarks.stamped_text import words
from routing.classifier import load_classifier
from routing.engine.classify import classify
from routing.engine.decide import decide
from routing.engine.values import (
    Budget,
    Candidate,
    Card,
    Incumbent,
    Policy,
    Prices,
    Request,
    Speed,
    Turn,
)

CANDIDATES = 50
WORDS = (20, 200, 2000)
WARM_UP = 200
ROUNDS = 2000
EARLIER = (Turn("user", "What is flour?"), Turn("assistant", "Ground grain."))
AIM = "Aim: both below 1,000 µs at the 99th percentile for 200 words."


def make_candidate(number: int) -> Candidate:
    price = 0.1 * 1.09**number
    ability = -0.5 + 3.5 * number / CANDIDATES
    card = Card(
        id=f"provider-{number % 9}/model-{number}",
        name=f"Model {number}",
        provider=f"provider-{number % 9}",
        provider_model=f"model-{number}",
        context_tokens=262_144,
        max_output_tokens=32_000,
        prices=Prices(price, 5 * price, price / 10),
        capabilities=frozenset({"tools", "structured_output", "reasoning"}),
        first_token_s=0.4 + number % 5 / 10,
        tokens_per_s=50.0 + 7 * (number % 11),
        quality={"*": ability, "coding": ability + 0.3, "maths": ability - 0.1},
        trusted=True,
    )
    return Candidate(
        card=card,
        endpoint=card.provider,
        credential="org:0000",
        payer="organisation",
        speed=Speed(0.5, 80.0, 25),
        in_flight=number % 4,
        ability_shift={"coding": 0.05} if number % 3 else {},
    )


def microseconds(call: Callable[[], object]) -> dict[str, float]:
    """Time of this thread on its processor: other work of the machine stays out of it."""
    for _ in range(WARM_UP):
        call()
    gc.collect()
    gc.freeze()
    taken = []
    for _ in range(ROUNDS):
        started = time.thread_time_ns()
        call()
        taken.append((time.thread_time_ns() - started) / 1000)
    gc.unfreeze()
    return percentiles(taken)


def read_and_decide(
    request: Request, candidates: list[Candidate], policy: Policy, incumbent: Incumbent
) -> object:
    reading = classify(load_classifier(), request)
    return decide(reading, request, candidates, policy, incumbent)


def measure() -> Part:
    classifier = load_classifier()
    candidates = [make_candidate(number) for number in range(CANDIDATES)]
    policy = Policy(budget=Budget(left_usd=40.0), reference=candidates[-1].card)
    incumbent = Incumbent(candidates[7].card.id, 0.3, cached_prefix_tokens=1400)
    figures: dict[str, object] = {}
    rows = []
    for count in WORDS:
        request = Request(turns=(*EARLIER, Turn("user", words(count))))
        reading = classify(classifier, request)
        read = microseconds(partial(classify, classifier, request))
        decided = microseconds(partial(decide, reading, request, candidates, policy, incumbent))
        both = microseconds(partial(read_and_decide, request, candidates, policy, incumbent))
        figures[str(count)] = {"read_us": read, "decided_us": decided, "both_us": both}
        rows.append([str(count), *(between(each, "p50", "p99") for each in (read, decided, both))])
    columns = ("words", "read it, p50 / p99 µs", "decide, p50 / p99 µs", "both, p50 / p99 µs")
    return Part(
        "Deciding",
        figures,
        [Table(f"One decision over {CANDIDATES} candidates", columns, rows, AIM)],
    )


if __name__ == "__main__":
    print(measure().as_markdown())
