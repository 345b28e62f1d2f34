"""Anthropic's Messages API.

https://platform.claude.com/docs/en/api/messages and .../build-with-claude/streaming
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Literal

import orjson

from providers.errors import FailureClass, ProviderError
from providers.events import (
    Finished,
    FinishReason,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from providers.json_values import count_at, object_at, objects_at, parse_object, text_at
from providers.reported import ReportedError, classify_reported, read_error
from providers.request import (
    Endpoint,
    ImagePart,
    Message,
    ModelRequest,
    Part,
    TextPart,
    Tool,
    ToolCall,
)
from providers.sse import ServerSentEvent
from providers.wire import WireRequest

API_VERSION = "2023-06-01"

# The API wants a limit where others have a default; every current model can write this much.
_DEFAULT_OUTPUT_TOKENS = 32_000
_LISTED_MODELS = 1000

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
# Several models refuse to have thinking switched off, so "none" asks for the least instead.
_EFFORTS = {
    "none": "low",
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "max",
}
_TOOL_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def build_request(endpoint: Endpoint, request: ModelRequest) -> WireRequest:
    body: dict[str, object] = {
        "model": request.model,
        "max_tokens": request.max_output_tokens or _DEFAULT_OUTPUT_TOKENS,
        "messages": _messages(request),
        "stream": True,
    }
    system = "\n\n".join(each.text for each in request.messages if each.role == "system")
    if system:
        body["system"] = system
    if any(each.role == "assistant" for each in request.messages):
        # From the second turn on the prefix is read again, which outweighs the price of writing it.
        body["cache_control"] = {"type": "ephemeral"}
    # No temperature and no top_p: the API's current reference has neither, newer models refuse them
    # https://platform.claude.com/docs/en/api/messages/create
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request.tool_choice)
    _set_output(body, request)
    return _wire("POST", f"{endpoint.base_url}/v1/messages", body)


def list_models_request(endpoint: Endpoint) -> WireRequest:
    return _wire("GET", f"{endpoint.base_url}/v1/models?limit={_LISTED_MODELS}")


def key_test_request(endpoint: Endpoint) -> WireRequest:
    return _wire("GET", f"{endpoint.base_url}/v1/models?limit=1")


def parse_models(body: object) -> tuple[str, ...]:
    return tuple(text_at(item, "id") for item in objects_at(body, "data") if text_at(item, "id"))


def classify(reported: ReportedError) -> FailureClass:
    # A rate limit always names its wait; without one it is a spend limit, and waiting is useless:
    # https://platform.claude.com/docs/en/api/rate-limits
    if reported.status == 429 and reported.retry_after_s is None:
        return FailureClass.QUOTA_EXHAUSTED
    return classify_reported(reported)


def stream_decoder() -> StreamDecoder:
    return StreamDecoder()


class StreamDecoder:
    """Content blocks to events; the index of a tool call counts tool calls only."""

    def __init__(self) -> None:
        self.finish_reason: FinishReason | None = None
        self.usage: Usage | None = None
        self._tool_indexes: dict[int, int] = {}
        self._counts: dict[str, int] = {}

    def decode(self, event: ServerSentEvent) -> list[StreamEvent]:
        data = parse_object(event.data)
        kind = text_at(data, "type")
        if kind == "content_block_delta":
            return self._delta(data)
        if kind == "content_block_start":
            return self._block_start(data)
        if kind == "message_start":
            self._read_usage(object_at(object_at(data, "message"), "usage"))
        elif kind == "message_delta":
            self._read_usage(object_at(data, "usage"))
            self._read_finish(text_at(object_at(data, "delta"), "stop_reason"))
        elif kind == "message_stop":
            return self.flush()
        elif kind == "error":
            reported = read_error(data, None, None)
            raise ProviderError(classify(reported), reported.message)
        # ping and block stops say nothing; event types of the future are to be ignored.
        return []

    def flush(self) -> list[StreamEvent]:
        if self.finish_reason is None:
            return []
        usage: list[StreamEvent] = [] if self.usage is None else [self.usage]
        return [*usage, Finished(self.finish_reason)]

    def _delta(self, data: Mapping[str, object]) -> list[StreamEvent]:
        delta = object_at(data, "delta")
        kind = text_at(delta, "type")
        if kind == "text_delta":
            return [TextDelta(text_at(delta, "text"))]
        if kind == "thinking_delta":
            return [ReasoningDelta(text_at(delta, "thinking"))]
        block = count_at(data, "index")
        if kind == "input_json_delta" and block in self._tool_indexes:
            index = self._tool_indexes[block]
            return [ToolCallDelta(index, arguments=text_at(delta, "partial_json"))]
        return []

    def _block_start(self, data: Mapping[str, object]) -> list[StreamEvent]:
        block = object_at(data, "content_block")
        # Blocks of server tools are not calls for us: their results come in the same stream.
        if text_at(block, "type") == "tool_use":
            index = len(self._tool_indexes)
            self._tool_indexes[count_at(data, "index")] = index
            return [ToolCallDelta(index, text_at(block, "id"), text_at(block, "name"))]
        if text_at(block, "text"):
            return [TextDelta(text_at(block, "text"))]
        return []

    def _read_usage(self, usage: Mapping[str, object]) -> None:
        """Counts are cumulative, and input tokens exclude what was read from or put into a cache."""
        details = object_at(usage, "output_tokens_details")
        self._counts |= {key: count_at(usage, key) for key in usage if count_at(usage, key)}
        self._counts |= {key: count_at(details, key) for key in details}
        cached = self._counts.get("cache_read_input_tokens", 0)
        written = self._counts.get("cache_creation_input_tokens", 0)
        self.usage = Usage(
            input_tokens=self._counts.get("input_tokens", 0) + cached + written,
            cached_input_tokens=cached,
            cache_write_tokens=written,
            output_tokens=self._counts.get("output_tokens", 0),
            reasoning_tokens=self._counts.get("thinking_tokens", 0),
        )

    def _read_finish(self, reason: str) -> None:
        if reason:
            self.finish_reason = _FINISH_REASONS.get(reason, "stop")


def _wire(
    method: Literal["GET", "POST"], url: str, body: Mapping[str, object] | None = None
) -> WireRequest:
    return WireRequest(
        method,
        url,
        body,
        headers={"anthropic-version": API_VERSION},
        key_header="x-api-key",
        key_prefix="",
    )


def _messages(request: ModelRequest) -> list[dict[str, object]]:
    messages = [_message(each) for each in request.messages if each.role != "system"]
    if request.prefill:
        # Trailing white space in a prefill is refused.
        messages.append({"role": "assistant", "content": request.prefill.rstrip()})
    # A turn without content is refused.
    return [message for message in messages if message["content"]]


def _message(message: Message) -> dict[str, object]:
    if message.role == "tool":
        result = {
            "type": "tool_result",
            "tool_use_id": message.tool_call_id,
            "content": message.text,
        }
        return {"role": "user", "content": [result]}
    blocks = [_block(part) for part in message.parts if part != TextPart("")]
    blocks += [_tool_use(call) for call in message.tool_calls]
    return {"role": message.role, "content": blocks}


def _block(part: Part) -> dict[str, object]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, ImagePart):
        return {"type": "image", "source": _source("base64", part.media_type, part.data)}
    if part.media_type.startswith("text/"):
        text = {"type": "text", "media_type": "text/plain"}
        source = {**text, "data": part.data.decode(errors="replace")}
        return {"type": "document", "source": source, "title": part.filename}
    source = _source("base64", part.media_type, part.data)
    return {"type": "document", "source": source, "title": part.filename}


def _source(kind: str, media_type: str, data: bytes) -> dict[str, str]:
    return {"type": kind, "media_type": media_type, "data": b64encode(data).decode()}


def _tool_use(call: ToolCall) -> dict[str, object]:
    try:
        arguments = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError:
        arguments = None
    # The API wants an object; a model that wrote something else is shown what it wrote.
    given = arguments if isinstance(arguments, dict) else {"arguments": call.arguments}
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": given}


def _tool(tool: Tool) -> dict[str, object]:
    schema = {"type": "object", **tool.parameters}
    return {"name": tool.name, "description": tool.description, "input_schema": schema}


def _tool_choice(choice: str) -> dict[str, object]:
    known = _TOOL_CHOICES.get(choice)
    return {"type": "tool", "name": choice} if known is None else {"type": known}


def _set_output(body: dict[str, object], request: ModelRequest) -> None:
    config: dict[str, object] = {}
    effort = _EFFORTS.get(request.reasoning_effort or "")
    # A tool conversation must give back the signed thinking that led to the call; turns of other
    # models have none, so thinking is left to the model's default there.
    if effort is not None and not any(each.tool_calls for each in request.messages):
        config["effort"] = effort
        if request.reasoning_effort != "none":
            body["thinking"] = {"type": "adaptive", "display": "summarized"}
    asked = request.response_format
    if asked is not None and asked.schema is not None:
        config["format"] = {"type": "json_schema", "schema": dict(asked.schema)}
    if config:
        body["output_config"] = config
