"""Google's generateContent, streamed as server-sent events.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

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
from providers.reported import ReportedError, classify_reported, has_error, read_error
from providers.request import Endpoint, Message, ModelRequest, Part, TextPart, Tool, ToolCall
from providers.sse import ServerSentEvent
from providers.wire import WireRequest

# v1 knows neither thinking nor JSON schemas of tools.
_VERSION = "v1beta"
_LISTED_MODELS = 1000

# Gemini 3 and later refuse a call in the history without its signature. Calls that another model
# made have none; this value is documented for exactly that case:
# https://ai.google.dev/gemini-api/docs/thought-signatures
_FOREIGN_SIGNATURE = "skip_thought_signature_validator"

_GAVE_UP = {
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "MALFORMED_RESPONSE",
    "MISSING_THOUGHT_SIGNATURE",
    "TOO_MANY_TOOL_CALLS",
    "UNEXPECTED_TOOL_CALL",
}
_FILTERED = {
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
}
_THINKING_LEVELS = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "max": "HIGH",
}
_TOOL_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def build_request(endpoint: Endpoint, request: ModelRequest) -> WireRequest:
    body: dict[str, object] = {"contents": _contents(request)}
    system = "\n\n".join(each.text for each in request.messages if each.role == "system")
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    config = _generation_config(request)
    if config:
        body["generationConfig"] = config
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool) for tool in request.tools]}]
        body["toolConfig"] = {"functionCallingConfig": _calling(request.tool_choice)}
    model = quote(request.model, safe="")
    return _wire(endpoint, f"models/{model}:streamGenerateContent?alt=sse", body)


def list_models_request(endpoint: Endpoint) -> WireRequest:
    return _wire(endpoint, f"models?pageSize={_LISTED_MODELS}")


def key_test_request(endpoint: Endpoint) -> WireRequest:
    return _wire(endpoint, "models?pageSize=1")


def parse_models(body: object) -> tuple[str, ...]:
    """Only models that generate text; embedding and video models stand in the same list."""
    return tuple(
        text_at(model, "name").removeprefix("models/")
        for model in objects_at(body, "models")
        if "generateContent" in _texts_at(model, "supportedGenerationMethods")
    )


def classify(reported: ReportedError) -> FailureClass:
    # https://ai.google.dev/gemini-api/docs/troubleshooting and .../rate-limits
    if reported.status == 429 and "perday" in reported.code:
        return FailureClass.QUOTA_EXHAUSTED
    if reported.kind == "failed_precondition":
        return FailureClass.FORBIDDEN
    return classify_reported(reported)


def stream_decoder() -> StreamDecoder:
    return StreamDecoder()


class StreamDecoder:
    """Candidates to events. Nothing marks the end but the end itself: `flush` finishes."""

    def __init__(self) -> None:
        self.finish_reason: FinishReason | None = None
        self.usage: Usage | None = None
        self._calls = 0

    def decode(self, event: ServerSentEvent) -> list[StreamEvent]:
        data = parse_object(event.data)
        if has_error(data):
            reported = read_error(data, None, None)
            raise ProviderError(classify(reported), reported.message, status=reported.status)
        self._read_usage(object_at(data, "usageMetadata"))
        blocked = text_at(object_at(data, "promptFeedback"), "blockReason")
        if blocked:
            raise ProviderError(FailureClass.CONTENT_POLICY, f"The prompt was blocked: {blocked}.")
        events: list[StreamEvent] = []
        for candidate in objects_at(data, "candidates")[:1]:
            for part in objects_at(object_at(candidate, "content"), "parts"):
                events += self._part(part)
            self._read_finish(text_at(candidate, "finishReason"))
        return events

    def flush(self) -> list[StreamEvent]:
        if self.finish_reason is None:
            return []
        usage: list[StreamEvent] = [] if self.usage is None else [self.usage]
        return [*usage, Finished(self.finish_reason)]

    def _part(self, part: Mapping[str, object]) -> list[StreamEvent]:
        call = object_at(part, "functionCall")
        if call:
            return [self._call(call, text_at(part, "thoughtSignature"))]
        text = text_at(part, "text")
        if not text:
            return []
        return [ReasoningDelta(text) if part.get("thought") is True else TextDelta(text)]

    def _call(self, call: Mapping[str, object], signature: str) -> ToolCallDelta:
        index = self._calls
        self._calls += 1
        return ToolCallDelta(
            index=index,
            # Older models number no calls.
            id=text_at(call, "id") or f"call_{index}",
            name=text_at(call, "name"),
            arguments=orjson.dumps(object_at(call, "args")).decode(),
            signature=signature,
        )

    def _read_usage(self, usage: Mapping[str, object]) -> None:
        if not usage:
            return
        thoughts = count_at(usage, "thoughtsTokenCount")
        prompt = count_at(usage, "promptTokenCount")
        self.usage = Usage(
            input_tokens=prompt + count_at(usage, "toolUsePromptTokenCount"),
            cached_input_tokens=count_at(usage, "cachedContentTokenCount"),
            output_tokens=count_at(usage, "candidatesTokenCount") + thoughts,
            reasoning_tokens=thoughts,
        )

    def _read_finish(self, reason: str) -> None:
        if reason in _GAVE_UP:
            raise ProviderError(FailureClass.SERVER_ERROR, f"The model gave up: {reason}.")
        if reason in _FILTERED:
            self.finish_reason = "content_filter"
        elif reason == "MAX_TOKENS":
            self.finish_reason = "length"
        elif reason:
            self.finish_reason = "tool_calls" if self._calls else "stop"


def _wire(endpoint: Endpoint, path: str, body: Mapping[str, object] | None = None) -> WireRequest:
    return WireRequest(
        "GET" if body is None else "POST",
        f"{endpoint.base_url}/{_VERSION}/{path}",
        body,
        # Not `?key=`: URLs end up in logs.
        key_header="x-goog-api-key",
        key_prefix="",
    )


def _contents(request: ModelRequest) -> list[dict[str, object]]:
    names = {call.id: call.name for each in request.messages for call in each.tool_calls}
    contents = [
        _content(message, names) for message in request.messages if message.role != "system"
    ]
    if request.prefill:
        contents.append({"role": "model", "parts": [{"text": request.prefill}]})
    return [content for content in contents if content["parts"]]


def _content(message: Message, names: Mapping[str, str]) -> dict[str, object]:
    if message.role == "tool":
        call_id = message.tool_call_id or ""
        answer = {"name": names.get(call_id, call_id), "response": {"result": message.text}}
        return {"role": "user", "parts": [{"functionResponse": {**answer, "id": call_id}}]}
    parts = [_part(part) for part in message.parts if part != TextPart("")]
    parts += [_function_call(call) for call in message.tool_calls]
    return {"role": "model" if message.role == "assistant" else "user", "parts": parts}


def _part(part: Part) -> dict[str, object]:
    if isinstance(part, TextPart):
        return {"text": part.text}
    data = b64encode(part.data).decode()
    return {"inlineData": {"mimeType": part.media_type, "data": data}}


def _function_call(call: ToolCall) -> dict[str, object]:
    try:
        arguments = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError:
        arguments = None
    given = arguments if isinstance(arguments, dict) else {"arguments": call.arguments}
    return {
        "functionCall": {"name": call.name, "args": given, "id": call.id},
        "thoughtSignature": call.signature or _FOREIGN_SIGNATURE,
    }


def _generation_config(request: ModelRequest) -> dict[str, object]:
    config: dict[str, object] = {}
    if request.max_output_tokens is not None:
        config["maxOutputTokens"] = request.max_output_tokens
    if request.temperature is not None:
        config["temperature"] = request.temperature
    if request.top_p is not None:
        config["topP"] = request.top_p
    if request.stop:
        config["stopSequences"] = list(request.stop)
    if request.response_format is not None:
        config["responseMimeType"] = "application/json"
        if request.response_format.schema is not None:
            config["responseJsonSchema"] = dict(request.response_format.schema)
    if request.reasoning_effort is not None:
        level = _THINKING_LEVELS[request.reasoning_effort]
        config["thinkingConfig"] = {"includeThoughts": True, "thinkingLevel": level}
    return config


def _tool(tool: Tool) -> dict[str, object]:
    declared = {"name": tool.name, "description": tool.description}
    return {**declared, "parametersJsonSchema": dict(tool.parameters)}


def _calling(choice: str) -> dict[str, object]:
    if choice in _TOOL_MODES:
        return {"mode": _TOOL_MODES[choice]}
    return {"mode": "ANY", "allowedFunctionNames": [choice]}


def _texts_at(source: Mapping[str, object], key: str) -> list[str]:
    value = source.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
