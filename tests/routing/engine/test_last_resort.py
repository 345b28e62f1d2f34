"""Gates that open where nobody would be left, and models below the floor that stay as fallbacks."""

from __future__ import annotations

from tests.routing.engine.market import (
    choose,
    chosen_model,
    make_candidate,
    make_card,
    make_reading,
)

WEAK = frozenset({"he"})


def test_a_weak_language_is_better_than_no_answer():
    weak = make_candidate(make_card(languages_weak=WEAK))
    decision = choose(make_reading(language="he"), [weak])
    assert "It is weak in Hebrew; no better model is left." in decision.explanation
    assert decision.chosen.success < choose(make_reading(), [weak]).chosen.success


def test_a_long_conversation_is_trimmed_where_no_window_holds_it():
    reading = make_reading(prompt_tokens=50_000, message_tokens=100)
    small = make_candidate(make_card(context_tokens=8_000))
    decision = choose(reading, [small], turns=9)
    assert "the oldest turns are left out" in decision.explanation
    assert decision.chosen.cost_usd < 8_000 * 2e-6 + 2_000 * 10e-6


def test_a_long_message_is_never_trimmed():
    reading = make_reading(prompt_tokens=50_000, message_tokens=50_000)
    small = make_candidate(make_card(context_tokens=8_000))
    assert choose(reading, [small]).chosen is None
    assert choose(reading, [small], turns=3).chosen is None


def test_a_failing_model_is_tried_where_all_fail():
    failing = make_candidate(closed="Failing since 09:24")
    decision = choose(candidates=[failing])
    assert "It has failed lately and is tried all the same" in decision.explanation


def test_a_healthy_weak_model_goes_before_a_failing_one():
    failing = make_candidate(make_card("acme/failing"), closed="Failing since 09:24")
    weak = make_candidate(make_card("acme/weak", languages_weak=WEAK))
    decision = choose(make_reading(language="he"), [failing, weak])
    assert chosen_model(decision) == "acme/weak"
    assert [each.code for each in decision.rejected] == ["breaker_open"]


def test_a_model_below_the_floor_stays_as_the_only_fallback():
    strong = make_candidate(make_card("acme/strong", quality=2.5))
    weak = [
        make_candidate(make_card(f"{name}/weak", quality=quality))
        for name, quality in [("acme", 0.2), ("other", 0.0), ("third", -0.2)]
    ]
    decision = choose(make_reading("maths", 0.8), [*weak, strong])
    assert [each.candidate.card.id for each in decision.candidates] == ["acme/strong", "other/weak"]
    assert {each.model for each in decision.rejected} == {"acme/weak", "third/weak"}
    assert decision.candidates[1].score < decision.candidates[0].score
    assert "the only fitting model" in decision.explanation


def test_two_providers_above_the_floor_need_no_last_resort():
    strong = [
        make_candidate(make_card(f"{name}/strong", quality=2.5)) for name in ("acme", "other")
    ]
    weak = make_candidate(make_card("third/weak", quality=0.0))
    decision = choose(make_reading("maths", 0.8), [*strong, weak])
    (rejected,) = decision.rejected
    assert rejected.code == "below_floor"
    assert rejected.reason == (
        "Expected success 11 % is below the 59 % asked for at this difficulty"
    )


def test_two_models_of_one_provider_are_fallbacks_to_each_other():
    strong = [make_candidate(make_card(f"acme/{name}", quality=2.5)) for name in ("a", "b")]
    weak = make_candidate(make_card("acme/weak", quality=0.0))
    decision = choose(make_reading("maths", 0.8), [*strong, weak])
    assert [each.model for each in decision.rejected] == ["acme/weak"]
