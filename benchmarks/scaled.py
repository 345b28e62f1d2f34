"""PostgreSQL and Redis, web processes and workers: what each further process brings."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.embedded import first_table, play, rows_table, stream_row
from benchmarks.figures import Part, Table
from benchmarks.processes import Process, free_port, wait_for_port
from benchmarks.running import Run
from tests.services.database import PostgresDatabase

PEOPLE = 151
MESSAGES = 60
# Web processes, workers.
SHAPES = ((1, 1), (1, 2), (2, 2))
LOAD = (150, 47, 16)
COLUMNS = (
    "web + workers",
    "streams × tokens/s",
    "delivered per s, of offered",
    "delay p50 / p95 / p99 ms",
    "first text p50 / p95 / p99 ms",
    "CPU s per 1,000 tokens",
    "busiest web, worker: share of a core",
    "lost",
)
AIM = (
    "All on the same cores as the upstream and the load, so a further process shows in the share of a "
    "core that the busiest one of its kind takes: what limits one process is one core."
)


def measure() -> Part:
    missing = what_is_missing()
    if missing:
        return Part("Scaled: PostgreSQL and Redis", {"missing": missing}, [], missing)
    streams = []
    first: dict[str, Any] = {}
    rows: dict[str, float] = {}
    for web, workers in SHAPES:
        with services() as own, Run(PEOPLE, web, workers, own) as run:
            if not first:
                first = run.load("first", messages=MESSAGES)
            streams.append(play(run, *LOAD) | {"web": web, "workers": workers})
            if len(streams) == len(SHAPES):
                rows = run.rows()
    figures: dict[str, object] = {
        "first_text": first,
        "streams": streams,
        "journal_postgresql": rows,
    }
    tables = [
        Table("Streams, stored and rendered", COLUMNS, [_row(seen) for seen in streams], AIM),
        first_table([first]),
        rows_table("PostgreSQL", rows),
    ]
    return Part("Scaled: PostgreSQL and Redis", figures, tables)


def what_is_missing() -> str:
    if not shutil.which("redis-server"):
        return "Left out: redis-server is not installed (make services)."
    try:
        PostgresDatabase("chofesh_bench_probe").drop()
    except psycopg.OperationalError:
        return "Left out: PostgreSQL is not running (make services)."
    return ""


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """A database and a Redis of the run's own."""
    database, port = PostgresDatabase(f"chofesh_bench_{os.getpid()}"), free_port()
    folder = Path(tempfile.mkdtemp(prefix="chofesh-bench-redis-"))
    database.create()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    redis = Process(["redis-server", *options], folder / "redis.log", {})
    try:
        wait_for_port(redis, port)
        yield {"DATABASE_URL": database.url, "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    finally:
        redis.stop()
        database.drop()
        shutil.rmtree(folder, ignore_errors=True)


def _row(seen: dict[str, Any]) -> list[str]:
    load, delivered, delay, first, cpu, _kb, _late, lost = stream_row(seen)
    shares: dict[str, float] = seen["cpu_share_each"]
    busiest = [
        max(share for name, share in shares.items() if name.startswith(kind))
        for kind in ("web", "worker")
    ]
    words = ", ".join(f"{share:.0%}" for share in busiest)
    return [f"{seen['web']} + {seen['workers']}", load, delivered, delay, first, cpu, words, lost]
