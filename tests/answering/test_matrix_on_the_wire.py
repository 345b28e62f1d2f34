"""The rows of the fallback matrix that a provider can cause, each by the bytes it sends.

Two models are reached by one key. `calls` is who is called in turn: A is the chosen one, B the next.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from accounts.approvals import approve_models
from routing.models import Attempt
from tests.answering.asking import ask_for, heard
from tests.chat.rows import OTHER_MODEL
from tests.fault_server import (
    FAULTS,
    HELLO,
    FaultServer,
    Script,
    data,
    finish_chunk,
    head,
    text_chunk,
)
from usage.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)


def refusal(status: str, code: str | None = None, message: str = "no", **headers: str) -> Script:
    body = json.dumps({"error": {"code": code, "type": "error", "message": message}}).encode()
    return [head(status, "application/json", **headers), body]


@dataclass(frozen=True)
class Row:
    number: str
    fault: Script
    calls: str
    failure: str
    text: str = "Hello"
    """What is read in the end; with no text it ends in words."""


UNKNOWN_FIELD = refusal(
    "400 Bad Request", "unknown_parameter", "Unknown parameter: 'stream_options'."
)
ENDS = [
    Row("1", refusal("400 Bad Request"), "A", "bad_request", ""),
    Row("2", refusal("400 Bad Request", "context_length_exceeded"), "A", "context_too_long", ""),
    Row("3", refusal("400 Bad Request", "billing_hard_limit_reached"), "A", "spend_limit", ""),
    Row("4", refusal("401 Unauthorized", "invalid_api_key"), "A", "key_rejected", ""),
    Row("1 again", UNKNOWN_FIELD, "AA", "bad_request", ""),
    Row("5", refusal("402 Payment Required"), "A", "payment_required", ""),
    Row("8", refusal("400 Bad Request", "content_policy_violation"), "A", "content_policy", ""),
    Row("12", refusal("413 Payload Too Large"), "A", "too_large", ""),
    Row("13", refusal("422 Unprocessable Entity"), "A", "unprocessable", ""),
    Row("15", refusal("429 Too Many Requests", "insufficient_quota"), "A", "quota_exhausted", ""),
]
GOES_ON = [
    Row("6 long", refusal("402 Payment Required", retry_after="60"), "AB", "payment_required"),
    Row("7", refusal("403 Forbidden"), "AB", "forbidden"),
    Row("9", refusal("404 Not Found", "model_not_found"), "AB", "model_gone"),
    Row("14", refusal("429 Too Many Requests", retry_after="2"), "AB", "rate_limited"),
    Row("19 with a time", refusal("503 Unavailable", retry_after="2"), "AB", "unavailable"),
    Row("25", FAULTS["html"], "AB", "not_a_model_answer"),
    Row("25 not HTTP", FAULTS["not_http"], "AB", "not_a_model_answer"),
    Row("38", [head("302 Found", location="/elsewhere")], "AB", "redirect"),
]
TRIES_AGAIN = [
    Row("6", refusal("402 Payment Required", retry_after="0.1"), "AAB", "payment_required"),
    Row("10", refusal("408 Request Timeout"), "AAB", "request_timeout"),
    Row("11", refusal("409 Conflict"), "AAB", "conflict"),
    Row("16", refusal("429 Too Many Requests"), "AAB", "rate_limited"),
    Row("17", refusal("500 Internal Server Error"), "AAB", "server_error"),
    Row("18", refusal("502 Bad Gateway"), "AAB", "bad_gateway"),
    Row("18 by time", refusal("504 Gateway Timeout"), "AAB", "bad_gateway"),
    Row("19", refusal("503 Service Unavailable"), "AAB", "unavailable"),
    Row("20", refusal("529 Overloaded"), "AAB", "overloaded"),
    Row("24", FAULTS["cut_before_text"], "AAB", "cut_before_text"),
    Row("26 as JSON", FAULTS["json_error"], "AAB", "rate_limited"),
    Row("26 as an event", FAULTS["error_before_text"], "AAB", "bad_gateway"),
    Row("27", FAULTS["no_text"], "AAB", "empty_answer"),
    Row("28", FAULTS["malformed_twice"], "AAB", "malformed_event"),
    Row("35", FAULTS["gzip"], "AAB", "decoding"),
]
AFTER_TEXT = [
    Row("28 after text", [head(), HELLO, data("{", "{")], "A", "cut_after_text"),
    Row("30", FAULTS["end_without_finish"], "A", "cut_after_text"),
    Row("31", FAULTS["error_after_text"], "A", "error_after_text"),
    Row("37", FAULTS["repeats"], "A", "repeating", "again " * 99),
]
WHOLE = [
    Row("28 once", [head(), data("{"), HELLO, data(finish_chunk(), "[DONE]")], "A", ""),
    Row("32", [head(), HELLO, data(finish_chunk())], "A", ""),
    Row("33", [head(), HELLO, data(finish_chunk("length"), "[DONE]")], "A", "", "Hello"),
    Row("34", [head(), HELLO, data(finish_chunk("content_filter"), "[DONE]")], "A", "", "Hello"),
    Row(
        "36",
        [head(), data(text_chunk("H?llo")).replace(b"?", b"\xff"), data(finish_chunk(), "[DONE]")],
        "A",
        "",
        "H\ufffdllo",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    "row", [*ENDS, *GOES_ON, *TRIES_AGAIN, *AFTER_TEXT, *WHOLE], ids=lambda row: f"row {row.number}"
)
async def test_it_happens_as_the_matrix_says(connected, alice, monkeypatch, in_database, row: Row):
    await in_database(approve_models)(connected, [OTHER_MODEL], alice)
    failing = row.calls.count("A") if row.failure else 1
    async with FaultServer(*[row.fault] * failing, FAULTS["none"]) as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
        told = await heard(ask_for(alice, connected))

    attempts = [attempt async for attempt in Attempt.objects.order_by("number")]
    chosen = attempts[0].model_id
    called = "".join("A" if attempt.model_id == chosen else "B" for attempt in attempts)
    assert (called, told.text) == (row.calls, row.text)
    assert {attempt.failure for attempt in attempts if attempt.failure} == {row.failure} - {""}
    assert all(attempt.words for attempt in attempts if attempt.failure)
    assert (told.error is None) == (row.calls.endswith("B") or not row.failure)
    assert await LedgerEntry.objects.acount() == len(row.calls)
    failed = LedgerEntry.objects.exclude(outcome="answered")
    if row in [*ENDS, *GOES_ON]:
        assert {entry.cost_usd async for entry in failed} == {0}


async def test_row_1_a_field_that_is_refused_is_left_out_once(connected, alice, monkeypatch):
    async with FaultServer(UNKNOWN_FIELD, FAULTS["none"]) as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
        told = await heard(ask_for(alice, connected))

    assert (told.text, told.failures) == ("Hello", ["bad_request"])
    first, second = (json.loads(request.body) for request in server.requests)
    assert first.keys() - second.keys() == {"stream_options"}
    assert {name: first[name] for name in second} == second


@pytest.mark.parametrize("field", ["messages", "model", "tools", "stream"])
async def test_row_1_what_was_asked_is_never_left_out(connected, alice, monkeypatch, field):
    refused = refusal("400 Bad Request", "unknown_parameter", f"Unknown parameter: '{field}'.")
    async with FaultServer(refused, FAULTS["none"]) as server:
        monkeypatch.setenv("CHOFESH_OPENAI_BASE_URL", f"{server.base_url}/v1")
        told = await heard(ask_for(alice, connected))

    assert told.error is not None
    assert server.connections == 1
