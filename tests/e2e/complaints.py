"""What a browser complains of, and whom it calls."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError


class Complaints:
    """Every error in a console and every request that left our server, over all pages."""

    def __init__(self, *servers: str) -> None:
        self.all: list[str] = []
        self.servers = list(servers)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def forgive(self, part: str) -> None:
        """One kind of complaint was what the test was about."""
        self.all = [each for each in self.all if part not in each]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.all.append(f"{message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.all.append(f"exception: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((*self.servers, "data:", "blob:", "about:")):
            self.all.append(f"request: {request.url}")
