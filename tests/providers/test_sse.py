from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import FailureClass, ProviderError
from providers.sse import ServerSentEvent, ServerSentEventDecoder

HEBREW = "שלום עולם"
EMOJI = "👩🏽‍🚀🇮🇱"
# Line ends to str.splitlines, and none to the standard.
FALSE_LINE_ENDS = "\u2028 \u2029 \u0085 \x0b \x0c \x1c \x1d \x1e"


def decoded(*chunks: bytes) -> list[ServerSentEvent]:
    decoder = ServerSentEventDecoder()
    events = [event for chunk in chunks for event in decoder.decode(chunk)]
    return events + decoder.flush()


def decode_all(decoder: ServerSentEventDecoder, chunks: list[bytes]) -> None:
    for chunk in chunks:
        decoder.decode(chunk)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(b"data: a\n\n", [ServerSentEvent("a")], id="lf"),
        pytest.param(b"data: a\r\n\r\n", [ServerSentEvent("a")], id="crlf"),
        pytest.param(b"data: a\r\r", [ServerSentEvent("a")], id="cr"),
        pytest.param(b"data:a\n\n", [ServerSentEvent("a")], id="no space"),
        pytest.param(b"data:  a\n\n", [ServerSentEvent(" a")], id="one space only"),
        pytest.param(b"data: a\ndata: b\n\n", [ServerSentEvent("a\nb")], id="multi-line data"),
        pytest.param(b"data\n\n", [ServerSentEvent("")], id="data without colon"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [ServerSentEvent("a")], id="byte order mark"),
        pytest.param(b": hello\n\ndata: a\n\n", [ServerSentEvent("a")], id="comment"),
        pytest.param(b"event: x\n\ndata: a\n\n", [ServerSentEvent("a")], id="event without data"),
        pytest.param(b"event: x\ndata: a\n\n", [ServerSentEvent("a", "x")], id="named event"),
        pytest.param(b"foo: x\ndata: a\n\n", [ServerSentEvent("a")], id="unknown field"),
        pytest.param(b"id: 1\ndata: a\n\n", [ServerSentEvent("a", id="1")], id="id"),
        pytest.param(b"id: \x00\ndata: a\n\n", [ServerSentEvent("a")], id="id with NUL"),
        pytest.param(b"retry: 5\ndata: a\n\n", [ServerSentEvent("a", retry=5)], id="retry"),
        pytest.param(b"retry: 5x\ndata: a\n\n", [ServerSentEvent("a")], id="bad retry"),
        pytest.param(
            b"retry: " + b"9" * 5000 + b"\ndata: a\n\n", [ServerSentEvent("a")], id="huge"
        ),
        pytest.param(b"data: a\n\n\n\n", [ServerSentEvent("a")], id="more blank lines"),
        pytest.param(b"data: a", [ServerSentEvent("a")], id="end without line end"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_it_reads(sent, expected):
    assert decoded(sent) == expected


def test_an_id_stays_until_the_next_one():
    first, second = decoded(b"id: 7\ndata: a\n\ndata: b\n\n")
    assert (first.id, second.id) == ("7", "7")


@pytest.mark.parametrize(
    "text", [HEBREW, EMOJI, FALSE_LINE_ENDS], ids=["he", "emoji", "separators"]
)
def test_text_cut_at_every_byte_is_whole_again(text):
    sent = f"data: {text}\r\n\r\ndata: next\n\n".encode()
    for place in range(len(sent) + 1):
        events = decoded(sent[:place], sent[place:])
        assert [event.data for event in events] == [text, "next"]


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_cutting_changes_nothing(chunks):
    assert decoded(*chunks) == decoded(b"".join(chunks))


def test_invalid_utf8_is_replaced_and_counted():
    decoder = ServerSentEventDecoder()
    (event,) = decoder.decode(b"data: a\xff\xfeb\n\n")
    assert event.data == "a\ufffd\ufffdb"
    assert decoder.replacements == 1


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([b"x" * 40] * 30, id="line without end"),
        pytest.param([b"data: " + b"x" * 2000 + b"\n"], id="long line in one chunk"),
        pytest.param([b"data: " + b"x" * 600 + b"\n"] * 4, id="event of many lines"),
    ],
)
def test_a_line_or_event_beyond_its_cap_is_refused(chunks):
    decoder = ServerSentEventDecoder(line_bytes=1000, event_bytes=2000)
    with pytest.raises(ProviderError) as caught:
        decode_all(decoder, chunks)
    assert caught.value.failure is FailureClass.OVER_CAP
