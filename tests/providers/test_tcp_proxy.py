"""The bad network itself: it does what it says."""

from __future__ import annotations

import asyncio

import pytest

from tests.tcp_proxy import FAIR, TcpProxy, Weather


@pytest.fixture
async def proxy():
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with TcpProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    server.close()


@pytest.fixture
async def line(proxy):
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    yield reader, writer
    writer.close()


async def test_it_carries_both_ways(line):
    reader, writer = line
    writer.write(b"hello")

    assert await reader.readexactly(5) == b"hello"


async def test_it_slices_and_loses_nothing(proxy, line):
    proxy.weather = Weather(slice_bytes=1, latency_s=0.001)
    reader, writer = line
    writer.write(b"hello")

    assert await reader.readexactly(5) == b"hello"


async def test_a_black_hole_keeps_what_comes_until_it_ends(proxy, line):
    reader, writer = line
    proxy.weather = Weather(is_black_hole=True)
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.2)

    proxy.weather = FAIR

    assert await reader.readexactly(5) == b"hello"


async def test_a_cut_is_an_end_and_a_reset_an_error(proxy, line):
    reader, writer = line
    writer.write(b"hello")
    await reader.readexactly(5)
    await asyncio.to_thread(proxy.cut)
    assert await reader.read(1) == b""

    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    await reader.readexactly(5)
    await asyncio.to_thread(proxy.reset)
    with pytest.raises(ConnectionResetError):
        await reader.read(1)
    writer.close()


async def test_when_it_is_down_nobody_is_let_in(proxy):
    proxy.weather = Weather(is_down=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

    with pytest.raises((ConnectionResetError, AssertionError)):
        assert await reader.read(1)
    assert proxy.connections == 0
    writer.close()
