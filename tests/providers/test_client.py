from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from providers.errors import FailureClass, ProviderError
from providers.events import Finished, ReasoningDelta, StreamEvent, TextDelta, ToolCallDelta, Usage
from providers.request import Endpoint, ImagePart, Message, ModelRequest, TextPart
from providers.secret import SecretStr
from tests.fake_upstream import FakeUpstream
from tests.fault_server import (
    CHUNKED_HEAD,
    FAULTS,
    WHOLE,
    Do,
    FaultServer,
    chunked,
    data,
    error_chunk,
    head,
)
from tests.providers.conversations import QUICK, ask, listen, openai_at, refused, text_of
from tests.upstream_formats import Answer

KEY = SecretStr("sk-canary-0123456789")
ANSWER = Answer("שלום עולם, here I am.", reasoning="Let me see.", tool_calls=(("time", "{}"),))


def endpoint_of(upstream: FakeUpstream, dialect: str) -> Endpoint:
    url = upstream.openai_url if dialect == "openai_chat" else upstream.base_url
    return Endpoint("some_provider", url, dialect)


DIALECTS = ["openai_chat", "anthropic_messages", "gemini_generate"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_answer_streams_in_every_dialect(open_client, dialect):
    async with FakeUpstream(ANSWER) as upstream:
        client = open_client(upstream.host_and_port)
        heard, error = await listen(client.stream(endpoint_of(upstream, dialect), ask(), KEY))
    assert error is None
    assert text_of(heard) == ANSWER.text
    assert ReasoningDelta("Let me see.") in heard
    assert next(event.name for event in heard if isinstance(event, ToolCallDelta)) == "time"
    assert heard[-2:] == [Usage(11, 4, 0, 7, 2), Finished("tool_calls")]
    assert (upstream.asked[0].key, upstream.asked[0].model) == (
        "sk-canary-0123456789",
        "test-model",
    )


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_refusal_has_its_class_in_every_dialect(open_client, dialect):
    async with FakeUpstream(Answer(status=429, retry_after="7")) as upstream:
        client = open_client(upstream.host_and_port)
        error = await refused(client.stream(endpoint_of(upstream, dialect), ask(), KEY))
    assert (error.failure, error.retry_after_s) == (FailureClass.RATE_LIMITED, 7.0)


async def read_one(events) -> StreamEvent:
    return await anext(events)


@pytest.mark.parametrize("fault", ["stall", "stall_with_pings"])
async def test_closing_the_stream_closes_the_connection(open_client, fault):
    async with FaultServer(FAULTS[fault]) as server:
        client = open_client(server.host_and_port)
        async with aclosing(client.stream(openai_at(server.base_url), ask())) as events:
            assert await read_one(events) == TextDelta("Hello")
        async with asyncio.timeout(1):
            await server.closed.wait()


@pytest.mark.parametrize("fault", ["never_answers", "comments_only", "stall", "slow_body"])
async def test_cancelling_the_listener_closes_the_connection(open_client, fault):
    async with FaultServer(FAULTS[fault]) as server:
        client = open_client(server.host_and_port)
        listening = asyncio.create_task(
            listen(client.stream(openai_at(server.base_url), ask(), KEY))
        )
        while not server.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        async with asyncio.timeout(1):
            await server.closed.wait()


async def test_a_failure_closes_the_connection(open_client):
    async with FaultServer([head(), data(error_chunk("502")), Do.HANG]) as server:
        client = open_client(server.host_and_port)
        await refused(client.stream(openai_at(server.base_url), ask(), None, QUICK))
        async with asyncio.timeout(1):
            await server.closed.wait()


async def test_a_slow_listener_is_not_a_stall(open_client):
    words = Answer("one two three", delay_s=0.05)
    async with FakeUpstream(words) as upstream:
        client = open_client(upstream.host_and_port)
        heard = []
        async for event in client.stream(openai_at(upstream.openai_url), ask(), None, QUICK):
            heard.append(event)
            await asyncio.sleep(0.3)
    assert text_of(heard) == "one two three"


async def test_a_finished_answer_leaves_its_connection_for_the_next(open_client):
    whole = CHUNKED_HEAD + chunked(WHOLE)
    async with FaultServer([whole, 0.05, b"0\r\n\r\n", Do.HANG]) as server:
        client = open_client(server.host_and_port)
        _, error = await listen(client.stream(openai_at(server.base_url), ask(), None, QUICK))
        assert error is None
        assert not server.closed.is_set()


async def test_an_image_larger_than_a_megabyte_is_sent(open_client):
    image = ImagePart("image/png", bytes(range(256)) * 8192)
    request = ModelRequest("m", (Message("user", (TextPart("See"), image)),))
    async with FakeUpstream() as upstream:
        client = open_client(upstream.host_and_port)
        _, error = await listen(client.stream(openai_at(upstream.openai_url), request))
        assert error is None
        (asked,) = upstream.asked
    assert int(asked.headers["content-length"]) > 2 * 1024 * 1024
    assert "transfer-encoding" not in asked.headers


async def test_three_hundred_streams_run_at_once(open_client):
    async with FakeUpstream(Answer("one two three four", delay_s=0.2)) as upstream:
        client = open_client(upstream.host_and_port)
        endpoint = openai_at(upstream.openai_url)
        ended = await asyncio.gather(*(listen(client.stream(endpoint, ask())) for _ in range(300)))
    assert {text_of(heard) for heard, _ in ended} == {"one two three four"}
    assert not any(error for _, error in ended)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_models_are_listed(open_client, dialect):
    async with FakeUpstream(models=("model-a", "model-b")) as upstream:
        client = open_client(upstream.host_and_port)
        models = await client.list_models(endpoint_of(upstream, dialect), KEY)
    assert models == ("model-a", "model-b")


LISTING_FAULTS = {
    "html": (FAULTS["html"], FailureClass.NOT_A_MODEL_ANSWER),
    "not json": ([head(content_type="application/json"), b"oops"], FailureClass.NOT_A_MODEL_ANSWER),
    "error": (FAULTS["json_error"], FailureClass.RATE_LIMITED),
    "silence": (FAULTS["never_answers"], FailureClass.HEAD_TIMEOUT),
    "redirect": (FAULTS["redirect"], FailureClass.REDIRECT),
}


@pytest.mark.parametrize(("script", "failure"), LISTING_FAULTS.values(), ids=list(LISTING_FAULTS))
async def test_a_list_that_is_none_has_its_class(open_client, script, failure):
    async with FaultServer(script) as server:
        client = open_client(server.host_and_port)
        with pytest.raises(ProviderError) as caught:
            await client.list_models(openai_at(server.base_url), KEY, QUICK)
    assert caught.value.failure is failure


async def test_a_working_key_passes_its_test(open_client):
    async with FakeUpstream() as upstream:
        client = open_client(upstream.host_and_port)
        await client.test_key(openai_at(upstream.openai_url), KEY)
        assert upstream.asked == []


async def test_a_rejected_key_fails_its_test(open_client):
    refusal = b'{"error":{"message":"Incorrect API key provided: sk-canary-0123456789"}}'
    async with FaultServer([head("401 Unauthorized", "application/json"), refusal]) as server:
        client = open_client(server.host_and_port)
        with pytest.raises(ProviderError) as caught:
            await client.test_key(openai_at(server.base_url), KEY)
    assert caught.value.failure is FailureClass.KEY_REJECTED
    assert caught.value.detail == "Incorrect API key provided: [key]"


async def test_a_key_is_tested_with_a_model_by_a_few_tokens(open_client):
    async with FakeUpstream(Answer("ok")) as upstream:
        client = open_client(upstream.host_and_port)
        await client.test_key(openai_at(upstream.openai_url), KEY, "model-a")
        (asked,) = upstream.asked
    assert (asked.model, asked.body["max_tokens"]) == ("model-a", 16)


async def test_a_model_that_spends_the_test_on_reasoning_still_works(open_client):
    async with FakeUpstream(Answer("", finish="length")) as upstream:
        client = open_client(upstream.host_and_port)
        await client.test_key(openai_at(upstream.openai_url), KEY, "model-a")


async def test_a_model_that_is_gone_fails_its_test(open_client):
    async with FakeUpstream(Answer(status=404)) as upstream:
        client = open_client(upstream.host_and_port)
        with pytest.raises(ProviderError) as caught:
            await client.test_key(openai_at(upstream.openai_url), KEY, "model-z")
    assert caught.value.failure is FailureClass.MODEL_GONE
