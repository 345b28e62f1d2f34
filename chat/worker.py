"""A worker of the scaled run: one event loop in a thread holds its runner, client and journal."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from typing import Any
from uuid import UUID

from chat import generation
from chat.journal import Piece
from chat.live import Frame
from chat.relay import WORKERS, Relay, current_relay, web_channel
from chat.runner import Runner, journal_is_stuck, start_runner

logger = logging.getLogger(__name__)

# How long a process that watches a reply is told of it without asking again.
WATCH_S = 30.0
# A loop that turns answers in milliseconds.
ANSWERS_WITHIN_S = 2.0

Job = Callable[[], Coroutine[Any, Any, None]]


class RelayOutlet:
    """Tells the processes that watch a reply, each in one message a tick."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._watching: dict[UUID, dict[str, float]] = {}

    def begin(self, reply_id: UUID, text: str, reasoning: str) -> None:
        self._tell(reply_id, "begin", text, reasoning)

    def say(self, reply_id: UUID, words: str) -> None:
        self._tell(reply_id, "say", words)

    def show_receipt(self, reply_id: UUID, chip: str) -> None:
        self._tell(reply_id, "receipt", chip)

    def finish(self, reply_id: UUID, frame: Frame) -> None:
        self._tell(reply_id, "finish", frame)
        self._watching.pop(reply_id, None)

    def let_go(self, reply_id: UUID, words: str) -> None:
        """Whoever has it now may be telling of it already: the web processes read how it stands."""

    def hand_on(self, pieces: Iterable[Piece]) -> None:
        messages: dict[str, list[list[Any]]] = {}
        for piece in pieces:
            entries = _entries(piece)
            for process in self._watchers(piece.lease.reply_id):
                messages.setdefault(process, []).extend(entries)
        for process, message in messages.items():
            self._relay.send(web_channel(process), message)

    def tell_user(self, user_id: UUID, conversation_id: UUID, frame: Frame, but: str = "") -> None:
        self._relay.tell_user(user_id, conversation_id, frame, but)

    def watched_by(self, reply_id: UUID, process: str) -> None:
        now = asyncio.get_running_loop().time()
        self._watching.setdefault(reply_id, {})[process] = now + WATCH_S
        for watched, processes in list(self._watching.items()):
            if all(until <= now for until in processes.values()):
                del self._watching[watched]

    def _tell(self, reply_id: UUID, verb: str, *words: object) -> None:
        for process in self._watchers(reply_id):
            self._relay.send(web_channel(process), [[verb, str(reply_id), *words]])

    def _watchers(self, reply_id: UUID) -> list[str]:
        now = asyncio.get_running_loop().time()
        return [name for name, until in self._watching.get(reply_id, {}).items() if until > now]


def _entries(piece: Piece) -> list[list[Any]]:
    reply = str(piece.lease.reply_id)
    entries: list[list[Any]] = []
    if piece.reasoning:
        entries.append(["reasoning", reply, piece.reasoning_start, "".join(piece.reasoning)])
    if piece.text:
        entries.append(["text", reply, piece.text_start, "".join(piece.text)])
    return entries


class Worker:
    """The loop of this worker process, and what runs in it."""

    def __init__(self, schedule: Job) -> None:
        self._schedule = schedule
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._runner: Runner | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._drained: Future[None] | None = None
        self._thread = threading.Thread(target=self._run, name="replies", daemon=True)
        self._thread.start()
        self._ready.wait()

    def start(self, reply_id: UUID) -> None:
        """From any thread: begin to write a queued reply."""
        assert self._runner is not None
        self._loop.call_soon_threadsafe(self._runner.start, reply_id)

    def begin_job(self, job: Job) -> None:
        """From any thread: what nobody waits for, and what the end of the process cuts short."""
        self._loop.call_soon_threadsafe(self._begin_job, job)

    def is_stuck(self, within_s: float = ANSWERS_WITHIN_S) -> bool:
        """From any thread: whether the loop does not turn, or its journal cannot commit."""
        asked = asyncio.run_coroutine_threadsafe(self._ask_journal(), self._loop)
        try:
            return asked.result(within_s)
        except TimeoutError:
            return True

    def begin_to_end(self) -> None:
        """From any thread, and often: let replies end or keep their text, and give up the leases."""
        if self._drained is None:
            self._drained = asyncio.run_coroutine_threadsafe(self._drain(), self._loop)

    def end(self) -> None:
        self.begin_to_end()
        assert self._drained is not None
        self._drained.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _begin_job(self, job: Job) -> None:
        task = self._loop.create_task(job(), name="job")
        self._jobs.add(task)
        task.add_done_callback(self._job_ended)

    def _job_ended(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A job failed", exc_info=error)

    async def _ask_journal(self) -> bool:
        return journal_is_stuck()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._begin())
        self._loop.run_forever()

    async def _begin(self) -> None:
        relay = current_relay()
        outlet = RelayOutlet(relay)
        self._runner = start_runner(outlet)
        relay.listen({WORKERS: lambda message: self._hear(outlet, message)})
        self._scheduled = self._loop.create_task(self._schedule(), name="schedule")
        self._ready.set()

    def _hear(self, outlet: RelayOutlet, message: dict[str, str]) -> None:
        if "watch" in message:
            outlet.watched_by(UUID(message["watch"]), message["process"])
        elif "stop" in message and self._runner is not None:
            self._runner.stop(UUID(message["stop"]), generation.STOPPED)

    async def _drain(self) -> None:
        for task in (self._scheduled, *self._jobs):
            task.cancel()
        await asyncio.gather(self._scheduled, *self._jobs, return_exceptions=True)
        assert self._runner is not None
        await self._runner.drain()
        # What the last replies had to say is on its way before the connection closes.
        await asyncio.sleep(0.1)
        await current_relay().aclose()


_worker: Worker | None = None


def begin(schedule: Job) -> None:
    global _worker  # noqa: PLW0603  # one a process, made after the process is forked
    _worker = Worker(schedule)


def start(reply_id: UUID) -> None:
    if _worker is not None:
        _worker.start(reply_id)


def begin_job(job: Job) -> None:
    if _worker is not None:
        _worker.begin_job(job)


def is_stuck() -> bool:
    return _worker is not None and _worker.is_stuck()


def begin_to_end() -> None:
    if _worker is not None:
        _worker.begin_to_end()


def end() -> None:
    if _worker is not None:
        _worker.end()
