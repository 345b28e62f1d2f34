"""Answering again, continuing, stopping and coming back, as pages do it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone

from accounts.approvals import approve_models
from chat import leases, presentation
from chat.models import Conversation, JournalRow, Message, Reply, ReplyState
from chat.runner import current_runner
from chat.turns import ask_to_stop
from chofesh.schedule import begin_waiting_replies, reap
from routing.models import Attempt
from routing.policy import PolicyChange, change_policy
from tests.cast import KEY_TEXT
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_queued, make_turn, write
from tests.upstream_formats import Answer
from usage.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = Answer("word " * 400, delay_s=0.02)


async def retry(tab, reply: str, **fields) -> str:
    """The id of the new reply."""
    frame = {"type": "retry", "client_msg_id": str(uuid4()), "reply": reply}
    await tab.say(**frame | fields)
    return (await tab.until("ack"))["reply"]


async def test_answering_again_replaces_the_turn_on_the_page(connected, tab, upstream):
    await tab.hello()
    first = await tab.ask("Hello")
    await tab.until("done")

    second = await retry(tab, first["reply"])
    turn = await tab.until("turn", reply=second)
    done = await tab.until("done", reply=second)

    assert turn["replaces"] == first["reply"]
    assert "2/2" in done["html"]
    assert upstream.asked[1].body["messages"] == upstream.asked[0].body["messages"]


async def test_not_this_one_is_answered_by_another_model(
    connected, tab, upstream, alice, in_thread
):
    await in_thread(approve_models)(connected, [OTHER_MODEL], alice)
    await tab.hello()
    first = await tab.ask("Write a Python function that sorts a list")
    await tab.until("done")
    called = upstream.asked[0].model

    second = await retry(tab, first["reply"], not_this_one=True)
    done = await tab.until("done", reply=second)

    assert done["state"] == "done"
    assert {called, upstream.asked[1].model} == {"gpt-6.1-sol", "gpt-6-luna"}
    conversation = await in_thread(Conversation.objects.get)()
    assert conversation.model == "auto"


async def test_not_this_one_of_the_only_model_says_that_none_is_left(connected, tab, in_thread):
    await tab.hello()
    first = await tab.ask("Hello")
    await tab.until("done")

    second = await retry(tab, first["reply"], not_this_one=True)
    done = await tab.until("done", reply=second)

    assert done["state"] == "failed"
    reply = await in_thread(Reply.objects.get)(id=second)
    assert reply.failure_words.startswith("No approved model can answer this")
    assert (await in_thread(Message.objects.get)()).text == "Hello"


async def test_a_model_of_one_s_choice_answers(connected, tab, upstream, alice, in_thread):
    await in_thread(approve_models)(connected, [OTHER_MODEL], alice)
    await tab.hello()
    first = await tab.ask("Hello", model=MODEL)
    await tab.until("done")

    second = await retry(tab, first["reply"], model=OTHER_MODEL)
    await tab.until("done", reply=second)

    assert [asked.model for asked in upstream.asked] == ["gpt-6.1-sol", "gpt-6-luna"]


class TestAModelChosenByHandFails:
    @pytest.fixture
    def failing(self, connected, upstream, alice):
        """The one that is chosen; another one is approved and well."""
        approve_models(connected, [OTHER_MODEL], alice)
        upstream.answers["gpt-6.1-sol"] = Answer(status=500)
        return connected

    async def test_no_other_answers_where_the_chat_does_not_allow_it(self, failing, tab, upstream):
        await tab.hello()
        await tab.ask("Hello", model=MODEL)
        done = await tab.until("done")

        assert done["state"] == "failed"
        assert {asked.model for asked in upstream.asked} == {"gpt-6.1-sol"}

    async def test_another_answers_where_the_chat_allows_it(self, failing, tab, upstream):
        await tab.hello()
        ack = await tab.ask("Hello", model=MODEL, fallback=True)
        done = await tab.until("done", reply=ack["reply"])

        assert done["state"] == "done"
        assert [asked.model for asked in upstream.asked] == [
            "gpt-6.1-sol", "gpt-6.1-sol", "gpt-6-luna",
        ]  # fmt: skip
        assert "GPT-6 Luna" in done["html"]
        assert "after a fallback" in done["html"]

    async def test_the_next_message_finds_it_allowed_still(self, failing, tab, upstream, in_thread):
        await tab.hello()
        ack = await tab.ask("Hello", model=MODEL, fallback=True)
        await tab.until("done")
        await tab.ask("And again", conversation=ack["conversation"], model=MODEL)
        done = await tab.until("done")

        assert done["state"] == "done"
        conversation = await in_thread(Conversation.objects.get)()
        assert (conversation.model, conversation.may_fall_back) == (MODEL, True)

    async def test_no_other_answers_where_members_may_not_use_auto(
        self, failing, tab, upstream, alice, in_thread
    ):
        alone = PolicyChange(auto_allowed=False, default_model=MODEL)
        await in_thread(change_policy)(failing, alice, alone)
        await tab.hello()
        await tab.ask("Hello", model=MODEL, fallback=True)
        done = await tab.until("done")

        assert done["state"] == "failed"
        assert {asked.model for asked in upstream.asked} == {"gpt-6.1-sol"}


async def test_a_model_that_is_not_approved_is_never_called(connected, tab, upstream, in_thread):
    await tab.hello()
    ack = await tab.ask("Hello", model=OTHER_MODEL)
    done = await tab.until("done")

    assert done["state"] == "failed"
    assert upstream.asked == []
    reply = await in_thread(Reply.objects.get)(id=ack["reply"])
    assert "Not approved" in reply.failure_words


async def test_continuing_goes_on_in_the_same_reply(connected, tab, upstream, in_thread):
    upstream.default = [Answer("One two three", cut_after=2), Answer("three four.")]
    await tab.hello()
    ack = await tab.ask("Count")
    assert (await tab.until("done"))["state"] == "interrupted"

    await tab.say(type="continue", client_msg_id=str(uuid4()), reply=ack["reply"])
    snapshot = await tab.until("snapshot")
    done = await tab.until("done")

    assert (snapshot["seq"], done["state"], done["reply"]) == (8, "done", ack["reply"])
    reply = await in_thread(Reply.objects.get)(id=ack["reply"])
    assert reply.text == "One two three four."
    sent = upstream.asked[1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[1]["content"] == "One two "
    assert await in_thread(LedgerEntry.objects.count)() == 2


async def test_a_continuation_that_fails_may_be_tried_again(connected, tab, upstream, in_thread):
    upstream.default = [Answer("One two three", cut_after=2), Answer(status=400), Answer("three.")]
    await tab.hello()
    ack = await tab.ask("Count")
    await tab.until("done")

    states = []
    for _ in range(2):
        await tab.say(type="continue", client_msg_id=str(uuid4()), reply=ack["reply"])
        states.append((await tab.until("done"))["state"])

    assert states == ["interrupted", "done"]
    reply = await in_thread(Reply.objects.get)(id=ack["reply"])
    assert reply.text == "One two three."


async def test_a_continued_reply_costs_what_both_its_runs_cost(connected, tab, upstream, in_thread):
    upstream.default = [Answer("One two three", cut_after=2), Answer("three four.")]
    await tab.hello()
    ack = await tab.ask("Count")
    await tab.until("done")
    await tab.say(type="continue", client_msg_id=str(uuid4()), reply=ack["reply"])
    await tab.until("done")

    def costs() -> tuple[Decimal, list[Decimal]]:
        shown = presentation.costs_of([Reply.objects.get()])
        return shown[UUID(ack["reply"])], list(
            LedgerEntry.objects.values_list("cost_usd", flat=True)
        )

    shown, booked = await in_thread(costs)()
    assert len(booked) == 2
    assert shown == sum(booked) > max(booked)


async def test_a_finished_reply_is_not_continued(connected, tab, upstream):
    await tab.hello()
    ack = await tab.ask("Hello")
    await tab.until("done")

    await tab.say(type="continue", client_msg_id=str(uuid4()), reply=ack["reply"])

    assert (await tab.until("error"))["code"] == "complete"
    assert len(upstream.asked) == 1


async def test_a_stop_before_the_first_word_ends_in_words(connected, tab, upstream, in_thread):
    upstream.default = Answer("late", first_delay_s=60)
    await tab.hello()
    ack = await tab.ask("Hello")
    await tab.until("words", text="Waiting for GPT-6.1 Sol…")

    await tab.say(type="stop", reply=ack["reply"])
    done = await tab.until("done")

    assert done["state"] == "stopped"
    attempt = await in_thread(Attempt.objects.select_related("ledger_entry").get)()
    assert (attempt.outcome, attempt.ledger_entry.cost_usd) == ("stopped", 0)
    assert upstream.left == 1


async def test_a_stop_at_once_ends_the_reply_too(connected, tab, upstream):
    upstream.default = SLOW
    await tab.hello()
    ack = await tab.ask("Hello")
    await tab.say(type="stop", reply=ack["reply"])

    assert (await tab.until("done"))["state"] == "stopped"


async def test_a_stop_twice_and_after_the_end_changes_nothing(connected, tab, upstream, in_thread):
    upstream.default = SLOW
    await tab.hello()
    ack = await tab.ask("Hello")
    await tab.until("delta")
    for _ in range(3):
        await tab.say(type="stop", reply=ack["reply"])
    done = await tab.until("done")
    await tab.say(type="stop", reply=ack["reply"])
    await tab.say(type="ping")
    await tab.until("pong")

    reply = await in_thread(Reply.objects.get)(id=ack["reply"])
    assert reply.state == done["state"] == "stopped"
    assert [frame["type"] for frame in tab.frames].count("done") == 1


async def test_a_stop_of_a_reply_that_nobody_writes_reaches_the_page(
    organisation, tab, alice, in_thread
):
    """After a restart a page is back before the writing is."""
    reply = await in_thread(make_queued)(alice)
    await tab.hello(str(reply.conversation_id), {str(reply.id): 0})
    await tab.until("words", text="Resuming…")

    await tab.say(type="stop", reply=str(reply.id))

    assert (await tab.until("done"))["state"] == "stopped"


async def test_the_end_of_an_abandoned_reply_reaches_the_page(organisation, tab, alice, in_thread):
    def abandon() -> Reply:
        reply = make_queued(alice)
        leases.claim(reply.id, "a process that is gone")
        write(reply, "Half an ans")
        Reply.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        return reply

    reply = await in_thread(abandon)()
    await tab.hello(str(reply.conversation_id), {str(reply.id): 5})
    await tab.until("words", text="Resuming…")

    await reap()

    done = await tab.until("done")
    assert done["state"] == "interrupted"
    assert "Half an ans" in done["html"]
    assert "data-continue" in done["html"]


async def test_a_queued_reply_is_begun_for_the_page_that_waits(
    connected, tab, alice, in_thread, settings
):
    """The process that was to begin it is gone; its bell with it."""
    settings.QUEUE_GRACE_S = -1
    reply = await in_thread(make_queued)(alice)
    await tab.hello(str(reply.conversation_id))
    await tab.until("words", text="Resuming…")

    await begin_waiting_replies()

    assert (await tab.until("done"))["state"] == "done"
    assert tab.text_of(str(reply.id)) == "Hello from upstream."


async def test_a_stop_between_the_bell_and_the_claim_ends_the_reply(
    connected, tab, alice, in_thread
):
    """The stop found it in good hands, and those hands found that it was not to be begun."""
    reply = await in_thread(make_queued)(alice)
    await tab.hello(str(reply.conversation_id))
    await tab.until("words", text="Resuming…")
    await in_thread(ask_to_stop)(alice, reply.id)

    current_runner().start(reply.id)

    assert (await tab.until("done"))["state"] == "stopped"


async def test_a_reply_that_only_thought_before_a_restart_is_answered(
    connected, tab, upstream, alice, in_thread, settings
):
    settings.QUEUE_GRACE_S = -1
    upstream.default = Answer("The answer.", reasoning="Let me think again.")

    def half_thought() -> Reply:
        reply = make_queued(alice)
        lease = leases.claim(reply.id, "a run that was killed")
        assert lease is not None
        write(reply, "Let me th", JournalRow.Kind.REASONING)
        leases.release(lease)
        return reply

    reply = await in_thread(half_thought)()
    await tab.hello(str(reply.conversation_id))
    await begin_waiting_replies()

    assert (await tab.until("done"))["state"] == "done"
    stored = await in_thread(Reply.objects.get)(id=reply.id)
    assert (stored.text, stored.reasoning) == ("The answer.", "Let me think again.")


async def test_an_end_that_was_missed_is_told_on_arrival(organisation, tab, alice, in_thread):
    reply = await in_thread(lambda: make_turn(make_conversation(alice), answer="The end"))()

    await tab.hello(str(reply.conversation_id), {str(reply.id): 3})

    done = await tab.until("done")
    assert (done["reply"], done["state"]) == (str(reply.id), "done")
    assert "The end" in done["html"]


async def test_a_page_may_ask_for_everything_again(connected, tab, upstream):
    upstream.default = Answer("word " * 60, delay_s=0.02)
    await tab.hello()
    ack = await tab.ask("Hello")
    await tab.until("delta")

    await tab.say(type="resync", reply=ack["reply"])
    snapshot = await tab.until("snapshot", state="running")
    while snapshot["seq"] == 0:
        snapshot = await tab.until("snapshot")

    assert "word" in snapshot["frozen"] + snapshot["open"]
    assert "GPT-6.1 Sol" in snapshot["chip"]
    await tab.until("done")


async def test_two_pages_end_with_the_same_text(connected, tabs, alice, upstream):
    upstream.default = Answer("wörd 🎈 " * 40, delay_s=0.01)
    first, second = await tabs.open(alice), await tabs.open(alice)
    await first.hello()
    ack = await first.ask("Hello")
    await second.hello(ack["conversation"])

    ends = await asyncio.gather(first.until("done"), second.until("done"))

    assert ends[0]["html"] == ends[1]["html"]
    assert first.text_of(ack["reply"]) == "wörd 🎈 " * 40


async def test_of_two_pages_that_send_at_once_one_is_told_to_wait(connected, tabs, alice, upstream):
    upstream.default = SLOW
    first, second = await tabs.open(alice), await tabs.open(alice)
    await first.hello()
    ack = await first.ask("Begin")
    await first.say(type="stop", reply=ack["reply"])
    await first.until("done")

    for tab in (first, second):
        await tab.send("Both", conversation=ack["conversation"])
    answers = [await answered(tab) for tab in (first, second)]

    assert sorted(answers) == ["ack", "error"]


async def answered(tab) -> str:
    while True:
        kind = str((await tab.hear())["type"])
        if kind in {"ack", "error"}:
            return kind


async def test_deleting_the_chat_stops_its_reply(
    connected, alice, tab, upstream, in_thread, settings
):
    """At once: no heartbeat is needed for it."""
    settings.HEARTBEAT_S = 600
    upstream.default = SLOW
    await tab.hello()
    ack = await tab.ask("Hello")
    await tab.until("delta")

    client = AsyncClient()
    await client.aforce_login(alice)
    await client.post(reverse("delete_conversation", args=[ack["conversation"]]))

    assert (await tab.until("done"))["state"] == "stopped"
    assert upstream.left == 1
    assert (await in_thread(Reply.objects.get)(id=ack["reply"])).state == ReplyState.STOPPED


@pytest.mark.parametrize("status", [200, 401, 400, 529])
async def test_no_frame_holds_a_key(connected, tab, upstream, status):
    """S59, for what a browser is sent."""
    upstream.default = Answer("Hello.", status=status, error_message=f"Bad key {KEY_TEXT}")
    await tab.hello()
    await tab.ask("Hello")
    await tab.until("done")

    assert upstream.asked[0].key == KEY_TEXT
    assert KEY_TEXT[-12:] not in json.dumps(tab.frames)
