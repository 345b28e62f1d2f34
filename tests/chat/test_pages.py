from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, Message, ReplyState
from chat.presentation import TURNS_AT_ONCE
from routing.policy import PolicyChange, change_policy
from tests.chat.html_reading import text_of
from tests.chat.rows import (
    MODEL,
    make_conversation,
    make_message,
    make_queued,
    make_reply,
    make_turn,
)
from tests.usage.rows import make_decision

NONCES = re.compile(rb'(nonce="|csrf-token" content="|csrfmiddlewaretoken" value=")[^"]*')


def without_nonces(response) -> bytes:
    return NONCES.sub(b"", response.content)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def mine(alice) -> Client:
    return client_of(alice)


@pytest.fixture
def conversation(organisation, alice) -> Conversation:
    return make_conversation(alice, "My chat")


def address(name: str, row) -> str:
    return reverse(name, args=[row.id])


def test_a_new_chat_asks_and_shows_three_ways_to_begin(organisation, mine):
    page = mine.get(reverse("new_conversation"))

    assert page.status_code == 200
    assert page.content.count(b"data-starter") == 3


def test_a_conversation_shows_what_was_said(conversation, mine):
    make_turn(conversation, "Is 1 < 2?", "**Yes**")

    page = mine.get(address("conversation", conversation)).content.decode()

    assert "Is 1 &lt; 2?" in page
    assert "<strong>Yes</strong>" in page
    assert "My chat · Chofesh" in page


def test_a_running_reply_is_shown_as_far_as_it_is(organisation, alice, mine):
    reply = make_queued(alice)

    page = mine.get(address("conversation", reply.conversation)).content.decode()

    assert f'id="reply-{reply.id}"' in page
    assert 'data-state="queued"' in page
    assert 'aria-busy="true"' in page


@pytest.mark.parametrize(
    ("fields", "said", "button"),
    [
        (
            {"state": ReplyState.INTERRUPTED, "failure_words": "It broke."},
            "It broke.",
            "data-continue",
        ),
        ({"state": ReplyState.STOPPED}, "Stopped", "data-continue"),
        (
            {"state": ReplyState.FAILED, "text": "", "failure_words": "All are busy."},
            "All are busy.",
            "data-retry",
        ),
        ({"state": ReplyState.DONE, "finish": "length"}, "Done", "data-continue"),
    ],
)
def test_every_end_says_what_happened_and_what_to_do(conversation, mine, fields, said, button):
    make_turn(conversation, **{"answer": fields.pop("text", "Half")} | fields)

    page = mine.get(address("conversation", conversation)).content.decode()

    assert said in text_of(page)
    assert button in page


def test_a_conversation_that_is_open_is_not_shown_as_unread(conversation, mine):
    other = mine.get("/").content.decode()
    assert "Not read yet" in other

    page = mine.get(address("conversation", conversation)).content.decode()

    assert "Not read yet" not in page


def test_it_can_be_renamed(conversation, mine):
    response = mine.post(address("rename_conversation", conversation), {"title": "  New \n name "})

    conversation.refresh_from_db()
    assert (conversation.title, conversation.renamed) == ("New name", True)
    assert b"New name" in response.content


@pytest.mark.parametrize("title", ["", "   ", "\n"])
def test_an_empty_name_leaves_the_old_one(conversation, mine, title):
    mine.post(address("rename_conversation", conversation), {"title": title})

    conversation.refresh_from_db()
    assert conversation.title == "My chat"


@pytest.mark.parametrize(
    "title", ["x" * 5000, "<script>window.pwned=1</script>", "a\x00b", "\u202eabc"]
)
def test_any_name_is_kept_short_and_harmless(conversation, mine, title):
    response = mine.post(address("rename_conversation", conversation), {"title": title})

    conversation.refresh_from_db()
    assert len(conversation.title) <= 200
    assert "\x00" not in conversation.title
    assert b"<script>window" not in response.content


def test_it_can_be_deleted_and_brought_back(conversation, mine):
    assert mine.post(address("delete_conversation", conversation)).status_code == 204
    assert mine.get(address("conversation", conversation)).status_code == 404

    assert mine.post(address("restore_conversation", conversation)).status_code == 200
    assert mine.get(address("conversation", conversation)).status_code == 200


def test_deleting_stops_what_is_being_written(organisation, alice, mine):
    reply = make_queued(alice)

    mine.post(address("delete_conversation", reply.conversation))

    reply.refresh_from_db()
    assert reply.stop_asked


def test_a_long_chat_shows_its_end_and_the_rest_when_it_is_asked_for(organisation, alice, mine):
    chat = make_conversation(alice)
    messages = long_chat(chat, 2 * TURNS_AT_ONCE + 5)

    page = mine.get(address("conversation", chat)).content.decode()
    first = reverse("earlier_turns", args=[chat.id, messages[TURNS_AT_ONCE + 5].parent_id])
    earlier = mine.get(first).content.decode()
    earliest = mine.get(
        reverse("earlier_turns", args=[chat.id, messages[5].parent_id])
    ).content.decode()

    assert first in page
    assert shown_ids(page + earlier + earliest) == [
        *ids_of(messages[-TURNS_AT_ONCE:]), *ids_of(messages[5:-TURNS_AT_ONCE]), *ids_of(messages[:5]),
    ]  # fmt: skip
    assert "thread-earlier" in earlier
    assert "thread-earlier" not in earliest


def test_a_branch_far_back_is_shown_with_all_that_follows(organisation, alice, mine):
    chat = make_conversation(alice)
    messages = long_chat(chat, TURNS_AT_ONCE + 10)

    thread = mine.post(address("show_message", messages[3])).content.decode()

    assert shown_ids(thread) == ids_of(messages[3:])


def long_chat(chat: Conversation, turns: int) -> list[Message]:
    reply, messages = None, []
    for number in range(turns):
        reply = make_turn(chat, f"Question {number}", parent=reply)
        messages.append(reply.message)
    return messages


def ids_of(messages: list[Message]) -> list[str]:
    return [str(message.id) for message in messages]


def shown_ids(html: str) -> list[str]:
    return re.findall(r'id="turn-([0-9a-f-]{36})"', html)


def test_another_branch_can_be_shown(conversation, mine):
    message = make_message(conversation)
    first, _second = make_reply(message, "First answer"), make_reply(message, "Second answer")

    thread = mine.post(address("show_reply", first)).content.decode()

    assert "First answer" in thread
    assert "1/2" in thread


def test_another_version_of_a_message_can_be_shown(conversation, mine):
    first, _second = make_turn(conversation, "First try"), make_turn(conversation, "Second try")

    thread = mine.post(reverse("show_message", args=[first.message_id])).content.decode()

    assert "First try" in thread
    assert "Second try" not in thread
    assert "1/2" in thread


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_a_stranger_finds_no_such_message(conversation, who, request):
    reply = make_turn(conversation)
    client = client_of(request.getfixturevalue(who))

    foreign = client.post(reverse("show_message", args=[reply.message_id]))
    nobodys = client.post(reverse("show_message", args=[uuid4()]))

    assert (foreign.status_code, nobodys.status_code) == (404, 404)
    assert without_nonces(foreign) == without_nonces(nobodys)


def test_the_choice_of_a_model_is_kept(conversation, mine, alice, organisation):
    choice = {"model": "demo/coder", "preference": "cost"}

    assert mine.post(address("choose_model", conversation), choice).status_code == 204

    conversation.refresh_from_db()
    assert (conversation.model, conversation.preference) == ("demo/coder", "cost")


def test_whether_another_model_may_answer_is_kept(conversation, mine):
    choice = {"model": "demo/coder"}
    kept = []

    for fallback in ({"fallback": "true"}, {}, {"fallback": "false"}):
        mine.post(address("choose_model", conversation), choice | fallback)
        conversation.refresh_from_db()
        kept.append(conversation.may_fall_back)

    assert kept == [True, True, False]


def switch_on(page: str) -> str:
    """The opening tags of the switch; empty where there is none."""
    found = re.search(r"<label[^>]*data-fallback[^>]*>\s*<input[^>]*>", page)
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("fields", "hidden", "checked"),
    [
        ({}, True, False),
        ({"model": "demo/swift"}, False, False),
        ({"model": "demo/swift", "may_fall_back": True}, False, True),
    ],
)
def test_the_switch_stands_beside_a_model_chosen_by_hand(
    organisation, alice, mine, fields, hidden, checked
):
    conversation = make_conversation(alice, **fields)

    switch = switch_on(mine.get(address("conversation", conversation)).content.decode())

    assert switch
    assert (" hidden" in switch, " checked" in switch) == (hidden, checked)


def test_there_is_no_switch_where_members_may_not_use_auto(organisation, alice, mine, conversation):
    change_policy(organisation, alice, PolicyChange(auto_allowed=False, default_model="demo/swift"))

    assert not switch_on(mine.get(address("conversation", conversation)).content.decode())


def test_there_is_no_switch_where_no_other_model_is_approved(
    organisation, alice, mine, conversation
):
    organisation.approvals.exclude(model_id="demo/swift").delete()

    assert not switch_on(mine.get(address("conversation", conversation)).content.decode())


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ({"model": MODEL}, 404),
        ({"model": "acme/none"}, 404),
        ({"model": ""}, 404),
        ({"model": "AUTO"}, 404),
        ({"model": "demo/coder ", "preference": ""}, 404),
        ({"model": "auto", "preference": "fastest"}, 400),
    ],
)
def test_a_model_that_is_not_approved_does_not_exist(conversation, mine, choice, status):
    """S27, S29: an unapproved model is answered as one that there is not."""
    response = mine.post(address("choose_model", conversation), choice)

    assert response.status_code == status
    conversation.refresh_from_db()
    assert conversation.model == "auto"


def test_the_sidebar_goes_on_from_a_moment(organisation, alice, mine, conversation):
    page = mine.get(reverse("sidebar"), {"before": "2020-01-01T00:00:00+00:00"})

    assert b"My chat" not in page.content
    assert b"My chat" in mine.get(reverse("sidebar")).content


@pytest.mark.parametrize("before", ["", "x", "2020-13-45", "2020-01-01T00:00:00", "9" * 400])
def test_a_broken_moment_shows_the_first_page(mine, conversation, before):
    response = mine.get(reverse("sidebar"), {"before": before})

    assert response.status_code == 200
    assert b"My chat" in response.content


OF_A_CONVERSATION = [
    ("conversation", "get"),
    ("rename_conversation", "post"),
    ("delete_conversation", "post"),
    ("restore_conversation", "post"),
    ("choose_model", "post"),
]


@pytest.mark.parametrize(("name", "verb"), OF_A_CONVERSATION)
@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_a_stranger_finds_no_such_conversation(conversation, name, verb, who, request):
    """Not even that it exists: the answer is the same, byte by byte, as for an id of nobody."""
    client = client_of(request.getfixturevalue(who))
    before = Conversation.objects.values().get()

    foreign = getattr(client, verb)(
        address(name, conversation), {"title": "Mine now", "model": "auto"}
    )
    nobodys = getattr(client, verb)(reverse(name, args=[uuid4()]), {"title": "x", "model": "auto"})

    assert (foreign.status_code, nobodys.status_code) == (404, 404)
    assert without_nonces(foreign) == without_nonces(nobodys)
    assert Conversation.objects.values().get() == before


@pytest.mark.parametrize(("name", "verb"), [("receipt", "get"), ("show_reply", "post")])
@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_a_stranger_finds_no_such_reply(conversation, name, verb, who, request):
    reply = make_turn(conversation)
    client = client_of(request.getfixturevalue(who))

    foreign = getattr(client, verb)(address(name, reply))
    nobodys = getattr(client, verb)(reverse(name, args=[uuid4()]))

    assert (foreign.status_code, nobodys.status_code) == (404, 404)
    assert without_nonces(foreign) == without_nonces(nobodys)


@pytest.mark.parametrize(("name", "verb"), OF_A_CONVERSATION)
def test_without_signing_in_there_is_nothing(conversation, name, verb):
    response = getattr(Client(), verb)(address(name, conversation))

    assert response.status_code == 302
    assert "/accounts/login/" in response["Location"]


@pytest.mark.parametrize(
    "name", ["rename_conversation", "delete_conversation", "restore_conversation", "choose_model"]
)
def test_a_change_needs_a_post_with_our_token(conversation, alice, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.get(address(name, conversation)).status_code == 405
    assert client.post(address(name, conversation), {"title": "x"}).status_code == 403
    conversation.refresh_from_db()
    assert (conversation.title, conversation.deleted_at) == ("My chat", None)


@pytest.mark.parametrize(
    ("failure", "rejected", "is_pointed_to"),
    [
        ("budget", [], True),
        ("no_model", [{"model": MODEL, "code": "budget", "reason": "Too dear"}], True),
        ("no_model", [{"model": MODEL, "code": "down", "reason": "Failing"}], False),
        ("rate_limited", [], False),
    ],
)
def test_a_reply_that_a_budget_stopped_points_to_the_limits(
    conversation, mine, alice, failure, rejected, is_pointed_to
):
    receipt = {"candidates": [], "rejected": rejected, "categories": {"chat": 1.0}}
    decision = make_decision(alice, conversation.organisation, receipt=receipt)
    fields = {"state": ReplyState.FAILED, "failure": failure, "model_id": ""}
    make_turn(conversation, answer="", decision=decision, **fields)

    page = mine.get(address("conversation", conversation)).content.decode()

    assert ("/usage#limits" in page) is is_pointed_to


@pytest.mark.parametrize(
    ("chosen", "label"),
    [
        ({}, "Auto · Balanced"),
        ({"preference": "cost"}, "Auto · Cost"),
        ({"model": "demo/swift"}, "Swift (demo)"),
        ({"model": "gone/model"}, "gone/model"),
    ],
)
def test_the_model_button_is_named_before_any_script_runs(organisation, alice, mine, chosen, label):
    conversation = make_conversation(alice, **chosen)

    page = mine.get(address("conversation", conversation)).content.decode()

    assert f"data-model-label>{label}</span>" in page
