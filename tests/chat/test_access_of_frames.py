from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from channels.db import database_sync_to_async

from chat.frames import _PARSERS
from chat.models import Message
from tests.access_table import ACTORS, THINGS, World
from tests.chat.tab import Tab, Tabs, session_of
from tests.frame_table import FRAMES, Said

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_frame_type_is_in_the_table():
    assert {said.type for said in FRAMES} == set(_PARSERS)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("said", FRAMES, ids=str)
async def test_it_answers_as_the_table_says(said: Said, actor: str, tabs: Tabs):
    world, things = await database_sync_to_async(_world)()
    before = await database_sync_to_async(Message.objects.count)()
    user = world.actor(actor)
    cookie = await database_sync_to_async(session_of)(user) if user else ""
    tab = Tab(cookie)
    await tab.connect()
    tabs.keep(tab)
    answer = await _answer(tab, said, things)
    assert answer == said.expected[actor]
    if answer in {"not_found", "closed 4401", "closed 4403"}:
        assert await database_sync_to_async(Message.objects.count)() == before


def _world() -> tuple[World, dict[str, str]]:
    world = World()
    reply_id = str(THINGS["bobs_reply"](world))
    message = Message.objects.get(replies=UUID(reply_id))
    return world, {
        "reply": reply_id,
        "message": str(message.id),
        "conversation": str(message.conversation_id),
    }


async def _answer(tab: Tab, said: Said, things: dict[str, str]) -> str:
    """The first thing heard: what kind of frame, which error, or that the socket is closed."""
    fields: dict[str, Any] = {
        name: things.get(value, value) if name != "text" and isinstance(value, str) else value
        for name, value in said.fields.items()
    }
    output = await tab.socket.receive_output(1) if await _is_closing(tab) else None
    if output is not None:
        return f"closed {output['code']}"
    await tab.say(type=said.type, **fields)
    if said.expected["bob"] == "" and await tab.socket.receive_nothing(0.3):
        return ""
    while (frame := await tab.hear())["type"] == "welcome" and fields.get("conversation"):
        # The greeting comes before the conversation is looked at.
        if await tab.socket.receive_nothing(0.3):
            return "welcome"
    return str(frame["code"] if frame["type"] == "error" else frame["type"])


async def _is_closing(tab: Tab) -> bool:
    await asyncio.sleep(0)
    return not await tab.socket.receive_nothing(0.1)
