"""Which model answers: the eight steps of docs/routing.md, in their order.

Pure: no clock, no randomness, no I/O; the same inputs give the same Decision, in whatever order the candidates come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from routing.engine.cost import sent_and_cached, tokens_usd
from routing.engine.demand import Demand, all_sensitive, demand_of
from routing.engine.estimate import output_tokens_of
from routing.engine.explain import Outcome, explain
from routing.engine.gates import CODE_RANKS, admit
from routing.engine.order import fallbacks
from routing.engine.record import Attachments, Features, ReferenceCost
from routing.engine.rules import first_match
from routing.engine.standing import standing_of
from routing.engine.stickiness import incumbent_note
from routing.engine.values import (
    Candidate,
    Decision,
    Incumbent,
    Policy,
    Reading,
    Rejected,
    Request,
    Scored,
)

# Told on every receipt; raised with every change that can change a pick.
ENGINE_VERSION = "1.2.1"


def decide(
    reading: Reading,
    request: Request,
    candidates: Sequence[Candidate],
    policy: Policy,
    incumbent: Incumbent | None = None,
) -> Decision:
    """Chooses among `candidates`, the approved models for which a credential is at hand.

    `reading` is what the classifier read in `request`. Costs are USD at list prices, waits seconds, success a
    probability. Raises nothing: with nobody left `chosen` is None, and `rejected` and `explanation` say why.
    """
    if policy.by_hand is not None:
        return _by_hand(reading, request, candidates, policy, incumbent)
    rule = first_match(reading, request, policy)
    demand = demand_of(reading, request, policy, rule, incumbent)
    estimates, refused = admit(candidates, demand)
    standing = standing_of(estimates, demand)
    rejected = _in_order([*standing.rejected, *refused], policy.excluded)
    chosen = standing.ranked[0] if standing.ranked else None
    note = incumbent_note(demand, standing.ranked, rejected, standing.ordered_by)
    reference = _reference(chosen, demand)
    return Decision(
        chosen=chosen,
        fallbacks=fallbacks(standing.ranked),
        candidates=standing.ranked,
        rejected=rejected,
        categories=reading.categories,
        category=reading.category,
        difficulty=reading.difficulty,
        complexity=reading.complexity,
        features=_features(reading, request, demand),
        rule=rule.name if rule is not None else None,
        incumbent=note,
        reference=reference,
        budget=policy.budget,
        explanation=explain(reading, demand, Outcome(standing, rejected, note, reference)),
        preference=standing.preference,
        policy_version=policy.version,
        classifier=reading.classifier,
        engine=ENGINE_VERSION,
    )


def _by_hand(
    reading: Reading,
    request: Request,
    candidates: Sequence[Candidate],
    policy: Policy,
    incumbent: Incumbent | None,
) -> Decision:
    """The model chosen by hand as if it stood alone, in no pool; then the others as they stand to each other."""
    own = [each for each in candidates if each.card.id == policy.by_hand]
    others = [each for each in candidates if each.card.id != policy.by_hand]
    of_own = tuple(each for each in policy.excluded if each.model == policy.by_hand)
    of_others = tuple(each for each in policy.excluded if each.model != policy.by_hand)
    alone = replace(policy, by_hand=None, pool=None, excluded=of_own)
    chosen = decide(reading, request, own, alone, incumbent)
    pooled = replace(alone, pool=policy.pool, excluded=of_others)
    rest = decide(reading, request, others, pooled, incumbent)
    ranked = tuple(
        each._replace(rank=rank)
        for rank, each in enumerate((*chosen.candidates, *rest.candidates), start=1)
    )
    return replace(
        rest if rest.chosen and not chosen.chosen else chosen,
        chosen=ranked[0] if ranked else None,
        fallbacks=fallbacks(ranked),
        candidates=ranked,
        rejected=(*chosen.rejected, *rest.rejected),
    )


def _in_order(refused: Sequence[Rejected], excluded: Sequence[Rejected]) -> tuple[Rejected, ...]:
    """Each refusal once, the nearest to being chosen first, those from before the engine last."""
    ordered = sorted(
        set(refused), key=lambda each: (CODE_RANKS[each.code], each.model, each.reason)
    )
    return (*ordered, *sorted(set(excluded)))


def _reference(chosen: Scored | None, demand: Demand) -> ReferenceCost | None:
    """What the same tokens would have cost at the model that savings are told against."""
    card = demand.policy.reference
    if card is None or chosen is None:
        return None
    sent_tokens, cached_tokens = sent_and_cached(chosen.candidate.card, demand)
    output_tokens = output_tokens_of(chosen.candidate, demand)
    cost_usd = tokens_usd(card.prices, sent_tokens, cached_tokens, output_tokens)
    return ReferenceCost(model=card.id, cost_usd=0.0 if card.free else cost_usd)


def _features(reading: Reading, request: Request, demand: Demand) -> Features:
    return Features(
        language=reading.language,
        turns=len(request.turns),
        prompt_tokens=demand.prompt_tokens,
        cached_prefix_tokens=demand.cached_tokens,
        predicted_output_tokens=demand.output_tokens,
        attachments=Attachments(image=request.images, document=request.documents),
        tools=list(request.tools),
        response_format=request.response_format,
        data_class=request.data_class,
        sensitive=all_sensitive(reading, request),
    )
