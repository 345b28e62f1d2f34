"""Requests and listeners that the tests of this folder share."""

from __future__ import annotations

from collections.abc import AsyncIterator

from providers.clocks import Clocks
from providers.errors import ProviderError
from providers.events import StreamEvent, TextDelta
from providers.request import Endpoint, Message, ModelRequest, TextPart

# Short enough for a test to wait for, long enough for a busy machine to answer in time.
QUICK = Clocks(
    connect_s=2.0,
    head_s=0.6,
    first_content_s=0.6,
    gap_s=0.6,
    total_s=5.0,
    tail_s=0.4,
    drain_s=0.2,
)


def ask(text: str = "Hello", **more) -> ModelRequest:
    return ModelRequest("test-model", (Message("user", (TextPart(text),)),), **more)


def openai_at(base_url: str) -> Endpoint:
    return Endpoint("openai_compatible", base_url, "openai_chat")


async def listen(
    events: AsyncIterator[StreamEvent],
) -> tuple[list[StreamEvent], ProviderError | None]:
    """What was heard, and the error that ended it, if one did."""
    heard: list[StreamEvent] = []
    try:
        async for event in events:
            heard.append(event)  # noqa: PERF401, what came before an error must not be lost
    except ProviderError as error:
        return heard, error
    return heard, None


def text_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def refused(events: AsyncIterator[StreamEvent]) -> ProviderError:
    """The error that ended it; fails the test if none did."""
    _, error = await listen(events)
    assert error is not None
    return error
