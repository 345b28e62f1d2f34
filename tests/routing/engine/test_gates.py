from __future__ import annotations

import pytest

from routing.engine.values import Budget, Incumbent, Policy, Rejected
from tests.routing.engine.market import (
    PLAIN,
    choose,
    chosen_model,
    make_candidate,
    make_card,
    make_reading,
)

FITS = make_candidate(make_card("acme/fits", local=True))


def refused(card_changes, candidate_changes=None, policy=None, reading=None, **request):
    """The code and the reason for which one candidate is refused beside another that fits."""
    tested = make_candidate(make_card("acme/tested", **card_changes), **(candidate_changes or {}))
    decision = choose(reading, [tested, FITS], policy, **request)
    assert chosen_model(decision) == "acme/fits"
    (rejected,) = decision.rejected
    assert rejected.model == "acme/tested"
    return rejected.code, rejected.reason


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"images": 1}, "Cannot see images"),
        ({"documents": 2}, "Cannot read documents"),
        ({"tools": ("web_search",)}, "Has no web search"),
        ({"response_format": "json_schema"}, "Cannot keep to a given output format"),
    ],
)
def test_a_capability_is_missed(asked, reason):
    assert refused({"capabilities": frozenset({"tools"})}, **asked) == ("capability", reason)


def test_function_calling_is_missed():
    assert refused({"capabilities": frozenset()}, tools=("calendar",)) == (
        "capability",
        "Cannot call tools",
    )


def test_plain_text_needs_no_structured_output():
    plain = make_candidate(make_card(capabilities=frozenset()))
    assert choose(candidates=[plain], response_format="text").chosen


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (
            {"context_tokens": 8_000},
            "Its window of 8k tokens is too small, about 9k tokens are needed",
        ),
        ({"max_output_tokens": 100}, "Writes at most 100 tokens, about 261 tokens are asked for"),
    ],
)
def test_a_window_is_too_small(card, reason):
    reading = make_reading("editing", 0.1, prompt_tokens=8_000, message_tokens=200)
    assert refused(card, reading=reading) == ("window", reason)


def test_thinking_takes_its_place_in_the_window():
    hard = make_reading("maths", 0.9)
    small = make_card("acme/small", context_tokens=3_000, quality=3.0)
    thinking = choose(hard, [make_candidate(small)])
    plain = choose(hard, [make_candidate(make_card(context_tokens=3_000, capabilities=PLAIN))])
    assert [each.code for each in thinking.rejected] == ["window"]
    assert plain.chosen


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"data_class": "confidential"}, "Neither local nor trusted, and the text is confidential"),
        ({"data_class": "board only"}, "Neither local nor trusted, and the text is board only"),
        (
            {"sensitive": ("payment_card",)},
            "Neither local nor trusted, and sensitive text was found (payment card number)",
        ),
    ],
)
def test_sensitive_text_stays_with_local_or_trusted_models(asked, reason):
    assert refused({"trusted": False}, **asked) == ("data_class", reason)


def test_what_the_classifier_found_counts_as_well():
    reading = make_reading(sensitive=("secret",))
    assert refused({"trusted": False}, reading=reading)[0] == "data_class"


@pytest.mark.parametrize("asked", [{"data_class": "internal"}, {"sensitive": ("email",)}])
def test_everyday_text_may_go_anywhere(asked):
    untrusted = make_candidate(make_card(trusted=False))
    assert choose(candidates=[untrusted], **asked).chosen


def test_an_open_breaker_says_since_when():
    sentence = "Failing since 09:24, tried again at 09:31"
    assert refused({}, {"closed": sentence}) == ("breaker_open", sentence)


def test_a_language_is_weak():
    reading = make_reading(language="he")
    assert refused({"languages_weak": frozenset({"he"})}, reading=reading) == (
        "language",
        "Weak in Hebrew",
    )


@pytest.mark.parametrize(
    ("card", "code", "reason"),
    [
        ({"deprecated": "2026-10-01"}, "deprecated", "No longer offered (2026-10-01)"),
        ({"kind": "embedding"}, "not_chat", "Is not a chat model"),
    ],
)
def test_a_card_rules_itself_out(card, code, reason):
    assert refused(card) == (code, reason)


def test_the_caller_narrows_the_pool():
    policy = Policy(pool=frozenset({"acme/fits"}))
    assert refused({}, policy=policy) == ("not_in_pool", "Not in the pool that was asked for")


def test_not_this_one_holds_for_the_conversation():
    incumbent = Incumbent("acme/fits", 0.3, rejected=frozenset({"acme/tested"}))
    assert refused({}, incumbent=incumbent) == (
        "rejected_earlier",
        'Refused earlier in this conversation ("not this one")',
    )


def test_the_budget_is_too_small():
    reading = make_reading("writing", 0.5)
    policy = Policy(budget=Budget(left_usd=0.02))
    code, reason = refused(
        {"usd_in": 100.0, "usd_out": 500.0, "capabilities": PLAIN}, None, policy, reading
    )
    assert code == "budget"
    assert reason == "Would cost about $0.26, $0.020 of the budget is left"


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_an_empty_budget_leaves_free_models_and_personal_keys(left):
    candidates = [
        make_candidate(make_card("acme/paid")),
        make_candidate(make_card("acme/own"), payer="person", credential="person:19c2"),
        make_candidate(make_card("acme/free", free=True)),
    ]
    decision = choose(candidates=candidates, policy=Policy(budget=Budget(left)))
    assert {each.candidate.card.id for each in decision.candidates} == {"acme/own", "acme/free"}
    assert [each.code for each in decision.rejected] == ["budget"]


def test_models_refused_before_pass_through_last():
    before = Rejected("acme/other", "not_approved", "Not approved for your team")
    decision = choose(
        candidates=[make_candidate(make_card(kind="embedding")), FITS],
        policy=Policy(excluded=(before,)),
    )
    assert [each.code for each in decision.rejected] == ["not_chat", "not_approved"]


def test_nobody_is_left():
    before = Rejected("acme/other", "not_approved", "Not approved for your team")
    blind = make_candidate(make_card(capabilities=frozenset()))
    decision = choose(candidates=[blind], policy=Policy(excluded=(before,)), images=1)
    assert decision.chosen is None
    assert decision.fallbacks == decision.candidates == ()
    assert decision.reference is None
    assert "No model can answer. Models refused: Cannot see images (1)" in decision.explanation


def test_without_any_model_it_says_so():
    assert "none is approved and within reach of a key" in choose(candidates=[]).explanation
