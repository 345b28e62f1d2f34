from __future__ import annotations

from dataclasses import replace

import pytest

from providers.errors import FailureClass, ProviderError
from providers.events import Finished, StreamEvent, TextDelta, Usage
from tests.fault_server import (
    FAULTS,
    HELLO,
    Do,
    FaultServer,
    Repeat,
    Script,
    Step,
    data,
    error_chunk,
    finish_chunk,
    head,
    text_chunk,
)
from tests.providers.conversations import QUICK, ask, listen, openai_at, text_of

BEFORE_TEXT = {
    "never_answers": FailureClass.HEAD_TIMEOUT,
    "slow_head": FailureClass.HEAD_TIMEOUT,
    "endless_head": FailureClass.HEAD_TIMEOUT,
    "closes_at_once": FailureClass.CUT_BEFORE_TEXT,
    "resets_at_once": FailureClass.CUT_BEFORE_TEXT,
    "not_http": FailureClass.NOT_A_MODEL_ANSWER,
    "html": FailureClass.NOT_A_MODEL_ANSWER,
    "json_error": FailureClass.RATE_LIMITED,
    "empty_body": FailureClass.CUT_BEFORE_TEXT,
    "redirect": FailureClass.REDIRECT,
    "gzip": FailureClass.DECODING,
    "comments_only": FailureClass.FIRST_CONTENT_TIMEOUT,
    "cut_before_text": FailureClass.CUT_BEFORE_TEXT,
    "reset_before_text": FailureClass.CUT_BEFORE_TEXT,
    "no_text": FailureClass.EMPTY_ANSWER,
    "error_before_text": FailureClass.BAD_GATEWAY,
    "malformed_twice": FailureClass.MALFORMED_EVENT,
    "huge_event": FailureClass.OVER_CAP,
    "endless_line": FailureClass.OVER_CAP,
}
AFTER_TEXT = {
    "stall": FailureClass.STALLED,
    "stall_with_pings": FailureClass.STALLED,
    "slow_body": FailureClass.STALLED,
    "end_without_finish": FailureClass.CUT_AFTER_TEXT,
    "cut_after_text": FailureClass.CUT_AFTER_TEXT,
    "reset_after_text": FailureClass.CUT_AFTER_TEXT,
    "error_after_text": FailureClass.ERROR_AFTER_TEXT,
    "repeats": FailureClass.REPEATING,
}
WHOLE_ANSWERS = {"none", "no_end_mark"}


async def ask_of(
    open_client, script: Script, clocks=QUICK
) -> tuple[list[StreamEvent], ProviderError | None]:
    async with FaultServer(script) as server:
        client = open_client(server.host_and_port)
        heard = await listen(client.stream(openai_at(server.base_url), ask(), None, clocks))
        assert server.connections == 1
        return heard


async def failure_of(
    open_client, script: Script, clocks=QUICK
) -> tuple[list[StreamEvent], ProviderError]:
    heard, error = await ask_of(open_client, script, clocks)
    assert error is not None
    return heard, error


@pytest.mark.parametrize("fault", BEFORE_TEXT)
async def test_a_failure_before_text_has_its_class(open_client, fault):
    heard, error = await failure_of(open_client, FAULTS[fault])
    assert error.failure is BEFORE_TEXT[fault]
    assert not error.after_text
    assert heard == []


@pytest.mark.parametrize("fault", AFTER_TEXT)
async def test_a_failure_after_text_has_its_class_and_keeps_the_text(open_client, fault):
    heard, error = await failure_of(open_client, FAULTS[fault])
    assert error.failure is AFTER_TEXT[fault]
    assert error.after_text
    assert text_of(heard).startswith(("Hello", "again"))


@pytest.mark.parametrize("fault", WHOLE_ANSWERS)
async def test_an_answer_without_its_end_mark_is_whole(open_client, fault):
    heard, error = await ask_of(open_client, FAULTS[fault])
    assert error is None
    assert heard == [TextDelta("Hello"), Finished("stop")]


def test_every_fault_is_expected_somewhere():
    assert set(FAULTS) == {*BEFORE_TEXT, *AFTER_TEXT, *WHOLE_ANSWERS}


async def test_an_error_after_text_keeps_its_own_class_inside(open_client):
    _, error = await failure_of(open_client, FAULTS["error_after_text"])
    assert error.inner is FailureClass.OVERLOADED


async def test_two_broken_events_after_text_count_as_a_cut(open_client):
    _, error = await failure_of(open_client, [head(), HELLO, data("{", "{"), Do.HANG])
    assert error.failure is FailureClass.CUT_AFTER_TEXT
    assert error.inner is FailureClass.MALFORMED_EVENT


async def test_one_broken_event_is_skipped(open_client):
    script = [head(), HELLO, data("{oops", text_chunk(" you"), finish_chunk(), "[DONE]")]
    heard, error = await ask_of(open_client, script)
    assert error is None
    assert text_of(heard) == "Hello you"


async def test_a_last_event_without_its_blank_line_counts(open_client):
    script = [head(), HELLO, b"data: " + finish_chunk().encode()]
    heard, error = await ask_of(open_client, script)
    assert error is None
    assert heard[-1] == Finished("stop")


async def test_half_a_last_event_is_a_cut(open_client):
    _, error = await failure_of(open_client, [head(), HELLO, b'data: {"choices":[{"del'])
    assert error.failure is FailureClass.CUT_AFTER_TEXT


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_a_finish_reason_after_text_is_no_error(open_client, reason):
    heard, error = await ask_of(open_client, [head(), HELLO, data(finish_chunk(reason))])
    assert error is None
    assert heard[-1] == Finished(reason)


async def test_a_content_filter_before_text_is_a_refusal(open_client):
    _, error = await failure_of(open_client, [head(), data(finish_chunk("content_filter"))])
    assert error.failure is FailureClass.CONTENT_POLICY


async def test_a_failed_answer_still_says_what_was_counted(open_client):
    usage = '{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}'
    _, error = await failure_of(open_client, [head(), data(usage, finish_chunk(), "[DONE]")])
    assert error.failure is FailureClass.EMPTY_ANSWER
    assert error.usage == Usage(input_tokens=9, output_tokens=3)


async def test_reasoning_without_text_counts_as_nothing_shown(open_client):
    thought = '{"choices":[{"delta":{"reasoning_content":"hm"}}]}'
    _, error = await failure_of(open_client, [head(), data(thought), Do.CLOSE])
    assert error.failure is FailureClass.CUT_BEFORE_TEXT
    assert not error.after_text


async def test_content_keeps_a_slow_answer_alive(open_client):
    slow: list[Step] = []
    for word in "abcdef":
        slow += [data(text_chunk(word)), 0.15]
    clocks = replace(QUICK, gap_s=0.45, first_content_s=0.45)
    heard, error = await ask_of(open_client, [head(), *slow, data(finish_chunk())], clocks)
    assert error is None
    assert text_of(heard) == "abcdef"


async def test_the_whole_answer_has_a_clock_too(open_client):
    words = Repeat(data(text_chunk("a"), text_chunk("b")), None, 0.05)
    _, error = await failure_of(open_client, [head(), words], replace(QUICK, total_s=0.5))
    assert error.failure is FailureClass.OVER_CAP


@pytest.mark.parametrize("cap", ["reply_bytes", "stream_bytes"])
async def test_an_endless_answer_is_cut(open_client, cap):
    words = Repeat(data(text_chunk("a" * 500), text_chunk("b" * 500)))
    _, error = await failure_of(open_client, [head(), words], replace(QUICK, **{cap: 10_000}))
    assert error.failure is FailureClass.OVER_CAP


async def test_the_limit_reached_while_reasoning_is_said(open_client):
    _, error = await failure_of(open_client, [head(), data(finish_chunk("length"))])
    assert "output limit" in error.detail


async def test_an_error_in_a_200_of_json_counts_as_what_it_says(open_client):
    script = [head(content_type="application/json"), error_chunk("insufficient_quota").encode()]
    _, error = await failure_of(open_client, script)
    assert error.failure is FailureClass.QUOTA_EXHAUSTED


async def test_a_whole_completion_instead_of_a_stream_is_no_answer(open_client):
    completion = b'{"choices":[{"message":{"content":"Hello"}}]}'
    _, error = await failure_of(open_client, [head(content_type="application/json"), completion])
    assert error.failure is FailureClass.NOT_A_MODEL_ANSWER


async def test_a_page_that_never_ends_is_not_read_to_its_end(open_client):
    page = Repeat(b"<p>Hello</p>" * 1000)
    _, error = await failure_of(open_client, [head(content_type="text/html"), page])
    assert error.failure is FailureClass.NOT_A_MODEL_ANSWER
