"""Behind proxies, limits go by the visitor's address, which the visitor cannot choose."""

from __future__ import annotations

import pytest

from chofesh.forwarded import see_through

VISITOR, PROXY = "198.51.100.7", "127.0.0.1"


async def seen(proxies: int, *forwarded: str) -> str:
    scopes = []

    async def application(scope, receive, send) -> None:
        scopes.append(scope)

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "client": (PROXY, 4000), "headers": headers}
    await see_through(application, proxies)(scope, None, None)
    return scopes[0]["client"][0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        pytest.param(0, [VISITOR], PROXY, id="nobody is trusted"),
        pytest.param(1, [VISITOR], VISITOR, id="one proxy"),
        pytest.param(1, [f"203.0.113.9, {VISITOR}"], VISITOR, id="the visitor made one up"),
        pytest.param(1, ["203.0.113.9", VISITOR], VISITOR, id="as a header of its own"),
        pytest.param(2, [f"203.0.113.9,{VISITOR}, 10.0.0.2"], VISITOR, id="two proxies"),
        pytest.param(2, [VISITOR], PROXY, id="fewer than the proxies"),
        pytest.param(1, [], PROXY, id="a request that came straight here"),
        pytest.param(1, ["unknown"], PROXY, id="no address"),
        pytest.param(1, ["[2001:db8::7]"], "2001:db8::7", id="IPv6"),
    ],
)
async def test_it_sees_whom_the_outermost_proxy_saw(proxies, forwarded, expected):
    assert await seen(proxies, *forwarded) == expected
