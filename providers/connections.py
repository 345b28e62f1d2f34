"""The sockets under the client: connections only to addresses that were checked."""

from __future__ import annotations

import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from providers.addresses import AddressPolicy
from providers.errors import AddressError, FailureClass, ProviderError

KEEP_ALIVE_S = 30.0
RESOLVED_S = 10


class CheckedResolver(AbstractResolver):
    """Resolves a name for one connection and leaves only the addresses the policy allows.

    The connector connects to what is returned here and asks nobody again, so a name that points
    elsewhere a moment later (DNS rebinding) gains nothing; the Host header and the TLS server name
    stay those of the URL. IP literals never come here: the client checks them before.
    """

    def __init__(self, policy: AddressPolicy, resolver: AbstractResolver) -> None:
        self._policy = policy
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        resolved = await self._resolver.resolve(host, port, family)
        allowed = [each for each in resolved if self._allows(each, host, port)]
        if not allowed:
            raise AddressError(f"{host} is at a private or reserved address.")
        return allowed

    async def close(self) -> None:
        await self._resolver.close()

    def _allows(self, resolved: ResolveResult, host: str, port: int) -> bool:
        try:
            self._policy.check_address(resolved["host"], host, port)
        except AddressError:
            return False
        return True


def open_session(
    policy: AddressPolicy, resolver: AbstractResolver | None, tls: ssl.SSLContext
) -> aiohttp.ClientSession:
    """A session without limits of its own, cookies or environment; call inside the event loop.

    aiohttp would allow 100 connections; how many replies run is decided elsewhere.
    """
    connector = aiohttp.TCPConnector(
        resolver=CheckedResolver(policy, resolver or aiohttp.ThreadedResolver()),
        # What is kept was checked, so a name cannot change under a kept answer.
        ttl_dns_cache=RESOLVED_S,
        ssl=tls,
        limit=0,
        keepalive_timeout=KEEP_ALIVE_S,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


def connection_failure(error: BaseException, host: str) -> ProviderError:
    """The class of an error that ended a connection before the head of the response."""
    # httpx-aiohttp renames nearly everything to a timeout; the cause of that is what happened.
    is_named = isinstance(error, aiohttp.ClientError) or error.__cause__ is None
    cause = error if is_named else error.__cause__
    if isinstance(cause, aiohttp.ClientSSLError | ssl.SSLError):
        return ProviderError(FailureClass.TLS_FAILED, f"{host} has no valid certificate.")
    if isinstance(cause, aiohttp.ServerTimeoutError | TimeoutError):
        return ProviderError(FailureClass.HEAD_TIMEOUT, f"{host} did not answer in time.")
    if isinstance(cause, aiohttp.ClientResponseError):
        return ProviderError(FailureClass.NOT_A_MODEL_ANSWER, f"{host} does not speak HTTP.")
    if isinstance(cause, aiohttp.ClientConnectorError):
        return ProviderError(FailureClass.UNREACHABLE, f"{host} cannot be reached.")
    return ProviderError(FailureClass.CUT_BEFORE_TEXT, f"{host} closed the connection.")
