"""The policy as one table: what follows each class of failure, row by row of docs/reliability.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from answering.fallback_matrix import BACKOFF_MAX_S, HOUR, TABLE, step_after, words
from providers.errors import FailureClass as F
from providers.errors import ProviderError

MINUTE = 60.0

# (class, row, tried again at the same model, then, breaker, opens at once for, counts)
ROWS = [
    (F.BAD_REQUEST, 1, False, "no", "none", 0, 0),
    (F.CONTEXT_TOO_LONG, 2, False, "larger window", "none", 0, 0),
    (F.SPEND_LIMIT, 3, False, "other credential", "credential", HOUR, 0),
    (F.KEY_REJECTED, 4, False, "other credential", "credential", HOUR, 0),
    (F.PAYMENT_REQUIRED, 5, False, "other credential", "credential", HOUR, 0),
    (F.FORBIDDEN, 7, False, "yes", "model", HOUR, 0),
    (F.CONTENT_POLICY, 8, False, "no", "none", 0, 0),
    (F.MODEL_GONE, 9, False, "yes", "model", 10 * MINUTE, 0),
    (F.REQUEST_TIMEOUT, 10, True, "yes", "model", 0, 1),
    (F.CONFLICT, 11, True, "yes", "none", 0, 0),
    (F.TOO_LARGE, 12, False, "no", "none", 0, 0),
    (F.UNPROCESSABLE, 13, False, "no", "none", 0, 0),
    (F.QUOTA_EXHAUSTED, 15, False, "other credential", "credential", HOUR, 0),
    (F.RATE_LIMITED, 16, True, "yes", "model", 30, 0),
    (F.SERVER_ERROR, 17, True, "yes", "model", 0, 1),
    (F.BAD_GATEWAY, 18, True, "yes", "model", 0, 1),
    (F.UNAVAILABLE, 19, True, "yes", "model", 0, 1),
    (F.OVERLOADED, 20, True, "yes", "model", 0, 2),
    (F.UNREACHABLE, 21, True, "yes", "model", 0, 1),
    (F.TLS_FAILED, 21, False, "yes", "model", 0, 1),
    (F.HEAD_TIMEOUT, 22, False, "yes", "model", 0, 1),
    (F.FIRST_CONTENT_TIMEOUT, 23, False, "yes", "model", 0, 1),
    (F.CUT_BEFORE_TEXT, 24, True, "yes", "model", 0, 1),
    (F.NOT_A_MODEL_ANSWER, 25, False, "yes", "model", 0, 1),
    (F.EMPTY_ANSWER, 27, True, "yes", "model", 0, 0.5),
    (F.MALFORMED_EVENT, 28, True, "yes", "model", 0, 1),
    (F.STALLED, 29, False, "no", "model", 0, 1),
    (F.CUT_AFTER_TEXT, 30, False, "no", "model", 0, 1),
    (F.ERROR_AFTER_TEXT, 31, False, "no", "none", 0, 0),
    (F.DECODING, 35, True, "yes", "model", 0, 1),
    (F.OVER_CAP, 37, False, "yes", "model", 0, 1),
    (F.REPEATING, 37, False, "yes", "model", 0, 1),
    (F.REDIRECT, 38, False, "yes", "model", 10 * MINUTE, 0),
    (F.BLOCKED_ADDRESS, 38, False, "yes", "model", 10 * MINUTE, 0),
]
# The same with a Retry-After of so many seconds; the last column: others could answer.
WITH_TIME = [
    (F.RATE_LIMITED, 2.0, 14, False, 2.0, True),
    (F.RATE_LIMITED, 2.0, 14, True, 2.0, False),
    (F.RATE_LIMITED, 60.0, 14, False, 60.0, False),
    (F.RATE_LIMITED, 86_400.0, 14, False, 15 * MINUTE, True),
    (F.UNAVAILABLE, 2.0, 14, False, 2.0, True),
    (F.UNAVAILABLE, 2.0, 14, True, 2.0, False),
    (F.PAYMENT_REQUIRED, 3.0, 6, True, 3.0, True),
    (F.PAYMENT_REQUIRED, 600.0, 6, False, 600.0, True),
    (F.PAYMENT_REQUIRED, 1e9, 6, False, HOUR, True),
    (F.OVERLOADED, 3.0, 20, True, 0, True),
    (F.OVERLOADED, 30.0, 20, False, 0, True),
    (F.SERVER_ERROR, 0.0, 17, True, 0, True),
    (F.KEY_REJECTED, 1.0, 4, False, HOUR, True),
    (F.BAD_REQUEST, 1.0, 1, False, 0, True),
    (F.CONTENT_POLICY, 0.0, 8, False, 0, False),
]


def failure(
    kind: F, retry_after_s: float | None = None, *, after_text: bool = False
) -> ProviderError:
    error = ProviderError(kind, "it broke", retry_after_s=retry_after_s)
    error.after_text = after_text
    return error


def test_every_class_of_failure_has_a_row():
    assert set(TABLE) == set(F) == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    ("kind", "number", "again", "following", "breaker", "opens_s", "counts"),
    ROWS,
    ids=str,
)
def test_what_follows_a_failure(kind, number, again, following, breaker, opens_s, counts):
    step = step_after(failure(kind), 1, other_candidates=True)

    assert (step.row, step.again, step.next) == (number, again, following)
    assert (step.breaker, step.opens_s, step.counts) == (breaker, opens_s, counts)


@pytest.mark.parametrize("kind", F)
def test_no_model_is_tried_a_third_time(kind):
    assert not step_after(failure(kind), 2, other_candidates=False).again
    assert not step_after(failure(kind, 1.0), 2, other_candidates=False).again


@pytest.mark.parametrize("kind", F)
@pytest.mark.parametrize("retry_after_s", [None, 1.0])
def test_nothing_follows_by_itself_after_text(kind, retry_after_s):
    step = step_after(failure(kind, retry_after_s, after_text=True), 1, other_candidates=True)

    assert (step.again, step.next, step.wait_s) == (False, "no", 0)


@pytest.mark.parametrize(
    ("kind", "seconds", "number", "again", "opens_s", "others"), WITH_TIME, ids=str
)
def test_what_follows_when_the_provider_names_a_time(kind, seconds, number, again, opens_s, others):
    step = step_after(failure(kind, seconds), 1, other_candidates=others)

    assert (step.row, step.again, step.opens_s) == (number, again, opens_s)
    if step.again:
        assert step.wait_s == seconds


def test_out_of_credit_for_a_time_another_model_may_answer_by_the_same_key():
    """One that costs less may be within what is left; without a time nothing is."""
    assert step_after(failure(F.PAYMENT_REQUIRED, 3.0), 2, other_candidates=True).next == "yes"
    assert step_after(failure(F.PAYMENT_REQUIRED), 1, other_candidates=True).next == (
        "other credential"
    )


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_retry_waits_about_half_a_second(jitter):
    wait_s = step_after(failure(F.SERVER_ERROR), 1, other_candidates=True, jitter=jitter).wait_s

    assert wait_s == 0.5 * (0.5 + jitter)
    assert wait_s <= BACKOFF_MAX_S


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_an_overloaded_provider_gets_one_to_two_seconds(jitter):
    step = step_after(failure(F.OVERLOADED), 1, other_candidates=True, jitter=jitter)

    assert 1 <= step.wait_s <= 2


@pytest.mark.parametrize("kind", F)
def test_the_words_name_the_model_and_nothing_technical(kind):
    said = words(kind, "GPT-6 Sol")

    assert "GPT-6 Sol" in said
    assert "_" not in said
    assert not re.search(r"%\(|[45]\d\d|HTTP|API", said)


def test_whatever_breaks_a_credential_is_told_to_its_owner():
    assert all(row.tell_admin for row in TABLE.values() if row.breaker == "credential")


def test_a_request_of_the_person_never_breaks_anything():
    """Or one bad prompt would take a model from everybody."""
    of_the_request = {
        F.BAD_REQUEST, F.CONTEXT_TOO_LONG, F.CONTENT_POLICY, F.TOO_LARGE, F.UNPROCESSABLE,
    }  # fmt: skip
    assert {TABLE[kind].breaker for kind in of_the_request} == {"none"}


def test_the_policy_stands_in_one_file():
    """Nobody else compares a class of failure to decide what follows."""
    root = Path(__file__).parents[2]
    mentions = re.compile(r"FailureClass\.|\bF\.[A-Z_]{4,}")
    users = {
        path.relative_to(root).as_posix()
        for package in ("chat", "answering", "usage", "routing")
        for path in (root / package).rglob("*.py")
        if mentions.search(path.read_text()) and "fallback_matrix" not in path.name
    }
    # The walk knows which failures another key may help; the key test words its refusals.
    assert users <= {"answering/walk.py", "answering/key_test.py"}
