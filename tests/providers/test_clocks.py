from __future__ import annotations

import asyncio
import socket
import time

import pytest

from providers.clocks import Clocks, Watchdog, clocks_for


async def test_a_wait_that_ends_in_time_gives_its_result():
    watchdog = Watchdog(10)
    assert await watchdog.wait(asyncio.sleep(0, "done")) == "done"
    watchdog.close()


async def test_a_wait_beyond_its_deadline_ends():
    watchdog = Watchdog(10)
    watchdog.allow(0.05)
    with pytest.raises(TimeoutError):
        await watchdog.wait(asyncio.sleep(10))
    assert not watchdog.is_overtime


async def test_the_whole_call_ends_whatever_is_allowed():
    watchdog = Watchdog(0.05)
    watchdog.allow(10)
    with pytest.raises(TimeoutError):
        await watchdog.wait(asyncio.sleep(10))
    assert watchdog.is_overtime


async def test_a_deadline_that_moves_on_does_not_bite():
    watchdog = Watchdog(10)
    watchdog.allow(0.2)
    for _ in range(6):
        await watchdog.wait(asyncio.sleep(0.05))
        watchdog.allow(0.2)
    watchdog.close()


async def test_a_deadline_may_come_nearer():
    watchdog = Watchdog(10)
    watchdog.allow(5)
    await watchdog.wait(asyncio.sleep(0))
    watchdog.allow(0.05)
    with pytest.raises(TimeoutError):
        await watchdog.wait(asyncio.sleep(10))


async def test_time_in_which_nobody_waits_ends_nothing_by_itself():
    watchdog = Watchdog(10)
    watchdog.allow(0.05)
    await watchdog.wait(asyncio.sleep(0))
    await asyncio.sleep(0.15)
    watchdog.allow(0.5)
    assert await watchdog.wait(asyncio.sleep(0.05, "done")) == "done"
    watchdog.close()


async def test_who_wakes_up_too_late_still_reads_what_came_and_waits_a_little(monkeypatch):
    """As at a closed lid: the clock went on, and so did the provider."""
    monkeypatch.setattr("providers.clocks._GRACE_S", 0.2)
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    watchdog = Watchdog(10)
    watchdog.allow(0.05)

    def sleep_while_it_writes() -> None:
        theirs.send(b"delivered")
        time.sleep(0.3)

    loop = asyncio.get_running_loop()
    loop.call_soon(sleep_while_it_writes)
    assert await watchdog.wait(reader.read(100)) == b"delivered"
    loop.call_later(0.05, theirs.send, b"more")
    assert await watchdog.wait(reader.read(100)) == b"more"

    with pytest.raises(TimeoutError):
        await watchdog.wait(reader.read(100))
    writer.close()
    theirs.close()


async def test_a_flood_does_not_outlast_the_whole_call():
    watchdog = Watchdog(0.05)

    async def flood() -> None:
        for _ in range(1_000_000):
            await watchdog.wait(asyncio.sleep(0))
            watchdog.allow(10)

    with pytest.raises(TimeoutError):
        await flood()


async def test_a_cancel_from_outside_stays_a_cancel():
    watchdog = Watchdog(10)
    task = asyncio.create_task(watchdog.wait(asyncio.sleep(10)))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    watchdog.close()


async def test_a_task_that_was_timed_out_can_go_on():
    watchdog = Watchdog(10)

    async def twice() -> str:
        watchdog.allow(0.02)
        with pytest.raises(TimeoutError):
            await watchdog.wait(asyncio.sleep(10))
        watchdog.allow(5)
        return await watchdog.wait(asyncio.sleep(0.02, "went on"))

    assert await asyncio.create_task(twice()) == "went on"
    watchdog.close()


def test_patience_is_where_it_is_needed():
    assert clocks_for() == Clocks()
    assert clocks_for(is_reasoning=True).first_content_s == 120.0
    assert clocks_for(is_reasoning=True).head_s == 15.0
    assert clocks_for(is_local=True).head_s == 120.0
