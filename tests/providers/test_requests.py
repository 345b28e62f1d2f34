from __future__ import annotations

import pytest

from providers.request import Message, ResponseFormat, TextPart
from tests.providers.request_bodies import body_of, user, wire_of

SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("openai", "https://api.openai.com/v1/chat/completions"),
        ("groq", "https://api.groq.com/openai/v1/chat/completions"),
        ("anthropic", "https://api.anthropic.com/v1/messages"),
        (
            "google",
            "https://generativelanguage.googleapis.com/v1beta/models/some-model:streamGenerateContent?alt=sse",
        ),
    ],
)
def test_a_request_goes_to_the_providers_address(provider, url):
    wire = wire_of(provider)
    assert (wire.method, wire.url) == ("POST", url)


@pytest.mark.parametrize(
    ("provider", "header", "prefix"),
    [
        ("openai", "authorization", "Bearer "),
        ("anthropic", "x-api-key", ""),
        ("google", "x-goog-api-key", ""),
    ],
)
def test_the_key_goes_into_a_header(provider, header, prefix):
    wire = wire_of(provider)
    assert (wire.key_header, wire.key_prefix) == (header, prefix)


def test_a_model_name_cannot_leave_its_place_in_the_path():
    wire = wire_of("google", model="../../v1/files?x=")
    assert "/models/..%2F..%2Fv1%2Ffiles%3Fx%3D:stream" in wire.url


def test_openai_gets_plain_text_as_a_string():
    assert body_of("openai") == {
        "model": "some-model",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_anthropic_gets_blocks_a_limit_and_the_system_prompt_apart():
    system = Message("system", (TextPart("Be brief"),))
    assert body_of("anthropic", system, user(TextPart("Hi"))) == {
        "model": "some-model",
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "stream": True,
        "system": "Be brief",
    }


def test_gemini_gets_contents_and_the_system_prompt_apart():
    system = Message("system", (TextPart("Be brief"),))
    assert body_of("google", system, user(TextPart("Hi"))) == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief"}]},
    }


@pytest.mark.parametrize(
    ("provider", "field"),
    [
        ("openai", "max_completion_tokens"),
        ("groq", "max_completion_tokens"),
        ("mistral", "max_tokens"),
        ("ollama", "max_tokens"),
        ("openai_compatible", "max_tokens"),
        ("anthropic", "max_tokens"),
    ],
)
def test_the_output_limit_has_the_name_each_server_knows(provider, field):
    body = body_of(provider, max_output_tokens=50)
    limits = {name: body[name] for name in body if name.startswith("max_")}
    assert limits == {field: 50}


@pytest.mark.parametrize("provider", ["mistral", "fireworks", "cerebras"])
def test_usage_is_not_asked_of_servers_that_send_it_anyway(provider):
    assert "stream_options" not in body_of(provider)


@pytest.mark.parametrize(
    ("provider", "effort", "expected"),
    [
        ("openai", "max", {"reasoning_effort": "max"}),
        ("openai", "none", {"reasoning_effort": "none"}),
        ("openrouter", "max", {"reasoning": {"effort": "xhigh"}}),
        ("mistral", "low", {"reasoning_effort": "high"}),
        ("mistral", "none", {"reasoning_effort": "none"}),
        ("deepseek", "max", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
        ("deepseek", "none", {"thinking": {"type": "disabled"}}),
        ("groq", "minimal", {"reasoning_effort": "low"}),
        ("vllm", "max", {"reasoning_effort": "high"}),
        ("vllm", "none", {}),
        (
            "anthropic",
            "high",
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "high"},
            },
        ),
        ("anthropic", "none", {"output_config": {"effort": "low"}}),
        (
            "google",
            "max",
            {
                "generationConfig": {
                    "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"}
                }
            },
        ),
    ],
)
def test_the_reasoning_effort_is_said_in_each_servers_words(provider, effort, expected):
    plain = body_of(provider)
    asked = body_of(provider, reasoning_effort=effort)
    assert {name: asked[name] for name in asked if name not in plain} == expected


def test_stop_is_left_out_where_reasoning_models_refuse_it():
    assert body_of("xai", stop=("END",))["stop"] == ["END"]
    assert "stop" not in body_of("xai", stop=("END",), reasoning_effort="high")


def test_sampling_is_passed_on_except_to_anthropic_which_has_none():
    sampling = {"temperature": 0.2, "top_p": 0.9, "stop": ("END",)}
    openai = body_of("openai", **sampling)
    assert (openai["temperature"], openai["top_p"], openai["stop"]) == (0.2, 0.9, ["END"])
    gemini = {"temperature": 0.2, "topP": 0.9, "stopSequences": ["END"]}
    assert body_of("google", **sampling)["generationConfig"] == gemini
    anthropic = body_of("anthropic", **sampling)
    assert anthropic["stop_sequences"] == ["END"]
    assert not {"temperature", "top_p"} & set(anthropic)


@pytest.mark.parametrize(
    ("provider", "asked", "expected"),
    [
        ("openai", ResponseFormat("json_object"), {"type": "json_object"}),
        (
            "openai",
            ResponseFormat("json_schema", "reply", SCHEMA, strict=True),
            {
                "type": "json_schema",
                "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True},
            },
        ),
        ("deepseek", ResponseFormat("json_schema", "reply", SCHEMA), {"type": "json_object"}),
    ],
)
def test_a_response_format_is_passed_on(provider, asked, expected):
    assert body_of(provider, response_format=asked)["response_format"] == expected


def test_a_schema_goes_to_anthropic_and_gemini_too():
    asked = ResponseFormat("json_schema", "reply", SCHEMA)
    anthropic = body_of("anthropic", response_format=asked)
    assert anthropic["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    gemini = body_of("google", response_format=asked)["generationConfig"]
    assert gemini == {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("openai", {"role": "assistant", "content": "Once "}),
        ("mistral", {"role": "assistant", "content": "Once ", "prefix": True}),
        ("anthropic", {"role": "assistant", "content": "Once"}),
        ("google", {"role": "model", "parts": [{"text": "Once "}]}),
    ],
)
def test_a_prefill_is_the_last_turn(provider, expected):
    body = body_of(provider, prefill="Once ")
    assert (body.get("messages") or body["contents"])[-1] == expected


def test_anthropic_caches_from_the_second_turn_on():
    first = user(TextPart("Hi"))
    reply = Message("assistant", (TextPart("Hello"),))
    assert "cache_control" not in body_of("anthropic", first)
    later = body_of("anthropic", first, reply, user(TextPart("More")))
    assert later["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize("provider", ["anthropic", "google"])
def test_empty_turns_are_left_out_where_they_are_refused(provider):
    body = body_of(provider, user(TextPart("Hi")), Message("assistant", (TextPart(""),)))
    assert len(body.get("messages") or body["contents"]) == 1


def test_an_unknown_openai_compatible_server_gets_nothing_it_might_refuse():
    body = body_of("openai_compatible")
    assert set(body) == {"model", "messages", "stream", "stream_options"}
