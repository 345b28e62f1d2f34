from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

logger = logging.getLogger(__name__)

# A database that restarts is back within half a minute.
AGAIN_AFTER_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def in_thread(
    verb: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Run a verb that uses the database in any free thread of the pool.

    The one thread that Django shares would make all running replies wait for each other.
    """
    return await database_sync_to_async(verb, thread_sensitive=False)(*arguments, **named)


async def kept_in_thread(
    verb: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """As in_thread, for what must be stored: while the database is away it is tried again.

    The verb may run twice although it was stored the first time, so it must bear that.
    """
    for wait_s in AGAIN_AFTER_S:
        try:
            return await in_thread(verb, *arguments, **named)
        except (OperationalError, InterfaceError) as error:
            logger.warning("%s is tried again in %s s: %s", verb.__name__, wait_s, error)
            await asyncio.sleep(wait_s)
    return await in_thread(verb, *arguments, **named)


async def undone_if_cancelled(
    work: Coroutine[Any, Any, Result], undo: Callable[[Result], Coroutine[Any, Any, None]]
) -> Result:
    """What `work` gives. A thread cannot be stopped: who is cancelled meanwhile lets it come to its
    end, undoes what it did, and obeys after that."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await to_its_end(_undone(task, undo))
        raise


async def _undone(
    task: asyncio.Task[Result], undo: Callable[[Result], Coroutine[Any, Any, None]]
) -> None:
    await asyncio.wait({task})
    if task.exception() is None:
        await undo(task.result())


async def to_its_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Wait for what must not be given up half-way. Who cancels us meanwhile is obeyed after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result
