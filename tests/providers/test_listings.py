from __future__ import annotations

import pytest

from providers.registry import DIALECTS, PROVIDERS, default_endpoint


@pytest.mark.parametrize(
    ("dialect", "body", "expected"),
    [
        ("openai_chat", {"data": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, ("a", "b")),
        ("openai_chat", [{"id": "a"}], ("a",)),
        ("openai_chat", {"data": None}, ()),
        ("openai_chat", "nonsense", ()),
        ("anthropic_messages", {"data": [{"id": "claude"}]}, ("claude",)),
        (
            "gemini_generate",
            {
                "models": [
                    {"name": "models/g", "supportedGenerationMethods": ["generateContent"]},
                    {"name": "models/e", "supportedGenerationMethods": ["embedContent"]},
                ]
            },
            ("g",),
        ),
    ],
)
def test_a_list_of_models_is_read(dialect, body, expected):
    assert DIALECTS[dialect].parse_models(body) == expected


@pytest.mark.parametrize(
    ("provider", "url"),
    [
        ("openai", "https://api.openai.com/v1/models"),
        ("openrouter", "https://openrouter.ai/api/v1/key"),
        ("anthropic", "https://api.anthropic.com/v1/models?limit=1"),
        ("google", "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1"),
    ],
)
def test_a_key_is_tested_where_it_is_needed(provider, url):
    endpoint = default_endpoint(provider, {})
    assert DIALECTS[endpoint.dialect].key_test_request(endpoint).url == url


def test_only_the_listed_providers_are_spoken_to_without_a_key():
    keyless = {provider.id for provider in PROVIDERS.values() if not provider.needs_key}
    assert keyless == {"ollama", "lmstudio", "vllm", "openai_compatible", "demo"}
