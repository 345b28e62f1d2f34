"""What a provider says went wrong: read from any of the shapes in use, then classified.

A dialect adds its vendor's own rules before these.
"""

from __future__ import annotations

from dataclasses import dataclass

from providers.errors import FailureClass
from providers.json_values import object_at, objects_at, text_at


@dataclass(frozen=True, slots=True)
class ReportedError:
    """An error as the provider worded it; what it did not say is empty or None.

    `status` is the HTTP status, or the one named inside a stream that began with 200.
    """

    status: int | None
    code: str = ""
    kind: str = ""
    message: str = ""
    retry_after_s: float | None = None


_STATUS_FAILURES = {
    400: FailureClass.BAD_REQUEST,
    401: FailureClass.KEY_REJECTED,
    402: FailureClass.PAYMENT_REQUIRED,
    403: FailureClass.FORBIDDEN,
    404: FailureClass.MODEL_GONE,
    408: FailureClass.REQUEST_TIMEOUT,
    409: FailureClass.CONFLICT,
    410: FailureClass.MODEL_GONE,
    413: FailureClass.TOO_LARGE,
    422: FailureClass.UNPROCESSABLE,
    429: FailureClass.RATE_LIMITED,
    498: FailureClass.OVERLOADED,  # Groq, flex tier: https://console.groq.com/docs/errors
    500: FailureClass.SERVER_ERROR,
    502: FailureClass.BAD_GATEWAY,
    503: FailureClass.UNAVAILABLE,
    504: FailureClass.BAD_GATEWAY,
    529: FailureClass.OVERLOADED,
}

# Codes and types that name the failure whatever the status is.
_NAMED_FAILURES = {
    "context_length_exceeded": FailureClass.CONTEXT_TOO_LONG,
    "exceed_context_size_error": FailureClass.CONTEXT_TOO_LONG,
    "insufficient_quota": FailureClass.QUOTA_EXHAUSTED,
    "contract_spend_limit_reached": FailureClass.QUOTA_EXHAUSTED,
    "enforced_spend_limit_reached": FailureClass.QUOTA_EXHAUSTED,
    "billing_hard_limit_reached": FailureClass.SPEND_LIMIT,
    "billing_error": FailureClass.PAYMENT_REQUIRED,
    "insufficient_balance": FailureClass.PAYMENT_REQUIRED,
    "content_filter": FailureClass.CONTENT_POLICY,
    "content_policy_violation": FailureClass.CONTENT_POLICY,
    "moderation_blocked": FailureClass.CONTENT_POLICY,
    "invalid_api_key": FailureClass.KEY_REJECTED,
    "wrong_api_key": FailureClass.KEY_REJECTED,
    "authentication_error": FailureClass.KEY_REJECTED,
    "permission_error": FailureClass.FORBIDDEN,
    "model_not_found": FailureClass.MODEL_GONE,
    "not_found_error": FailureClass.MODEL_GONE,
    "request_too_large": FailureClass.TOO_LARGE,
    "rate_limit_exceeded": FailureClass.RATE_LIMITED,
    "rate_limit_error": FailureClass.RATE_LIMITED,
    "timeout_error": FailureClass.BAD_GATEWAY,
    "overloaded_error": FailureClass.OVERLOADED,
    "server_is_overloaded": FailureClass.OVERLOADED,
    "invalid_request_error": FailureClass.BAD_REQUEST,
}

# Wordings of requests that do not fit the model's window, lower case, one or more per vendor.
_CONTEXT_WORDINGS = (
    "context length",
    "context window",
    "context size",
    "context limit",
    "prompt is too long",
    "prompt length",
    "reduce the length of the messages",
    "exceeds the maximum number of tokens",
    "input token count",
    "too many tokens",
)
_SPEND_WORDINGS = (
    "spend limit",
    "spending limit",
    "usage limits",
    "credit balance is too low",
    "billing hard limit",
)
_POLICY_WORDINGS = (
    "content policy",
    "content management policy",
    "content filter",
    "safety system",
    "usage policy",
    "was flagged",
    "requires moderation",
)
_KEY_WORDINGS = ("api key not valid", "incorrect api key", "invalid api key", "api key expired")


def read_error(body: object, status: int | None, retry_after_s: float | None) -> ReportedError:
    """The error in a JSON body or event, whichever vendor wrote it.

    Known shapes: an object or a string under `error`, the fields at the top level, `detail` with a
    text or a list (FastAPI), and any of these as the only item of a list (Gemini without SSE).
    """
    outer = body[0] if isinstance(body, list) and body else body
    inner = object_at(outer, "error") or outer
    message = text_at(inner, "message") or text_at(outer, "error") or _detail(outer)
    code = _code(inner)
    return ReportedError(
        status=_status_in(code) or status,
        code=(_finer_code(inner) or code).lower(),
        kind=(text_at(inner, "type") or text_at(inner, "status")).lower(),
        message=message,
        retry_after_s=retry_after_s if retry_after_s is not None else _retry_delay_s(inner),
    )


def has_error(body: object) -> bool:
    outer = body[0] if isinstance(body, list) and body else body
    return isinstance(outer, dict) and bool(outer.get("error") or outer.get("object") == "error")


def classify_reported(reported: ReportedError) -> FailureClass:
    """The class by wording first, then by the named code, then by status."""
    worded = _failure_by_wording(reported)
    if worded is not None:
        return worded
    for name in (reported.code, reported.kind):
        named = _NAMED_FAILURES.get(name)
        if named is not None and (named is not FailureClass.BAD_REQUEST or not reported.status):
            return named
    return _failure_by_status(reported.status)


def _failure_by_wording(reported: ReportedError) -> FailureClass | None:
    message = reported.message.lower()
    status = reported.status
    if status in {None, 400, 413, 422, 500} and _any_in(_CONTEXT_WORDINGS, message):
        return FailureClass.CONTEXT_TOO_LONG
    if status in {None, 400, 403, 429} and _any_in(_SPEND_WORDINGS, message):
        return FailureClass.SPEND_LIMIT
    if status in {None, 200, 400, 403} and _any_in(_POLICY_WORDINGS, message):
        return FailureClass.CONTENT_POLICY
    if status in {400, 403} and _any_in(_KEY_WORDINGS, message):
        return FailureClass.KEY_REJECTED
    return None


def _failure_by_status(status: int | None) -> FailureClass:
    if status is None or status < 400:
        return FailureClass.SERVER_ERROR
    by_status = _STATUS_FAILURES.get(status)
    if by_status is not None:
        return by_status
    return FailureClass.SERVER_ERROR if status >= 500 else FailureClass.BAD_REQUEST


def _any_in(wordings: tuple[str, ...], message: str) -> bool:
    return any(wording in message for wording in wordings)


def _code(inner: object) -> str:
    code = inner.get("code") if isinstance(inner, dict) else None
    return str(code) if isinstance(code, str | int) and not isinstance(code, bool) else ""


def _finer_code(inner: object) -> str:
    """Anthropic's `details.error_code`, or the quota that Gemini's `details` name."""
    named = text_at(object_at(inner, "details"), "error_code")
    quotas = (
        text_at(violation, "quotaId")
        for detail in objects_at(inner, "details")
        for violation in objects_at(detail, "violations")
    )
    return named or next(quotas, "")


def _retry_delay_s(inner: object) -> float | None:
    """Gemini's RetryInfo, such as "31s" or "0.5s"."""
    for detail in objects_at(inner, "details"):
        delay = text_at(detail, "retryDelay").removesuffix("s")
        if delay.replace(".", "", 1).isdecimal():
            return float(delay)
    return None


def _status_in(code: str) -> int | None:
    # OpenRouter, Gemini and vLLM repeat the HTTP status as the code, also inside a 200 stream.
    return int(code) if len(code) == 3 and code.isdecimal() and code[0] in "45" else None


def _detail(outer: object) -> str:
    items = objects_at(outer, "detail")
    return text_at(items[0], "msg") if items else text_at(outer, "detail")
