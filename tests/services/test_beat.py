from __future__ import annotations

from tests.services.conftest import Pages
from tests.services.processes import wait_for
from tests.services.stack import Stack
from tests.upstream_formats import Answer


async def test_beat_has_looked_at_what_nobody_calls(pages: Pages, upstream, stack: Stack):
    """By the provider's list of models; nothing that is paid for."""
    upstream.default = Answer("Hello.")
    page = await pages.open()
    await page.sees_the_end(await page.ask("Hello?"))
    asked, listed = len(upstream.asked), upstream.listed
    # As if nobody had called for an hour.
    stack.database.rows(
        "UPDATE routing_attempt SET started_at = started_at - interval '1 hour' RETURNING id"
    )

    stack.start_beat("beat", "tests.services.quick_beat")
    try:
        wait_for(lambda: upstream.listed > listed, stack.processes["beat"])
    finally:
        stack.processes["beat"].terminate()

    assert len(upstream.asked) == asked
    # Beside the data, not wherever it was started from.
    assert list((stack.folder / "data").glob("beat-schedule*"))
