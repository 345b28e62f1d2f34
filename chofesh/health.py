from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when this process can serve: it answers, and so does the database."""
    return _answer({"database": _database()})


def readyz(request: HttpRequest) -> JsonResponse:
    """As healthz, and all migrations are there; Redis is told, but its loss costs speed only."""
    parts = {"database": _database()}
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


def _migrations() -> str:
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415  # slow to import

    executor = MigrationExecutor(connection)
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _redis() -> str:
    try:
        cache.get("readyz")
    except (RedisError, OSError):
        return "unreachable"
    return "ok"
