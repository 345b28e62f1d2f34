from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from chat.worker import Worker
from tests.services.processes import free_port


@pytest.fixture
def worker(settings) -> Iterator[Worker]:
    """With nobody at the address of its Redis."""
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    settings.DRAIN_S = 0.2
    made = Worker(lambda: asyncio.sleep(3600))
    yield made
    made.end()


def test_a_loop_that_does_not_turn_is_stuck(worker):
    assert not worker.is_stuck()
    held = threading.Event()

    async def hold() -> None:
        held.wait(20)

    worker.begin_job(hold)

    assert worker.is_stuck(within_s=0.1)
    held.set()
    assert not worker.is_stuck()


def test_its_end_cuts_a_job_short(worker):
    cut = threading.Event()

    async def wait_for_ever() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            cut.set()

    worker.begin_job(wait_for_ever)
    assert not worker.is_stuck()

    worker.end()

    assert cut.is_set()


def test_it_may_be_told_to_end_twice(worker):
    worker.begin_to_end()
    worker.end()
