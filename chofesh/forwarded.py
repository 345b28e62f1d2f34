"""Where a visitor really comes from, when reverse proxies stand before this server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any


def see_through(application: Callable[..., Any], proxies: int) -> Callable[..., Any]:
    """The address that the outermost of so many proxies saw becomes the client of the scope.

    Each proxy adds at the right whom it saw. What stands further left was written by the visitor,
    and may be anything: Daphne's own reading takes just that, so it is not used.
    """
    if not proxies:
        return application

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if (address := _address(scope.get("headers", ()), proxies)) is not None:
            scope = {**scope, "client": (address, 0)}
        await application(scope, receive, send)

    return call


def _address(headers: Iterable[tuple[bytes, bytes]], proxies: int) -> str | None:
    """None where the header is missing, shorter than the row of proxies, or not an address."""
    told = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    entries = told.decode("latin-1").split(",")
    if len(entries) < proxies:
        return None
    try:
        return str(ip_address(entries[-proxies].strip().strip("[]")))
    except ValueError:
        return None
