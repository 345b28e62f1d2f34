"""A cheap model is asked for the kind of a message, where the classifier is unsure and the organisation wants it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from channels.db import database_sync_to_async
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.approvals import approve_models, unapprove_models
from answering import second_reading
from answering.answer import answer
from chat.receipt_panel import context
from providers.request import Message, TextPart
from routing.models import Attempt, Decision
from routing.policy import PolicyChange, change_policy
from tests.answering.asking import ask_for, heard
from tests.cast import make_key
from tests.chat.html_reading import text_of
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_turn
from tests.upstream_formats import Answer
from usage import summary
from usage.budgets import period_start
from usage.estimates import estimates_of
from usage.models import Budget, LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)

LUNA = OTHER_MODEL.partition("/")[2]
SOL = MODEL.partition("/")[2]


@pytest.fixture
def asking(connected, alice, upstream):
    """Whatever the classifier says, it is too unsure: Luna is asked."""
    approve_models(connected, [OTHER_MODEL], alice)
    change_policy(connected, alice, PolicyChange(reader_model=OTHER_MODEL, reader_below=1.0))
    upstream.answers = {LUNA: [Answer("maths"), Answer("From Luna.")], SOL: Answer("From Sol.")}
    return connected


async def receipt():
    decision = await Decision.objects.aget()
    return decision.receipt


async def the_reading():
    return await Attempt.objects.select_related("ledger_entry").aget(number=0)


async def test_its_word_is_weighed_and_stands_on_the_receipt(asking, alice, upstream):
    told = await heard(ask_for(alice, asking, "so?"))

    assert told.error is None
    made = await receipt()
    note = made["second_reading"]
    assert (note["model"], note["outcome"], note["category"]) == (OTHER_MODEL, "answered", "maths")
    assert made["categories"]["maths"] > note["before"]["maths"]
    assert sum(made["categories"].values()) == pytest.approx(1)
    assert note["cost_usd"] > 0


async def test_it_is_booked_and_is_no_answer(asking, alice):
    await heard(ask_for(alice, asking, "so?"))

    row = await the_reading()
    assert (row.model_id, row.outcome, row.payer) == (OTHER_MODEL, "answered", "organisation")
    assert row.ledger_entry.cost_usd > 0
    total = (await database_sync_to_async(summary.of_organisation)(asking)).total
    assert (total.answers, total.failed) == (1, 0)
    assert total.cost > row.ledger_entry.cost_usd
    lines = (await database_sync_to_async(estimates_of)(asking)).lines
    assert sum(line.answers for line in lines) == 1


async def test_it_is_asked_for_one_word_about_the_beginning(asking, alice, upstream):
    await heard(ask_for(alice, asking, "so? " * 5000))

    body = upstream.asked[0].body
    assert upstream.asked[0].model == LUNA
    assert len(str(body["messages"])) < 5000
    assert "Do not answer it" in str(body["messages"])


async def test_by_default_nobody_is_asked(connected, alice, upstream):
    await heard(ask_for(alice, connected, "so?"))

    assert len(upstream.asked) == 1
    assert "second_reading" not in await receipt()


@pytest.mark.parametrize(
    ("text", "below", "asked"),
    [("Write a Python function that sorts a list of numbers", 0.4, 1), ("so?", 1.0, 2)],
)
async def test_only_where_the_likeliest_kind_has_less(asking, alice, upstream, text, below, asked):
    change = PolicyChange(reader_model=OTHER_MODEL, reader_below=below)
    await database_sync_to_async(change_policy)(asking, alice, change)
    await heard(ask_for(alice, asking, text))

    assert len(upstream.asked) == asked


async def test_a_model_chosen_by_hand_needs_no_kind(asking, alice, upstream):
    await heard(ask_for(alice, asking, "so?", model=MODEL))

    assert [each.model for each in upstream.asked] == [SOL]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Answer("I would rather not."), "unclear"),
        (Answer(status=500), "failed"),
        (Answer(status=401), "failed"),
        (Answer("maths", first_delay_s=30), "late"),
        (Answer("maths", head_delay_s=30), "late"),
    ],
)
async def test_the_reading_of_the_classifier_stands_after_a_failure(
    asking, alice, upstream, said, outcome
):
    upstream.answers[LUNA] = [said, Answer("From Luna.")]
    told = await heard(ask_for(alice, asking, "so?"))

    assert told.error is None
    made = await receipt()
    assert made["second_reading"]["outcome"] == outcome
    assert made["categories"] == made["second_reading"]["before"]
    assert (await the_reading()).ended_at is not None


async def test_it_is_not_waited_for_longer_than_its_patience(asking, alice, upstream):
    upstream.answers[LUNA] = [Answer("maths", first_delay_s=30), Answer("From Luna.")]
    await heard(ask_for(alice, asking, "so?"))

    seconds = (await receipt())["second_reading"]["seconds"]
    assert second_reading.PATIENCE_S <= seconds < 10


async def test_after_three_failures_it_is_left_alone(asking, alice, upstream):
    upstream.answers[LUNA] = Answer(status=400)
    for _ in range(5):
        await heard(ask_for(alice, asking, "so?"))

    assert await Attempt.objects.filter(number=0).acount() == 3


async def test_who_is_not_approved_is_not_asked(asking, alice, upstream):
    await database_sync_to_async(unapprove_models)(asking, [OTHER_MODEL], alice)
    await heard(ask_for(alice, asking, "so?"))

    assert [each.model for each in upstream.asked] == [SOL]


async def test_a_rule_that_keeps_a_text_from_a_model_keeps_it_here_too(asking, alice, upstream):
    rule = {"name": "Not Luna", "when": {}, "then": {"forbid": [OTHER_MODEL]}}
    change = PolicyChange(reader_model=OTHER_MODEL, reader_below=1.0, rules=(rule,))
    await database_sync_to_async(change_policy)(asking, alice, change)
    await heard(ask_for(alice, asking, "so?"))

    assert [each.model for each in upstream.asked] == [SOL]


async def test_confidential_text_is_not_read_by_who_is_not_trusted(asking, alice, upstream):
    untrusted = "deepseek/deepseek-v4-pro"
    await database_sync_to_async(make_key)(asking, provider="deepseek")
    await database_sync_to_async(approve_models)(asking, [untrusted], alice)
    change = PolicyChange(reader_model=untrusted, reader_below=1.0)
    await database_sync_to_async(change_policy)(asking, alice, change)
    await heard(ask_for(alice, asking, "My card is 4111 1111 1111 1111, so?"))

    assert not await Attempt.objects.filter(number=0).aexists()


async def test_it_counts_against_the_budget(asking, alice):
    budget = await Budget.objects.acreate(
        organisation=asking,
        limit_usd=1,
        period_start=period_start(Budget.Period.MONTH, timezone.localdate()),
    )
    await heard(ask_for(alice, asking, "so?"))

    await budget.arefresh_from_db()
    costs = [entry.cost_usd async for entry in LedgerEntry.objects.all()]
    assert len(costs) == 2
    assert (budget.spent_usd, budget.reserved_usd) == (sum(costs), Decimal(0))


async def test_who_stops_meanwhile_has_called_all_the_same(asking, alice, upstream):
    upstream.answers[LUNA] = Answer("maths", first_delay_s=30)
    reply = answer(ask_for(alice, asking, "so?"))
    first = asyncio.ensure_future(anext(reply))
    while not upstream.asked:
        await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    row = await the_reading()
    assert row.outcome in {"stopped", "failed"}
    assert [each.model for each in upstream.asked] == [LUNA]


async def test_a_follow_up_is_read_with_the_turn_before(asking, alice, upstream):
    said = [("user", "Name a prime"), ("assistant", "Seven"), ("user", "why?")]
    request = ask_for(alice, asking)
    messages = tuple(
        Message("user" if who == "user" else "assistant", (TextPart(text),)) for who, text in said
    )
    turns = type(request)(request.user, asking, request.asked, messages, said=3)
    await heard(turns)

    question = str(upstream.asked[0].body["messages"])
    assert "[user] Name a prime" in question
    assert "[last message] why?" in question


async def test_the_panel_tells_who_was_asked_and_what_it_cost(asking, alice):
    await heard(ask_for(alice, asking, "so?"))

    def panel():
        decision = Decision.objects.get()
        reply = make_turn(make_conversation(alice), decision=decision, model_id=decision.model_id)
        return " ".join(text_of(render_to_string("chat/_receipt.html", context(reply))).split())

    words = await database_sync_to_async(panel)()
    assert "alone, so GPT-6 Luna was asked. It said Maths." in words
