"""A well-behaved provider on loopback: OpenAI, Anthropic and Gemini with scripted answers.

In a test of the same loop:      async with FakeUpstream(Answer("Hi")) as upstream: ...
In a test without a loop:        with running_upstream(Answer("Hi")) as upstream: ...
From a shell:                    python -m tests.fake_upstream --port 9000 --text "Hi"

`upstream.answers["model-name"]` answers for one model, `upstream.default` for the rest; both may
be changed at any time, and a list of answers is used up one by one, the last staying.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from tests import upstream_formats
from tests.upstream_formats import Answer, Format, Json

_KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")


@dataclass(frozen=True)
class Asked:
    """One request as the provider saw it; `key` is without its prefix."""

    format: str
    model: str
    key: str
    headers: dict[str, str]
    body: Json


@dataclass
class FakeUpstream:
    """`asked` lists the model calls in order, `left` counts clients that went away mid-answer,
    `listed` the requests for the list of models."""

    default: Answer | list[Answer] = field(default_factory=lambda: Answer("Hello from upstream."))
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    models: tuple[str, ...] = ("model-a", "model-b")
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    left: int = 0
    listed: int = 0
    listing_status: int = 200

    @property
    def base_url(self) -> str:
        """The root, as Anthropic and Gemini take it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        return f"{self.base_url}/v1"

    @property
    def host_and_port(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> FakeUpstream:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # Cancelled handlers are how a client that leaves is noticed at once.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if request.method == "GET" and path.endswith("/models"):
            chosen = _listing_format(request)
            self.listed += 1
            if self.listing_status != 200:
                return _refusal(Answer(status=self.listing_status), chosen)
            return web.json_response(chosen.listing(self.models))
        if path.endswith("/chat/completions"):
            return await self._complete(request, upstream_formats.OPENAI)
        if path.endswith("/messages"):
            return await self._complete(request, upstream_formats.ANTHROPIC)
        if path.endswith(":streamGenerateContent"):
            return await self._complete(request, upstream_formats.GEMINI)
        return web.json_response({"error": {"message": "no such path"}}, status=404)

    async def _complete(self, request: web.Request, chosen: Format) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        model = body.get("model") or _model_in(request.path)
        self.asked.append(Asked(chosen.name, model, _key(request), _headers(request), body))
        answer = self._answer_for(model)
        try:
            await asyncio.sleep(answer.head_delay_s)
            if answer.status != 200:
                return _refusal(answer, chosen)
            return await _stream(request, answer, chosen, model)
        except (ConnectionResetError, asyncio.CancelledError):
            self.left += 1
            raise

    def _answer_for(self, model: str) -> Answer:
        found = self.answers.get(model, self.default)
        if isinstance(found, Answer):
            return found
        return found.pop(0) if len(found) > 1 else found[0]


async def _stream(
    request: web.Request, answer: Answer, chosen: Format, model: str
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    await asyncio.sleep(answer.first_delay_s)
    for frame in chosen.frames(answer, model):
        await response.write(frame)
        await asyncio.sleep(answer.delay_s)
    return response


def _refusal(answer: Answer, chosen: Format) -> web.Response:
    headers = {} if answer.retry_after is None else {"retry-after": answer.retry_after}
    body = answer.error_body if answer.error_body is not None else chosen.error(answer)
    return web.json_response(body, status=answer.status, headers=headers)


def _listing_format(request: web.Request) -> Format:
    if "anthropic-version" in request.headers:
        return upstream_formats.ANTHROPIC
    is_gemini = request.path.startswith("/v1beta")
    return upstream_formats.GEMINI if is_gemini else upstream_formats.OPENAI


def _model_in(path: str) -> str:
    found = re.search(r"/models/([^/:]+):", path)
    return found.group(1) if found else ""


def _key(request: web.Request) -> str:
    given = next((request.headers[name] for name in _KEY_HEADERS if name in request.headers), "")
    return given.removeprefix("Bearer ")


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


@contextmanager
def running_upstream(default: Answer | None = None) -> Iterator[FakeUpstream]:
    """A fake upstream on a thread of its own, for tests whose own loop is elsewhere."""
    upstream = FakeUpstream() if default is None else FakeUpstream(default)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(upstream.__aenter__(), loop).result(10)
    try:
        yield upstream
    finally:
        asyncio.run_coroutine_threadsafe(upstream.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _serve(port: int, answer: Answer) -> None:
    async with FakeUpstream(answer, port=port) as upstream:
        print(f"listening at {upstream.base_url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve scripted answers on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--text", default="Hello from upstream.")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between two chunks")
    chosen = parser.parse_args()
    asyncio.run(_serve(chosen.port, Answer(chosen.text, delay_s=chosen.delay)))


if __name__ == "__main__":
    main()
