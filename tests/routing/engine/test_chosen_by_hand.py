from __future__ import annotations

from dataclasses import replace

from routing.engine.values import Action, Condition, Incumbent, Policy, Rejected, Rule
from tests.routing.engine.market import choose, make_candidate, make_card, make_reading

WEAK = make_candidate(make_card("acme/weak", quality=-2.0, usd_in=30.0, usd_out=90.0))
GOOD = make_candidate(make_card("acme/good", quality=3.0))
FINE = make_candidate(make_card("other/fine", quality=2.8))
HARD = make_reading("maths", 0.7)
BY_HAND = Policy(by_hand="acme/weak")


def tried(decision):
    chosen = (decision.chosen,) if decision.chosen else ()
    return [each.candidate.card.id for each in (*chosen, *decision.fallbacks)]


def test_it_comes_first_however_weak_and_dear_and_the_others_follow_by_provider():
    decision = choose(HARD, [GOOD, FINE, WEAK], BY_HAND)
    assert tried(decision) == ["acme/weak", "other/fine", "acme/good"]
    assert [each.rank for each in decision.candidates] == [1, 2, 3]


def test_its_other_key_comes_before_another_model():
    personal = replace(WEAK, credential="person:19c2", payer="person")
    decision = choose(HARD, [GOOD, WEAK, personal], BY_HAND)
    assert [each.candidate for each in (decision.chosen, *decision.fallbacks)] == [
        personal, WEAK, GOOD,
    ]  # fmt: skip


def test_it_comes_first_although_it_is_failing():
    failing = replace(WEAK, closed="Failing since 09:24")
    assert tried(choose(HARD, [GOOD, failing], BY_HAND)) == ["acme/weak", "acme/good"]


def test_a_failing_model_does_not_stand_in_while_another_can():
    failing = replace(GOOD, closed="Failing since 09:24")
    assert tried(choose(HARD, [failing, FINE, WEAK], BY_HAND)) == ["acme/weak", "other/fine"]


def test_the_pool_is_for_those_who_stand_in_alone():
    pooled = replace(BY_HAND, pool=frozenset({"other/fine"}))
    decision = choose(HARD, [GOOD, FINE, WEAK], pooled)
    assert tried(decision) == ["acme/weak", "other/fine"]
    assert [(each.model, each.code) for each in decision.rejected] == [("acme/good", "not_in_pool")]


def test_a_model_that_was_turned_down_does_not_stand_in():
    turned_down = Incumbent("", 0.0, rejected=frozenset({"other/fine"}))
    decision = choose(HARD, [GOOD, FINE, WEAK], BY_HAND, incumbent=turned_down)
    assert tried(decision) == ["acme/weak", "acme/good"]


def test_a_rule_holds_for_it_and_the_others_answer():
    rule = Rule("No weak ones", Condition(), Action(forbid=frozenset({"acme/weak", "acme/good"})))
    decision = choose(HARD, [GOOD, FINE, WEAK], replace(BY_HAND, rules=(rule,)))
    assert tried(decision) == ["other/fine"]
    assert decision.rejected[0].model == "acme/weak"


def test_why_it_is_no_candidate_is_told_first_and_once():
    excluded = (
        Rejected("acme/a", "no_key", "There is no key for it"),
        Rejected("acme/weak", "not_approved", "Not approved for you"),
    )
    decision = choose(HARD, [GOOD], replace(BY_HAND, excluded=excluded))
    assert tried(decision) == ["acme/good"]
    assert decision.rejected == (excluded[1], excluded[0])


def test_nobody_at_all_is_told_of_the_model_that_was_chosen():
    excluded = (Rejected("acme/weak", "not_approved", "Not approved for you"),)
    decision = choose(HARD, [], replace(BY_HAND, excluded=excluded))
    assert decision.chosen is None
    assert "Not approved for you (1)" in decision.explanation
