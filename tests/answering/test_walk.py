from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answering import fallback_matrix
from answering.walk import Walk
from providers.errors import FailureClass as F
from providers.errors import ProviderError
from tests.answering.candidates import candidate, decision, request
from tests.routing.engine.market import make_candidate, make_card

ONE, TWO, THREE = candidate("acme/one"), candidate("acme/two"), candidate("acme/three")


def fail(walk: Walk, kind: F = F.HEAD_TIMEOUT, retry_after_s: float | None = None) -> float:
    """`HEAD_TIMEOUT` is never tried again, so by default the walk goes on."""
    error = ProviderError(kind, "it broke", retry_after_s=retry_after_s)
    return walk.failed(error, f"{kind} happened", 0.5)


def walked(walk: Walk, kind: F = F.HEAD_TIMEOUT) -> list[str]:
    """The models in the order in which they are called, when each fails in this way."""
    called = []
    while (current := walk.next_candidate()) is not None:
        called.append(f"{current.card.id} {current.payer}")
        fail(walk, kind)
    return called


def test_it_begins_with_the_chosen_and_goes_on_in_order():
    walk = Walk(request(), decision(ONE, TWO, THREE))

    assert walked(walk) == [
        "acme/one organisation", "acme/two organisation", "acme/three organisation",
    ]  # fmt: skip
    assert walk.number == 3


def test_it_tries_a_broken_model_once_more():
    walk = Walk(request(), decision(ONE, TWO))

    assert walked(walk, F.SERVER_ERROR) == [
        "acme/one organisation", "acme/one organisation",
        "acme/two organisation", "acme/two organisation",
    ]  # fmt: skip


def test_a_model_is_tried_twice_at_most_whichever_key_calls_it():
    mine = candidate("acme/one", "person:1", "person")
    walk = Walk(request(), decision(mine, ONE, TWO))
    walk.next_candidate()
    fail(walk, F.FORBIDDEN)

    assert walked(walk, F.SERVER_ERROR) == [
        "acme/one organisation", "acme/two organisation", "acme/two organisation",
    ]  # fmt: skip


def test_the_wait_before_another_model_is_none():
    walk = Walk(request(), decision(ONE, TWO))
    walk.next_candidate()
    assert fail(walk, F.SERVER_ERROR) > 0

    walk.next_candidate()
    assert fail(walk, F.SERVER_ERROR) == 0


def test_a_busy_model_is_left_at_once_when_another_can_answer():
    walk = Walk(request(), decision(ONE, TWO))
    walk.next_candidate()

    assert fail(walk, F.RATE_LIMITED, 2.0) == 0
    assert walk.next_candidate() is TWO


def test_a_busy_model_is_waited_for_when_it_is_the_only_one():
    walk = Walk(request(), decision(ONE))
    walk.next_candidate()

    assert fail(walk, F.RATE_LIMITED, 2.0) == 2.0
    assert walk.next_candidate() is ONE


def test_without_candidates_there_is_nothing_to_call():
    walk = Walk(request(), decision())

    assert walk.next_candidate() is None
    assert "approve" in walk.summary()


@pytest.mark.parametrize("kind", [F.BAD_REQUEST, F.CONTENT_POLICY, F.TOO_LARGE, F.UNPROCESSABLE])
def test_it_ends_where_no_other_model_would_do_better(kind):
    assert walked(Walk(request(), decision(ONE, TWO)), kind) == ["acme/one organisation"]


class TestCaps:
    def test_it_calls_at_most_so_many_models(self):
        many = [candidate(f"acme/{number}") for number in range(10)]

        assert len(walked(Walk(request(), decision(*many)))) == fallback_matrix.MODELS

    def test_who_is_passed_over_is_none_of_them(self):
        gone = [candidate(f"acme/gone{number}") for number in range(4)]
        walk = Walk(request(), decision(*gone, ONE))
        for _ in gone:
            walk.next_candidate()
            walk.withdrawn()

        assert walk.next_candidate() is ONE

    def test_it_makes_at_most_so_many_attempts(self):
        many = [candidate(f"acme/{number}") for number in range(10)]

        called = walked(Walk(request(), decision(*many)), F.SERVER_ERROR)

        assert len(called) == fallback_matrix.ATTEMPTS

    def test_it_gives_up_when_it_has_taken_too_long(self):
        now = 0.0
        walk = Walk(request(), decision(ONE, TWO), clock=lambda: now)
        walk.next_candidate()
        fail(walk)

        now = fallback_matrix.WALK_S + 1

        assert walk.next_candidate() is None


class TestCredentials:
    def test_a_rejected_key_is_followed_by_another_key_of_the_same_model(self):
        other = candidate("acme/one", "org:2")
        walk = Walk(request(), decision(ONE, other, TWO))
        walk.next_candidate()
        fail(walk, F.KEY_REJECTED)

        assert walk.next_candidate() is other

    def test_a_rejected_key_is_not_used_for_another_model(self):
        walk = Walk(request(), decision(ONE, TWO, candidate("acme/three", "org:2")))

        assert walked(walk, F.KEY_REJECTED) == ["acme/one organisation", "acme/three organisation"]

    def test_one_address_without_a_key_speaks_for_no_other(self):
        here = make_candidate(make_card("acme/one"), endpoint="acme:1", credential=None)
        there = make_candidate(make_card("acme/two"), endpoint="acme:2", credential=None)
        walk = Walk(request(), decision(here, there))
        walk.next_candidate()
        fail(walk, F.KEY_REJECTED)

        assert walk.next_candidate() is there

    @pytest.mark.parametrize("kind", [F.RATE_LIMITED, F.FORBIDDEN, F.PAYMENT_REQUIRED])
    def test_what_may_be_the_credential_s_is_tried_with_another(self, kind):
        other = candidate("acme/one", "org:2")
        walk = Walk(request(), decision(ONE, other))
        walk.next_candidate()
        fail(walk, kind, 60.0)

        assert walk.next_candidate() is other

    def test_what_is_the_model_s_is_not_tried_with_another_key(self):
        walk = Walk(request(), decision(ONE, candidate("acme/one", "org:2"), TWO))

        assert walked(walk) == ["acme/one organisation", "acme/two organisation"]

    def test_the_same_model_elsewhere_is_another_way(self):
        elsewhere = candidate("acme/one", "org:2")
        elsewhere = type(elsewhere)(elsewhere.card, "acme:elsewhere", "org:2", "organisation")
        walk = Walk(request(), decision(ONE, elsewhere))
        walk.next_candidate()
        fail(walk)

        assert walk.next_candidate() is elsewhere

    def test_too_long_is_followed_by_a_larger_window_alone(self):
        small = candidate("acme/small", context_tokens=10_000)
        same = candidate("acme/same", context_tokens=10_500)
        large = candidate("acme/large", context_tokens=20_000)

        walk = Walk(request(), decision(small, same, large))

        assert walked(walk, F.CONTEXT_TOO_LONG) == [
            "acme/small organisation",
            "acme/large organisation",
        ]


class TestPayers:
    OURS = candidate("acme/ours", "org:1", "organisation")
    MINE = candidate("acme/mine", "person:1", "person")
    FREE = candidate("acme/free", None, "nobody")

    def test_the_organisation_may_pay_after_the_person(self):
        walk = Walk(request(), decision(self.MINE, self.OURS))

        assert walked(walk) == ["acme/mine person", "acme/ours organisation"]

    def test_the_organisation_may_have_switched_that_off(self):
        walk = Walk(request(organisation_may_pay=False), decision(self.MINE, self.OURS, self.FREE))

        assert walked(walk) == ["acme/mine person", "acme/free nobody"]

    def test_the_person_never_pays_after_the_organisation(self):
        walk = Walk(request(), decision(self.OURS, self.MINE, self.FREE))

        assert walked(walk) == ["acme/ours organisation", "acme/free nobody"]

    @pytest.mark.parametrize(
        ("first", "second", "organisation_may_pay"), [(OURS, MINE, True), (MINE, OURS, False)]
    )
    def test_a_withdrawn_key_moves_the_bill_no_further_than_a_failed_one(
        self, first, second, organisation_may_pay
    ):
        walk = Walk(request(organisation_may_pay=organisation_may_pay), decision(first, second))
        walk.next_candidate()

        walk.withdrawn()

        assert walk.next_candidate() is None

    def test_a_free_model_in_between_does_not_open_a_way_to_the_person_s_money(self):
        walk = Walk(request(), decision(self.OURS, self.FREE, self.MINE))

        assert walked(walk) == ["acme/ours organisation", "acme/free nobody"]


def test_a_withdrawn_candidate_counts_as_no_attempt():
    walk = Walk(request(), decision(ONE, TWO))
    walk.next_candidate()
    walk.withdrawn()

    assert walk.next_candidate() is TWO
    assert walk.number == 1
    assert "no longer available" in walk.summary()


def test_who_was_passed_over_is_told_with_the_next_call_alone():
    walk = Walk(request(), decision(ONE, TWO, THREE))
    walk.next_candidate()
    walk.withdrawn("Cannot see images")
    walk.next_candidate()
    walk.closed()
    walk.next_candidate()

    assert walk.place().passed_over == (
        {"model": ONE.card.id, "words": f"{ONE.card.name}: Cannot see images"},
        {"model": TWO.card.id, "words": f"{TWO.card.name} is failing just now"},
    )
    walk.opened()
    assert walk.place().passed_over == ()


def test_a_fallback_is_counted_for_the_call_that_failed():
    walk = Walk(request(), decision(ONE, TWO, THREE))
    walk.next_candidate()
    walk.closed()
    assert walk.why_another == "closed"

    walk.next_candidate()
    walk.failed(ProviderError(F.SERVER_ERROR, ""), "", 0.5)
    walk.closed()
    assert walk.why_another == F.SERVER_ERROR


def test_a_reason_is_told_in_the_place_of_the_usual_words():
    walk = Walk(request(), decision(ONE))
    walk.next_candidate()
    walk.withdrawn("Cannot see images")

    assert f"{ONE.card.name}: Cannot see images" in walk.summary()


def test_the_summary_lists_every_try_once():
    walk = Walk(request(), decision(ONE, TWO))
    walked(walk, F.SERVER_ERROR)

    assert walk.summary() == "No model could answer: server_error happened. Your message is kept."
    assert walk.failure == "server_error"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a/1", "a/2", "b/1"]),
            st.sampled_from([("org:1", "organisation"), ("person:1", "person"), (None, "nobody")]),
        ),
        max_size=8,
    ),
    st.lists(st.sampled_from(list(F)), min_size=12, max_size=12),
    st.booleans(),
)
def test_whatever_happens_the_bill_never_goes_where_it_may_not(ways, failures, may_pay):
    """S33, for the part that the walk decides."""
    queue = [candidate(model, credential, payer) for model, (credential, payer) in ways]
    walk = Walk(request(organisation_may_pay=may_pay), decision(*queue))
    payers: list[str] = []
    for kind in failures:
        current = walk.next_candidate()
        if current is None:
            break
        payers.append(current.payer)
        fail(walk, kind)

    assert len(payers) <= fallback_matrix.ATTEMPTS
    if "organisation" in payers:
        assert "person" not in payers[payers.index("organisation") :]
        assert may_pay or "person" not in payers
