"""Two processes that share a Redis know of each other's breakers, and of the calls that probe them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from routing.breaker import OPEN_S
from routing.health import Health
from routing.shared_health import SharedHealth
from tests.services.processes import Process, free_port, listens, wait_for

SCOPE = "model org:1 openai openai/gpt"


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("redis")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    redis = Process("redis", command, folder, {})
    wait_for(lambda: listens(port), redis)
    yield f"redis://127.0.0.1:{port}/0"
    redis.kill()


@dataclass
class Wall:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_probe_is_everybody_s_and_is_given_back_to_everybody(redis_url: str):
    wall = Wall()
    one = Health(lambda: wall.now - 1e9, wall)
    other = Health(lambda: wall.now - 2e8, wall)
    told = [SharedHealth(health, redis_url, wall) for health in (one, other)]

    async def exchange() -> None:
        for _ in range(2):
            await asyncio.gather(*(each.exchange() for each in told))

    one.failed(SCOPE, counts=3)
    wall.now += OPEN_S + 1
    assert one.may_try(SCOPE)
    await exchange()
    assert not other.may_try(SCOPE)

    one.gave_up(SCOPE)
    await exchange()
    assert other.may_try(SCOPE)
    for each in told:
        await each.aclose()
