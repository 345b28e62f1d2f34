from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from providers.errors import FailureClass
from providers.refusals import Head, refusal
from providers.registry import DIALECTS

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
F = FailureClass


def refused(dialect: str, status: int, body: object, **headers: str):
    head = Head(status, {"content-type": "application/json", **headers})
    return refusal(DIALECTS[dialect], head, orjson.dumps(body), NOW)


def openai(message: str = "", code: str | None = None, kind: str = "invalid_request_error"):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def anthropic(kind: str, message: str = "", **more: object):
    return {"type": "error", "error": {"type": kind, "message": message, **more}}


def gemini(code: int, status: str, message: str = "", details: object = ()):
    error = {"code": code, "message": message, "status": status, "details": details}
    return {"error": error}


QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"

# (dialect, status, body, class): what each vendor documents, or is known to answer.
CASES = {
    "openai bad parameter": ("openai_chat", 400, openai("Unknown parameter: 'x'"), F.BAD_REQUEST),
    "openai context": (
        "openai_chat",
        400,
        openai("This model's maximum context length is 8192 tokens", "context_length_exceeded"),
        F.CONTEXT_TOO_LONG,
    ),
    "openai hard limit": (
        "openai_chat",
        400,
        openai("Billing hard limit has been reached", "billing_hard_limit_reached"),
        F.SPEND_LIMIT,
    ),
    "openai key": (
        "openai_chat",
        401,
        openai("Incorrect API key", "invalid_api_key"),
        F.KEY_REJECTED,
    ),
    "openai policy": (
        "openai_chat",
        400,
        openai("Your request was rejected by our safety system", "content_policy_violation"),
        F.CONTENT_POLICY,
    ),
    "openai model": ("openai_chat", 404, openai("No such model", "model_not_found"), F.MODEL_GONE),
    "openai quota": (
        "openai_chat",
        429,
        openai("You exceeded your current quota", "insufficient_quota", "insufficient_quota"),
        F.QUOTA_EXHAUSTED,
    ),
    "openai rate": (
        "openai_chat",
        429,
        openai("Rate limit reached", "rate_limit_exceeded", "requests"),
        F.RATE_LIMITED,
    ),
    "openai region": (
        "openai_chat",
        403,
        openai("Country not supported", "unsupported_country_region_territory"),
        F.FORBIDDEN,
    ),
    "azure policy": (
        "openai_chat",
        400,
        openai("The response was filtered by content management policy", "content_filter"),
        F.CONTENT_POLICY,
    ),
    "openrouter credits": (
        "openai_chat",
        402,
        {"error": {"code": 402, "message": "Insufficient credits"}},
        F.PAYMENT_REQUIRED,
    ),
    "openrouter moderation": (
        "openai_chat",
        403,
        {"error": {"code": 403, "message": "Your chosen model requires moderation"}},
        F.CONTENT_POLICY,
    ),
    "openrouter down": (
        "openai_chat",
        200,
        {"error": {"code": 502, "message": "Provider returned error"}},
        F.BAD_GATEWAY,
    ),
    "deepseek balance": ("openai_chat", 402, openai("Insufficient Balance"), F.PAYMENT_REQUIRED),
    "mistral fields": (
        "openai_chat",
        422,
        {"detail": [{"msg": "Extra inputs are not permitted", "loc": ["body", "x"]}]},
        F.UNPROCESSABLE,
    ),
    "mistral key": ("openai_chat", 401, {"detail": "Unauthorized"}, F.KEY_REJECTED),
    "groq flex": ("openai_chat", 498, openai("Capacity exceeded"), F.OVERLOADED),
    "groq tokens a minute": (
        "openai_chat",
        413,
        openai("Request too large on tokens per minute", "rate_limit_exceeded", "tokens"),
        F.RATE_LIMITED,
    ),
    "xai key": (
        "openai_chat",
        400,
        {"code": "Client specified an invalid argument", "error": "Incorrect API key provided"},
        F.KEY_REJECTED,
    ),
    "xai context": (
        "openai_chat",
        400,
        {"error": "This model's maximum prompt length is 131072 but it has 140000"},
        F.CONTEXT_TOO_LONG,
    ),
    "vllm context": (
        "openai_chat",
        400,
        {"object": "error", "message": "maximum context length is 4096", "code": 400},
        F.CONTEXT_TOO_LONG,
    ),
    "llama.cpp context": (
        "openai_chat",
        400,
        {"error": {"code": 400, "type": "exceed_context_size_error", "message": "too big"}},
        F.CONTEXT_TOO_LONG,
    ),
    "ollama model": ("openai_chat", 404, openai("model 'x' not found"), F.MODEL_GONE),
    "request timeout": ("openai_chat", 408, openai(), F.REQUEST_TIMEOUT),
    "conflict": ("openai_chat", 409, openai(), F.CONFLICT),
    "body too large": ("openai_chat", 413, openai("Payload too large"), F.TOO_LARGE),
    "server error": ("openai_chat", 500, openai("oops", kind="server_error"), F.SERVER_ERROR),
    "bad gateway": ("openai_chat", 502, None, F.BAD_GATEWAY),
    "unavailable": ("openai_chat", 503, None, F.UNAVAILABLE),
    "gateway timeout": ("openai_chat", 504, None, F.BAD_GATEWAY),
    "overloaded": ("openai_chat", 529, None, F.OVERLOADED),
    "teapot": ("openai_chat", 418, openai(), F.BAD_REQUEST),
    "wrong address": ("openai_chat", 404, None, F.NOT_A_MODEL_ANSWER),
    "anthropic overloaded": (
        "anthropic_messages",
        529,
        anthropic("overloaded_error"),
        F.OVERLOADED,
    ),
    "anthropic key": ("anthropic_messages", 401, anthropic("authentication_error"), F.KEY_REJECTED),
    "anthropic billing": (
        "anthropic_messages",
        402,
        anthropic("billing_error"),
        F.PAYMENT_REQUIRED,
    ),
    "anthropic permission": ("anthropic_messages", 403, anthropic("permission_error"), F.FORBIDDEN),
    "anthropic model": ("anthropic_messages", 404, anthropic("not_found_error"), F.MODEL_GONE),
    "anthropic size": ("anthropic_messages", 413, anthropic("request_too_large"), F.TOO_LARGE),
    "anthropic context": (
        "anthropic_messages",
        400,
        anthropic("invalid_request_error", "prompt is too long: 1200000 tokens > 1000000 maximum"),
        F.CONTEXT_TOO_LONG,
    ),
    "anthropic credit": (
        "anthropic_messages",
        400,
        anthropic("invalid_request_error", "Your credit balance is too low to access the API"),
        F.SPEND_LIMIT,
    ),
    "anthropic usage limits": (
        "anthropic_messages",
        400,
        anthropic("invalid_request_error", "You have reached your specified API usage limits"),
        F.SPEND_LIMIT,
    ),
    "anthropic 429 without a wait": (
        "anthropic_messages",
        429,
        anthropic("rate_limit_error", "This request would exceed a limit"),
        F.QUOTA_EXHAUSTED,
    ),
    "anthropic contract": (
        "anthropic_messages",
        429,
        anthropic("rate_limit_error", details={"error_code": "contract_spend_limit_reached"}),
        F.QUOTA_EXHAUSTED,
    ),
    "anthropic server": ("anthropic_messages", 500, anthropic("api_error"), F.SERVER_ERROR),
    "gemini key": (
        "gemini_generate",
        400,
        gemini(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        F.KEY_REJECTED,
    ),
    "gemini argument": ("gemini_generate", 400, gemini(400, "INVALID_ARGUMENT"), F.BAD_REQUEST),
    "gemini country": (
        "gemini_generate",
        400,
        gemini(400, "FAILED_PRECONDITION", "User location is not supported"),
        F.FORBIDDEN,
    ),
    "gemini context": (
        "gemini_generate",
        400,
        gemini(400, "INVALID_ARGUMENT", "The input token count (2) exceeds the maximum (1)"),
        F.CONTEXT_TOO_LONG,
    ),
    "gemini permission": ("gemini_generate", 403, gemini(403, "PERMISSION_DENIED"), F.FORBIDDEN),
    "gemini model": ("gemini_generate", 404, gemini(404, "NOT_FOUND"), F.MODEL_GONE),
    "gemini rate": ("gemini_generate", 429, gemini(429, "RESOURCE_EXHAUSTED"), F.RATE_LIMITED),
    "gemini day quota": (
        "gemini_generate",
        429,
        gemini(
            429,
            "RESOURCE_EXHAUSTED",
            details=[{"@type": QUOTA_FAILURE, "violations": [{"quotaId": PER_DAY}]}],
        ),
        F.QUOTA_EXHAUSTED,
    ),
    "gemini unavailable": ("gemini_generate", 503, gemini(503, "UNAVAILABLE"), F.UNAVAILABLE),
    "gemini in a list": (
        "gemini_generate",
        500,
        [gemini(500, "INTERNAL", "An internal error")],
        F.SERVER_ERROR,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_refusal_has_its_class(case):
    dialect, status, body, failure = case
    assert refused(dialect, status, body).failure is failure


def test_a_refusal_keeps_status_and_words():
    error = refused("openai_chat", 400, openai("Unknown parameter: 'x'"))
    assert (error.status, error.detail) == (400, "Unknown parameter: 'x'")


def test_a_refusal_without_words_says_its_status():
    assert refused("openai_chat", 503, None).detail == "The provider answered with status 503."


def test_a_page_with_an_error_status_shows_nothing_of_the_page():
    head = Head(502, {"content-type": "text/html"})
    error = refusal(DIALECTS["openai_chat"], head, b"<html>secret</html>", NOW)
    assert error.failure is F.BAD_GATEWAY
    assert "secret" not in error.detail


def test_anthropic_with_a_wait_is_a_rate_limit():
    error = refused(
        "anthropic_messages", 429, anthropic("rate_limit_error"), **{"retry-after": "30"}
    )
    assert (error.failure, error.retry_after_s) == (F.RATE_LIMITED, 30.0)


def test_gemini_names_its_wait_in_the_body():
    details = [{"@type": RETRY_INFO, "retryDelay": "31.5s"}]
    body = gemini(429, "RESOURCE_EXHAUSTED", details=details)
    error = refused("gemini_generate", 429, body)
    assert (error.failure, error.retry_after_s) == (F.RATE_LIMITED, 31.5)


def test_an_error_framed_as_an_event_is_read():
    head = Head(429, {"content-type": "text/event-stream"})
    body = b"data: " + orjson.dumps(openai("Quota", "insufficient_quota")) + b"\n\n"
    assert refusal(DIALECTS["openai_chat"], head, body, NOW).failure is F.QUOTA_EXHAUSTED


@pytest.mark.parametrize(
    "body", [[], {}, None, "text", 7, [[]], {"error": []}, {"error": {"a": 1}}]
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_odd_error_body_is_still_an_error(dialect, body):
    assert refused(dialect, 500, body).failure is F.SERVER_ERROR
