from __future__ import annotations

from pathlib import Path

import pytest

from providers.clocks import Clocks
from providers.events import Finished, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from providers.reading import AnswerReader, Ending
from providers.registry import DIALECTS

FOLDER = Path(__file__).parent / "recordings"

EXPECTED = {
    ("openai", "openai_chat"): [
        TextDelta("שלום"),
        TextDelta(" 👋🏽"),
        Usage(120, 64, 32, 40, 30),
        Finished("stop"),
    ],
    ("openai_tools", "openai_chat"): [
        ToolCallDelta(0, "call_a", "weather"),
        ToolCallDelta(0, arguments='{"city":'),
        ToolCallDelta(0, arguments='"Haifa"}'),
        ToolCallDelta(1, "call_b", "time", "{}"),
        Finished("tool_calls"),
    ],
    ("openrouter", "openai_chat"): [
        ReasoningDelta("Let me see"),
        TextDelta("Four."),
        Usage(input_tokens=9, output_tokens=12, reasoning_tokens=10),
        Finished("length"),
    ],
    ("groq", "openai_chat"): [
        ReasoningDelta("Short."),
        TextDelta("Yes."),
        Usage(input_tokens=5, output_tokens=3),
        Finished("stop"),
    ],
    ("deepseek", "openai_chat"): [
        ReasoningDelta("Hm"),
        TextDelta("Yes"),
        Usage(input_tokens=50, cached_input_tokens=48, output_tokens=20, reasoning_tokens=15),
        Finished("stop"),
    ],
    ("mistral", "openai_chat"): [
        ReasoningDelta("Adding"),
        TextDelta("Four"),
        TextDelta("."),
        Usage(input_tokens=8, output_tokens=6),
        Finished("length"),
    ],
    # Reasoning is counted beside the completion there: 5 + 20 tokens were generated.
    ("xai", "openai_chat"): [
        ReasoningDelta("So"),
        TextDelta("Yes"),
        Usage(input_tokens=10, cached_input_tokens=2, output_tokens=25, reasoning_tokens=20),
        Finished("stop"),
    ],
    ("ollama", "openai_chat"): [
        ReasoningDelta("Well"),
        TextDelta("Yes"),
        ToolCallDelta(0, "call_x", "time", "{}"),
        Usage(input_tokens=3, output_tokens=2),
        Finished("tool_calls"),
    ],
    # 20 fresh + 30 written to the cache + 50 read from it.
    ("anthropic", "anthropic_messages"): [
        ReasoningDelta("They ask"),
        TextDelta("שלום"),
        TextDelta("!"),
        Usage(100, 50, 30, 15, 9),
        Finished("stop"),
    ],
    ("anthropic_tools", "anthropic_messages"): [
        TextDelta("Looking"),
        ToolCallDelta(0, "toolu_1", "weather"),
        ToolCallDelta(0),
        ToolCallDelta(0, arguments='{"city":"Haifa"}'),
        Usage(input_tokens=10, output_tokens=33),
        Finished("tool_calls"),
    ],
    ("gemini", "gemini_generate"): [
        ReasoningDelta("**Plan**"),
        TextDelta("שלום"),
        Usage(input_tokens=12, cached_input_tokens=8, output_tokens=31, reasoning_tokens=28),
        Finished("stop"),
    ],
    ("gemini_tools", "gemini_generate"): [
        ToolCallDelta(0, "call_0", "weather", '{"city":"Haifa"}', "c2ln"),
        ToolCallDelta(1, "fc_2", "time", "{}"),
        Usage(input_tokens=12, output_tokens=4),
        Finished("tool_calls"),
    ],
}


def heard(dialect: str, chunks: list[bytes]) -> list[object]:
    reader = AnswerReader(DIALECTS[dialect].stream_decoder(), Clocks())
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return [*events, *reader.end(Ending.CLOSED)]


@pytest.mark.parametrize(("name", "dialect"), EXPECTED, ids=[name for name, _ in EXPECTED])
def test_a_recording_becomes_these_events(name, dialect):
    recorded = (FOLDER / f"{name}.sse").read_bytes()
    assert heard(dialect, [recorded]) == EXPECTED[name, dialect]


@pytest.mark.parametrize(("name", "dialect"), EXPECTED, ids=[name for name, _ in EXPECTED])
@pytest.mark.parametrize("ending", [b"\r\n", b"\r"], ids=["crlf", "cr"])
def test_a_recording_reads_the_same_byte_by_byte_and_with_other_line_ends(name, dialect, ending):
    recorded = (FOLDER / f"{name}.sse").read_bytes().replace(b"\n", ending)
    chunks = [recorded[place : place + 1] for place in range(len(recorded))]
    assert heard(dialect, chunks) == EXPECTED[name, dialect]


def test_every_dialect_has_a_recording():
    assert {dialect for _, dialect in EXPECTED} == set(DIALECTS)
