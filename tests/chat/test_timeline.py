from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.approvals import approve_models, unapprove_models
from chat.models import Continuation, Reply, ReplyState
from chat.presentation import chip_html
from chat.receipt_panel import context
from chat.timeline import timeline
from providers.events import Usage
from routing.engine.record import Receipt
from routing.models import Attempt
from tests.cast import make_key
from tests.chat.deciding import call, go_on, make_decided
from tests.chat.html_reading import text_of
from tests.chat.rows import MODEL, OTHER_MODEL, make_reply

USED = Usage(1000, 0, 0, 500, 0)


@pytest.fixture(autouse=True)
def two_models(organisation, alice, key_ring):
    make_key(organisation)
    organisation.approvals.all().delete()
    approve_models(organisation, [MODEL, OTHER_MODEL], alice)
    return organisation


def steps(reply: Reply):
    return context(reply)["timeline"]


def told(reply: Reply) -> list[tuple[str, ...]]:
    return [(step.kind, step.title, *step.words) for step in steps(reply)]


def words(reply: Reply) -> str:
    return " ".join(text_of(render_to_string("chat/_receipt.html", context(reply))).split())


def press_continue(reply: Reply) -> None:
    reply.continuations.create(client_msg_id=uuid4())


def test_a_retry_and_a_fallback_are_told_in_order(alice):
    reply = make_decided(alice, MODEL, fallback=True, model_id=OTHER_MODEL)
    for number in (1, 2):
        call(reply, number, None, model_id=MODEL, outcome="failed", words="Sol is overloaded")
    call(reply, 3, USED)

    assert told(reply) == [
        ("asked", "You asked"),
        ("chosen", "You chose GPT-6.1 Sol"),
        ("failed", "GPT-6.1 Sol", "Sol is overloaded"),
        ("failed", "GPT-6.1 Sol", "Sol is overloaded"),
        ("answered", "GPT-6 Luna", "Answered"),
    ]
    assert [step.call.again for step in steps(reply) if step.call] == [False, True, False]


def test_who_was_passed_over_stands_before_the_call_that_was_made(alice):
    reply = make_decided(alice)
    note = {"model": OTHER_MODEL, "words": "GPT-6 Luna is failing just now"}
    call(reply, 1, USED, passed_over=[note])

    assert told(reply)[2:] == [
        ("passed", "GPT-6 Luna", "GPT-6 Luna is failing just now"),
        ("answered", "GPT-6.1 Sol", "Answered"),
    ]


def test_what_happened_before_continue_is_told_before_it(alice):
    reply = make_decided(alice)
    call(reply, 1, USED, outcome="failed", words="The connection to Sol broke")
    press_continue(reply)
    go_on(reply)
    call(reply, 1, USED)

    kinds = [kind for kind, *_ in told(reply)]

    assert kinds == ["asked", "chosen", "failed", "pressed", "chosen", "answered"]
    assert "You pressed Continue" in words(reply)


def test_continue_that_waits_its_turn_is_told_already(alice):
    reply = make_decided(alice, state=ReplyState.QUEUED)
    call(reply, 1, USED, outcome="stopped")
    press_continue(reply)

    assert [kind for kind, *_ in told(reply)] == ["asked", "chosen", "stopped", "pressed"]


def test_a_reply_that_lost_its_process_says_that_it_was_begun_anew(alice):
    reply = make_decided(alice)
    call(reply, 1, None, outcome="failed", words="The server restarted during this call")
    go_on(reply)
    call(reply, 1, USED)

    assert told(reply)[3] == (
        "chosen", f"Auto chose {steps(reply)[1].title.removeprefix('Auto chose ')}",
        "Begun anew: whoever wrote it was gone.",
    )  # fmt: skip


def test_another_answer_to_the_same_message_is_told_as_such(alice):
    first = make_decided(alice)
    second = make_reply(first.message, decision=first.decision)

    assert told(second)[0] == ("asked", "You asked for another answer")


@pytest.mark.parametrize(
    ("later", "after"),
    [
        ({"seconds": 0.42}, "0.4 s"),
        ({"seconds": 59.9}, "59.9 s"),
        ({"minutes": 3, "seconds": 5}, "3 min 5 s"),
        ({"hours": 2, "minutes": 10}, "2 h 10 min"),
        ({"days": 4, "hours": 1}, "4 d 1 h"),
        # A clock that was set back.
        ({"seconds": -30}, "0.0 s"),
    ],
)
def test_times_are_told_from_the_question_on(alice, later, after):
    reply = make_decided(alice)
    attempt = call(reply, 1, USED)
    moment = reply.created_at + timedelta(**later)
    Attempt.objects.filter(id=attempt.id).update(started_at=moment)

    assert steps(reply)[-1].after == after


@pytest.mark.parametrize(
    ("fields", "last"),
    [
        ({"state": ReplyState.DONE}, "answered"),
        ({"state": ReplyState.DONE, "finish": "length"}, "done"),
        ({"state": ReplyState.FAILED, "failure_words": "No model could answer"}, "failed"),
        (
            {"state": ReplyState.INTERRUPTED, "failure_words": "The server restarted."},
            "interrupted",
        ),
        ({"state": ReplyState.INTERRUPTED, "failure_words": "Answered"}, "answered"),
        ({"state": ReplyState.STOPPED}, "stopped"),
    ],
)
def test_the_end_is_told_where_the_last_call_does_not_say_it(alice, fields, last):
    reply = make_decided(alice, ended_at=timezone.now(), **fields)
    call(reply, 1, USED)

    assert steps(reply)[-1].kind == last


def test_a_stopped_call_is_the_end(alice):
    reply = make_decided(alice, ended_at=timezone.now(), state=ReplyState.STOPPED)
    call(reply, 1, USED, outcome="stopped")

    assert told(reply)[-1][0] == "stopped"


def test_a_call_says_whose_key_paid_and_how_it_was_counted(alice):
    reply = make_decided(alice)
    call(reply, 1, USED, payer="person", retry_after_s=20.0, left_out_messages=3)

    said = words(reply)

    assert "your key" in said
    assert "as the provider counted" in said
    assert "It asked to be left alone for 20 s." in said
    assert "The oldest 3 messages were left out" in said


def test_a_call_under_way_is_shown_without_a_price(alice):
    reply = make_decided(alice, state=ReplyState.RUNNING)
    assert reply.decision
    Attempt.objects.create(
        decision=reply.decision, number=1, model_id=MODEL, endpoint="openai", payer="organisation"
    )

    step = steps(reply)[-1]

    assert (step.kind, step.words, step.call.cost_words) == ("running", ("Running",), "")


def test_the_call_that_asked_what_kind_of_message_it_is_stands_elsewhere(alice):
    reply = make_decided(alice)
    call(reply, Attempt.SECOND_READING, USED)

    assert [kind for kind, *_ in told(reply)] == ["asked", "chosen"]


def test_who_was_failing_or_too_dear_at_the_choice_was_passed_over(alice):
    reply = make_decided(alice)
    assert reply.decision
    receipt: Receipt = reply.decision.receipt
    receipt["rejected"] = [
        {"model": "acme/down", "code": "breaker_open", "reason": "Failing since 09:24"},
        {"model": "acme/dear", "code": "budget", "reason": "Too dear"},
        {"model": "acme/blind", "code": "capability", "reason": "Cannot see images"},
        {"model": MODEL, "code": "budget", "reason": "Too dear with that key"},
    ]

    chosen = timeline(reply, [reply.decision], [])[1]

    assert chosen.words == (
        "down was passed over: Failing since 09:24",
        "dear was passed over: Too dear",
    )


class TestChosenByHand:
    def test_the_receipt_says_so_and_no_more_where_it_answered(self, alice):
        reply = make_decided(alice, MODEL)
        call(reply, 1, USED)

        assert context(reply)["by_hand"] == "You chose GPT-6.1 Sol."

    def test_it_says_in_words_why_another_one_answered(self, alice):
        reply = make_decided(alice, MODEL, fallback=True, model_id=OTHER_MODEL)
        for number in (1, 2):
            call(reply, number, None, model_id=MODEL, outcome="failed", words="Sol failed")
        call(reply, 3, USED)

        assert context(reply)["by_hand"] == (
            "You chose GPT-6.1 Sol. Sol failed. GPT-6 Luna answered, as this chat allows."
        )

    def test_one_that_may_not_be_called_is_named_with_the_reason(self, alice, two_models):
        unapprove_models(two_models, [MODEL], alice)
        reply = make_decided(alice, MODEL, fallback=True)

        assert context(reply)["by_hand"] == (
            "You chose GPT-6.1 Sol. It could not be called: Not approved for you."
            " GPT-6 Luna answered, as this chat allows."
        )

    def test_the_chip_says_that_another_answered_although_it_was_decided_for(
        self, alice, two_models
    ):
        unapprove_models(two_models, [MODEL], alice)
        reply = make_decided(alice, MODEL, fallback=True)

        assert "after a fallback" in chip_html(reply)

    def test_one_that_was_withdrawn_after_the_decision_leaves_no_call(self, alice):
        reply = make_decided(alice, MODEL, fallback=True, model_id=OTHER_MODEL)
        call(reply, 1, USED)

        assert "It could no longer be called." in context(reply)["by_hand"]

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"state": ReplyState.RUNNING}, "GPT-6 Luna is asked instead"),
            ({"state": ReplyState.FAILED, "answer": ""}, "GPT-6 Luna was asked instead"),
        ],
    )
    def test_who_has_not_answered_is_not_said_to_have(self, alice, fields, said):
        reply = make_decided(alice, MODEL, fallback=True, model_id=OTHER_MODEL, **fields)

        assert said in context(reply)["by_hand"]

    def test_the_words_of_auto_are_not_said(self, alice):
        reply = make_decided(alice, MODEL)

        assert "the only fitting model" not in words(reply)


def test_all_that_is_told_is_asked_of_the_database_at_once(alice, django_assert_max_num_queries):
    reply = make_decided(alice)
    for _ in range(4):
        call(reply, 1, USED)
        Continuation.objects.create(reply=reply, client_msg_id=uuid4())
        go_on(reply)

    with django_assert_max_num_queries(8):
        context(Reply.objects.select_related("decision", "conversation", "message").get())
