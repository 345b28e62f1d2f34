"""A mock that others wrote and keep true to the vendors reads our requests and answers them."""

from __future__ import annotations

import pytest

from providers.errors import FailureClass
from providers.events import Finished, ToolCallDelta, Usage
from providers.request import Endpoint, Message, ModelRequest, TextPart, Tool
from providers.secret import SecretStr
from tests.providers.conversations import listen, refused, text_of

KEY = SecretStr("sk-canary-0123456789")
DIALECTS = ["openai_chat", "anthropic_messages", "gemini_generate"]
HEBREW = "שלום 👋🏽, this is a longer answer in two languages."
USAGE = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
FIXTURES = [
    {
        "match": {"model": "busy-model"},
        "response": {
            "error": {"message": "Overloaded", "type": "overloaded_error"},
            "status": 529,
        },
    },
    {
        "match": {"userMessage": "weather"},
        "response": {"toolCalls": [{"name": "weather", "arguments": {"city": "Haifa"}}]},
    },
    {"match": {}, "response": {"content": HEBREW, "usage": USAGE}},
]
WEATHER = Tool("weather", "Says the weather", {"type": "object", "properties": {}})


def endpoint_of(mock, dialect: str) -> Endpoint:
    url = mock.openai_url if dialect == "openai_chat" else mock.base_url
    return Endpoint("some_provider", url, dialect)


def ask(text: str, model: str = "some-model", **more) -> ModelRequest:
    return ModelRequest(model, (Message("user", (TextPart(text),)),), **more)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_answer_streams(open_client, aimock, dialect):
    mock = aimock(FIXTURES, chunk_characters=3)
    client = open_client(mock.host_and_port)
    heard, error = await listen(client.stream(endpoint_of(mock, dialect), ask("Hello"), KEY))
    assert error is None
    assert text_of(heard) == HEBREW
    assert heard[-1] == Finished("stop")
    assert len(mock.journal()) == 1


async def test_usage_is_counted(open_client, aimock):
    mock = aimock(FIXTURES)
    client = open_client(mock.host_and_port)
    heard, _ = await listen(client.stream(endpoint_of(mock, "openai_chat"), ask("Hello"), KEY))
    assert Usage(input_tokens=9, output_tokens=5) in heard


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_tool_is_called(open_client, aimock, dialect):
    mock = aimock(FIXTURES)
    client = open_client(mock.host_and_port)
    request = ask("How is the weather?", tools=(WEATHER,))
    heard, error = await listen(client.stream(endpoint_of(mock, dialect), request, KEY))
    assert error is None
    calls = [event for event in heard if isinstance(event, ToolCallDelta)]
    assert calls[0].name == "weather"
    assert "".join(call.arguments for call in calls).replace(" ", "") == '{"city":"Haifa"}'
    assert heard[-1] == Finished("tool_calls")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_overloaded_model_is_told_from_others(open_client, aimock, dialect):
    mock = aimock(FIXTURES)
    client = open_client(mock.host_and_port)
    endpoint = endpoint_of(mock, dialect)
    error = await refused(client.stream(endpoint, ask("Hello", "busy-model"), KEY))
    assert (error.failure, error.status) == (FailureClass.OVERLOADED, 529)
    _, none = await listen(client.stream(endpoint, ask("Hello", "other-model"), KEY))
    assert none is None


async def test_models_are_listed(open_client, aimock):
    mock = aimock(FIXTURES)
    client = open_client(mock.host_and_port)
    assert await client.list_models(endpoint_of(mock, "openai_chat"), KEY)
