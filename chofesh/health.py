from __future__ import annotations

from functools import cache

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from chat.runner import journal_is_stuck


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when this process can serve: it answers, and so does the database."""
    return _answer({"database": _database()})


async def readyz(request: HttpRequest) -> JsonResponse:
    """As healthz, and nothing is amiss with the migrations and the journal of this process.

    Redis is told, but its loss costs speed only. Everything is looked at anew each time.
    """
    # In the loop of the server, where the journal is.
    journal = "stuck" if journal_is_stuck() else "ok"
    return await sync_to_async(_ready)(journal)


def of_worker() -> JsonResponse:
    """As healthz, at the port of a worker: its loop turns and commits. Redis may be away."""
    from chat import worker  # noqa: PLC0415  # and with it Redis

    return _answer({"database": _database(), "loop": "stuck" if worker.is_stuck() else "ok"})


def _ready(journal: str) -> JsonResponse:
    parts = {"database": _database(), "journal": journal}
    if connection.vendor == "sqlite":
        parts["storage"] = _storage()
    if parts["database"] == "ok":
        parts["migrations"] = _migrations()
    extra = {"redis": _redis()} if settings.SCALED else {}
    return _answer(parts, extra)


def _answer(parts: dict[str, str], extra: dict[str, str] | None = None) -> JsonResponse:
    able = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if able else "unable", **parts, **(extra or {})}
    return JsonResponse(body, status=200 if able else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def _storage() -> str:
    """Whether SQLite can write: it has no server of its own that would tell of a full disk."""
    try:
        with connection.cursor() as cursor:
            # A number that nobody uses.
            cursor.execute("PRAGMA user_version = 0")
    except DatabaseError:
        return "refused"
    return "ok"


def _migrations() -> str:
    """More than this version knows is well: the next version migrates while this one serves."""
    from django.db.migrations.recorder import MigrationRecorder  # noqa: PLC0415  # slow to import

    applied = MigrationRecorder(connection).applied_migrations()
    return "ok" if _known_migrations() <= applied.keys() else "pending"


@cache
def _known_migrations() -> set[tuple[str, str]]:
    """Those of this version, which do not change while it runs."""
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415  # slow to import

    return set(MigrationLoader(None).disk_migrations)


def _redis() -> str:
    # Not at the top: the embedded run goes without.
    from redis import Redis  # noqa: PLC0415
    from redis.exceptions import RedisError  # noqa: PLC0415

    try:
        with Redis.from_url(settings.REDIS_URL, **settings.AWAY_S) as client:
            client.ping()
    except (RedisError, OSError):
        return "unreachable"
    return "ok"
