"""Editing one's own message, as pages do it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chat.models import Conversation, Message

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_edited_message_is_answered_in_place_of_the_former(
    connected, tab, upstream, in_thread
):
    await tab.hello()
    first = await tab.ask("Helo")
    await tab.until("done")

    again = await tab.ask("Hello", conversation=first["conversation"], edits=first["message"])
    turn = await tab.until("turn", reply=again["reply"])
    await tab.until("done", reply=again["reply"])

    assert turn["parent"] is None
    assert "2/2" in turn["html"]
    said = [message["content"] for message in upstream.asked[1].body["messages"]]
    assert said == ["Hello"]
    conversation = await in_thread(Conversation.objects.get)()
    assert str(conversation.leaf_id) == again["message"]


async def test_the_same_edit_sent_again_is_answered_once(connected, tab, upstream, in_thread):
    await tab.hello()
    first = await tab.ask("Helo")
    await tab.until("done")
    edit = {"client_msg_id": str(uuid4()), "edits": first["message"]}

    once = await tab.ask("Hello", conversation=first["conversation"], **edit)
    await tab.until("done", reply=once["reply"])
    twice = await tab.ask("Hello", conversation=first["conversation"], **edit)

    assert twice["reply"] == once["reply"]
    assert len(upstream.asked) == 2


async def test_a_refused_edit_says_why_and_of_which_message(connected, tab, in_thread, settings):
    await tab.hello()
    first = await tab.ask("Helo")
    await tab.until("done")
    settings.MESSAGES_PER_MINUTE = 1

    sent = await tab.send("Hello", conversation=first["conversation"], edits=first["message"])
    error = await tab.until("error")

    assert (error["code"], error["client_msg_id"]) == ("too_fast", sent)
    assert await in_thread(Message.objects.count)() == 1


async def test_a_stranger_cannot_edit(connected, tabs, tab, charlie, in_thread):
    await tab.hello()
    first = await tab.ask("Mine")
    await tab.until("done")
    stranger = await tabs.open(charlie)
    await stranger.hello()

    await stranger.send("Yours?", conversation=first["conversation"], edits=first["message"])

    assert (await stranger.until("error"))["code"] == "not_found"
    assert await in_thread(Message.objects.count)() == 1
