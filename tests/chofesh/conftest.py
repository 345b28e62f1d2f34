from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chat.runner import current_runner


@pytest.fixture
async def runner(settings) -> AsyncIterator[None]:
    """A process that writes replies, ended in order."""
    settings.DRAIN_S = 0.2
    yield
    await current_runner().drain()
