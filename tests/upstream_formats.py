"""The wire formats of `tests.fake_upstream`, written from the vendors' documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Json = dict[str, object]


@dataclass(frozen=True)
class Answer:
    """What the upstream says: a stream of words, or with another `status` an error.

    `tool_calls` are (name, arguments as JSON text). `delay_s` stands between two chunks,
    `first_delay_s` after the head, `head_delay_s` before it. `error_body` replaces the vendor's
    usual error; `cut_after` words ends the stream without a finish.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    status: int = 200
    retry_after: str | None = None
    error_message: str = "scripted failure"
    error_body: object = None
    delay_s: float = 0.0
    first_delay_s: float = 0.0
    head_delay_s: float = 0.0
    input_tokens: int = 11
    cached_tokens: int = 4
    output_tokens: int = 7
    reasoning_tokens: int = 2
    cut_after: int | None = None

    def words(self) -> list[str]:
        found = re.findall(r"\s*\S+\s*", self.text)
        return found if self.cut_after is None else found[: self.cut_after]


@dataclass(frozen=True)
class Format:
    name: str
    frames: Callable[[Answer, str], Iterator[bytes]]
    error: Callable[[Answer], Json]
    listing: Callable[[Sequence[str]], Json]


def _data(payload: object) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def _openai_frames(answer: Answer, model: str) -> Iterator[bytes]:
    def chunk(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data(_openai_chunk(model, [choice]))

    yield chunk({"role": "assistant", "content": ""})
    if answer.reasoning:
        yield chunk({"reasoning_content": answer.reasoning})
    for word in answer.words():
        yield chunk({"content": word})
    for index, (name, arguments) in enumerate(answer.tool_calls):
        function = {"name": name, "arguments": ""}
        call = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        yield chunk({"tool_calls": [call]})
        yield chunk({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]})
    if answer.cut_after is not None:
        return
    yield chunk({}, "tool_calls" if answer.tool_calls else answer.finish)
    yield _data({**_openai_chunk(model, []), "usage": _openai_usage(answer)})
    yield b"data: [DONE]\n\n"


def _openai_chunk(model: str, choices: list[Json]) -> Json:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    return {**head, "choices": choices}


def _openai_usage(answer: Answer) -> Json:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
    }


_OPENAI_ERRORS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


def _openai_error(answer: Answer) -> Json:
    kind, code = _OPENAI_ERRORS.get(answer.status, ("server_error", None))
    message = answer.error_message
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _openai_listing(models: Sequence[str]) -> Json:
    entries = [{"id": each, "object": "model", "created": 1, "owned_by": "us"} for each in models]
    return {"object": "list", "data": entries}


_ANTHROPIC_FINISHES = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_ANTHROPIC_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def _anthropic_frames(answer: Answer, model: str) -> Iterator[bytes]:
    def event(kind: str, **fields: object) -> bytes:
        return f"event: {kind}\n".encode() + _data({"type": kind, **fields})

    usage = {
        # Anthropic counts what was read from the cache beside the input, not inside it.
        "input_tokens": answer.input_tokens - answer.cached_tokens,
        "cache_read_input_tokens": answer.cached_tokens,
        "output_tokens": 1,
    }
    message: Json = {"id": "msg_1", "type": "message", "role": "assistant", "model": model}
    message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield event("message_start", message=message)
    yield event("ping")
    for index, (block, deltas) in enumerate(_anthropic_blocks(answer)):
        yield event("content_block_start", index=index, content_block=block)
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    if answer.cut_after is not None:
        return
    finish = "tool_use" if answer.tool_calls else _ANTHROPIC_FINISHES[answer.finish]
    yield event(
        "message_delta",
        delta={"stop_reason": finish, "stop_sequence": None},
        usage={
            "output_tokens": answer.output_tokens,
            "output_tokens_details": {"thinking_tokens": answer.reasoning_tokens},
        },
    )
    yield event("message_stop")


def _anthropic_blocks(answer: Answer) -> Iterator[tuple[Json, list[Json]]]:
    if answer.reasoning:
        start: Json = {"type": "thinking", "thinking": "", "signature": ""}
        yield start, [{"type": "thinking_delta", "thinking": answer.reasoning}]
    if answer.text:
        words = answer.words()
        yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": w} for w in words]
    for index, (name, arguments) in enumerate(answer.tool_calls):
        start = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
        yield start, [{"type": "input_json_delta", "partial_json": arguments}]


def _anthropic_error(answer: Answer) -> Json:
    kind = _ANTHROPIC_ERRORS.get(answer.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": answer.error_message}}


def _anthropic_listing(models: Sequence[str]) -> Json:
    made = "2026-01-01T00:00:00Z"
    entries = [
        {"type": "model", "id": each, "display_name": each, "created_at": made} for each in models
    ]
    return {"data": entries, "has_more": False, "first_id": None, "last_id": None}


_GEMINI_FINISHES = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_GEMINI_ERRORS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def _gemini_frames(answer: Answer, model: str) -> Iterator[bytes]:
    def candidate(parts: list[Json], finish: str | None = None) -> bytes:
        chosen: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish is not None:
            chosen["finishReason"] = finish
        usage = _gemini_usage(answer)
        return _data({"candidates": [chosen], "usageMetadata": usage, "modelVersion": model})

    if answer.reasoning:
        yield candidate([{"text": answer.reasoning, "thought": True}])
    for word in answer.words():
        yield candidate([{"text": word}])
    for name, arguments in answer.tool_calls:
        call = {"name": name, "args": json.loads(arguments)}
        yield candidate([{"functionCall": call, "thoughtSignature": "c2lnbmVk"}])
    if answer.cut_after is None:
        yield candidate([{"text": ""}], _GEMINI_FINISHES[answer.finish])


def _gemini_usage(answer: Answer) -> Json:
    return {
        "promptTokenCount": answer.input_tokens,
        "cachedContentTokenCount": answer.cached_tokens,
        "candidatesTokenCount": answer.output_tokens - answer.reasoning_tokens,
        "thoughtsTokenCount": answer.reasoning_tokens,
        "totalTokenCount": answer.input_tokens + answer.output_tokens,
    }


def _gemini_error(answer: Answer) -> Json:
    status = _GEMINI_ERRORS.get(answer.status, "UNKNOWN")
    return {"error": {"code": answer.status, "message": answer.error_message, "status": status}}


def _gemini_listing(models: Sequence[str]) -> Json:
    methods = ["generateContent", "countTokens"]
    entries = [{"name": f"models/{each}", "supportedGenerationMethods": methods} for each in models]
    return {"models": entries}


OPENAI = Format("openai_chat", _openai_frames, _openai_error, _openai_listing)
ANTHROPIC = Format("anthropic_messages", _anthropic_frames, _anthropic_error, _anthropic_listing)
GEMINI = Format("gemini_generate", _gemini_frames, _gemini_error, _gemini_listing)
