"""Processes killed again and again under people who chat: `python -m benchmarks.soak [--write]`.

Needs what `make services` starts. Every promise of docs/reliability.md that a kill could break is
checked at the end, against the database and against what the pages have shown.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import percentiles
from benchmarks.soak_person import PATIENCE_S, Found, Person
from tests.fake_upstream import FakeUpstream, running_upstream
from tests.services.database import PostgresDatabase, Row, SqliteDatabase
from tests.services.stack import Stack
from tests.services.texts import numbered
from tests.upstream_formats import Answer

RESULTS = Path(__file__).with_name("soak.md")
TEXT = numbered(80)
ANSWERS = (
    Answer(TEXT, delay_s=0.02),
    Answer(TEXT, delay_s=0.05),
    Answer(TEXT, delay_s=0.01, first_delay_s=1.5),
    Answer(TEXT, delay_s=0.03, reasoning="Let me think."),
)
PEOPLE = 6
ENDED = {"done", "interrupted", "failed", "stopped"}


@dataclass(frozen=True)
class Kind:
    name: str
    lease_s: int
    victims: tuple[tuple[str, ...], ...]
    """Each round kills one of these groups at once."""


EMBEDDED = (("web-1",),)
SCALED = (("web-1", "worker-1"), ("web-2", "worker-2"), ("worker-1",), ("web-1", "web-2"))


async def kill_for_a_while(
    stack: Stack, kind: Kind, kills: int, found: Found, until: float
) -> None:
    """So many kills, or until this time of the clock."""
    watches = set()
    while sum(found.kills.values()) < kills and time.monotonic() < until:
        await asyncio.sleep(random.uniform(0.2, 1.5))
        group = random.choice(kind.victims)
        killed_at, marks = time.monotonic(), []
        for name in group:
            marks.append(f":{stack.processes[name].pid}:")
            await asyncio.to_thread(stack.processes[name].kill)
            found.kills[name.partition("-")[0]] += 1
        watches.add(asyncio.create_task(_watch(stack, marks, killed_at, found)))
        for name in group:
            start = stack.start_web if name.startswith("web") else stack.start_worker
            await asyncio.to_thread(start, name)
    await asyncio.gather(*watches)


async def _watch(stack: Stack, marks: list[str], killed_at: float, found: Found) -> None:
    """How long, after a kill, a reply was held by a process that is gone, or by nobody."""
    rows = await asyncio.to_thread(_running, stack)
    orphans = {row["id"] for row in rows if any(mark in row["lease_owner"] for mark in marks)}
    while orphans:
        await asyncio.sleep(0.25)
        left = {
            row["id"]
            for row in await asyncio.to_thread(_running, stack)
            if row["id"] in orphans
            and (row["state"] == "queued" or any(mark in row["lease_owner"] for mark in marks))
        }
        taken_s = time.monotonic() - killed_at
        found.settled_s += [taken_s] * (len(orphans) - len(left))
        if taken_s > PATIENCE_S:
            found.broken += [f"{orphan} is still spinning" for orphan in left]
            return
        orphans = left


def _running(stack: Stack) -> list[Row]:
    query = "SELECT id, state, lease_owner FROM chat_reply WHERE state IN ('running', 'queued')"
    return stack.database.rows(query)


def check(stack: Stack, people: list[Person], found: Found) -> None:
    rows = stack.database.rows
    stored = {str(row["id"]): row for row in rows("SELECT * FROM chat_reply")}
    for person in people:
        for reply in person.replies.values():
            _check_reply(stored.get(stack.key(reply)), person.page.texts.get(reply, ""), found)
    found.messages = sum(len(person.replies) for person in people)
    found.states.update(row["state"] for row in stored.values())
    if len(rows("SELECT id FROM chat_message")) != len(stored):
        found.broken.append("messages and replies differ in number")
    for words, query in BOOKS.items():
        found.broken += [f"{words}: {row}" for row in rows(query)]


BOOKS = {
    "sent once, stored twice": """SELECT client_msg_id FROM chat_message
        GROUP BY client_msg_id HAVING COUNT(*) > 1""",
    "left in the journal": "SELECT id FROM chat_journalrow",
    "a call that is not booked": """SELECT attempt.id FROM routing_attempt AS attempt
        LEFT JOIN usage_ledgerentry AS entry ON entry.attempt_id = attempt.id
        WHERE entry.id IS NULL OR attempt.ended_at IS NULL""",
}


def _check_reply(row: Row | None, seen: str, found: Found) -> None:
    if row is None:
        found.broken.append("an acknowledged message is gone")
        return
    found.characters += len(seen)
    if row["state"] not in ENDED:
        found.broken.append(f"{row['id']} is {row['state']} at the end")
    elif not row["text"].startswith(seen.rstrip()):
        found.broken.append(f"{row['id']}: something that was seen is not stored")
    elif not TEXT.startswith(row["text"].rstrip()):
        found.broken.append(f"{row['id']}: a gap or a double")
    elif row["state"] == "done" and row["text"].strip() != TEXT:
        found.broken.append(f"{row['id']}: done, but not whole")


@contextmanager
def started(kind: Kind, upstream: FakeUpstream) -> Iterator[Stack]:
    with TemporaryDirectory(prefix="chofesh-soak-") as name:
        folder = Path(name)
        is_scaled = kind.victims is SCALED
        postgres = PostgresDatabase(f"chofesh_soak_{os.getpid()}")
        database = postgres if is_scaled else SqliteDatabase(folder / "data" / "chofesh.sqlite3")
        stack = Stack(folder, database, upstream.openai_url)
        stack.environment["CHOFESH_LEASE_SECONDS"] = str(kind.lease_s)
        try:
            if is_scaled:
                postgres.create()
                stack.start_redis()
            for process in sorted({each for group in kind.victims for each in group}):
                start = stack.start_web if process.startswith("web") else stack.start_worker
                start(process)
            yield stack
        finally:
            stack.stop()
            if is_scaled:
                postgres.drop()


async def soak(kind: Kind, kills: int, minutes: float) -> Found:
    found, began = Found(), time.monotonic()
    with running_upstream() as upstream, started(kind, upstream) as stack:
        people = [
            Person(stack, row["session"], found)
            for row in await asyncio.to_thread(stack.make_people, PEOPLE)
        ]
        living = [asyncio.create_task(person.live()) for person in people]
        varying = asyncio.create_task(_vary(upstream))
        await kill_for_a_while(stack, kind, kills, found, time.monotonic() + 60 * minutes)
        for person in people:
            person.is_over = True
        await asyncio.gather(*living)
        varying.cancel()
        await asyncio.gather(*(person.page.close() for person in people))
        check(stack, people, found)
    found.seconds = time.monotonic() - began
    return found


async def _vary(upstream: FakeUpstream) -> None:
    while True:
        upstream.default = random.choice(ANSWERS)
        await asyncio.sleep(0.4)


def line(kind: Kind, found: Found) -> str:
    settled = percentiles(found.settled_s)
    kills = ", ".join(f"{count} {name}" for name, count in sorted(found.kills.items()))
    states = ", ".join(f"{count} {state}" for state, count in sorted(found.states.items()))
    cells = [
        kind.name, f"{kind.lease_s} s", kills, str(found.messages), states, str(found.characters),
        f"{settled['p50']:.1f} / {settled['max']:.1f} s of {len(found.settled_s)}",
        str(len(found.broken)),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


HEADER = """# Soak: processes killed under people who chat

`make soak` writes this page. {people} people ask one question after another; processes are killed with SIGKILL at random times, and started
again. In the end every acknowledged message must be stored once, every reply must have ended, every character that a page has shown
must be in the database in its place, and every call to a model must be booked once. "Settled" is how long after the kill a reply was held by nobody.

Taken on {day} on two cores that also ran the provider, the pages and other work.

| run | lease | SIGKILLs | acknowledged messages | replies | characters seen | settled, median / longest | broken promises |
|-|-|-|-|-|-|-|-|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=250, help="of each database")
    parser.add_argument("--kills-at-defaults", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=60.0, help="at most, for each run")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    runs = [
        (Kind("SQLite, one process", 2, EMBEDDED), given.kills),
        (Kind("PostgreSQL, two web and two worker processes", 2, SCALED), given.kills),
        (Kind("SQLite, one process", 10, EMBEDDED), given.kills_at_defaults),
        (Kind("PostgreSQL, two web and two worker processes", 10, SCALED), given.kills_at_defaults),
    ]
    lines, broken = [], []
    for kind, kills in runs:
        if kills and (given.only or "") in kind.name.lower():
            found = asyncio.run(soak(kind, kills, given.minutes))
            lines.append(line(kind, found))
            broken += found.broken
            print(lines[-1], *found.broken, sep="\n", flush=True)
    if given.write:
        day = f"{datetime.now(UTC):%d %B %Y}"
        page = HEADER.format(people=PEOPLE, day=day) + "\n".join(lines) + "\n"
        RESULTS.write_text(page + "".join(f"\n- {words}" for words in broken))
    raise SystemExit(bool(broken))


if __name__ == "__main__":
    main()
