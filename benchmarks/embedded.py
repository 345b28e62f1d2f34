"""One web process on SQLite: what waiting sockets, messages and streams cost, and how late text is."""

from __future__ import annotations

from typing import Any

from benchmarks.figures import Part, Table, between, percentiles, short
from benchmarks.running import Run

PEOPLE = 501
SOCKETS = 200
MESSAGES = 100
SLOW_STREAMS, SLOW_RATE = 100, 5
# Streams, tokens a second, seconds. The first finds a fresh server, so that its memory is its own.
# All seconds but the last are few: the stamps of the tokens would wrap, and people wait.
LOADS = (
    (100, 47, 14),
    (1, 47, 8),
    (50, 47, 12),
    (150, 47, 16),
    (200, 20, 18),
    (350, 20, 24),
    (500, 20, 32),
)
STREAM_COLUMNS = (
    "streams × tokens/s",
    "delivered per s, of offered",
    "delay p50 / p95 / p99 ms",
    "first text p50 / p95 / p99 ms",
    "CPU s per 1,000 tokens",
    "KB per stream",
    "loop late, p50 / max ms",
    "lost",
)


def measure() -> Part:
    with Run(PEOPLE) as run:
        waiting = run.load("rest", streams=SOCKETS)
        alone = run.load("first", messages=MESSAGES)
        streams = [play(run, *load) for load in LOADS]
        slow_seconds = 30
        beside = run.load(
            "first", streams=SLOW_STREAMS, rate=SLOW_RATE, seconds=slow_seconds, messages=MESSAGES
        )
        rows, pages = run.rows(), run.pages()
        said = run.logs()
    figures: dict[str, object] = {
        "waiting": waiting,
        "first_text_alone": alone,
        "first_text_beside_slow_streams": beside,
        "streams": streams,
        "journal_sqlite": rows,
        "pages": pages,
        "said": said,
    }
    tables = [
        _waiting(waiting),
        first_table([alone, beside]),
        stream_table("Streams, stored and rendered", streams),
        rows_table("SQLite", rows),
        _pages(pages),
    ]
    return Part("Embedded: one process, SQLite", figures, tables)


def play(run: Run, streams: int, rate: int, seconds: int) -> dict[str, Any]:
    seen = run.load("stream", streams=streams, rate=rate, seconds=seconds)
    seen["lost"] = run.lost(seen)
    seen["loop_late_ms"] = percentiles(run.lateness_ms(seen.pop("window")))
    return seen


def stream_table(title: str, streams: list[dict[str, Any]]) -> Table:
    return Table(title, STREAM_COLUMNS, [stream_row(seen) for seen in streams], STREAM_AIM)


def stream_row(seen: dict[str, Any]) -> list[str]:
    return [
        f"{seen['streams']} × {seen['rate']}",
        f"{short(seen['tokens_per_s'])} of {short(seen['offered_per_s'])}",
        between(seen["delay_ms"]),
        between(seen["first_text_ms"]),
        f"{seen['cpu_s_per_1000_tokens']:.3f}",
        short(seen["kb_per_stream"]),
        between(seen["loop_late_ms"], "p50", "max"),
        str(seen["lost"] + seen["incomplete"]),
    ]


def first_table(all_seen: list[dict[str, Any]]) -> Table:
    rows = [
        [
            f"{seen['beside_streams']} × {seen['beside_rate']}",
            between(seen["direct_ms"], "p50", "p99"),
            between(seen["acknowledged_ms"], "p50", "p99"),
            between(seen["added_ms"], "p50", "p95", "p99"),
            short(seen["cpu_ms_per_message"]),
        ]
        for seen in all_seen
    ]
    columns = (
        "beside streams × tokens/s",
        "direct call p50 / p99 ms",
        "sent and stored p50 / p99 ms",
        "added before the first token p50 / p95 / p99 ms",
        "CPU ms per message",
    )
    return Table("The first token", columns, rows, FIRST_AIM)


def rows_table(database: str, rows: dict[str, float]) -> Table:
    row = [
        short(rows["rows_per_s"]),
        short(rows["commit_ms"]),
        f"{rows['cpu_s_per_1000_rows']:.3f}",
    ]
    columns = ("rows per s", "ms per commit of 50", "CPU s per 1,000 rows")
    return Table(f"50 writers through the journal, {database}", columns, [row], ROWS_AIM)


def _pages(pages: dict[str, dict[str, Any]]) -> Table:
    rows = [
        [
            name,
            between(page["cpu_ms"], "p50", "max"),
            str(page["queries"]),
            short(page["kilobytes"]),
        ]
        for name, page in pages.items()
    ]
    columns = ("page", "CPU ms p50 / max", "queries", "KB")
    return Table("Pages of a person with 10,000 chats", columns, rows)


def _waiting(seen: dict[str, Any]) -> Table:
    row = [
        short(seen["memory_kb_before"] / 1024),
        str(seen["sockets"]),
        short(seen["kb_per_socket"]),
        short(seen["cpu_s_per_minute_waiting"]),
    ]
    columns = ("MB at rest", "sockets", "KB per waiting socket", "CPU s per minute of waiting")
    return Table("Waiting", columns, [row], "Aim: below 130 MB at rest and 40 KB a socket.")


STREAM_AIM = (
    "Delay: from the token's leaving the provider to its frame in the browser, committed in between. "
    "Aim: at most 0.12 CPU s per 1,000 tokens and below 60 KB a stream at 100 × 47; p95 below 300 ms "
    "at 150 × 47 and 350 × 20; nothing lost at 500 × 20."
)
FIRST_AIM = (
    "From the frame that sends the message to the frame with the first text, less the same upstream "
    "called directly. Aim: p50 below 6 ms alone; p50 / p99 below 5 / 15 ms beside slow streams."
)
ROWS_AIM = (
    "Commits of 50 rows without a pause, as the journal's thread makes them. "
    "Aim: 10,000 rows a second on SQLite, 8,000 on PostgreSQL."
)
