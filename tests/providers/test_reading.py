from __future__ import annotations

import tracemalloc

import pytest

from providers.clocks import Clocks
from providers.errors import FailureClass, ProviderError
from providers.events import StreamEvent
from providers.reading import AnswerReader
from providers.registry import DIALECTS
from tests.fault_server import data, text_chunk

F = FailureClass
OVERLOADED = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
BLOCKED = '{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}'
GAVE_UP = '{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}'
FILTERED = '{"candidates":[{"finishReason":"SAFETY"}]}'

# (dialect, bytes of the stream, class): errors that vendors report inside a 200.
CASES = {
    "openai error": (
        "openai_chat",
        data('{"error":{"message":"The server had an error","type":"server_error"}}'),
        F.SERVER_ERROR,
    ),
    "openrouter error": (
        "openai_chat",
        data(
            '{"id":"g","error":{"code":429,"message":"Rate limited"},'
            '"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}'
        ),
        F.RATE_LIMITED,
    ),
    "lm studio error": (
        "openai_chat",
        b'event: error\ndata: {"message":"Model has no context size left"}\n\n',
        F.CONTEXT_TOO_LONG,
    ),
    "vllm error": (
        "openai_chat",
        data('{"object":"error","message":"engine died","code":500}'),
        F.SERVER_ERROR,
    ),
    "error as text": ("openai_chat", data('{"error":"model runner stopped"}'), F.SERVER_ERROR),
    "mistral finish": (
        "openai_chat",
        data('{"choices":[{"delta":{},"finish_reason":"error"}]}'),
        F.SERVER_ERROR,
    ),
    "deepseek finish": (
        "openai_chat",
        data('{"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}'),
        F.OVERLOADED,
    ),
    "groq late error": (
        "openai_chat",
        data('{"choices":[],"x_groq":{"id":"r","error":"over capacity"}}'),
        F.SERVER_ERROR,
    ),
    "anthropic error": (
        "anthropic_messages",
        b"event: error\n" + data(OVERLOADED),
        F.OVERLOADED,
    ),
    "gemini error": (
        "gemini_generate",
        data('{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}'),
        F.UNAVAILABLE,
    ),
    "gemini blocked prompt": ("gemini_generate", data(BLOCKED), F.CONTENT_POLICY),
    "gemini gave up": ("gemini_generate", data(GAVE_UP), F.SERVER_ERROR),
}


def feed_all(reader: AnswerReader, *chunks: bytes) -> list[StreamEvent]:
    return [event for chunk in chunks for event in reader.feed(chunk)]


def reader_of(dialect: str, **caps: int) -> AnswerReader:
    return AnswerReader(DIALECTS[dialect].stream_decoder(), Clocks(**caps))


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_an_error_inside_the_stream_has_its_class(case):
    dialect, stream, failure = case
    with pytest.raises(ProviderError) as caught:
        feed_all(reader_of(dialect), stream)
    assert caught.value.failure is failure


def test_a_blocked_prompt_says_what_was_counted():
    with pytest.raises(ProviderError) as caught:
        feed_all(reader_of("gemini_generate"), data(BLOCKED))
    assert caught.value.usage is not None
    assert caught.value.usage.input_tokens == 3


def test_what_a_stream_may_not_contain_is_ignored():
    odd = ['{"choices":"none"}', '{"choices":[7]}', '{"choices":[{"delta":[]}]}', '{"x":null}']
    assert feed_all(reader_of("openai_chat"), data(*odd), b"event: execute\ndata: {}\n\n") == []


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("odd", ["7", "[]", "null", '"text"', "[" * 100_000, "\x00"])
def test_an_event_that_is_no_object_is_malformed(dialect, odd):
    with pytest.raises(ProviderError) as caught:
        feed_all(reader_of(dialect), data(odd, odd))
    assert caught.value.failure is FailureClass.MALFORMED_EVENT


def test_white_space_may_repeat():
    lines = data(*[text_chunk("\n")] * 300)
    assert len(feed_all(reader_of("openai_chat"), lines)) == 300


def test_words_may_not_repeat_a_hundred_times():
    with pytest.raises(ProviderError) as caught:
        feed_all(reader_of("openai_chat"), data(*[text_chunk("again")] * 100))
    assert caught.value.failure is FailureClass.REPEATING


ENDLESS = {
    "line": b"x" * 65536,
    "comments": b": keep-alive\n\n" * 4096,
    "event": b"data: x\n" * 8192,
}


@pytest.mark.parametrize("stream", ENDLESS.values(), ids=list(ENDLESS))
def test_an_endless_stream_takes_no_memory(stream):
    reader = reader_of("openai_chat")
    tracemalloc.start()
    with pytest.raises(ProviderError) as caught:
        feed_all(reader, *[stream] * 1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.failure is FailureClass.OVER_CAP
    assert peak < 16 * 1024 * 1024
