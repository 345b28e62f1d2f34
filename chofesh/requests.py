"""Every request and socket has an id: in the answer's header, and in each line of the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from answering.log_ids import REQUEST

logger = logging.getLogger(__name__)


def named(application: Callable[..., Any]) -> Callable[..., Any]:
    """Log each at INFO once it has ended, with its address and neither query nor body."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        request_id = uuid4().hex
        began = time.monotonic()
        status = 0

        async def say(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                header = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        token = REQUEST.set(request_id)
        try:
            # A socket sends twenty times a second, and has no status.
            await application(scope, receive, say if scope["type"] == "http" else send)
        finally:
            if logger.isEnabledFor(logging.INFO):
                method = scope.get("method", scope["type"])
                took_ms = 1000 * (time.monotonic() - began)
                logger.info("%s %s %s in %.0f ms", method, scope.get("path"), status, took_ms)
            REQUEST.reset(token)

    return call
