from __future__ import annotations

import orjson
import pytest

from providers.request import DocumentPart, ImagePart, Message, TextPart, ToolCall
from tests.providers.request_bodies import CALL, RESULT, WEATHER, body_of, user

IMAGE = ImagePart("image/png", b"\x89PNG")
PDF = DocumentPart("application/pdf", b"%PDF", "plan.pdf")
NOTES = DocumentPart("text/markdown", "# שלום".encode(), "notes.md")
PNG_URL = "data:image/png;base64,iVBORw=="
PDF_URL = "data:application/pdf;base64,JVBERg=="


@pytest.mark.parametrize(
    ("provider", "part", "expected"),
    [
        ("openai", IMAGE, {"type": "image_url", "image_url": {"url": PNG_URL}}),
        (
            "openai",
            PDF,
            {"type": "file", "file": {"filename": "plan.pdf", "file_data": PDF_URL}},
        ),
        ("mistral", PDF, {"type": "document_url", "document_url": PDF_URL}),
        ("openai", NOTES, {"type": "text", "text": "notes.md:\n\n# שלום"}),
        (
            "anthropic",
            IMAGE,
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
            },
        ),
        (
            "anthropic",
            PDF,
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
                "title": "plan.pdf",
            },
        ),
        (
            "anthropic",
            NOTES,
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "# שלום"},
                "title": "notes.md",
            },
        ),
        ("google", IMAGE, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}),
        ("google", PDF, {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}}),
    ],
)
def test_attachments_go_inside_the_request(provider, part, expected):
    body = body_of(provider, user(TextPart("See"), part))
    (turn,) = body.get("messages") or body["contents"]
    parts = turn.get("content") or turn["parts"]
    assert parts[1] == expected


def test_openai_gets_tools_and_their_results():
    body = body_of("openai", user(TextPart("Hi")), CALL, RESULT, tools=(WEATHER,))
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city":"Haifa"}'},
                }
            ],
        },
        {"role": "tool", "content": "Sunny", "tool_call_id": "call_1"},
    ]
    assert body["tools"][0]["function"]["name"] == "weather"


def test_anthropic_gets_tools_and_their_results():
    body = body_of("anthropic", user(TextPart("Hi")), CALL, RESULT, tools=(WEATHER,))
    call = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Haifa"}}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny"}
    assert body["messages"][1:] == [
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    assert body["tools"][0]["input_schema"]["type"] == "object"


def test_gemini_gets_tools_their_results_and_a_signature():
    body = body_of("google", user(TextPart("Hi")), CALL, RESULT, tools=(WEATHER,))
    call, result = (content["parts"][0] for content in body["contents"][1:])
    assert call["functionCall"] == {"name": "weather", "args": {"city": "Haifa"}, "id": "call_1"}
    assert call["thoughtSignature"] == "skip_thought_signature_validator"
    assert result["functionResponse"] == {
        "name": "weather",
        "response": {"result": "Sunny"},
        "id": "call_1",
    }


def test_gemini_gets_its_own_signature_back():
    signed = ToolCall("fc_1", "weather", "{}", signature="c2ln")
    turn = Message("assistant", tool_calls=(signed,))
    body = body_of("google", user(TextPart("Hi")), turn)
    assert body["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


@pytest.mark.parametrize("provider", ["anthropic", "deepseek"])
def test_thinking_is_not_asked_for_where_the_history_lacks_it(provider):
    body = body_of(provider, user(TextPart("Hi")), CALL, RESULT, reasoning_effort="high")
    assert body.get("thinking", {"type": "disabled"}) == {"type": "disabled"}


@pytest.mark.parametrize("provider", ["anthropic", "google"])
def test_arguments_that_are_no_object_are_still_sent_as_one(provider):
    broken = Message("assistant", tool_calls=(ToolCall("call_1", "weather", '{"city":'),))
    sent = orjson.dumps(body_of(provider, user(TextPart("Hi")), broken)).decode()
    assert '{"arguments":"{\\"city\\":"}' in sent


@pytest.mark.parametrize(
    ("provider", "choice", "expected"),
    [
        ("openai", "required", "required"),
        ("openai", "weather", {"type": "function", "function": {"name": "weather"}}),
        ("anthropic", "required", {"type": "any"}),
        ("anthropic", "weather", {"type": "tool", "name": "weather"}),
        ("google", "none", {"functionCallingConfig": {"mode": "NONE"}}),
        (
            "google",
            "weather",
            {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
        ),
    ],
)
def test_the_choice_of_a_tool_is_translated(provider, choice, expected):
    body = body_of(provider, tools=(WEATHER,), tool_choice=choice)
    assert (body.get("tool_choice") or body["toolConfig"]) == expected
