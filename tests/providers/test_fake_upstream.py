from __future__ import annotations

import asyncio
import urllib.request
from contextlib import aclosing

from providers.errors import FailureClass
from tests.fake_upstream import FakeUpstream, running_upstream
from tests.providers.conversations import ask, listen, openai_at, refused, text_of
from tests.upstream_formats import Answer


async def test_it_notices_a_client_that_leaves(open_client):
    async with FakeUpstream(Answer("one two three", delay_s=0.5)) as upstream:
        client = open_client(upstream.host_and_port)
        async with aclosing(client.stream(openai_at(upstream.openai_url), ask())) as events:
            await anext(events)
        async with asyncio.timeout(1):
            while upstream.left == 0:
                await asyncio.sleep(0.01)


async def test_a_list_of_answers_is_used_up_and_the_last_stays(open_client):
    async with FakeUpstream() as upstream:
        upstream.answers["test-model"] = [Answer(status=503), Answer("at last")]
        client = open_client(upstream.host_and_port)
        endpoint = openai_at(upstream.openai_url)
        error = await refused(client.stream(endpoint, ask()))
        assert error.failure is FailureClass.UNAVAILABLE
        for _ in range(2):
            heard, _ = await listen(client.stream(endpoint, ask()))
            assert text_of(heard) == "at last"
        assert len(upstream.asked) == 3


async def test_a_cut_answer_has_no_end(open_client):
    async with FakeUpstream(Answer("one two three", cut_after=2)) as upstream:
        client = open_client(upstream.host_and_port)
        heard, error = await listen(client.stream(openai_at(upstream.openai_url), ask()))
    assert text_of(heard) == "one two "
    assert error is not None
    assert error.failure is FailureClass.CUT_AFTER_TEXT


def test_it_runs_beside_a_test_without_a_loop():
    with running_upstream() as upstream:
        answer = urllib.request.urlopen(f"{upstream.openai_url}/models", timeout=5)
        with answer:
            assert b"model-a" in answer.read()
