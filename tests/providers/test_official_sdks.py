"""The vendors' own clients read our fake upstream, so what the fake speaks is their format."""

from __future__ import annotations

import anthropic
import openai
import pytest
from google import genai

from tests.fake_upstream import FakeUpstream
from tests.upstream_formats import Answer

# google-genai derives from aiohttp's session, which aiohttp warns about.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

ANSWER = Answer("שלום 👋🏽, here I am.", tool_calls=(("weather", '{"city": "Haifa"}'),))
KEY = "sk-canary-0123456789"


@pytest.fixture
async def upstream():
    async with FakeUpstream(ANSWER) as running:
        yield running


@pytest.fixture
async def openai_client(upstream):
    async with openai.AsyncOpenAI(
        base_url=upstream.openai_url, api_key=KEY, max_retries=0
    ) as client:
        yield client


@pytest.fixture
async def anthropic_client(upstream):
    async with anthropic.AsyncAnthropic(
        base_url=upstream.base_url, api_key=KEY, max_retries=0
    ) as client:
        yield client


@pytest.fixture
async def gemini_client(upstream):
    client = genai.Client(
        api_key=KEY,
        http_options=genai.types.HttpOptions(base_url=upstream.base_url, api_version="v1beta"),
    )
    yield client.aio
    await client.aio.aclose()
    client.close()


async def gemini_chunks(client):
    stream = await client.models.generate_content_stream(model="m", contents="Hi")
    return [chunk async for chunk in stream]


async def test_openai_reads_an_answer(openai_client, upstream):
    stream = await openai_client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    chunks = [chunk async for chunk in stream]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == ANSWER.text
    calls = [call for choice in choices for call in choice.delta.tool_calls or []]
    assert "".join(call.function.arguments or "" for call in calls) == '{"city": "Haifa"}'
    assert choices[-1].finish_reason == "tool_calls"
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens == 4
    assert upstream.asked[0].key == KEY


async def test_anthropic_reads_an_answer(anthropic_client, upstream):
    async with anthropic_client.messages.stream(
        model="m", max_tokens=100, messages=[{"role": "user", "content": "Hi"}]
    ) as stream:
        message = await stream.get_final_message()
    text, call = message.content
    assert (text.text, call.name, call.input) == (ANSWER.text, "weather", {"city": "Haifa"})
    assert message.stop_reason == "tool_use"
    assert (message.usage.cache_read_input_tokens, message.usage.output_tokens) == (4, 7)
    assert upstream.asked[0].key == KEY


async def test_gemini_reads_an_answer(gemini_client, upstream):
    chunks = await gemini_chunks(gemini_client)
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert "".join(part.text or "" for part in parts) == ANSWER.text
    (call,) = [part.function_call for part in parts if part.function_call]
    assert (call.name, call.args) == ("weather", {"city": "Haifa"})
    assert chunks[-1].candidates[0].finish_reason == "STOP"
    assert chunks[-1].usage_metadata.thoughts_token_count == 2
    assert (upstream.asked[0].model, upstream.asked[0].key) == ("m", KEY)


async def test_openai_and_anthropic_list_the_models(openai_client, anthropic_client):
    listed = [model.id async for model in openai_client.models.list()]
    assert listed == ["model-a", "model-b"]
    page = await anthropic_client.models.list()
    assert [model.id for model in page.data] == ["model-a", "model-b"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, openai.AuthenticationError), (404, openai.NotFoundError), (429, openai.RateLimitError)],
)
async def test_openai_knows_our_errors(openai_client, upstream, status, expected):
    upstream.default = Answer(status=status)
    with pytest.raises(expected, match="scripted failure"):
        await openai_client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
        )


async def test_anthropic_knows_our_errors(anthropic_client, upstream):
    upstream.default = Answer(status=529)
    with pytest.raises(anthropic.APIStatusError) as caught:
        await anthropic_client.messages.create(
            model="m", max_tokens=10, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
    assert caught.value.status_code == 529
    assert "overloaded_error" in str(caught.value.body)


async def test_gemini_knows_our_errors(gemini_client, upstream):
    upstream.default = Answer(status=429)
    with pytest.raises(genai.errors.ClientError, match="RESOURCE_EXHAUSTED"):
        await gemini_chunks(gemini_client)
