"""Reading JSON that a stranger wrote: the value of the type asked for, or an empty one."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson

from providers.errors import FailureClass, ProviderError

_LARGEST_COUNT = 10**12


def parse_object(text: str) -> Mapping[str, object]:
    """The JSON object in `text`; raises `ProviderError` (malformed_event) for anything else.

    Strings in it may hold half a surrogate pair: servers that cut text by UTF-16 units send the
    other half with the next event.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _parsed_leniently(text)
    if not isinstance(value, dict):
        raise ProviderError(FailureClass.MALFORMED_EVENT, "An event of the stream was not JSON.")
    return value


def _parsed_leniently(text: str) -> object:
    # orjson refuses lone surrogates, the standard library lets them pass.
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def object_at(source: object, key: str) -> Mapping[str, object]:
    value = source.get(key) if isinstance(source, dict) else None
    return value if isinstance(value, dict) else {}


def objects_at(source: object, key: str) -> list[Mapping[str, object]]:
    value = source.get(key) if isinstance(source, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_at(source: object, key: str) -> str:
    value = source.get(key) if isinstance(source, dict) else None
    return value if isinstance(value, str) else ""


def count_at(source: object, key: str) -> int:
    """A number of tokens: never negative, never a boolean."""
    value = source.get(key) if isinstance(source, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 < value < _LARGEST_COUNT else 0
