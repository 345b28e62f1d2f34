"""What can be expected of the candidates: success, cost and wait."""

from __future__ import annotations

from collections.abc import Sequence

from routing.engine.cost import costs_usd
from routing.engine.demand import Demand
from routing.engine.success import abilities, successes
from routing.engine.values import Candidate
from routing.engine.wait import waits_s

# (candidate, success 0..1, cost in USD, seconds to the last token, seconds to the first). A bare tuple, and whole
# columns below: with 50 candidates a decision, an object and four calls for each would take most of its time.
Estimate = tuple[Candidate, float, float, float, float]


def estimates_of(candidates: Sequence[Candidate], demand: Demand) -> list[Estimate]:
    plain = demand.output_tokens
    reasoned = plain + demand.reasoning_tokens
    outputs = [reasoned if "reasoning" in each.card.capabilities else plain for each in candidates]
    able = abilities(candidates, demand.mix, demand.language)
    likely = successes(able, demand.difficulty_logits)
    firsts, lasts = waits_s(candidates, outputs)
    costs = costs_usd(candidates, demand, outputs)
    return list(zip(candidates, likely, costs, lasts, firsts, strict=True))


def output_tokens_of(candidate: Candidate, demand: Demand) -> int:
    """All that is billed as output, the thinking of models that reason included."""
    if "reasoning" in candidate.card.capabilities:
        return demand.output_tokens + demand.reasoning_tokens
    return demand.output_tokens
