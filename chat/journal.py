"""Group commit: the pending text of all live replies, one transaction a tick, before anybody sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

from chat import metrics
from chat.models import JournalRow, Reply, ReplyState

logger = logging.getLogger(__name__)

# A tick is at least this many times as long as the commit took, so that writing never takes over.
COMMITS_PER_TICK = 4
# By hand, for it is written twenty times a second: making objects first took twice the time.
INSERT = 'INSERT INTO chat_journalrow (reply_id, kind, "start", "text") VALUES '
ROW = "(%s, %s, %s, %s)"
# A commit whose answer was lost is made again: the fence leaves one writer, so it is the same text or more of it.
AGAIN = ' ON CONFLICT (reply_id, kind, "start") DO UPDATE SET "text" = excluded."text"'
# The database is away or busy: later it will take the same. Any other refusal is for good.
AWAY = (OperationalError, InterfaceError)


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

    def rows(self) -> list[tuple[UUID | str, str, int, str]]:
        reply = Reply._meta.pk.get_db_prep_value(self.lease.reply_id, connection)
        both = (
            (reply, JournalRow.Kind.TEXT.value, self.text_start, "".join(self.text)),
            (reply, JournalRow.Kind.REASONING.value, self.reasoning_start, "".join(self.reasoning)),
        )
        return [row for row in both if row[3]]


def commit_pieces(pieces: Sequence[Piece]) -> set[Lease]:
    """Write all pieces whose lease still holds; return the leases that do not."""
    with transaction.atomic():
        held = Reply.objects.filter(
            id__in=[piece.lease.reply_id for piece in pieces], state=ReplyState.RUNNING
        )
        if connection.vendor == "postgresql":
            held = held.order_by("id").select_for_update(no_key=True)
        fences = set(held.values_list("id", "lease_owner", "attempt"))
        kept = [piece for piece in pieces if _fence(piece.lease) in fences]
        _insert([row for piece in kept for row in piece.rows()])
    return {piece.lease for piece in pieces} - {piece.lease for piece in kept}


def _insert(rows: list[tuple[UUID | str, str, int, str]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and rows:
            # One statement for all: a statement a row took twice the time.
            values = [value for row in rows for value in row]
            cursor.execute(INSERT + ", ".join([ROW] * len(rows)) + AGAIN, values)
        else:
            cursor.executemany(INSERT + ROW + AGAIN, rows)


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


def _fence(lease: Lease) -> tuple[UUID, str, int]:
    return lease.reply_id, lease.owner, lease.attempt


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
        self.last_tick_s = 0.0
        self._is_refused = False

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
        self._wake.set()

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
        self._thread.submit(_close_connection)
        self._thread.shutdown(wait=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            started = loop.time()
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
            self.last_tick_s = loop.time() - started
            metrics.TICK.observe(self.last_tick_s)
            await asyncio.sleep(
                min(
                    max(settings.JOURNAL_TICK_S, COMMITS_PER_TICK * self.last_tick_s),
                    settings.JOURNAL_TICK_MAX_S,
                )
            )
            # All who wait wake up in one turn of the loop, so they are in one commit.
            self._due.set()
            self._due.clear()

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

    def _put_back(self) -> None:
        """Nothing of it was handed on, so it goes before what has come since."""
        again, self._committing = self._committing, {}
        for lease, newer in self._pending.items():
            older = again.setdefault(lease, newer)
            if older is not newer:
                older.text.extend(newer.text)
                older.reasoning.extend(newer.reasoning)
        self._pending = again
