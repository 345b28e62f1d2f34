"""Another model answers for one that was chosen by hand, where the chat allows it."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from accounts.approvals import approve_models, unapprove_models
from answering.request import DecisionMade
from tests.answering.asking import ask_for, decided_and_then, heard
from tests.chat.rows import MODEL, OTHER_MODEL
from tests.upstream_formats import Answer

pytestmark = pytest.mark.django_db(transaction=True)

SOL, LUNA = MODEL.partition("/")[2], OTHER_MODEL.partition("/")[2]


@pytest.fixture
def two_models(connected, alice):
    approve_models(connected, [OTHER_MODEL], alice)
    return connected


@pytest.fixture(params=[(MODEL, SOL, LUNA), (OTHER_MODEL, LUNA, SOL)], ids=["sol", "luna"])
def chosen(request):
    """Each of the two once, so that one of them is not what Auto would have taken: its id, its name, the other's."""
    return request.param


def called(upstream):
    return [asked.model for asked in upstream.asked]


async def test_the_chosen_model_answers_where_it_can(two_models, alice, upstream, chosen):
    model, name, _ = chosen

    await heard(ask_for(alice, two_models, model=model, fallback=True))

    assert called(upstream) == [name]


async def test_it_is_tried_twice_as_ever_and_then_the_other_answers(
    two_models, alice, upstream, chosen
):
    model, name, other = chosen
    upstream.answers[name] = [Answer(status=500), Answer(status=500)]

    told = await heard(ask_for(alice, two_models, model=model, fallback=True))

    assert told.text == "Hello from upstream."
    assert called(upstream) == [name, name, other]
    assert told.failures == ["server_error", "server_error"]


async def test_the_decision_says_that_others_might_answer(two_models, alice, upstream):
    told = await heard(ask_for(alice, two_models, model=MODEL, fallback=True))

    made = next(event for event in told.events if isinstance(event, DecisionMade))
    assert made.receipt["asked"]["fallback"] is True
    assert [each["model"] for each in made.receipt["candidates"]] == [MODEL, OTHER_MODEL]


async def test_nobody_else_answers_what_its_content_policy_declined(two_models, alice, upstream):
    upstream.answers[SOL] = [Answer("", finish="content_filter")]

    told = await heard(ask_for(alice, two_models, model=MODEL, fallback=True))

    assert told.error is not None
    assert called(upstream) == [SOL]


async def test_an_unapproved_model_is_not_called_and_an_approved_one_answers(
    two_models, alice, upstream
):
    await sync_to_async(unapprove_models)(two_models, [MODEL], alice)

    await heard(ask_for(alice, two_models, model=MODEL, fallback=True))

    assert called(upstream) == [LUNA]


async def test_one_unapproved_after_the_decision_does_not_stand_in(two_models, alice, upstream):
    upstream.answers[SOL] = [Answer(status=404)]
    request = ask_for(alice, two_models, model=MODEL, fallback=True)

    told = await decided_and_then(
        request, lambda: unapprove_models(two_models, [OTHER_MODEL], alice)
    )

    assert told.error is not None
    assert called(upstream) == [SOL]
