from __future__ import annotations

import pytest

from routing.engine.values import PREFERENCES, Incumbent, Policy
from tests.routing.engine.market import (
    choose,
    chosen_model,
    make_candidate,
    make_card,
    make_reading,
)

HAIKU = "anthropic/claude-haiku-5-5"
SONNET = "anthropic/claude-sonnet-5-5"


def after(model, difficulty=0.3, **changes):
    return Incumbent(model, difficulty, **changes)


def pair(quality, **changes):
    """An incumbent of ability 2.0 and another, both at the same price."""
    return [
        make_candidate(make_card("acme/incumbent", quality=2.0)),
        make_candidate(make_card("other/rival", quality=quality, **changes)),
    ]


def test_without_an_incumbent_there_is_no_note():
    assert choose().incumbent is None


def test_it_stays_while_nothing_is_better_by_the_margin():
    decision = choose(make_reading("maths", 0.6), pair(2.1), incumbent=after("acme/incumbent"))
    assert decision.incumbent == {
        "model": "acme/incumbent",
        "stayed": True,
        "why": "no other model is better by enough",
    }
    assert "Incumbent goes on" in decision.explanation
    assert chosen_model(choose(make_reading("maths", 0.6), pair(2.1))) == "other/rival"


def test_it_stays_as_the_best():
    decision = choose(make_reading("maths", 0.6), pair(1.9), incumbent=after("acme/incumbent"))
    assert decision.incumbent["why"] == "still the best choice"


def test_it_switches_by_more_than_the_margin():
    decision = choose(
        make_reading("maths", 0.59), pair(2.9), incumbent=after("acme/incumbent", 0.59)
    )
    assert decision.incumbent == {
        "model": "acme/incumbent",
        "stayed": False,
        "why": "likelier to succeed (92 % instead of 83 %)",
    }


def test_a_margin_of_zero_switches_to_anything_better():
    policy = Policy(switch_margin=0.0)
    decision = choose(
        make_reading("maths", 0.6), pair(2.1), policy, incumbent=after("acme/incumbent")
    )
    assert chosen_model(decision) == "other/rival"


@pytest.mark.parametrize("difficulty", [0.42, 0.5])
def test_a_harder_question_is_told_as_the_reason(difficulty):
    decision = choose(make_reading("coding", difficulty), incumbent=after(HAIKU, 0.31))
    assert chosen_model(decision) == SONNET
    assert decision.incumbent["why"] == f"difficulty rose from 0.31 to {difficulty:.2f}"


def test_an_easier_question_goes_to_a_cheaper_model():
    decision = choose(make_reading("chat", 0.1), incumbent=after("openai/gpt-6-astra", 0.9))
    assert decision.incumbent["why"].startswith("cheaper (")


def test_speed_tells_that_it_is_quicker():
    policy = Policy(preference="speed")
    decision = choose(make_reading("chat", 0.3), None, policy, incumbent=after("openai/gpt-6-sol"))
    assert decision.incumbent["why"].startswith("quicker (")


@pytest.mark.parametrize(
    ("changes", "asked", "why"),
    [
        ({"capabilities": frozenset()}, {"images": 1}, "cannot see images"),
        ({"kind": "embedding"}, {}, "is not a chat model"),
    ],
)
def test_an_incumbent_that_cannot_go_on_says_why(changes, asked, why):
    rival, incumbent = (
        make_candidate(make_card("other/rival")),
        make_card("acme/incumbent", **changes),
    )
    decision = choose(
        candidates=[rival, make_candidate(incumbent)], incumbent=after("acme/incumbent"), **asked
    )
    assert decision.incumbent["why"] == why


def test_an_incumbent_that_is_gone():
    decision = choose(incumbent=after("acme/withdrawn"))
    assert decision.incumbent["why"] == "no longer available"


def test_not_this_one_switches():
    incumbent = after(HAIKU, rejected=frozenset({HAIKU}))
    decision = choose(make_reading("chat", 0.1), incumbent=incumbent)
    assert decision.incumbent["why"] == 'refused earlier in this conversation ("not this one")'


BETTER = {"usd_in": 1.98, "usd_out": 9.9, "tokens_per_s": 81.0}


@pytest.mark.parametrize("preference", PREFERENCES)
@pytest.mark.parametrize("difficulty", [0.1, 0.6, 0.7, 0.9])
def test_who_is_beaten_in_success_cost_and_wait_does_not_stay(preference, difficulty):
    decision = choose(
        make_reading("maths", difficulty),
        pair(2.01, **BETTER),
        Policy(preference=preference),
        incumbent=after("acme/incumbent", difficulty),
    )
    assert chosen_model(decision) == "other/rival"


def test_who_is_beaten_does_not_stay_below_the_floor_either():
    """Both are below it, and the margin would have let the incumbent alone pass."""
    policy = Policy(preference="cost")
    floors = [difficulty / 100 for difficulty in range(50, 100)]
    stayed = [
        difficulty
        for difficulty in floors
        if chosen_model(
            choose(
                make_reading("maths", difficulty),
                [*pair(2.01, **BETTER), make_candidate(make_card("third/strong", 9.0, 50.0, 3.0))],
                policy,
                incumbent=after("acme/incumbent", difficulty),
            )
        )
        == "acme/incumbent"
    ]
    assert stayed == []


def test_a_beaten_model_that_is_free_as_well():
    free = {"usd_in": 0.0, "usd_out": 0.0}
    candidates = [
        make_candidate(make_card("acme/incumbent", quality=1.0, tokens_per_s=20.0, **free)),
        make_candidate(make_card("other/rival", quality=1.05, tokens_per_s=21.0, **free)),
    ]
    decision = choose(candidates=candidates, incumbent=after("acme/incumbent"))
    assert chosen_model(decision) == "other/rival"


def test_a_key_of_one_s_own_does_not_beat_the_same_model():
    slow, quick = (make_card("acme/incumbent", tokens_per_s=speed) for speed in (60.0, 90.0))
    candidates = [make_candidate(slow), make_candidate(quick, credential="person:1")]
    decision = choose(candidates=candidates, incumbent=after("acme/incumbent"))
    assert decision.incumbent["stayed"] is True


@pytest.mark.parametrize("worse", [{"quality": 1.99}, {"usd_out": 10.5}, {"tokens_per_s": 79.0}])
def test_who_is_better_at_anything_stays_within_the_margin(worse):
    decision = choose(
        make_reading("maths", 0.6),
        pair(**{"quality": 2.01, **BETTER, **worse}),
        incumbent=after("acme/incumbent", 0.6),
    )
    assert decision.incumbent["stayed"] is True


def test_a_pinned_model_stays_though_it_is_beaten():
    decision = choose(
        candidates=pair(2.9, **BETTER), incumbent=after("acme/incumbent", pinned=True)
    )
    assert decision.incumbent["why"] == "pinned to this conversation"


def test_a_pinned_model_stays_though_its_reply_was_turned_down():
    pinned = after("acme/incumbent", pinned=True, least_ability=2.5)
    decision = choose(candidates=pair(2.9, **BETTER), incumbent=pinned)
    assert decision.incumbent["stayed"] is True


@pytest.mark.parametrize("preference", PREFERENCES)
@pytest.mark.parametrize("difficulty", [0.1, 0.9])
def test_a_pinned_model_stays_even_below_the_floor(preference, difficulty):
    pinned = after("mistral/mistral-small-2603", pinned=True)
    decision = choose(
        make_reading("maths", difficulty), None, Policy(preference=preference), incumbent=pinned
    )
    assert chosen_model(decision) == pinned.model
    assert decision.incumbent["why"] == "pinned to this conversation"
    assert decision.fallbacks


def test_a_pinned_model_yields_to_a_gate():
    pinned = after("ollama/llama-4-scout", pinned=True)
    decision = choose(images=1, incumbent=pinned)
    assert decision.incumbent["stayed"] is False
    assert decision.incumbent["why"] == "cannot see images"


def test_the_cache_of_a_long_conversation_holds_the_incumbent():
    reading = make_reading("writing", 0.5, prompt_tokens=60_000)
    fresh = choose(reading, pair(2.0))
    cached = choose(
        reading, pair(2.0), incumbent=after("acme/incumbent", cached_prefix_tokens=58_000)
    )
    assert cached.chosen.cost_usd < fresh.chosen.cost_usd / 4
    rival = next(each for each in cached.candidates if each.rank == 2)
    assert rival.cost_usd == fresh.candidates[1].cost_usd


def test_with_nobody_left_the_incumbent_did_not_stay():
    decision = choose(candidates=[], incumbent=after("acme/one"))
    assert decision.incumbent == {
        "model": "acme/one",
        "stayed": False,
        "why": "no longer available",
    }
