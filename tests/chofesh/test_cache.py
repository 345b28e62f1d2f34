from __future__ import annotations

import pytest

from chofesh.cache import SharedCache
from tests.services.processes import free_port


@pytest.fixture
def cache() -> SharedCache:
    """Where nothing listens."""
    return SharedCache(f"redis://127.0.0.1:{free_port()}/0", {"OPTIONS": {"socket_timeout": 2}})


def test_without_redis_a_process_remembers_by_itself(cache):
    assert cache.add("tries", 1, timeout=60)
    assert not cache.add("tries", 9, timeout=60)
    assert cache.incr("tries") == 2
    cache.set("tries", 5)
    assert cache.get("tries") == 5
    assert cache.delete("tries")
    assert cache.get("tries", "none") == "none"


def test_a_count_that_redis_had_begins_anew(cache):
    assert cache.incr("counted-elsewhere") == 1
