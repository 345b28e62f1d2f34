"""The JSON that a dialect makes of a request."""

from __future__ import annotations

from typing import Any

import orjson

from providers.registry import DIALECTS, default_endpoint
from providers.request import Message, ModelRequest, TextPart, Tool, ToolCall
from providers.wire import WireRequest

# Any, because a test looks into the body without checking every level of it.
Json = dict[str, Any]

WEATHER = Tool("weather", "Says the weather", {"type": "object", "properties": {}})
CALL = Message("assistant", tool_calls=(ToolCall("call_1", "weather", '{"city":"Haifa"}'),))
RESULT = Message("tool", (TextPart("Sunny"),), tool_call_id="call_1")


def user(*parts) -> Message:
    return Message("user", parts)


def wire_of(provider: str, *messages: Message, model: str = "some-model", **more) -> WireRequest:
    endpoint = default_endpoint(provider, {})
    request = ModelRequest(model, messages or (user(TextPart("Hi")),), **more)
    return DIALECTS[endpoint.dialect].build_request(endpoint, request)


def body_of(provider: str, *messages: Message, **more) -> Json:
    """The body as JSON makes it: what cannot be JSON fails the test."""
    return dict(orjson.loads(orjson.dumps(wire_of(provider, *messages, **more).body)))
