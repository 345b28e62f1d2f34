from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.approvals import approve_models
from chat.preview import Draft, preview
from routing import decisions
from routing.models import Decision
from routing.policy import PersonalChange, PolicyChange, change_personal_routing, change_policy
from routing.trial import ASKED, message
from tests.cast import make_key
from tests.chat.html_reading import text_of
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_turn

PYTHON = "Write a Python function that merges overlapping intervals, with unit tests"


@pytest.fixture
def connected(organisation, alice, key_ring):
    """Alice's organisation reaches two models."""
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [MODEL, OTHER_MODEL], alice)
    return organisation


def draft(text=PYTHON, conversation=None, preference=""):
    return Draft(text, len(text), preference, conversation)


def long_chat(owner, organisation, turns):
    chat, last = make_conversation(owner), None
    call = decisions.Call(owner, organisation, ASKED, message(PYTHON))
    for _ in range(turns):
        stored = decisions.store(decisions.prepare(call))
        last = make_turn(chat, PYTHON, "An answer. " * 50, last, decision_id=stored.id)
    return chat


def test_it_says_who_would_answer_at_what_price_and_why(connected, alice):
    shown = preview(alice, draft())

    assert shown is not None
    assert shown.model == "GPT-6.1 Sol"
    assert shown.cost_words.startswith("about $0.0")
    assert shown.explanation.startswith("A coding task")


def test_it_follows_the_preference(connected, alice):
    quick = preview(alice, draft("Hello", preference="cost"))

    assert quick is not None
    assert quick.model == "GPT-6 Luna"


@pytest.mark.parametrize("text", ["", "   ", "\n\n\t"])
def test_it_is_silent_while_nothing_is_written(connected, alice, text):
    assert preview(alice, draft(text)) is None


@pytest.mark.parametrize("whose", ["organisation", "person"])
def test_it_is_silent_where_auto_is_off(connected, alice, whose):
    if whose == "organisation":
        change_policy(connected, alice, PolicyChange(auto_allowed=False))
    else:
        change_personal_routing(alice, PersonalChange(auto_allowed=False))

    assert preview(alice, draft()) is None


def test_it_says_why_nobody_could_answer(organisation, alice):
    organisation.approvals.all().delete()
    shown = preview(alice, draft())

    assert shown is not None
    assert shown.model == ""
    assert "No model can answer" in shown.explanation


def test_it_stores_nothing(connected, alice):
    preview(alice, draft())

    assert not Decision.objects.exists()


def test_a_long_message_is_measured_by_all_of_it(connected, alice):
    text = "A line of a document to be summarised. " * 500
    read, all_of_it = preview(alice, draft(text)), preview(alice, Draft(text, 1_000_000, "", None))

    assert read is not None
    assert all_of_it is not None
    assert read.cost_words != all_of_it.cost_words


def test_it_looks_at_no_more_of_a_long_conversation_than_of_a_short_one(connected, alice):
    counts = []
    for turns in (2, 40):
        chat = long_chat(alice, connected, turns)
        with CaptureQueriesContext(connection) as queries:
            preview(alice, draft(conversation=chat.id))
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "fields",
    [
        {"characters": "-1"},
        {"characters": "９"},
        {"preference": "fanciest"},
        {"text": "\x00\x01\ufffd" * 300},
        {"text": "x" * 20_000},
        {"text": "🦜" * 5000},
    ],
)
def test_it_takes_whatever_a_page_sends(connected, alice, client, fields):
    client.force_login(alice)
    response = client.post(reverse("preview"), {"text": "Hello", **fields})

    assert response.status_code == 200
    assert "GPT-6" in text_of(response.content.decode())


@pytest.mark.parametrize("conversation", ["not-an-id", "0192f6c2-6d0e-7c39-9a53-2f0a8e3f6b11"])
def test_a_chat_that_is_not_there_is_not_found(connected, alice, client, conversation):
    client.force_login(alice)
    given = {"text": "Hello", "conversation": conversation}

    assert client.post(reverse("preview"), given).status_code == 404


def test_a_stranger_learns_nothing_of_a_chat(connected, alice, charlie, client):
    chat = long_chat(alice, connected, 1)
    client.force_login(charlie)
    given = {"text": "Hello", "conversation": str(chat.id)}

    assert client.post(reverse("preview"), given).status_code == 404
