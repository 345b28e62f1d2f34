"""Group commit: the pending text of all live replies, one transaction a tick, before anybody sees it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from chat import metrics
from chat.models import Reply, ReplyState

logger = logging.getLogger(__name__)

# A commit that takes so long is no slow one.
QUIET_S = 2.0
# After a tick's work, from its first text to its last that was handed on, nobody reads for so many
# times as long: there is time for all else, and with many streams each tick has more of each.
PAUSE_PER_WORK = 2
# By hand, for it is written twenty times a second: making objects first took twice the time, and so
# did a statement a row.
INSERT = 'INSERT INTO chat_journalrow (reply_id, kind, "start", "text")'
ROW = "(%s, %s, %s, %s)"
# A commit whose answer was lost is made again: the fence leaves one writer, so it is the same text or more of it.
AGAIN = 'ON CONFLICT (reply_id, kind, "start") DO UPDATE SET "text" = excluded."text"'
# As JSON, SQLite reads them while the event loop goes on; values each keep it waiting.
ROWS_ON_SQLITE = """
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),
        json_extract(value, '$[2]'), json_extract(value, '$[3]')
    FROM json_each(%s) WHERE TRUE
"""
LOST_ON_SQLITE = """
    SELECT key FROM json_each(%s) LEFT JOIN chat_reply AS reply
        ON reply.id = json_extract(value, '$[0]')
        AND reply.lease_owner = json_extract(value, '$[1]')
        AND reply.attempt = json_extract(value, '$[2]')
        AND reply.state = 'running'
    WHERE reply.id IS NULL
"""
# The database is away or busy: later it will take the same. Any other refusal is for good.
AWAY = (OperationalError, InterfaceError)


Row = tuple[UUID, str, int, str]


@dataclass(slots=True, eq=False)
class Lease:
    """The right to write one reply, and how far its text has been handed to the journal."""

    reply_id: UUID
    owner: str
    attempt: int
    text_seq: int = 0
    reasoning_seq: int = 0


@dataclass(slots=True)
class Piece:
    """Text of one reply in one tick: as it is committed, and then as it is handed on."""

    lease: Lease
    text_start: int
    reasoning_start: int
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)

    def rows(self) -> list[Row]:
        both = (
            (self.lease.reply_id, "text", self.text_start, "".join(self.text)),
            (self.lease.reply_id, "reasoning", self.reasoning_start, "".join(self.reasoning)),
        )
        return [row for row in both if row[3]]


def commit_pieces(pieces: Sequence[Piece]) -> set[Lease]:
    """Write all pieces whose lease still holds; return the leases that do not."""
    leases = [piece.lease for piece in pieces]
    is_sqlite = connection.vendor == "sqlite"
    with transaction.atomic():
        lost = _lost_on_sqlite(leases) if is_sqlite else _lost(leases)
        rows = [row for piece in pieces if piece.lease not in lost for row in piece.rows()]
        if rows:
            with connection.cursor() as cursor:
                (_insert_on_sqlite if is_sqlite else _insert)(cursor, rows)
    return lost


def _lost(leases: list[Lease]) -> set[Lease]:
    """Those that do not hold; the others hold until the end of the transaction."""
    held = Reply.objects.filter(
        id__in=[lease.reply_id for lease in leases], state=ReplyState.RUNNING
    )
    locked = held.order_by("id").select_for_update(no_key=True)
    fences = set(locked.values_list("id", "lease_owner", "attempt"))
    return {lease for lease in leases if (lease.reply_id, lease.owner, lease.attempt) not in fences}


def _lost_on_sqlite(leases: list[Lease]) -> set[Lease]:
    """Reads the lost ones, mostly none: before each row this thread lets the event loop go first."""
    fences = [(lease.reply_id.hex, lease.owner, lease.attempt) for lease in leases]
    with connection.cursor() as cursor:
        cursor.execute(LOST_ON_SQLITE, [orjson.dumps(fences).decode()])
        return {leases[number] for (number,) in cursor.fetchall()}


def _insert(cursor: CursorWrapper, rows: list[Row]) -> None:
    values = [value for row in rows for value in row]
    cursor.execute(f"{INSERT} VALUES {', '.join([ROW] * len(rows))} {AGAIN}", values)


def _insert_on_sqlite(cursor: CursorWrapper, rows: list[Row]) -> None:
    stored = [(reply.hex, *others) for reply, *others in rows]
    cursor.execute(f"{INSERT} {ROWS_ON_SQLITE} {AGAIN}", [orjson.dumps(stored).decode()])


def commit_one_by_one(pieces: Sequence[Piece]) -> set[Lease]:
    """As commit_pieces, when the database refused one of them: that reply alone is lost."""
    lost: set[Lease] = set()
    for piece in pieces:
        try:
            lost |= commit_pieces([piece])
        except AWAY:
            raise
        except Exception:
            logger.exception("Reply %s does not fit its journal", piece.lease.reply_id)
            lost.add(piece.lease)
    return lost


def _close_connection() -> None:
    """Of the thread that calls: each has a connection of its own."""
    connection.close()


class JournalWriter:
    """One a process. `hand_on` gets what was committed, `drop` each lease that was lost."""

    def __init__(
        self, hand_on: Callable[[list[Piece]], None], drop: Callable[[Lease], None]
    ) -> None:
        self._hand_on = hand_on
        self._drop = drop
        self._pending: dict[Lease, Piece] = {}
        self._wake = asyncio.Event()
        self._due = asyncio.Event()
        self._committing: dict[Lease, Piece] = {}
        self._settled: asyncio.Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._task: asyncio.Task[None] | None = None
        self._first_text_at = 0.0
        self._is_refused = False
        self._waiting: dict[Lease, Callable[[], object]] = {}
        self._quiet: asyncio.TimerHandle | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether what is appended now would wait: the database refuses it, or nobody writes."""
        return self._is_refused or (self._task is not None and self._task.done())

    def append(self, lease: Lease, text: str = "", reasoning: str = "") -> None:
        piece = self._pending.get(lease)
        if piece is None:
            piece = Piece(lease, lease.text_seq, lease.reasoning_seq)
            self._pending[lease] = piece
        # Not every database can hold a NUL; its place is kept.
        text, reasoning = text.replace("\x00", "\ufffd"), reasoning.replace("\x00", "\ufffd")
        if text:
            piece.text.append(text)
            lease.text_seq += len(text)
        if reasoning:
            piece.reasoning.append(reasoning)
            lease.reasoning_seq += len(reasoning)
        if not self._wake.is_set():
            self._first_text_at = time.monotonic()
            self._wake.set()

    @contextmanager
    def telling(self, lease: Lease, stands_still: Callable[[], object]) -> Iterator[None]:
        """`stands_still` is called, again and again, while the text of this lease waits for a database."""
        self._waiting[lease] = stands_still
        try:
            yield
        finally:
            del self._waiting[lease]

    async def next_tick(self) -> None:
        """Wait until the next commit is due, and then take all that has come in the meantime.

        Who reads a stream in this way costs nothing per token, and nobody reads on while the
        database is away.
        """
        await self._due.wait()

    async def flush(self, lease: Lease) -> None:
        """Return once everything appended under this lease so far is committed and handed on."""
        while lease in self._pending or lease in self._committing:
            if self._settled is None:
                self._settled = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settled)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="journal")

    async def aclose(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._stop_telling()
        self._thread.submit(_close_connection)
        self._thread.shutdown(wait=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        was_due_at = 0.0
        while True:
            await self._wake.wait()
            self._wake.clear()
            # Text that came while the last tick was at work has only waited.
            began, started = max(self._first_text_at, was_due_at), time.monotonic()
            # One timer for all of them: one for each stream and tick took a twentieth of the processor.
            self._quiet = self._quiet or loop.call_later(QUIET_S, self._tell_waiting)
            try:
                await self._tick(loop)
            except AWAY:
                metrics.JOURNAL_ERRORS.inc()
                self._is_refused = True
                logger.exception("The journal could not commit; it tries again")
                self._wake.set()
                await asyncio.sleep(settings.JOURNAL_TICK_MAX_S)
                continue
            self._is_refused = False
            self._stop_telling()
            ended = time.monotonic()
            metrics.TICK.observe(ended - started)
            pause_s = max(settings.JOURNAL_TICK_S, PAUSE_PER_WORK * (ended - began))
            await asyncio.sleep(min(pause_s, settings.JOURNAL_TICK_MAX_S))
            # All who wait wake up in one turn of the loop, so they are in one commit.
            self._due.set()
            self._due.clear()
            was_due_at = time.monotonic()

    async def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._committing, self._pending = self._pending, {}
        pieces = list(self._committing.values())
        try:
            try:
                lost = await loop.run_in_executor(self._thread, commit_pieces, pieces)
            except AWAY:
                raise
            except Exception:  # noqa: BLE001  # commit_one_by_one logs the one that it is
                lost = await loop.run_in_executor(self._thread, commit_one_by_one, pieces)
        except AWAY:
            self._put_back()
            raise
        self._committing = {}
        try:
            self._hand_on([piece for piece in pieces if piece.lease not in lost])
        except Exception:
            logger.exception("What was committed could not be shown; the pages ask for it again")
        for lease in lost:
            self._drop(lease)
        if self._settled:
            self._settled.set_result(None)
            self._settled = None

    def _tell_waiting(self) -> None:
        for lease in {**self._committing, **self._pending}:
            if lease in self._waiting:
                self._waiting[lease]()
        self._quiet = asyncio.get_running_loop().call_later(QUIET_S, self._tell_waiting)

    def _stop_telling(self) -> None:
        if self._quiet:
            self._quiet.cancel()
            self._quiet = None

    def _put_back(self) -> None:
        """Nothing of it was handed on, so it goes before what has come since."""
        again, self._committing = self._committing, {}
        for lease, newer in self._pending.items():
            older = again.setdefault(lease, newer)
            if older is not newer:
                older.text.extend(newer.text)
                older.reasoning.extend(newer.reasoning)
        self._pending = again
