from __future__ import annotations

import json
import traceback
from base64 import b64encode
from urllib.parse import quote

import pytest

from providers.errors import FailureClass, ProviderError, single_line
from providers.redaction import redacted
from providers.secret import SecretStr
from tests.fault_server import FaultServer, Script, data, head
from tests.providers.conversations import QUICK, ask, openai_at, refused

KEY = "sk-canary-Zq8/f+1 kM3w"
WIRE_KEY = "sk-canary-Zq8/f+1_kM3w"
QUESTION = "Why did the harbour of Haifa close in the winter of that year?"


@pytest.mark.parametrize(
    "spelling",
    [
        KEY,
        f"Bearer {KEY}",
        quote(KEY, safe=""),
        b64encode(KEY.encode()).decode(),
        b64encode(f":{KEY}".encode()).decode(),
        b64encode(f"ab{KEY}".encode()).decode(),
        KEY[:12],
        KEY[-12:],
        KEY[5:15],
    ],
)
def test_the_key_is_taken_out_in_any_spelling(spelling):
    shown = redacted(f"Bad key {spelling} given", KEY, ())
    assert "[key]" in shown
    assert not any(KEY[place : place + 8] in shown for place in range(len(KEY) - 7))
    assert spelling not in shown
    assert shown.startswith("Bad key ")


@pytest.mark.parametrize(
    "echo",
    [
        QUESTION,
        QUESTION[10:50],
        json.dumps(f"a\n{QUESTION}"),
        json.dumps("שלום עולם, מה שלומך היום?"),
    ],
)
def test_the_conversation_is_taken_out(echo):
    texts = (QUESTION, f"a\n{QUESTION}", "שלום עולם, מה שלומך היום?")
    shown = redacted(f"Invalid message {echo} at 3", "", texts)
    assert shown.startswith("Invalid message ")
    assert "[your text]" in shown
    assert "harbour of Haifa" not in shown


def test_other_words_stay():
    message = "The model gpt-9 does not exist or you do not have access to it."
    assert redacted(message, KEY, (QUESTION,)) == message


def test_a_detail_is_one_short_line():
    detail = single_line("a\r\n\x1b[31mb\u2028c\u200bd\x00" + "e" * 500)
    assert len(detail) == 300
    assert detail.startswith("a [31mb c d e")
    assert detail.isprintable()


def test_an_error_says_its_class_and_detail():
    assert str(ProviderError(FailureClass.CONFLICT, "busy\n")) == "conflict: busy"


ECHO = f"Incorrect key {WIRE_KEY} for {QUESTION}"
ECHOES: dict[str, Script] = {
    "401": [
        head("401 Unauthorized", "application/json"),
        json.dumps({"error": {"message": ECHO}}).encode(),
    ],
    "400": [
        head("400 Bad Request", "application/json"),
        json.dumps({"error": {"message": ECHO}}).encode(),
    ],
    "200 with an error": [
        head(content_type="application/json"),
        json.dumps({"error": {"message": ECHO}}).encode(),
    ],
    "event": [head(), data(json.dumps({"error": {"message": ECHO}}))],
    "text, then event": [
        head(),
        data('{"choices":[{"delta":{"content":"Hi"}}]}', json.dumps({"error": {"message": ECHO}})),
    ],
}


@pytest.mark.parametrize("script", ECHOES.values(), ids=list(ECHOES))
async def test_an_echo_of_key_and_prompt_is_not_passed_on(open_client, script):
    async with FaultServer(script) as server:
        client = open_client(server.host_and_port)
        stream = client.stream(
            openai_at(server.base_url), ask(QUESTION), SecretStr(WIRE_KEY), QUICK
        )
        error = await refused(stream)
        assert server.requests[0].headers["authorization"] == f"Bearer {WIRE_KEY}"
    assert error.detail == "Incorrect key [key] for [your text]"


@pytest.mark.parametrize("script", [*ECHOES.values(), [], [b"x"]], ids=[*ECHOES, "cut", "junk"])
async def test_no_frame_of_a_traceback_holds_the_key(open_client, script):
    async with FaultServer(script) as server:
        client = open_client(server.host_and_port)
        endpoint = openai_at(server.base_url)
        error = await refused(client.stream(endpoint, ask("Hi"), SecretStr(WIRE_KEY), QUICK))
    assert error.__cause__ is None
    assert error.__context__ is None
    frames = traceback.walk_tb(error.__traceback__)
    shown = [
        repr(value)
        for frame, _ in frames
        if "/providers/" in frame.f_code.co_filename and "/tests/" not in frame.f_code.co_filename
        for value in frame.f_locals.values()
    ]
    assert shown
    assert not [value for value in shown if "canary" in value]


@pytest.mark.parametrize("key", ["sk-a\r\nhost: evil", "sk-\u05d0", "sk a", "sk-\x00"])
async def test_a_key_that_no_header_can_hold_is_refused_unsent(open_client, key):
    async with FaultServer() as server:
        client = open_client(server.host_and_port)
        error = await refused(
            client.stream(openai_at(server.base_url), ask(), SecretStr(key), QUICK)
        )
        assert error.failure is FailureClass.KEY_REJECTED
        assert server.connections == 0
