from __future__ import annotations

import json
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.frames import (
    PREFERENCES,
    BadFrameError,
    Continue,
    Hello,
    Ping,
    Resync,
    Retry,
    Send,
    Stop,
    parse_frame,
)

ID = "0192f6c2-6d0e-7c39-9a53-2f0a8e3f6b11"
OTHER = "0192f6c2-6d0e-7c39-9a53-2f0a8e3f6b12"
SEND = {"type": "send", "client_msg_id": ID, "text": "Hello"}
RETRY = {"type": "retry", "client_msg_id": ID, "reply": OTHER}
HELLO = {"type": "hello", "protocol": 1}
WRONG_IDS = ["", "x", 7, True, [], {}, ID[:-1], f"{ID}0", "../x", "\x00"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "client_msg_id",
    "conversation",
    "parent",
    "edits",
    "reply",
    "text",
    "model",
    "preference",
    "fallback",
    "running",
)


def refusal(frame: object) -> BadFrameError:
    with pytest.raises(BadFrameError) as refused:
        parse_frame(frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False))
    return refused.value


@pytest.mark.parametrize(
    ("frame", "parsed"),
    [
        (HELLO, Hello(1, None, {})),
        (
            HELLO | {"conversation": ID, "running": {OTHER: 12}},
            Hello(1, UUID(ID), {UUID(OTHER): 12}),
        ),
        (SEND, Send(UUID(ID), None, None, "Hello", "auto", "")),
        (
            SEND | {"conversation": OTHER, "parent": OTHER, "model": "a/b", "preference": "cost"},
            Send(UUID(ID), UUID(OTHER), UUID(OTHER), "Hello", "a/b", "cost"),
        ),
        (SEND | {"edits": OTHER}, Send(UUID(ID), None, None, "Hello", "auto", "", UUID(OTHER))),
        (SEND | {"fallback": True}, Send(UUID(ID), None, None, "Hello", "auto", "", None, True)),
        (SEND | {"model": ""}, Send(UUID(ID), None, None, "Hello", "auto", "")),
        (SEND | {"text": "a\x00b"}, Send(UUID(ID), None, None, "ab", "auto", "")),
        (RETRY, Retry(UUID(ID), UUID(OTHER), None, not_this_one=False)),
        (
            RETRY | {"model": "a/b", "not_this_one": True},
            Retry(UUID(ID), UUID(OTHER), "a/b", not_this_one=True),
        ),
        (RETRY | {"not_this_one": "yes"}, Retry(UUID(ID), UUID(OTHER), None, not_this_one=False)),
        (RETRY | {"type": "continue"}, Continue(UUID(ID), UUID(OTHER))),
        ({"type": "stop", "reply": ID}, Stop(UUID(ID))),
        ({"type": "resync", "reply": ID}, Resync(UUID(ID))),
        ({"type": "ping"}, Ping()),
    ],
)
def test_it_parses(frame, parsed):
    assert parse_frame(json.dumps(frame)) == parsed


@pytest.mark.parametrize("preference", sorted(PREFERENCES))
def test_it_takes_every_preference(preference):
    frame = parse_frame(json.dumps(SEND | {"preference": preference}))

    assert isinstance(frame, Send)
    assert frame.preference == preference


def test_what_it_does_not_know_it_ignores():
    """S04, S24: no field of a stranger gets any further."""
    extra = {"iconURL": "https://evil.example/", "role": "system", "channel": "x", "api_key": "y"}

    assert parse_frame(json.dumps(SEND | extra)) == parse_frame(json.dumps(SEND))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "nonsense",
        "[]",
        "null",
        "NaN",
        "7",
        '"ping"',
        "{}",
        '{"type": null}',
        '{"type": 7}',
        '{"type": []}',
        '{"type": {}}',
        '{"type": "Ping"}',
        '{"type": "launch"}',
        '{"type": "__class__"}',
        '{"type": "ping", "x": NaN}',
        '{"type": "send", "text": "\\ud800"}',
        "[" * 10_000,
        '{"a":' * 10_000,
    ],
)
def test_what_is_no_frame_is_refused(raw):
    assert refusal(raw).code == "bad_frame"


@pytest.mark.parametrize("kind", ["continue", "stop", "resync", "retry"])
@pytest.mark.parametrize("wrong", [None, *WRONG_IDS])
def test_a_wrong_reply_is_refused(kind, wrong):
    assert refusal({"type": kind, "client_msg_id": ID, "reply": wrong}).code == "bad_frame"


@pytest.mark.parametrize("field", ["conversation", "parent"])
@pytest.mark.parametrize("wrong", WRONG_IDS)
def test_a_wrong_place_is_refused(field, wrong):
    assert refusal(SEND | {field: wrong}).code == "bad_frame"


@pytest.mark.parametrize("wrong", [None, *WRONG_IDS])
def test_a_message_without_an_id_is_refused(wrong):
    assert refusal(SEND | {"client_msg_id": wrong}).code == "bad_frame"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "bad_frame"),
        (7, "bad_frame"),
        (["Hello"], "bad_frame"),
        ("", "empty"),
        (" \n\t ", "empty"),
        ("\x00", "empty"),
        ("x" * 200_001, "too_long"),
        ("א" * 200_001, "too_long"),
        ("🎈" * 131_073, "too_long"),
    ],
    ids=["none", "number", "list", "empty", "spaces", "NUL", "long", "long Hebrew", "many bytes"],
)
def test_a_text_that_cannot_be_sent_is_refused_by_name(text, code):
    error = refusal(SEND | {"text": text})

    assert (error.code, str(error.client_msg_id)) == (code, ID)


def test_a_text_of_too_many_bytes_is_told_in_bytes():
    assert "524,292" in refusal(SEND | {"text": "🎈" * 131_073}).message


@pytest.mark.parametrize("text", ["x" * 200_000, "🎈" * 131_000])
def test_a_text_at_the_limit_is_taken(text):
    frame = parse_frame(json.dumps(SEND | {"text": text}, ensure_ascii=False))

    assert isinstance(frame, Send)
    assert frame.text == text


@pytest.mark.parametrize("field", ["model", "preference"])
@pytest.mark.parametrize("wrong", [7, [], {}, "x" * 201, "a\x00b", "a\nb"])
def test_a_wrong_choice_is_refused(field, wrong):
    assert refusal(SEND | {field: wrong}).code == "bad_frame"


@pytest.mark.parametrize("wrong", ["true", 1, 0, [], {}])
def test_a_permission_that_is_neither_given_nor_withheld_is_refused(wrong):
    assert refusal(SEND | {"fallback": wrong}).code == "bad_frame"


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": None},
        {"protocol": "1"},
        {"protocol": 1.5},
        {"protocol": True},
        {"protocol": -1},
        {"protocol": 2**31},
        {"running": [1]},
        {"running": {"x": 1}},
        {"running": {ID: -1}},
        {"running": {ID: True}},
        {"running": {ID: None}},
        {"running": {f"0192f6c2-6d0e-7c39-9a53-{n:012}": 1 for n in range(101)}},
        {"conversation": 7},
    ],
)
def test_a_wrong_hello_is_refused(wrong):
    assert refusal(HELLO | wrong).code == "bad_frame"


def test_a_frame_beyond_the_limit_is_refused_unread():
    assert refusal('{"type":"send","text":"' + "x" * 1_100_000).code == "too_large"


@given(
    st.sampled_from(["hello", "send", "retry", "continue", "stop", "resync", "ping"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON),
)
def test_nothing_but_a_bad_frame_comes_of_any_json(kind, fields):
    with suppress(BadFrameError):
        parse_frame(json.dumps({"type": kind, **fields}))


@given(st.text())
def test_nothing_but_a_bad_frame_comes_of_any_text(raw):
    with suppress(BadFrameError):
        parse_frame(raw)
