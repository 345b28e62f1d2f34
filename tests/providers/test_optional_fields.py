from __future__ import annotations

import pytest

from providers.errors import FailureClass, ProviderError
from providers.optional_fields import OPTIONAL, leaving_out, named_by
from providers.registry import DIALECTS
from providers.wire import WireRequest

WIRE = WireRequest(
    "POST", "https://x.example/v1", {"model": "m", "stream_options": {}, "top_p": 0.5, "tools": []}
)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("Unknown parameter: 'stream_options'.", "stream_options"),
        ('[{"loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}]', "top_p"),
        ("Unknown parameter: 'tools'.", ""),
        ("temperature is not supported", ""),
        ("stream_options_2 is unknown", ""),
        ("Bad request", ""),
    ],
)
def test_a_field_is_named_that_was_sent_and_may_be_left_out(words, named):
    error = ProviderError(FailureClass.BAD_REQUEST, words)

    assert named_by(error, "openai_chat", WIRE) == named


def test_nothing_else_is_left_out():
    left = leaving_out(WIRE, {"stream_options"})

    assert (left.url, left.body) == (WIRE.url, {"model": "m", "top_p": 0.5, "tools": []})


def test_every_dialect_says_what_it_can_go_without():
    assert OPTIONAL.keys() == DIALECTS.keys()
