"""Everything that can go wrong with a provider.

ProviderError
 └─ AddressError   the address may not be used: nothing was sent

What to do about a failure is not decided here but in `answering/fallback_matrix.py`; the number
beside each class is its row there.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from providers.events import Usage

DETAIL_CHARACTERS = 300


class FailureClass(enum.StrEnum):
    """What went wrong, before any text unless the name says otherwise."""

    BAD_REQUEST = "bad_request"  # 1
    CONTEXT_TOO_LONG = "context_too_long"  # 2
    SPEND_LIMIT = "spend_limit"  # 3
    KEY_REJECTED = "key_rejected"  # 4
    PAYMENT_REQUIRED = "payment_required"  # 5, and 6 with a Retry-After
    FORBIDDEN = "forbidden"  # 7
    CONTENT_POLICY = "content_policy"  # 8
    MODEL_GONE = "model_gone"  # 9
    REQUEST_TIMEOUT = "request_timeout"  # 10
    CONFLICT = "conflict"  # 11
    TOO_LARGE = "too_large"  # 12
    UNPROCESSABLE = "unprocessable"  # 13
    RATE_LIMITED = "rate_limited"  # 14 with a Retry-After, 16 without
    QUOTA_EXHAUSTED = "quota_exhausted"  # 15
    SERVER_ERROR = "server_error"  # 17
    BAD_GATEWAY = "bad_gateway"  # 18
    UNAVAILABLE = "unavailable"  # 19
    OVERLOADED = "overloaded"  # 20
    UNREACHABLE = "unreachable"  # 21
    TLS_FAILED = "tls_failed"  # 21, never tried again
    HEAD_TIMEOUT = "head_timeout"  # 22
    FIRST_CONTENT_TIMEOUT = "first_content_timeout"  # 23
    CUT_BEFORE_TEXT = "cut_before_text"  # 24
    NOT_A_MODEL_ANSWER = "not_a_model_answer"  # 25
    EMPTY_ANSWER = "empty_answer"  # 27
    MALFORMED_EVENT = "malformed_event"  # 28, the second one
    STALLED = "stalled"  # 29, after text
    CUT_AFTER_TEXT = "cut_after_text"  # 30
    ERROR_AFTER_TEXT = "error_after_text"  # 31, `inner` holds the class of the error itself
    DECODING = "decoding"  # 35
    OVER_CAP = "over_cap"  # 37
    REPEATING = "repeating"  # 37
    REDIRECT = "redirect"  # 38
    BLOCKED_ADDRESS = "blocked_address"  # no row: refused here, before any connection


class ProviderError(Exception):
    """A call to a provider failed.

    `detail` is one line for people: never a key, at most 300 characters, no control characters.
    `status` is the HTTP status if there was one, `retry_after_s` the wait that the provider asked
    for, `usage` what it had counted by then, `after_text` whether answer text (or a tool call) had
    been yielded, `inner` the class of an error that a broader class wraps, `optional` the field that was
    refused where the request may well go without it.
    """

    def __init__(
        self,
        failure: FailureClass,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.failure = failure
        self.detail = single_line(detail)
        self.status = status
        self.retry_after_s = retry_after_s
        self.inner: FailureClass | None = None
        self.usage: Usage | None = None
        self.after_text = False
        self.optional = ""
        super().__init__(f"{failure}: {self.detail}")


class AddressError(ProviderError):
    def __init__(self, detail: str) -> None:
        super().__init__(FailureClass.BLOCKED_ADDRESS, detail)


def single_line(text: str) -> str:
    """`text` without control, format or surrogate characters, cut at 300 characters."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    words = " ".join(visible.split())
    if len(words) > DETAIL_CHARACTERS:
        return words[: DETAIL_CHARACTERS - 1] + "…"
    return words
