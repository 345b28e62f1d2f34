from __future__ import annotations

from itertools import pairwise

from routing.engine.order import MOST_FALLBACKS
from routing.engine.values import Policy
from tests.routing.engine.market import choose, make_candidate, make_card, make_reading


def ways(decision):
    tried = (decision.chosen, *decision.fallbacks)
    return [(each.candidate.card.id, each.candidate.credential) for each in tried]


def test_fallbacks_are_spread_over_providers():
    candidates = [
        make_candidate(make_card(f"{provider}/{name}", quality=quality))
        for provider, name, quality in [
            ("acme", "a", 3.0),
            ("acme", "b", 2.9),
            ("acme", "c", 2.8),
            ("other", "d", 2.7),
            ("third", "e", 2.6),
        ]
    ]
    decision = choose(make_reading("maths", 0.6), candidates)
    assert [model for model, _ in ways(decision)] == [
        "acme/a", "other/d", "third/e", "acme/b", "acme/c",
    ]  # fmt: skip
    assert [each.rank for each in decision.candidates] == [1, 2, 3, 4, 5]


def test_a_personal_key_goes_first_and_the_organisations_follows():
    card = make_card("acme/one", quality=2.5)
    candidates = [
        make_candidate(card, credential="org:7f3a"),
        make_candidate(make_card("other/two", quality=2.4)),
        make_candidate(card, credential="person:19c2", payer="person"),
    ]
    decision = choose(make_reading("maths", 0.6), candidates)
    assert ways(decision) == [
        ("acme/one", "person:19c2"),
        ("acme/one", "org:7f3a"),
        ("other/two", "org:7f3a"),
    ]


def test_a_personal_key_goes_first_even_where_the_other_way_is_quicker():
    card = make_card("acme/one")
    busy = make_candidate(card, credential="person:19c2", payer="person", in_flight=30)
    decision = choose(candidates=[make_candidate(card), busy], policy=Policy(preference="speed"))
    assert decision.chosen.candidate is busy


def test_equal_models_go_by_id():
    candidates = [make_candidate(make_card(f"acme/{name}")) for name in ("c", "a", "b")]
    assert [model for model, _ in ways(choose(candidates=candidates))] == [
        "acme/a",
        "acme/b",
        "acme/c",
    ]


def test_there_are_at_most_six_tries():
    candidates = [make_candidate(make_card(f"acme/{number}")) for number in range(9)]
    assert len(choose(candidates=candidates).fallbacks) == MOST_FALLBACKS == 5


def test_scores_fall_with_rank():
    decision = choose(make_reading("coding", 0.8))
    assert all(one.score >= two.score for one, two in pairwise(decision.candidates))
