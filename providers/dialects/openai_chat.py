"""Chat completions as OpenAI defined them and most servers speak them.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

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
from providers.quirks import DEFAULT_QUIRKS, QUIRKS, Quirks
from providers.reported import classify_reported, has_error, read_error
from providers.request import (
    Endpoint,
    ImagePart,
    Message,
    ModelRequest,
    Part,
    ResponseFormat,
    TextPart,
    Tool,
    ToolCall,
)
from providers.sse import ServerSentEvent
from providers.wire import WireRequest

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}

classify = classify_reported

# Finish reasons that are errors in disguise: OpenRouter and Mistral, then DeepSeek.
_FAILED_FINISHES = {
    "error": FailureClass.SERVER_ERROR,
    "insufficient_system_resource": FailureClass.OVERLOADED,
}


def build_request(endpoint: Endpoint, request: ModelRequest) -> WireRequest:
    quirks = QUIRKS.get(endpoint.provider, DEFAULT_QUIRKS)
    messages = [_message(message, quirks) for message in request.messages]
    if request.prefill:
        messages.append(_prefill(request.prefill, quirks))
    body: dict[str, object] = {"model": request.model, "messages": messages, "stream": True}
    if quirks.asks_for_usage:
        body["stream_options"] = {"include_usage": True}
    _set_sampling(body, request, quirks)
    _set_reasoning(body, request, quirks)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.response_format is not None:
        body["response_format"] = _response_format(request.response_format, quirks)
    return WireRequest("POST", f"{endpoint.base_url}/chat/completions", body)


def list_models_request(endpoint: Endpoint) -> WireRequest:
    return WireRequest("GET", f"{endpoint.base_url}/models")


def key_test_request(endpoint: Endpoint) -> WireRequest:
    quirks = QUIRKS.get(endpoint.provider, DEFAULT_QUIRKS)
    return WireRequest("GET", f"{endpoint.base_url}{quirks.key_check_path}")


def parse_models(body: object) -> tuple[str, ...]:
    """The ids in `{"data": [{"id"}]}`, or in the bare list that Together answers."""
    listed = objects_at({"data": body} if isinstance(body, list) else body, "data")
    return tuple(dict.fromkeys(text_at(item, "id") for item in listed if text_at(item, "id")))


def stream_decoder() -> StreamDecoder:
    return StreamDecoder()


class StreamDecoder:
    """Chunks to events. The usage comes after the finish reason, `[DONE]` after both."""

    def __init__(self) -> None:
        self.finish_reason: FinishReason | None = None
        self.usage: Usage | None = None

    def decode(self, event: ServerSentEvent) -> list[StreamEvent]:
        if event.data == "[DONE]":
            self.finish_reason = self.finish_reason or "stop"
            return self.flush()
        chunk = parse_object(event.data)
        # LM Studio names the event "error"; everyone else puts the error into a plain chunk.
        if has_error(chunk) or event.event == "error":
            reported = read_error(chunk, None, None)
            raise ProviderError(classify(reported), reported.message, status=reported.status)
        if chunk.get("usage") or chunk.get("x_groq"):
            self._read_usage(chunk)
        events: list[StreamEvent] = []
        for choice in objects_at(chunk, "choices")[:1]:
            events = _deltas(object_at(choice, "delta"))
            if reason := text_at(choice, "finish_reason"):
                self._read_finish(reason)
        return events

    def flush(self) -> list[StreamEvent]:
        if self.finish_reason is None:
            return []
        usage: list[StreamEvent] = [] if self.usage is None else [self.usage]
        return [*usage, Finished(self.finish_reason)]

    def _read_usage(self, chunk: Mapping[str, object]) -> None:
        # https://console.groq.com/docs/api-reference: x_groq holds usage, or a late error.
        groq = object_at(chunk, "x_groq")
        if text_at(groq, "error"):
            raise ProviderError(FailureClass.SERVER_ERROR, text_at(groq, "error"))
        usage = object_at(chunk, "usage") or object_at(groq, "usage")
        if usage:
            self.usage = _usage(usage)

    def _read_finish(self, reason: str) -> None:
        if reason in _FAILED_FINISHES:
            raise ProviderError(_FAILED_FINISHES[reason], "The provider ended with an error.")
        self.finish_reason = _FINISH_REASONS.get(reason, "stop")


def _deltas(delta: Mapping[str, object]) -> list[StreamEvent]:
    content = delta.get("content")
    if len(delta) == 1 and isinstance(content, str):  # Nearly all are, thousands a second.
        return [TextDelta(content)] if content else []
    events: list[StreamEvent] = []
    # `reasoning_content`: DeepSeek, xAI, Fireworks, older vLLM; `reasoning`: OpenRouter, Groq,
    # Together, Cerebras, Ollama, vLLM. Some send both with the same text.
    reasoning = text_at(delta, "reasoning_content") or text_at(delta, "reasoning")
    if reasoning:
        events.append(ReasoningDelta(reasoning))
    if isinstance(content, str):
        if content:
            events.append(TextDelta(content))
    elif content:
        events += _content_parts(delta)
    if text_at(delta, "refusal"):
        events.append(TextDelta(text_at(delta, "refusal")))
    for position, call in enumerate(objects_at(delta, "tool_calls")):
        events.append(_tool_call_delta(position, call))
    return events


def _content_parts(delta: Mapping[str, object]) -> list[StreamEvent]:
    """Mistral's reasoning models: https://docs.mistral.ai/capabilities/reasoning"""
    events: list[StreamEvent] = []
    for part in objects_at(delta, "content"):
        if text_at(part, "type") == "thinking":
            thoughts = "".join(text_at(thought, "text") for thought in objects_at(part, "thinking"))
            events.append(ReasoningDelta(thoughts))
        elif text_at(part, "text"):
            events.append(TextDelta(text_at(part, "text")))
    return events


def _tool_call_delta(position: int, call: Mapping[str, object]) -> ToolCallDelta:
    function = object_at(call, "function")
    arguments = function.get("arguments")
    index = call.get("index")
    return ToolCallDelta(
        index=index if isinstance(index, int) else position,
        id=text_at(call, "id"),
        name=text_at(function, "name"),
        # Some servers send the arguments as an object instead of its text.
        arguments=orjson.dumps(arguments).decode()
        if isinstance(arguments, dict)
        else text_at(function, "arguments"),
    )


def _usage(usage: Mapping[str, object]) -> Usage:
    prompt = object_at(usage, "prompt_tokens_details")
    completion = object_at(usage, "completion_tokens_details")
    input_tokens = count_at(usage, "prompt_tokens")
    # xAI counts reasoning beside the completion, the others inside it; the total tells.
    output_tokens = max(
        count_at(usage, "completion_tokens"), count_at(usage, "total_tokens") - input_tokens
    )
    return Usage(
        input_tokens=input_tokens,
        cached_input_tokens=count_at(prompt, "cached_tokens")
        or count_at(usage, "prompt_cache_hit_tokens"),  # DeepSeek
        cache_write_tokens=count_at(prompt, "cache_write_tokens"),
        output_tokens=output_tokens,
        reasoning_tokens=count_at(completion, "reasoning_tokens"),
    )


def _message(message: Message, quirks: Quirks) -> dict[str, object]:
    wire: dict[str, object] = {"role": message.role, "content": _content(message, quirks)}
    if message.role == "tool":
        wire["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        wire["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    return wire


def _content(message: Message, quirks: Quirks) -> object:
    # Text alone goes as a string: the smaller servers know no list of parts.
    if all(isinstance(part, TextPart) for part in message.parts):
        return message.text
    return [_part(part, quirks) for part in message.parts]


def _part(part: Part, quirks: Quirks) -> dict[str, object]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    data_url = f"data:{part.media_type};base64,{b64encode(part.data).decode()}"
    if isinstance(part, ImagePart):
        return {"type": "image_url", "image_url": {"url": data_url}}
    if part.media_type.startswith("text/"):
        text = part.data.decode(errors="replace")
        return {"type": "text", "text": f"{part.filename}:\n\n{text}"}
    if quirks.pdf_part == "document_url":
        return {"type": "document_url", "document_url": data_url}
    return {"type": "file", "file": {"filename": part.filename, "file_data": data_url}}


def _tool_call(call: ToolCall) -> dict[str, object]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _prefill(text: str, quirks: Quirks) -> dict[str, object]:
    wire: dict[str, object] = {"role": "assistant", "content": text}
    return {**wire, "prefix": True} if quirks.marks_prefill else wire


def _set_sampling(body: dict[str, object], request: ModelRequest, quirks: Quirks) -> None:
    if request.max_output_tokens is not None:
        body[quirks.output_limit] = request.max_output_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.top_p is not None:
        body["top_p"] = request.top_p
    reasons = request.reasoning_effort not in {None, "none"}
    if request.stop and (quirks.takes_stop_with_reasoning or not reasons):
        body["stop"] = list(request.stop)


def _set_reasoning(body: dict[str, object], request: ModelRequest, quirks: Quirks) -> None:
    effort = request.reasoning_effort
    word = None if effort is None else quirks.efforts.get(effort)
    if quirks.effort_field == "thinking":
        _set_thinking(body, request, word)
    elif word is None:
        return
    elif quirks.effort_field == "reasoning":
        body["reasoning"] = {"effort": word}
    else:
        body["reasoning_effort"] = word


def _set_thinking(body: dict[str, object], request: ModelRequest, word: str | None) -> None:
    # DeepSeek refuses a tool conversation without the reasoning that led to the call, which other
    # models' turns do not have: https://api-docs.deepseek.com/guides/thinking_mode
    has_calls = any(message.tool_calls for message in request.messages)
    if has_calls or word == "":
        body["thinking"] = {"type": "disabled"}
    elif word is not None:
        body["thinking"] = {"type": "enabled"}
        body["reasoning_effort"] = word


def _tool(tool: Tool) -> dict[str, object]:
    function = {"name": tool.name, "description": tool.description}
    return {"type": "function", "function": {**function, "parameters": dict(tool.parameters)}}


def _tool_choice(choice: str) -> object:
    if choice in {"auto", "none", "required"}:
        return choice
    return {"type": "function", "function": {"name": choice}}


def _response_format(asked: ResponseFormat, quirks: Quirks) -> dict[str, object]:
    if asked.kind == "json_object" or not quirks.takes_json_schema or asked.schema is None:
        return {"type": "json_object"}
    schema: dict[str, object] = {"name": asked.name, "schema": dict(asked.schema)}
    return {"type": "json_schema", "json_schema": {**schema, "strict": asked.strict}}
