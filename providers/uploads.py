from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import orjson

_PIECE_BYTES = 64 * 1024
# aiohttp warns that a larger body in one piece would hold up the event loop.
_WHOLE_BYTES = 1024 * 1024


def upload(body: Mapping[str, object]) -> tuple[int, bytes | AsyncIterator[bytes]]:
    """The body as JSON: its length in bytes, and its content, in pieces if it is large."""
    content = orjson.dumps(body)
    whole = len(content) <= _WHOLE_BYTES
    return len(content), content if whole else _pieces(content)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]
