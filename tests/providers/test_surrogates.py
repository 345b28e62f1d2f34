from __future__ import annotations

import pytest

from providers.clocks import Clocks
from providers.reading import AnswerReader, Ending
from providers.registry import DIALECTS
from providers.surrogates import SurrogateJoiner
from tests.fault_server import data, finish_chunk
from tests.providers.conversations import text_of

WAVE = "\ud83d\udc4b"


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["plain"], ["plain"]),
        (["שלום", "👋🏽"], ["שלום", "👋🏽"]),
        (["a\ud83d", "\udc4bb"], ["a", "👋b"]),
        (["\ud83d", "\udc4b"], ["", "👋"]),
        (["\ud83d", "x"], ["", "\ufffdx"]),
        (["\udc4bx"], ["\ufffdx"]),
        (["\ud83d\ud83d", "\udc4b"], ["\ufffd", "👋"]),
        ([WAVE], ["👋"]),
    ],
)
def test_halves_of_a_character_come_together(pieces, expected):
    joiner = SurrogateJoiner()
    assert [joiner.join(piece) for piece in pieces] == expected


def test_an_emoji_that_a_server_cut_in_half_is_whole():
    reader = AnswerReader(DIALECTS["openai_chat"].stream_decoder(), Clocks())
    halves = [
        '{"choices":[{"delta":{"content":"Hi \\ud83d"}}]}',
        '{"choices":[{"delta":{"content":"\\udc4b!"}}]}',
    ]
    events = [*reader.feed(data(*halves, finish_chunk())), *reader.end(Ending.CLOSED)]
    assert text_of(events) == "Hi 👋!"
