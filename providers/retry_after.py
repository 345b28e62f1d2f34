from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 86_400.0

_MILLISECOND_HEADERS = ("retry-after-ms", "x-ms-retry-after-ms")


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait in seconds that a provider asks for, from 0 to one day; None if it names none.

    Read in this order: the millisecond headers of OpenAI and Azure, then `Retry-After` as seconds
    or as an HTTP date, which is measured from `now`.
    """
    for name in _MILLISECOND_HEADERS:
        milliseconds = _number(headers.get(name, ""))
        if milliseconds is not None:
            return _bounded(milliseconds / 1000)
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return _bounded(seconds)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return _bounded((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _number(text: str) -> float | None:
    # Not float() alone: "nan" and "inf" are no waits.
    digits = text.strip().replace(".", "", 1)
    return float(text) if digits.isdecimal() and digits.isascii() else None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_S)
