"""Who may hold a socket, how many, and how much may come through it."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from accounts.members import remove_member
from accounts.sessions import signed_in_of
from chat.models import Message
from chat.sockets import Outbox
from chofesh.schedule import close_revoked_sockets
from tests.chat.rows import make_conversation, make_turn
from tests.chat.tab import Tab, session_of

pytestmark = pytest.mark.django_db(transaction=True)


async def close_code(tab: Tab) -> int:
    """Reads until the socket is closed by the server."""
    while True:
        message = await tab.socket.receive_output(30)
        if message["type"] == "websocket.close":
            return int(message["code"])


def sign_out(_user, _organisation) -> None:
    Session.objects.all().delete()


def deactivate(user, _organisation) -> None:
    user.is_active = False
    user.save()


def change_password(user, _organisation) -> None:
    user.set_password("another passphrase")
    user.save()


def leave(user, organisation) -> None:
    boss = organisation.memberships.exclude(user=user)[0]
    remove_member(organisation.memberships.get(user=user), boss)


@pytest.mark.parametrize("end", [sign_out, deactivate, change_password, leave])
async def test_a_socket_ends_with_the_right_to_it(organisation, tabs, bob, in_thread, end):
    tab = await tabs.open(bob)
    await tab.hello()

    await in_thread(end)(bob, organisation)
    await close_revoked_sockets()

    assert await close_code(tab) == 4401


async def test_looking_after_many_sockets_takes_as_many_queries_as_after_one(
    organisation, tabs, alice, bob, in_thread, django_assert_num_queries
):
    keys = set()
    for user in (alice, bob, alice, bob, alice):
        keys.add(await in_thread(session_of)(user))

    def look() -> None:
        with django_assert_num_queries(2):
            assert signed_in_of(keys) == keys

    await in_thread(look)()


async def test_a_page_that_reads_nothing_is_closed(settings):
    """S70: what waits for it is bounded."""
    settings.OUTBOX_MAX_CHARACTERS = 100
    sent, overflows, may_go = [], [], asyncio.Event()

    async def send(frame: str) -> None:
        sent.append(frame)
        await may_go.wait()

    outbox = Outbox(send, lambda: overflows.append(len(sent)))
    outbox.push("x" * 1_000)
    for number in range(1_000):
        await asyncio.sleep(0)
        outbox.push(f"{number:050}")
    assert len(overflows) == 1
    may_go.set()
    await asyncio.sleep(0)
    await outbox.aclose()

    assert len(sent) <= 3


async def test_a_frame_that_can_be_written_waits_for_those_that_could_not():
    browser, may_go, is_full = [], asyncio.Event(), True

    async def send(frame: str) -> None:
        await may_go.wait()
        browser.append(frame)

    def write(frame: str) -> bool:
        if not is_full:
            browser.append(frame)
        return not is_full

    outbox = Outbox(send, lambda: None, write)
    outbox.push("one")
    is_full = False
    outbox.push("two")
    await asyncio.sleep(0)
    outbox.push("three")
    may_go.set()
    await asyncio.sleep(0.01)
    outbox.push("four")

    assert browser == ["one", "two", "three", "four"]


async def test_a_frame_that_breaks_on_our_side_names_its_message(
    organisation, tabs, alice, settings, in_thread
):
    tab = await tabs.open(alice)
    await tab.hello()
    settings.MESSAGES_PER_MINUTE = None
    client_msg_id = await tab.send("Hello")
    error = await tab.until("error")
    assert (error["code"], error["client_msg_id"]) == ("internal", client_msg_id)

    settings.MESSAGES_PER_MINUTE = 20
    await tab.send("Hello", client_msg_id=client_msg_id)
    await tab.until("ack", client_msg_id=client_msg_id)
    assert await in_thread(Message.objects.count)() == 1


async def test_what_a_page_is_refused_is_said_in_its_person_s_language(
    organisation, tabs, alice, in_thread
):
    alice.language = "he"
    await in_thread(alice.save)()
    tab = await tabs.open(alice)
    await tab.say(type="nonsense")

    assert "הדף" in (await tab.until("error"))["message"]


async def test_a_frame_after_the_end_of_the_right_does_nothing(organisation, tabs, bob, in_thread):
    tab = await tabs.open(bob)
    await tab.hello()
    await in_thread(leave)(bob, organisation)

    await tab.send("Too late")

    assert await close_code(tab) == 4401
    assert await in_thread(Message.objects.count)() == 0


async def test_a_person_without_an_organisation_gets_no_socket(
    organisation, bob, runner, in_thread
):
    cookie = await in_thread(session_of)(bob)
    await in_thread(leave)(bob, organisation)
    tab = Tab(cookie)
    await tab.connect()

    assert await close_code(tab) == 4403


async def test_a_session_of_nobody_gets_no_socket(organisation, bob, runner, in_thread):
    """A visitor has one for the language, say; and a person's ends with their password."""
    visitors, bobs = SessionStore(), await in_thread(session_of)(bob)
    await in_thread(visitors.save)()
    await in_thread(change_password)(bob, organisation)

    for cookie in (str(visitors.session_key), bobs, "of nobody", ""):
        tab = Tab(cookie)
        await tab.connect()
        assert await close_code(tab) == 4401


async def test_a_person_has_only_so_many_sockets(
    organisation, tabs, alice, bob, settings, in_thread
):
    settings.SOCKETS_PER_USER = 2
    first = await tabs.open(alice)
    await tabs.open(alice)
    third = Tab(await in_thread(session_of)(alice))
    await third.connect()

    assert await close_code(third) == 4429
    assert (await tabs.open(bob)).frames == []

    await first.socket.disconnect()
    await (await tabs.open(alice)).hello()


async def test_a_flood_of_frames_closes_the_socket(organisation, tabs, alice, settings):
    # So few that a slow machine, too, has more than these to answer within a second.
    settings.FRAMES_PER_SECOND = 2
    tab = await tabs.open(alice)
    for _ in range(60):
        await tab.say(type="ping")

    assert await close_code(tab) == 4429


async def test_a_frame_too_large_is_refused_and_the_socket_stays(organisation, tabs, alice):
    tab = await tabs.open(alice)
    await tab.socket.send_to(text_data='{"type":"send","text":"' + "x" * 1_100_000 + '"}')

    assert (await tab.until("error"))["code"] == "too_large"
    await tab.say(type="ping")
    await tab.until("pong")


async def test_bytes_are_no_frame(organisation, tabs, alice):
    tab = await tabs.open(alice)
    await tab.socket.send_to(bytes_data=b"\x00\xff")

    assert (await tab.until("error"))["code"] == "bad_frame"


async def test_an_old_page_is_asked_to_reload(organisation, tabs, alice):
    tab = await tabs.open(alice)
    await tab.say(type="hello", protocol=99)

    assert (await tab.until("error"))["code"] == "old_page"
    await tab.until("welcome")


async def test_an_unknown_address_is_refused(organisation, runner, alice, in_thread):
    tab = Tab(await in_thread(session_of)(alice), path="/ws/nothing/")

    assert not await tab.connect()


async def test_what_a_page_may_not_choose_it_cannot_send(organisation, tabs, alice, in_thread):
    """S24: names of channels, groups and other people's sessions are not ours to take."""
    tab = await tabs.open(alice)
    await tab.hello()
    frame = {"type": "hello", "protocol": 1, "channel": "user.x", "session_id": "x", "user": "y"}
    await tab.socket.send_to(text_data=json.dumps(frame))

    await tab.until("welcome")


async def test_a_hello_to_a_foreign_chat_learns_nothing(
    organisation, tabs, alice, charlie, in_thread
):
    reply = await in_thread(lambda: make_turn(make_conversation(alice), "Secret", "Secret"))()
    tab = await tabs.open(charlie)
    await tab.say(
        type="hello",
        protocol=1,
        conversation=str(reply.conversation_id),
        running={str(reply.id): 0, str(uuid4()): 0},
    )

    assert (await tab.until("error"))["code"] == "not_found"
    await tab.say(type="ping")
    await tab.until("pong")
    assert "Secret" not in str(tab.frames)


async def test_sockets_that_close_while_they_open_leave_nothing_behind(
    organisation, runner, alice, in_thread
):
    cookie = await in_thread(session_of)(alice)
    for _ in range(5):
        tab = Tab(cookie)
        opening = asyncio.create_task(tab.connect())
        await asyncio.sleep(0)
        await opening
        await tab.socket.disconnect()

    await close_revoked_sockets()
