"""P7: without Redis everything is slower and nothing is lost."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener, urlopen

from tests.services.conftest import WEBS, Pages
from tests.services.processes import wait_for
from tests.services.stack import TAKEN_OVER_S, Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer


async def test_a_stream_outlives_redis(pages: Pages, upstream, stack: Stack):
    text = numbered(300)
    upstream.default = Answer(text, delay_s=0.05)
    asking, watching = await pages.open("web-1"), await pages.open("web-2")
    reply = await asking.ask("Count")
    await watching.show(asking.conversation)
    await watching.reads(reply, 100)

    stack.processes["redis"].kill()
    for page in (asking, watching):
        await page.reads(reply, len(page.texts[reply]) + 400)
    stack.start_redis()

    for page in (asking, watching):
        assert (await page.sees_the_end(reply))["seq"] == len(text)
        assert text.startswith(page.texts[reply].rstrip())
        assert (page.is_open, page.closed) == (True, 0)
    assert stack.reply(reply)["text"] == text


async def test_a_message_sent_without_redis_is_answered(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer(numbered(30), delay_s=0.02)
    stack.processes["redis"].kill()
    page = await pages.open("web-2")

    reply = await page.ask("Hello?")

    assert (await page.sees_the_end(reply, TAKEN_OVER_S))["state"] == "done"
    assert numbered(30).startswith(page.texts.get(reply, "").rstrip())


async def test_a_reply_is_stopped_without_redis(pages: Pages, upstream, stack: Stack):
    upstream.default = Answer(numbered(4000), delay_s=0.03)
    page = await pages.open("web-1")
    reply = await page.ask("Count")
    await page.reads(reply, 50)
    stack.processes["redis"].kill()

    await page.say(type="stop", reply=reply)

    assert (await page.sees_the_end(reply, TAKEN_OVER_S))["state"] == "stopped"
    wait_for(lambda: upstream.left == 1, seconds=5)


async def test_pages_open_without_redis(pages: Pages, stack: Stack):
    stack.processes["redis"].kill()
    for name in WEBS:
        for path in ("accounts/login/", "accounts/signup/", "readyz"):
            with urlopen(f"http://127.0.0.1:{stack.ports[name]}/{path}", timeout=20) as answer:
                assert answer.status == 200


async def test_people_sign_in_without_redis_and_tries_are_counted(stack: Stack):
    stack.processes["redis"].kill()
    address = f"http://127.0.0.1:{stack.ports['web-1']}/accounts/login/"
    visitor = build_opener(HTTPCookieProcessor())
    page = visitor.open(address, timeout=30).read().decode()
    form = {
        "csrfmiddlewaretoken": page.partition('name="csrfmiddlewaretoken" value="')[2][:64],
        "login": "somebody@example.org",
        "password": "wrong",
    }
    statuses = [status_of(visitor, address, urlencode(form).encode()) for _try in range(6)]

    assert statuses == [200] * 5 + [429]


def status_of(visitor: OpenerDirector, address: str, form: bytes) -> int:
    try:
        with visitor.open(Request(address, form), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


async def test_readyz_tells_that_redis_is_away_and_serves(stack: Stack):
    stack.processes["redis"].kill()
    with urlopen(f"http://127.0.0.1:{stack.ports['web-1']}/readyz", timeout=30) as answer:
        told = json.load(answer)

    assert (told["status"], told["redis"]) == ("ok", "unreachable")


async def test_it_is_fast_again_when_redis_is_back(pages: Pages, upstream, stack: Stack):
    """From the database text comes once a second; told by Redis it comes with every tick."""
    stack.processes["redis"].kill()
    stack.start_redis()
    wait_for(lambda: stack.listening_workers() == 2)
    upstream.default = Answer(numbered(100), delay_s=0.03)
    page = await pages.open("web-1")

    async def pieces() -> int:
        reply = await page.ask("Count")
        await page.sees_the_end(reply)
        return sum(frame["type"] == "delta" and bool(frame["append"]) for frame in page.frames)

    # The first may still find the listeners on their way back.
    await pieces()
    page.frames.clear()
    assert await pieces() > 20
