from __future__ import annotations

import socket

import pytest

from providers.client import USER_AGENT
from providers.errors import FailureClass
from providers.request import Endpoint
from providers.secret import SecretStr
from tests.fake_upstream import FakeUpstream
from tests.fault_server import FAULTS, WHOLE, FaultServer, head
from tests.providers.certificates import tls_pair
from tests.providers.conversations import QUICK, ask, listen, openai_at, refused, text_of
from tests.providers.forbidden_addresses import ALL_FORMS, PRIVATE_ADDRESSES
from tests.providers.names import FakeResolver
from tests.upstream_formats import Answer


@pytest.mark.parametrize("url", ALL_FORMS)
async def test_a_forbidden_form_is_not_even_looked_up(open_client, url):
    resolver = FakeResolver(["127.0.0.1"])
    client = open_client(resolver=resolver)
    error = await refused(client.stream(openai_at(url), ask(), None, QUICK))
    assert error.failure is FailureClass.BLOCKED_ADDRESS
    assert resolver.asked == []


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
async def test_a_name_that_points_inside_is_not_connected_to(open_client, address):
    async with FaultServer([head(), WHOLE]) as sink:
        client = open_client(resolver=FakeResolver([address]))
        url = f"https://models.example:{sink.port}/v1"
        error = await refused(client.stream(openai_at(url), ask(), None, QUICK))
        assert error.failure is FailureClass.BLOCKED_ADDRESS
        assert sink.connections == 0


async def test_the_connection_goes_to_the_address_that_was_checked(open_client):
    async with (
        FaultServer([head(), WHOLE], host="::1") as server,
        FaultServer([head(), WHOLE], port=server.port) as sink,
    ):
        name = f"models.example:{server.port}"
        client = open_client(name, resolver=FakeResolver(["::1"], ["127.0.0.1"]))
        url = f"http://{name}/v1"
        heard, error = await listen(client.stream(openai_at(url), ask(), None, QUICK))
        assert error is None
        assert text_of(heard) == "Hello"
        assert (server.connections, sink.connections) == (1, 0)
        assert server.requests[0].headers["host"] == name


async def test_a_name_with_one_address_inside_is_reached_only_outside(open_client):
    async with FaultServer([head(), WHOLE]) as server:
        name = f"models.example:{server.port}"
        client = open_client(name, resolver=FakeResolver(["169.254.169.254", "127.0.0.1"]))
        heard, _ = await listen(client.stream(openai_at(f"http://{name}/v1"), ask(), None, QUICK))
        assert text_of(heard) == "Hello"


async def test_the_name_of_the_url_stays_the_tls_server_name(open_client, tmp_path):
    server_tls, client_tls = tls_pair("models.example", tmp_path)
    async with FaultServer([head(), WHOLE], tls=server_tls) as server:
        name = f"models.example:{server.port}"
        client = open_client(name, resolver=FakeResolver(["127.0.0.1"]), tls=client_tls)
        url = f"https://{name}/v1"
        heard, error = await listen(client.stream(openai_at(url), ask(), None, QUICK))
        assert error is None
        assert text_of(heard) == "Hello"


async def test_a_certificate_of_somebody_else_is_refused(open_client, tmp_path):
    server_tls, client_tls = tls_pair("other.example", tmp_path)
    async with FaultServer([head(), WHOLE], tls=server_tls) as server:
        name = f"models.example:{server.port}"
        client = open_client(name, resolver=FakeResolver(["127.0.0.1"]), tls=client_tls)
        url = f"https://{name}/v1"
        key = SecretStr("sk-canary")
        error = await refused(client.stream(openai_at(url), ask(), key, QUICK))
        assert error.failure is FailureClass.TLS_FAILED
        assert server.requests == []


async def test_a_closed_port_is_unreachable(open_client):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    client = open_client(address)
    url = f"http://{address}/v1"
    error = await refused(client.stream(openai_at(url), ask(), None, QUICK))
    assert error.failure is FailureClass.UNREACHABLE


async def test_a_redirect_is_not_followed_and_the_key_stays(open_client):
    async with FaultServer([head(), WHOLE]) as elsewhere:
        location = f"{elsewhere.base_url}/v1/chat/completions"
        async with FaultServer([head("307 Temporary Redirect", location=location)]) as server:
            client = open_client(server.host_and_port, elsewhere.host_and_port)
            key = SecretStr("sk-canary-0123456789")
            url = f"{server.base_url}/v1"
            error = await refused(client.stream(openai_at(url), ask(), key, QUICK))
            assert error.failure is FailureClass.REDIRECT
            assert elsewhere.connections == 0


EXACT_HEADERS = {
    "openai_chat": ["authorization"],
    "anthropic_messages": ["anthropic-version", "x-api-key"],
    "gemini_generate": ["x-goog-api-key"],
}


@pytest.mark.parametrize("dialect", EXACT_HEADERS)
async def test_a_request_carries_these_headers_and_no_others(open_client, dialect):
    async with FaultServer(FAULTS["none"]) as server:
        client = open_client(server.host_and_port)
        endpoint = Endpoint("some_provider", server.base_url, dialect)
        await listen(client.stream(endpoint, ask(), SecretStr("sk-canary"), QUICK))
        (request,) = server.requests
    assert sorted(request.header_names) == sorted(
        [
            "accept",
            "accept-encoding",
            "connection",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            *EXACT_HEADERS[dialect],
        ]
    )
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"] == USER_AGENT
    assert "canary" not in request.target


async def test_the_body_holds_no_more_than_was_asked(open_client):
    async with FakeUpstream() as upstream:
        client = open_client(upstream.host_and_port)
        request = ask("Hello", analysis={"categories": {"chat": 1.0}, "explanation": "private"})
        await listen(client.stream(openai_at(upstream.openai_url), request))
        (asked,) = upstream.asked
    assert set(asked.body) == {"model", "messages", "stream", "stream_options"}


async def test_a_cookie_of_one_call_is_not_sent_with_the_next(open_client):
    async with FaultServer([head(set_cookie="who=alice"), WHOLE]) as server:
        client = open_client(server.host_and_port)
        for _ in range(2):
            await listen(client.stream(openai_at(server.base_url), ask(), None, QUICK))
        assert len(server.requests) == 2
        assert all("cookie" not in request.headers for request in server.requests)


async def test_a_proxy_in_the_environment_is_ignored(open_client, monkeypatch):
    async with FaultServer([head(), WHOLE]) as proxy, FakeUpstream(Answer("Hi")) as upstream:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        client = open_client(upstream.host_and_port)
        heard, _ = await listen(client.stream(openai_at(upstream.openai_url), ask()))
        assert text_of(heard) == "Hi"
        assert proxy.connections == 0
