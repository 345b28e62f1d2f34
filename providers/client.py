"""The only opener of connections to providers, and the only place where a key is open."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from httpx_aiohttp import AiohttpTransport

from providers.addresses import AddressPolicy, normalise_base_url
from providers.clocks import Clocks, Watchdog
from providers.connections import connection_failure, open_session
from providers.dialects import demo
from providers.errors import AddressError, FailureClass, ProviderError
from providers.events import ReasoningDelta, StreamEvent, TextDelta
from providers.optional_fields import leaving_out, named_by
from providers.reading import AnswerReader, Ending, in_one_piece
from providers.redaction import for_people
from providers.refusals import Head, parsed_listing, refusal
from providers.registry import DIALECTS
from providers.request import Endpoint, Message, ModelRequest, TextPart
from providers.secret import SecretStr
from providers.uploads import upload
from providers.wire import Dialect, WireRequest

USER_AGENT = "chofesh"

_DEMO_WORD_S = 0.03
# Enough for one visible token after a few of reasoning; a test costs a fraction of a cent.
_TEST_OUTPUT_TOKENS = 16


@dataclass(frozen=True, slots=True)
class _Call:
    """One exchange: what is sent where, with whose key, and how long it may take."""

    dialect: Dialect
    wire: WireRequest
    api_key: SecretStr | None
    clocks: Clocks


class ProviderClient:
    """Speaks to providers over one pool of connections; make one per event loop.

    `resolver` and `tls` replace the system's name resolution and trusted certificates.
    `demo_delay_s` is the pause between two words of a demo model.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        demo_delay_s: float = _DEMO_WORD_S,
    ) -> None:
        self._policy = policy
        self._demo_delay_s = demo_delay_s
        trusted = tls or httpx.create_ssl_context(trust_env=False)
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(
                verify=trusted, client=lambda: open_session(policy, resolver, trusted)
            ),
            headers={"user-agent": USER_AGENT, "accept-encoding": "identity"},
            # A cookie set for one organisation's call would go with the next one's.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    def stream(
        self,
        endpoint: Endpoint,
        request: ModelRequest,
        api_key: SecretStr | None = None,
        clocks: Clocks | None = None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """The answer as it comes; ends with `Finished` or raises `ProviderError`.

        Nothing is tried twice here. Closing the generator, or cancelling whoever waits on it,
        closes the connection at once; wrap it in `contextlib.aclosing` to be sure of that.
        """
        if endpoint.dialect == demo.DIALECT:
            return self._play(request)
        return self._relay(endpoint, request, api_key, clocks or Clocks())

    async def list_models(
        self, endpoint: Endpoint, api_key: SecretStr | None = None, clocks: Clocks | None = None
    ) -> tuple[str, ...]:
        """The provider's own names of its models. Raises `ProviderError`."""
        if endpoint.dialect == demo.DIALECT:
            return tuple(demo.DEMO_MODELS)
        endpoint, dialect = self._checked(endpoint)
        wire = dialect.list_models_request(endpoint)
        body = await self._fetch(_Call(dialect, wire, api_key, clocks or Clocks()))
        return dialect.parse_models(body)

    async def test_key(
        self,
        endpoint: Endpoint,
        api_key: SecretStr | None = None,
        model: str | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        """Raises `ProviderError` unless the key works, with `model` if one is named.

        Without a model it asks for something free that needs the key, mostly the list of models;
        with one it generates up to 16 tokens, which costs money.
        """
        if model is not None:
            await self._test_model(endpoint, api_key, model, clocks)
        elif endpoint.dialect != demo.DIALECT:
            endpoint, dialect = self._checked(endpoint)
            wire = dialect.key_test_request(endpoint)
            await self._fetch(_Call(dialect, wire, api_key, clocks or Clocks()))

    async def _test_model(
        self, endpoint: Endpoint, api_key: SecretStr | None, model: str, clocks: Clocks | None
    ) -> None:
        hello = Message("user", (TextPart("Say: ok"),))
        request = ModelRequest(model, (hello,), max_output_tokens=_TEST_OUTPUT_TOKENS)
        try:
            async with aclosing(self.stream(endpoint, request, api_key, clocks)) as events:
                async for event in events:
                    if isinstance(event, TextDelta | ReasoningDelta):
                        return
        except ProviderError as error:
            # Sixteen tokens may all go into reasoning; that the model ran is what was asked.
            if error.failure is not FailureClass.EMPTY_ANSWER:
                raise

    async def _play(self, request: ModelRequest) -> AsyncGenerator[StreamEvent, None]:
        delay_s = self._demo_delay_s * demo.pace(request.model)
        for event in demo.answer(request):
            if isinstance(event, TextDelta | ReasoningDelta):
                await asyncio.sleep(delay_s)
            yield event

    async def _relay(
        self,
        endpoint: Endpoint,
        request: ModelRequest,
        api_key: SecretStr | None,
        clocks: Clocks,
    ) -> AsyncGenerator[StreamEvent, None]:
        endpoint, dialect = self._checked(endpoint)
        wire = leaving_out(dialect.build_request(endpoint, request), request.without)
        call = _Call(dialect, wire, api_key, clocks)
        watchdog = Watchdog(clocks.total_s)
        response: httpx.Response | None = None
        try:
            response = await self._send(call, watchdog)
            await _require(response, "text/event-stream", call, watchdog)
            reader = AnswerReader(dialect.stream_decoder(), clocks)
            chunks = response.aiter_raw()
            watchdog.allow(clocks.first_content_s)
            while not reader.is_finished:
                got = await _read(chunks, watchdog)
                events = reader.end(got) if isinstance(got, Ending) else reader.feed(got)
                for event in in_one_piece(events):
                    yield event
                # After the events were taken: whoever is slow to take them stalls nobody.
                if reader.has_advanced():
                    watchdog.allow(clocks.tail_s if reader.is_finishing else clocks.gap_s)
            await _drain(chunks, watchdog, clocks)
            return
        except ProviderError as error:
            # What was read may echo the key, so this frame forgets it, and the error is raised
            # below, outside the handler, without the frames that saw it.
            got = Ending.CUT
            texts = (message.text for message in reversed(request.messages))
            failure = for_people(error, _plain(api_key), texts)
            failure.optional = named_by(failure, endpoint.dialect, wire)
        finally:
            watchdog.close()
            if response is not None:
                await response.aclose()
        raise failure

    async def _fetch(self, call: _Call) -> object:
        """The JSON that a GET answers."""
        watchdog = Watchdog(call.clocks.total_s)
        response: httpx.Response | None = None
        try:
            response = await self._send(call, watchdog)
            head = await _require(response, "application/json", call, watchdog)
            watchdog.allow(call.clocks.first_content_s)
            body = await _read_body(response, watchdog, call.clocks.listing_bytes)
            return parsed_listing(call.dialect, head, body, datetime.now(UTC))
        except ProviderError as error:
            body = b""
            failure = for_people(error, _plain(call.api_key), ())
        finally:
            watchdog.close()
            if response is not None:
                await response.aclose()
        raise failure

    def _checked(self, endpoint: Endpoint) -> tuple[Endpoint, Dialect]:
        base_url = normalise_base_url(endpoint.base_url, self._policy)
        return replace(endpoint, base_url=base_url), DIALECTS[endpoint.dialect]

    async def _send(self, call: _Call, watchdog: Watchdog) -> httpx.Response:
        request = self._signed(call)
        watchdog.allow(call.clocks.head_s)
        try:
            return await watchdog.wait(self._http.send(request, stream=True))
        except TimeoutError:
            failure = ProviderError(
                FailureClass.HEAD_TIMEOUT, f"{request.url.host} did not answer in time."
            )
        except AddressError as refused:
            failure = AddressError(refused.detail)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            failure = connection_failure(error, request.url.host)
        raise failure

    def _signed(self, call: _Call) -> httpx.Request:
        wire = call.wire
        headers = {"accept": "application/json", **wire.headers}
        content: bytes | AsyncIterator[bytes] | None = None
        if wire.body is not None:
            length, content = upload(wire.body)
            headers |= {"accept": "text/event-stream", "content-type": "application/json"}
            headers["content-length"] = str(length)
        if call.api_key:
            headers[wire.key_header] = wire.key_prefix + _opened(call.api_key)
        timeout = httpx.Timeout(None, connect=call.clocks.connect_s, pool=call.clocks.connect_s)
        return self._http.build_request(
            wire.method, wire.url, headers=headers, content=content, timeout=timeout
        )


def _plain(api_key: SecretStr | None) -> str:
    return api_key.reveal_for_transport() if api_key else ""


def _opened(api_key: SecretStr) -> str:
    key = _plain(api_key)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ProviderError(FailureClass.KEY_REJECTED, "The key holds characters no key has.")
    return key


async def _read(chunks: AsyncIterator[bytes], watchdog: Watchdog) -> bytes | Ending:
    try:
        return await watchdog.wait(anext(chunks))
    except StopAsyncIteration:
        return Ending.CLOSED
    except TimeoutError:
        return Ending.OVERTIME if watchdog.is_overtime else Ending.SILENT
    except (httpx.HTTPError, aiohttp.ClientError, OSError):
        return Ending.CUT


async def _require(
    response: httpx.Response, media_type: str, call: _Call, watchdog: Watchdog
) -> Head:
    """Raises `ProviderError` unless this is a success of that media type."""
    head = Head(response.status_code, response.headers)
    if head.is_plain(media_type):
        return head
    body = await _read_body(response, watchdog, call.clocks.error_bytes)
    raise refusal(call.dialect, head, body, datetime.now(UTC))


async def _read_body(response: httpx.Response, watchdog: Watchdog, limit: int) -> bytes:
    """The body as far as it comes in time, cut at `limit` bytes."""
    chunks = response.aiter_raw()
    body = bytearray()
    while len(body) < limit:
        got = await _read(chunks, watchdog)
        if isinstance(got, Ending):
            break
        body += got
    return bytes(body[:limit])


async def _drain(chunks: AsyncIterator[bytes], watchdog: Watchdog, clocks: Clocks) -> None:
    """Reads the few bytes after the end mark, so that the connection can be used again."""
    watchdog.allow(clocks.drain_s)
    left = clocks.error_bytes
    while left > 0:
        got = await _read(chunks, watchdog)
        if isinstance(got, Ending):
            return
        left -= len(got)
