"""Keeps keys and conversations out of what providers say about our requests."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote

from providers.errors import AddressError, ProviderError

# The shortest stretch that counts as an echo: long enough not to hit words by chance, short enough
# that the tail of a key which a provider shows half masked is found.
KEY_CHARACTERS = 8
TEXT_CHARACTERS = 24

# Comparing with a whole book would hold up the event loop; the newest text is what gets echoed.
_COMPARED_CHARACTERS = 200_000


def for_people(error: ProviderError, key: str, newest_texts: Iterable[str]) -> ProviderError:
    """A new error that may be shown and logged, without the old one's words, frames or context."""
    detail = redacted(error.detail, key, newest_texts)
    if isinstance(error, AddressError):
        return AddressError(detail)
    shown = ProviderError(
        error.failure, detail, status=error.status, retry_after_s=error.retry_after_s
    )
    shown.inner, shown.after_text, shown.usage = error.inner, error.after_text, error.usage
    return shown


def redacted(message: str, key: str, newest_texts: Iterable[str]) -> str:
    """`message` without echoes of the key, in any of its usual spellings, or of the prompt.

    `newest_texts` are the texts of the conversation, newest first; the first 200,000 characters of
    them are compared.
    """
    shown = message
    if key:
        shown = _mask(shown, "\0".join(_spellings(key)), min(KEY_CHARACTERS, len(key)), "[key]")
    left = _COMPARED_CHARACTERS
    for text in newest_texts:
        shown = _mask(shown, _escaped(text[:left]), TEXT_CHARACTERS, "[your text]")
        left -= len(text)
        if left <= 0:
            break
    return shown


def _spellings(key: str) -> list[str]:
    """Plain, percent-encoded, and base64 at its three possible alignments."""
    encoded = [b64encode(b"\0" * shift + key.encode()).decode() for shift in range(3)]
    return [key, quote(key, safe=""), *encoded]


def _escaped(text: str) -> str:
    return "\0".join((text, json.dumps(text, ensure_ascii=False), json.dumps(text)))


def _mask(message: str, secrets: str, length: int, label: str) -> str:
    """`message` with every stretch of `length` or more characters found in `secrets` replaced."""
    parts: list[str] = []
    kept_from = position = 0
    while position + length <= len(message):
        end = position + length
        if message[position:end] not in secrets:
            position += 1
            continue
        while end < len(message) and message[end - length + 1 : end + 1] in secrets:
            end += 1
        parts += [message[kept_from:position], label]
        kept_from = position = end
    return "".join([*parts, message[kept_from:]])
