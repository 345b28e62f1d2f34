"""Answers that are not the stream of events asked for, brought to their failure class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from providers.errors import FailureClass, ProviderError
from providers.reported import has_error, read_error
from providers.retry_after import retry_after_s
from providers.wire import Dialect


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response; header names in lower case."""

    status: int
    headers: Mapping[str, str]

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_encoded(self) -> bool:
        return self.headers.get("content-encoding", "identity").strip().lower() != "identity"

    def is_plain(self, media_type: str) -> bool:
        """Whether this is a success of that type, with nothing to decompress."""
        return self.status == 200 and self.media_type == media_type and not self.is_encoded


def refusal(dialect: Dialect, head: Head, body: bytes, now: datetime) -> ProviderError:
    """Why this response is not the answer asked for; `body` may be cut short."""
    if 300 <= head.status < 400:
        return ProviderError(
            FailureClass.REDIRECT,
            "The provider's address redirects elsewhere, which is not followed.",
            status=head.status,
        )
    wait_s = retry_after_s(head.headers, now)
    said = _parsed(body)
    if head.status >= 400 and (said is not None or head.status not in {404, 405}):
        reported = read_error(said, head.status, wait_s)
    elif has_error(said):
        # An error inside a 200 counts as what it says it is.
        reported = read_error(said, None, wait_s)
    else:
        return _no_answer(head)
    return ProviderError(
        dialect.classify(reported),
        reported.message or f"The provider answered with status {head.status}.",
        status=reported.status or head.status,
        retry_after_s=reported.retry_after_s,
    )


def parsed_listing(dialect: Dialect, head: Head, body: bytes, now: datetime) -> object:
    """The JSON of a body; raises `ProviderError` where it is none, or an error inside a 200."""
    said = _parsed(body)
    if said is None or has_error(said):
        raise refusal(dialect, head, body, now)
    return said


def _no_answer(head: Head) -> ProviderError:
    if head.is_encoded and head.status == 200:
        detail = "The provider compressed its answer although it was asked not to."
        return ProviderError(FailureClass.DECODING, detail, status=head.status)
    kind = head.media_type or "no content type"
    return ProviderError(
        FailureClass.NOT_A_MODEL_ANSWER,
        f"No model answers at this address (status {head.status}, {kind}).",
        status=head.status,
    )


def _parsed(body: bytes) -> object:
    # Some servers frame even an error with a 4xx status as an event.
    text = body.strip().removeprefix(b"data:").strip()
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict | list) else None
