from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat import leases
from chat.journal import JournalWriter, Lease, Piece, commit_pieces
from chat.models import JournalRow, Reply
from tests.chat.rows import make_queued

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Told:
    """What the journal handed on and dropped."""

    pieces: list[Piece] = field(default_factory=list)
    dropped: list[Lease] = field(default_factory=list)
    on_hand_on: Callable[[list[Piece]], None] | None = None

    def hand_on(self, pieces: list[Piece]) -> None:
        if self.on_hand_on:
            self.on_hand_on(pieces)
        self.pieces += pieces

    def text_of(self, lease: Lease) -> str:
        return "".join("".join(piece.text) for piece in self.pieces if piece.lease is lease)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def journal(told) -> AsyncIterator[JournalWriter]:
    writer = JournalWriter(told.hand_on, told.dropped.append)
    writer.start()
    yield writer
    await writer.aclose()


@pytest.fixture
def begin(organisation, alice):
    """A reply that runs, and its lease."""

    def begun() -> Lease:
        lease = leases.claim(make_queued(alice).id, "me")
        assert lease is not None
        return lease

    return begun


@pytest.fixture
def lease(begin) -> Lease:
    return begin()


def rows_of(lease: Lease) -> list[tuple[str, int, str]]:
    rows = JournalRow.objects.filter(reply=lease.reply_id).order_by("kind", "start")
    return list(rows.values_list("kind", "start", "text"))


def committed_text(lease: Lease) -> str:
    text, _reasoning = leases.committed(Reply.objects.get(id=lease.reply_id))
    return text


def close_connection() -> None:
    # Each thread has a connection of its own, so it is looked up there.
    connection.close()


@contextmanager
def hidden_journal() -> Iterator[None]:
    """SQLite calls a table that is not there an operational error, as a database that is away."""
    table = JournalRow._meta.db_table
    rename(table, f"{table}_hidden")
    try:
        yield
    finally:
        rename(f"{table}_hidden", table)


def rename(table: str, name: str) -> None:
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=20)) as database:
        database.execute(f"ALTER TABLE {table} RENAME TO {name}")


async def test_it_commits_what_was_appended(journal, lease, told, in_thread):
    journal.append(lease, text="Hello")
    await journal.flush(lease)

    assert await in_thread(rows_of)(lease) == [("text", 0, "Hello")]
    assert told.text_of(lease) == "Hello"


async def test_it_is_in_the_database_before_anybody_sees_it(journal, lease, told):
    """P2. The callback looks from another thread, as another process would."""
    seen = []
    with ThreadPoolExecutor(1) as looker:
        told.on_hand_on = lambda _pieces: seen.append(looker.submit(committed_text, lease).result())
        for word in ("one ", "two ", "three"):
            journal.append(lease, text=word)
            await journal.flush(lease)
        looker.submit(close_connection).result()

    assert seen == ["one ", "one two ", "one two three"]


async def test_what_comes_within_a_tick_is_one_row(journal, lease, in_thread):
    for letter in "Hello":
        journal.append(lease, text=letter)
    journal.append(lease, reasoning="Hm")
    await journal.flush(lease)

    assert await in_thread(rows_of)(lease) == [("reasoning", 0, "Hm"), ("text", 0, "Hello")]


async def test_the_places_go_on_from_tick_to_tick(journal, lease, in_thread):
    for word in ("wörd ", "🎈", "!"):
        journal.append(lease, text=word)
        await journal.flush(lease)

    assert await in_thread(rows_of)(lease) == [
        ("text", 0, "wörd "),
        ("text", 5, "🎈"),
        ("text", 6, "!"),
    ]
    assert lease.text_seq == 7


async def test_a_flush_with_nothing_to_do_returns_at_once(journal, lease):
    await asyncio.wait_for(journal.flush(lease), 1)


@pytest.mark.parametrize(
    "taken", [{"lease_owner": "another"}, {"attempt": 2}, {"state": "stopped"}], ids=str
)
async def test_a_lost_lease_drops_that_reply_alone(journal, begin, told, in_thread, taken):
    kept, lost = await in_thread(begin)(), await in_thread(begin)()
    await in_thread(Reply.objects.filter(id=lost.reply_id).update)(**taken)

    journal.append(lost, text="too late")
    journal.append(kept, text="in time")
    await asyncio.gather(journal.flush(kept), journal.flush(lost))

    assert told.dropped == [lost]
    assert (told.text_of(kept), told.text_of(lost)) == ("in time", "")
    assert await in_thread(rows_of)(lost) == []
    assert await in_thread(rows_of)(kept) == [("text", 0, "in time")]


REFUSED = "does not fit"
REFUSAL = {
    "sqlite": (
        (
            f"CREATE TRIGGER refusal BEFORE INSERT ON chat_journalrow WHEN NEW.text = '{REFUSED}' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
        "DROP TRIGGER refusal",
    ),
    "postgresql": (
        f"ALTER TABLE chat_journalrow ADD CONSTRAINT refusal CHECK (text <> '{REFUSED}')",
        "ALTER TABLE chat_journalrow DROP CONSTRAINT refusal",
    ),
}


@pytest.fixture
def refused_text(transactional_db) -> Iterator[str]:
    begin_refusing, stop_refusing = REFUSAL[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(begin_refusing)
    yield REFUSED
    with connection.cursor() as cursor:
        cursor.execute(stop_refusing)


async def test_a_refused_row_ends_that_reply_alone(journal, begin, told, in_thread, refused_text):
    refused, other = await in_thread(begin)(), await in_thread(begin)()

    journal.append(refused, text=refused_text)
    journal.append(other, text="fits")
    for lease in (refused, other):
        await journal.flush(lease)

    assert told.dropped == [refused]
    assert told.text_of(other) == await in_thread(committed_text)(other) == "fits"


@pytest.mark.skipif(
    connection.vendor == "postgresql", reason="tests/services/test_database_away.py"
)
async def test_a_commit_that_failed_is_tried_again_in_order(
    journal, lease, told, caplog, in_thread
):
    with hidden_journal():
        journal.append(lease, text="one ")
        while "could not commit" not in caplog.text:
            await asyncio.sleep(0.01)
        journal.append(lease, text="two")
        assert told.pieces == []

    await journal.flush(lease)

    assert told.text_of(lease) == await in_thread(committed_text)(lease) == "one two"


@pytest.mark.skipif(
    connection.vendor == "postgresql", reason="tests/services/test_database_away.py"
)
async def test_whoever_waits_for_the_database_is_told_until_it_is_back(
    journal, lease, begin, caplog, in_thread, monkeypatch
):
    monkeypatch.setattr("chat.journal.QUIET_S", 0.05)
    elsewhere = await in_thread(begin)()
    told: list[Lease] = []
    with journal.telling(lease, partial(told.append, lease)):
        with journal.telling(elsewhere, partial(told.append, elsewhere)), hidden_journal():
            journal.append(lease, text="one")
            while len(told) < 2:
                await asyncio.sleep(0.01)
        await journal.flush(lease)
        told_before = len(told)
        await asyncio.sleep(0.2)

    assert set(told) == {lease}
    assert len(told) == told_before


async def test_it_goes_on_when_a_text_cannot_be_shown(journal, lease, told, caplog, in_thread):
    def break_once(_pieces: list[Piece]) -> None:
        told.on_hand_on = None
        raise ValueError("cannot be drawn")

    told.on_hand_on = break_once
    for word in ("one ", "two"):
        journal.append(lease, text=word)
        await asyncio.wait_for(journal.flush(lease), 5)

    assert await in_thread(committed_text)(lease) == "one two"
    assert told.text_of(lease) == "two"
    assert "cannot be drawn" in caplog.text


async def test_many_replies_at_once_keep_their_own_texts(journal, begin, told, in_thread):
    held = [await in_thread(begin)() for _ in range(20)]
    for number in range(5):
        for index, lease in enumerate(held):
            journal.append(lease, text=f"{index}.{number} ")
        await asyncio.sleep(0.01)
    for lease in held:
        await journal.flush(lease)

    for index, lease in enumerate(held):
        text = "".join(f"{index}.{number} " for number in range(5))
        assert told.text_of(lease) == await in_thread(committed_text)(lease) == text


def test_many_replies_cost_as_many_queries_as_one(begin):
    def queries_for(count: int) -> int:
        pieces = [Piece(begin(), 0, 0, ["text"], ["thought"]) for _ in range(count)]
        with CaptureQueriesContext(connection) as queries:
            assert commit_pieces(pieces) == set()
        return len(queries)

    assert queries_for(1) == queries_for(40)
    assert JournalRow.objects.count() == 82


async def test_it_strips_what_a_database_cannot_hold(journal, lease, in_thread):
    """A NUL in one answer would end the writing of all of them in PostgreSQL."""
    journal.append(lease, text="a\x00b", reasoning="\x00")
    await journal.flush(lease)

    assert await in_thread(rows_of)(lease) == [("reasoning", 0, "\ufffd"), ("text", 0, "a\ufffdb")]


def test_a_commit_whose_answer_was_lost_is_made_again(begin):
    lease = begin()
    commit_pieces([Piece(lease, 0, 0, ["Hello"])])

    assert commit_pieces([Piece(lease, 0, 0, ["Hello, ", "world"])]) == set()

    assert list(JournalRow.objects.values_list("start", "text")) == [(0, "Hello, world")]
