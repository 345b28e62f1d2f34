from __future__ import annotations

from uuid import uuid4

import pytest

from chat.models import Message, Reply
from tests.chat.conftest import MODEL
from tests.chat.rows import make_conversation
from tests.chat.tab import Tab
from tests.upstream_formats import Answer

pytestmark = pytest.mark.django_db(transaction=True)


async def test_it_answers_a_message_and_tells_the_model_before_the_first_token(
    connected, tab, in_thread
):
    await tab.hello()
    ack = await tab.ask("What is a monad?")
    done = await tab.until("done", reply=ack["reply"])

    kinds = [frame["type"] for frame in tab.frames]
    assert kinds.index("receipt") < kinds.index("delta")
    assert "GPT-6.1 Sol" in next(
        frame["html"] for frame in tab.frames if frame["type"] == "receipt"
    )
    assert tab.text_of(ack["reply"]) == "Hello from upstream."
    assert done["state"] == "done"
    reply = await in_thread(Reply.objects.select_related("decision").get)(id=ack["reply"])
    assert (reply.text, reply.model_id) == ("Hello from upstream.", MODEL)
    assert reply.decision is not None
    assert reply.decision.receipt["schema"] == 1


async def test_it_stores_the_same_client_msg_id_once(connected, tab, upstream, in_thread):
    await tab.hello()
    sent = {"client_msg_id": str(uuid4())}
    first = await tab.ask("Hello", **sent)
    await tab.until("done")
    again = await tab.ask("Hello", **sent)
    assert again["reply"] == first["reply"]
    assert await in_thread(Message.objects.count)() == 1
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "bad_frame"),
        ("[]", "bad_frame"),
        ('{"type":"launch"}', "bad_frame"),
        ('{"type":"stop","reply":"x"}', "bad_frame"),
        ('{"type":"stop"}', "bad_frame"),
    ],
)
async def test_a_broken_frame_gets_an_error_and_the_socket_stays(connected, tab, frame, code):
    await tab.hello()
    await tab.socket.send_to(text_data=frame)
    assert (await tab.until("error"))["code"] == code
    await tab.say(type="ping")
    assert (await tab.hear())["type"] == "pong"


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), ("  \n", "empty"), ("x" * 200_001, "too_long")]
)
async def test_a_message_that_is_refused_stores_nothing(connected, tab, text, code, in_thread):
    await tab.hello()
    client_msg_id = await tab.send(text)
    error = await tab.until("error")
    assert (error["code"], error["client_msg_id"]) == (code, client_msg_id)
    assert await in_thread(Message.objects.count)() == 0


async def test_a_second_message_while_a_reply_runs_is_busy(connected, tab, upstream, in_thread):
    upstream.default = Answer("one two three " * 50, delay_s=0.05)
    await tab.hello()
    ack = await tab.ask("First")
    await tab.until("delta")
    await tab.send("Second", conversation=ack["conversation"])
    assert (await tab.until("error"))["code"] == "busy"
    assert await in_thread(Message.objects.count)() == 1


async def test_stop_keeps_the_text_and_ends_the_call_at_the_provider(
    connected, tab, upstream, in_thread
):
    upstream.default = Answer("word " * 400, delay_s=0.02)
    await tab.hello()
    ack = await tab.ask("Go on for ever")
    await tab.until("delta")
    await tab.say(type="stop", reply=ack["reply"])
    done = await tab.until("done")
    reply = await in_thread(Reply.objects.get)(id=ack["reply"])
    assert done["state"] == reply.state == "stopped"
    assert reply.text.startswith("word")
    assert reply.text.startswith(tab.text_of(ack["reply"]))
    assert upstream.left == 1


async def test_closing_the_page_does_not_stop_the_reply(
    connected, tabs, alice, upstream, in_thread
):
    upstream.default = Answer("word " * 40, delay_s=0.02)
    first = await tabs.open(alice)
    await first.hello()
    ack = await first.ask("A long answer")
    await first.until("delta")
    await first.socket.disconnect()

    second = await tabs.open(alice)
    await second.hello(ack["conversation"], {ack["reply"]: 0})
    await second.until("done")
    assert (await in_thread(Reply.objects.get)(id=ack["reply"])).text == "word " * 40


async def test_a_page_that_comes_in_the_middle_gets_every_character_once(
    connected, tabs, alice, upstream
):
    upstream.default = Answer("wörd 🎈 " * 60, delay_s=0.02)
    first = await tabs.open(alice)
    await first.hello()
    ack = await first.ask("A long answer")
    await first.until("delta")

    second = await tabs.open(alice)
    await second.hello(ack["conversation"])
    snapshot = await second.until("snapshot")
    await second.until("done")
    seq = snapshot["seq"]
    for frame in second.frames:
        if frame["type"] == "delta":
            assert frame["seq"] == seq + len(frame["append"])
            seq = frame["seq"]
    assert seq == len("wörd 🎈 " * 60)


async def test_both_tabs_of_a_person_see_the_new_turn(connected, tabs, alice):
    first, second = await tabs.open(alice), await tabs.open(alice)
    await first.hello()
    ack = await first.ask("Hello")
    await first.until("done")
    await second.hello(ack["conversation"])
    await first.ask("Again", conversation=ack["conversation"])
    turn = await second.until("turn")
    await second.until("done", reply=turn["reply"])
    assert second.text_of(turn["reply"]) == "Hello from upstream."


async def test_a_stranger_gets_nothing_of_it(connected, tabs, tab, charlie, upstream):
    upstream.default = Answer("secret news " * 40, delay_s=0.02)
    await tab.hello()
    ack = await tab.ask("My secret")
    stranger = await tabs.open(charlie)
    await stranger.hello()
    for frame in (
        {"type": "hello", "protocol": 1, "conversation": ack["conversation"], "running": {}},
        {"type": "resync", "reply": ack["reply"]},
        {"type": "stop", "reply": ack["reply"]},
        {"type": "continue", "client_msg_id": str(uuid4()), "reply": ack["reply"]},
        {"type": "retry", "reply": ack["reply"], "client_msg_id": str(uuid4())},
    ):
        await stranger.say(**frame)
        error = await stranger.until("error")
        assert error["code"] == "not_found"
    assert (await tab.until("done"))["state"] == "done"
    assert not [frame for frame in stranger.frames if frame["type"] in {"delta", "snapshot"}]


async def test_an_anonymous_socket_is_closed(runner, db):
    nobody = Tab("")
    await nobody.connect()
    assert (await nobody.socket.receive_output(5)) == {"type": "websocket.close", "code": 4401}


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://localhost",
        "http://localhost:1",
        "null",
        "http://localhost.evil.example",
    ],
)
async def test_a_foreign_origin_is_refused_at_the_handshake(origin, runner, alice, in_thread):
    from tests.chat.tab import session_of

    foreign = Tab(await in_thread(session_of)(alice), origin)
    assert not await foreign.connect()


async def test_a_conversation_is_read_when_a_page_shows_it(organisation, tabs, alice, in_thread):
    conversation = await in_thread(make_conversation)(alice)
    tab = await tabs.open(alice)

    await tab.hello(str(conversation.id))
    await tab.say(type="ping")
    await tab.until("pong")

    await in_thread(conversation.refresh_from_db)()
    assert conversation.read_at is not None
