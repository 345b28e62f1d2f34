"""What a browser may say over the socket, parsed; nothing else passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.translation import gettext as _

PROTOCOL = 1
PREFERENCES = frozenset({"", "balanced", "quality", "speed", "cost"})


class BadFrameError(Exception):
    def __init__(self, code: str, message: str, client_msg_id: UUID | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.client_msg_id = client_msg_id


@dataclass(frozen=True, slots=True)
class Hello:
    protocol: int
    conversation: UUID | None
    running: dict[UUID, int]
    # The reply at the end of what the page shows.
    last: UUID | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """`edits` names the message in whose stead this one stands; `parent` then says nothing. `fallback`: whether another
    model may answer for one that was chosen by hand; None leaves that as it is.
    """

    client_msg_id: UUID
    conversation: UUID | None
    parent: UUID | None
    text: str
    model: str
    preference: str
    edits: UUID | None = None
    fallback: bool | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    client_msg_id: UUID
    reply: UUID
    model: str | None
    not_this_one: bool


@dataclass(frozen=True, slots=True)
class Continue:
    client_msg_id: UUID
    reply: UUID


@dataclass(frozen=True, slots=True)
class Stop:
    reply: UUID


@dataclass(frozen=True, slots=True)
class Resync:
    reply: UUID


@dataclass(frozen=True, slots=True)
class Ping:
    pass


Frame = Hello | Send | Retry | Continue | Stop | Resync | Ping


def parse_frame(raw: str) -> Frame:
    """Raises BadFrameError with a code and a sentence for the person."""
    if len(raw.encode()) > settings.FRAME_MAX_BYTES:
        raise BadFrameError("too_large", _("That message is too large to send. It was kept here."))
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadFrameError("bad_frame", _("The page sent something unreadable.")) from None
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in _PARSERS:
        raise BadFrameError("bad_frame", _("The page sent something unknown. Reload it."))
    client_msg_id = _optional_uuid(data, "client_msg_id")
    try:
        return _PARSERS[kind](data)
    except BadFrameError as error:
        raise BadFrameError(error.code, error.message, client_msg_id) from None


def _hello(data: dict[str, Any]) -> Hello:
    running = data.get("running") or {}
    if not isinstance(running, dict) or len(running) > 100:
        raise _incomplete("running")
    seen = {_as_uuid(reply, "running"): _whole(seq, "running") for reply, seq in running.items()}
    return Hello(
        _whole(data.get("protocol"), "protocol"),
        _optional_uuid(data, "conversation"),
        seen,
        _optional_uuid(data, "last"),
    )


def _send(data: dict[str, Any]) -> Send:
    return Send(
        _uuid(data, "client_msg_id"),
        _optional_uuid(data, "conversation"),
        _optional_uuid(data, "parent"),
        _text(data, "text"),
        _short(data, "model", "auto") or "auto",
        _preference(data),
        _optional_uuid(data, "edits"),
        _optional_bool(data, "fallback"),
    )


def _retry(data: dict[str, Any]) -> Retry:
    return Retry(
        _uuid(data, "client_msg_id"),
        _uuid(data, "reply"),
        _short(data, "model", "") or None,
        data.get("not_this_one") is True,
    )


def _text(data: dict[str, Any], name: str) -> str:
    text = data.get(name)
    if not isinstance(text, str):
        raise _incomplete(name)
    text = text.replace("\x00", "")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadFrameError("bad_text", _("The message holds broken characters.")) from None
    if not text.strip():
        raise BadFrameError("empty", _("Write a message first."))
    if len(text) > settings.MESSAGE_MAX_CHARACTERS:
        words = _(
            "A message may have %(limit)s characters; this one has %(length)s. It was kept here."
        )
        raise _too_long(words, settings.MESSAGE_MAX_CHARACTERS, len(text))
    if size > settings.MESSAGE_MAX_BYTES:
        words = _("A message may have %(limit)s bytes; this one has %(length)s. It was kept here.")
        raise _too_long(words, settings.MESSAGE_MAX_BYTES, size)
    return text


def _too_long(words: str, limit: int, length: int) -> BadFrameError:
    return BadFrameError("too_long", words % {"limit": f"{limit:,}", "length": f"{length:,}"})


def _preference(data: dict[str, Any]) -> str:
    preference = _short(data, "preference", "")
    if preference not in PREFERENCES:
        raise _incomplete("preference")
    return preference


def _short(data: dict[str, Any], name: str, default: str) -> str:
    value = data.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise _incomplete(name)
    return value


def _optional_bool(data: dict[str, Any], name: str) -> bool | None:
    value = data.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise _incomplete(name)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise _incomplete(name)
    return value


def _uuid(data: dict[str, Any], name: str) -> UUID:
    return _as_uuid(data.get(name), name)


def _optional_uuid(data: dict[str, Any], name: str) -> UUID | None:
    return None if data.get(name) is None else _as_uuid(data[name], name)


def _as_uuid(value: Any, name: str) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise _incomplete(name) from None


def _incomplete(name: str) -> BadFrameError:
    return BadFrameError(
        "bad_frame", _("The page sent a broken “%(name)s”. Reload it.") % {"name": name}
    )


_PARSERS: dict[str, Callable[[dict[str, Any]], Frame]] = {
    "hello": _hello,
    "send": _send,
    "retry": _retry,
    "continue": lambda data: Continue(_uuid(data, "client_msg_id"), _uuid(data, "reply")),
    "stop": lambda data: Stop(_uuid(data, "reply")),
    "resync": lambda data: Resync(_uuid(data, "reply")),
    "ping": lambda _data: Ping(),
}
