from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REPLIES = Gauge("chofesh_replies_running", "Replies that this process writes")
SOCKETS = Gauge("chofesh_sockets_open", "Open sockets of this process")
ENDED = Counter("chofesh_replies_ended_total", "Replies by how they ended", ["state"])
TICK = Histogram(
    "chofesh_journal_tick_seconds",
    "One group commit",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
JOURNAL_ERRORS = Counter("chofesh_journal_errors_total", "Group commits that the database refused")
DATABASE_ERRORS = Counter(
    "chofesh_database_errors_total",
    "Connections and statements that found the database away or busy",
)
REDIS_ERRORS = Counter("chofesh_redis_errors_total", "Whatever Redis was asked for in vain")
