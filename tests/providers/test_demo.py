from __future__ import annotations

import asyncio

import pytest

from providers.dialects.demo import DEMO_MODELS, answer
from providers.errors import FailureClass, ProviderError
from providers.events import Finished, ReasoningDelta, TextDelta, Usage
from providers.registry import default_endpoint
from providers.request import Message, ModelRequest, TextPart
from tests.providers.conversations import listen, text_of

ANALYSIS = {
    "categories": {"coding": 0.82, "maths": 0.1, "everyday_chat": 0.08, "writing": 0.0},
    "difficulty": 0.63,
    "explanation": "A coding task\nthat takes several steps.",
}


def ask_demo(model: str, text: str = "Hello", **more) -> ModelRequest:
    return ModelRequest(model, (Message("user", (TextPart(text),)),), **more)


@pytest.mark.parametrize("model", DEMO_MODELS)
def test_a_demo_model_says_what_it_is_and_what_to_do_next(model):
    text = text_of(answer(ask_demo(model)))
    assert "demo model" in text
    assert "paste the key" in text
    assert text.startswith("## ")


@pytest.mark.parametrize("model", DEMO_MODELS)
def test_a_demo_model_speaks_of_the_analysis(model):
    text = text_of(answer(ask_demo(model, analysis=ANALYSIS)))
    assert "82 %" in text or '"coding": 0.82' in text
    assert "Writing" not in text


def test_the_models_differ_in_form():
    texts = {model: text_of(answer(ask_demo(model, analysis=ANALYSIS))) for model in DEMO_MODELS}
    assert "| Coding | 82 % |" in texts["scholar"]
    assert "> A coding task that takes several steps." in texts["scholar"]
    assert "```python" in texts["coder"]
    assert "- **Coding**: 82 %" in texts["polyglot"]
    assert len(texts["swift"]) == min(len(text) for text in texts.values())


@pytest.mark.parametrize("model", DEMO_MODELS)
def test_a_hebrew_question_gets_hebrew(model):
    text = text_of(answer(ask_demo(model, "מה שלומך?", analysis=ANALYSIS)))
    assert "מודל הדגמה" in text
    assert "demo model" not in text


def test_the_same_request_gets_the_same_answer():
    request = ask_demo("scholar", analysis=ANALYSIS)
    assert answer(request) == answer(request)


def test_an_answer_ends_with_usage_and_finished():
    *deltas, usage, finished = answer(ask_demo("scholar"))
    assert all(isinstance(delta, TextDelta | ReasoningDelta) for delta in deltas)
    assert isinstance(usage, Usage)
    assert usage.input_tokens == 2
    assert 0 < usage.reasoning_tokens < usage.output_tokens
    assert finished == Finished("stop")


def test_an_output_limit_is_kept():
    *deltas, _, finished = answer(ask_demo("swift", max_output_tokens=3))
    assert len(deltas) == 3
    assert finished == Finished("length")


def test_an_unknown_demo_model_is_gone():
    with pytest.raises(ProviderError) as caught:
        answer(ask_demo("giant"))
    assert caught.value.failure is FailureClass.MODEL_GONE


@pytest.mark.parametrize(
    "analysis", [{}, {"categories": "x", "difficulty": "y"}, {"categories": {}}]
)
def test_an_odd_analysis_is_no_error(analysis):
    assert text_of(answer(ask_demo("scholar", analysis=analysis)))


async def test_the_client_plays_it_without_a_network(open_client):
    client = open_client()
    endpoint = default_endpoint("demo", {})
    request = ask_demo("coder", analysis=ANALYSIS)
    heard, error = await listen(client.stream(endpoint, request))
    assert error is None
    assert heard == answer(request)
    assert await client.list_models(endpoint) == tuple(DEMO_MODELS)
    await client.test_key(endpoint)
    await client.test_key(endpoint, model="swift")


async def test_a_demo_answer_can_be_stopped(open_client):
    client = open_client(demo_delay_s=0.02)
    stream = client.stream(default_endpoint("demo", {}), ask_demo("scholar"))
    listening = asyncio.create_task(listen(stream))
    await asyncio.sleep(0.05)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
