"""What holds for any candidates, prompts and policies."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from routing.engine.decide import decide
from routing.engine.gates import CODES
from routing.engine.preference import NEAR_TIE, SECOND_USD, success_usd
from routing.engine.values import (
    CATEGORIES,
    COMPLEXITY,
    PREFERENCES,
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

MODELS = [
    f"{provider}/{name}" for provider in ("acme", "other", "third") for name in ("a", "b", "c")
]
LOGITS = st.floats(-1.0, 3.5)
USD = st.sampled_from([0.0, 0.1, 0.5, 2.0, 10.0, 50.0]) | st.floats(0.0, 60.0)
SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def cards(draw, model):
    return Card(
        id=model,
        name=model.title(),
        provider=model.partition("/")[0],
        provider_model=model,
        context_tokens=draw(st.sampled_from([8_000, 128_000, 1_000_000])),
        max_output_tokens=draw(st.sampled_from([1_000, 64_000])),
        prices=Prices(draw(USD), draw(USD), draw(st.none() | USD), draw(st.none() | USD)),
        capabilities=draw(
            st.frozensets(st.sampled_from(["image", "tools", "web_search", "reasoning"]))
        ),
        first_token_s=draw(st.floats(0.1, 5.0)),
        tokens_per_s=draw(st.floats(5.0, 300.0)),
        quality={"*": draw(LOGITS), "coding": draw(LOGITS)},
        languages_weak=draw(st.sampled_from([frozenset(), frozenset({"he"})])),
        trusted=draw(st.booleans()),
        local=draw(st.booleans()),
        free=draw(st.booleans()),
        deprecated=draw(st.sampled_from([None, None, None, "2026-01-01"])),
    )


PAYERS = st.sampled_from([["organisation"], ["nobody"], ["organisation", "person"]])


@st.composite
def candidates_of(draw, card, payer):
    return Candidate(
        card=card,
        endpoint=card.provider,
        credential=None if payer == "nobody" else f"{payer}:1",
        payer=payer,
        speed=draw(st.none() | st.builds(Speed, st.just(0.5), st.none(), st.just(9))),
        in_flight=draw(st.integers(0, 9)),
        closed=draw(st.sampled_from([None, None, None, "Failing since 09:24"])),
        ability_shift=draw(st.sampled_from([{}, {"*": 0.3}, {"coding": -0.4}])),
    )


@st.composite
def candidate_lists(draw, payers=PAYERS):
    models = draw(st.lists(st.sampled_from(MODELS), unique=True, max_size=6))
    made = [draw(cards(model)) for model in models]
    return [draw(candidates_of(card, payer)) for card in made for payer in draw(payers)]


@st.composite
def readings(draw):
    weights = draw(st.lists(st.floats(0.0, 1.0), min_size=13, max_size=13).filter(sum))
    shares = dict(zip(CATEGORIES, (weight / sum(weights) for weight in weights), strict=True))
    tokens = draw(st.integers(1, 20_000))
    return Reading(
        categories=shares,
        category=max(shares, key=lambda name: shares[name]),
        difficulty=draw(st.floats(0.0, 1.0)),
        complexity={name: draw(st.integers(0, 3)) for name in COMPLEXITY},
        confidence=0.5,
        language=draw(st.sampled_from(["en", "he"])),
        prompt_tokens=tokens,
        message_tokens=draw(st.integers(1, tokens)),
    )


REQUESTS = st.builds(
    Request,
    turns=st.sampled_from([(Turn("user", ""),), (Turn("user", ""),) * 5]),
    images=st.integers(0, 1),
    tools=st.sampled_from([(), (), ("web_search",)]),
    data_class=st.sampled_from([None, None, "confidential"]),
)
POLICIES = st.builds(
    Policy,
    preference=st.sampled_from(PREFERENCES),
    budget=st.builds(Budget, st.none() | st.floats(0.0, 0.5), st.sampled_from([0.0, 0.5, 1.0])),
)
INCUMBENTS = st.none() | st.builds(
    Incumbent,
    st.sampled_from(MODELS),
    st.floats(0.0, 1.0),
    st.integers(0, 20_000),
    st.booleans(),
    st.frozensets(st.sampled_from(MODELS), max_size=2),
)


@given(readings(), REQUESTS, candidate_lists(), POLICIES, INCUMBENTS)
@SHARED
def test_a_decision_is_consistent(reading, request, candidates, policy, incumbent):
    decision = decide(reading, request, candidates, policy, incumbent)
    ranked = decision.candidates
    assert [each.rank for each in ranked] == list(range(1, len(ranked) + 1))
    assert all(one.score >= two.score for one, two in pairwise(ranked))
    assert all(0.0 <= each.success <= 1.0 and each.cost_usd >= 0.0 for each in ranked)
    assert decision.chosen == (ranked[0] if ranked else None)
    assert all(each in ranked[1:] for each in decision.fallbacks)
    assert len(set(map(id, decision.fallbacks))) == len(decision.fallbacks)
    assert {each.code for each in decision.rejected} <= set(CODES)
    known = {each.candidate.card.id for each in ranked} | {each.model for each in decision.rejected}
    assert known == {candidate.card.id for candidate in candidates}
    assert decision.explanation


@given(readings(), REQUESTS, candidate_lists(), POLICIES, INCUMBENTS)
@SHARED
def test_a_refused_candidate_is_never_ranked(reading, request, candidates, policy, incumbent):
    decision = decide(reading, request, candidates, policy, incumbent)
    for each in decision.candidates:
        card = each.candidate.card
        assert card.deprecated is None
        assert not request.images or "image" in card.capabilities
        assert not request.tools or "web_search" in card.capabilities
        assert request.data_class is None or card.trusted or card.local
        assert incumbent is None or card.id not in incumbent.rejected
        left = policy.budget.left_usd
        paid = each.candidate.payer == "organisation" and each.cost_usd > 0.0
        assert left is None or not paid or each.cost_usd <= left


@given(readings(), REQUESTS, candidate_lists(), POLICIES, INCUMBENTS, st.randoms())
@SHARED
def test_the_order_of_the_candidates_does_not_matter(
    reading, request, candidates, policy, incumbent, random
):
    shuffled = list(candidates)
    random.shuffle(shuffled)
    first = decide(reading, request, candidates, policy, incumbent)
    assert decide(reading, request, shuffled, policy, incumbent) == first
    assert decide(reading, request, candidates, policy, incumbent) == first


@given(readings(), REQUESTS, candidate_lists(), POLICIES, INCUMBENTS)
@SHARED
def test_a_higher_price_is_never_chosen_more(reading, request, candidates, policy, incumbent):
    assume(candidates)
    raised = candidates[0].card
    prices = raised.prices
    dearer = replace(
        raised,
        prices=Prices(
            2 * prices.input + 1,
            2 * prices.output + 1,
            None if prices.cached_input is None else 2 * prices.cached_input + 1,
            None if prices.cache_write is None else 2 * prices.cache_write + 1,
        ),
    )
    after = [
        replace(each, card=dearer) if each.card.id == raised.id else each for each in candidates
    ]
    chosen = decide(reading, request, after, policy, incumbent).chosen
    if chosen is not None and chosen.candidate.card.id == raised.id:
        before = decide(reading, request, candidates, policy, incumbent).chosen
        assert before is not None
        assert before.candidate.card.id == raised.id


@given(readings(), REQUESTS, candidate_lists(st.just(["organisation"])), POLICIES)
@SHARED
def test_no_other_is_likelier_at_the_same_price_and_wait(reading, request, candidates, policy):
    decision = decide(reading, request, candidates, policy)
    for each in decision.candidates:
        chosen = decision.candidates[0]
        as_good = each.success >= chosen.success and each.cost_usd <= chosen.cost_usd
        better = each.success > chosen.success or each.cost_usd < chosen.cost_usd
        assert not (as_good and better and each.wait_s <= chosen.wait_s)


@given(readings(), REQUESTS, candidate_lists(), POLICIES)
@SHARED
def test_quality_ignores_price_beyond_near_ties(reading, request, candidates, policy):
    policy = replace(policy, preference="quality", budget=Budget())
    decision = decide(reading, request, candidates, policy)
    for each in decision.candidates:
        assert each.success <= decision.candidates[0].success + NEAR_TIE + 1e-9


@given(st.lists(readings(), min_size=1, max_size=8), candidate_lists(st.just(["organisation"])))
@SHARED
def test_no_single_model_is_worth_more_over_many_prompts(prompts, candidates):
    """Auto's success less cost and wait is at least that of the best model alone, wherever both may answer."""
    request, policy = Request(turns=(Turn("user", ""),)), Policy()
    decisions = [decide(reading, request, candidates, policy) for reading in prompts]
    usual = [
        each for each in decisions if each.chosen and "No model reaches" not in each.explanation
    ]
    for model in MODELS:
        both = [
            (decision, each)
            for decision in usual
            for each in decision.candidates
            if each.candidate.card.id == model and _is_above_floor(decision, each)
        ]
        auto = sum(_worth(decision, decision.chosen) for decision, _ in both)
        alone = sum(_worth(decision, each) for decision, each in both)
        assert auto >= alone - 1e-9


def _is_above_floor(decision, each):
    return each.success >= 0.90 - 0.16 * decision.difficulty


def _worth(decision, scored):
    stake = success_usd(decision.difficulty, decision.complexity["stakes"])
    return stake * scored.success - scored.cost_usd - SECOND_USD * scored.wait_s
