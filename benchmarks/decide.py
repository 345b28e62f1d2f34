"""How long a decision over 50 candidates takes, without the classifier: `python -m benchmarks.decide`, microseconds."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import partial

from routing.engine.decide import decide
from routing.engine.values import (
    CATEGORIES,
    COMPLEXITY,
    Budget,
    Candidate,
    Card,
    Incumbent,
    Policy,
    Prices,
    Reading,
    Request,
    Speed,
    Turn,
)

CANDIDATES = 50
WARM_UP = 500
ROUNDS = 5000


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


def make_reading(difficulty: float) -> Reading:
    categories = dict.fromkeys(CATEGORIES, 0.006)
    categories |= {"coding": 0.74, "reasoning": 0.14, "questions": 0.06}
    return Reading(
        categories=categories,
        category="coding",
        difficulty=difficulty,
        complexity=dict.fromkeys(COMPLEXITY, 2),
        confidence=0.74,
        language="en",
        prompt_tokens=1840,
        message_tokens=270,
    )


def microseconds(call: Callable[[], object]) -> list[float]:
    """Time of this thread on its processor, sorted: other work of the machine stays out of it."""
    for _ in range(WARM_UP):
        call()
    gc.collect()
    gc.freeze()
    taken = []
    for _ in range(ROUNDS):
        started = time.thread_time_ns()
        call()
        taken.append((time.thread_time_ns() - started) / 1000)
    return sorted(taken)


def main() -> None:
    candidates = [make_candidate(number) for number in range(CANDIDATES)]
    turns = (Turn("user", "first"), Turn("assistant", "reply"), Turn("user", "next"))
    request = Request(turns=turns)
    policy = Policy(budget=Budget(left_usd=40.0), reference=candidates[-1].card)
    incumbent = Incumbent(candidates[7].card.id, 0.3, cached_prefix_tokens=1400)
    for difficulty in (0.1, 0.5, 0.8):
        reading = make_reading(difficulty)
        taken = microseconds(partial(decide, reading, request, candidates, policy, incumbent))
        p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
        print(f"{CANDIDATES} candidates, difficulty {difficulty}: p50 {p50:.0f}, p99 {p99:.0f}")


if __name__ == "__main__":
    main()
