"""One worker, one pool of ten connections, and many replies at once."""

from __future__ import annotations

import asyncio

from tests.services.conftest import WORKERS, Pages
from tests.services.stack import Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer

REPLIES = 60


async def test_one_worker_writes_sixty_replies_at_once(pages: Pages, upstream, stack: Stack):
    text = numbered(120)
    upstream.default = Answer(text, delay_s=0.05, first_delay_s=2)
    stack.processes[WORKERS[1]].terminate()
    page = await pages.open()

    replies = []
    for _ in range(REPLIES):
        page.conversation = None
        replies.append(await page.ask("Count"))
        # A page may say twenty things a second.
        await asyncio.sleep(0.06)

    ends = await asyncio.gather(*(page.sees_the_end(reply) for reply in replies))
    assert {end["state"] for end in ends} == {"done"}
    assert {stack.reply(reply)["text"] for reply in replies} == {text}
    assert {stack.reply(reply)["attempt"] for reply in replies} == {1}
    assert [text.startswith(page.texts[reply].rstrip()) for reply in replies] == [True] * REPLIES
