from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from chat.journal import Lease
from chat.runner import current_runner
from chofesh.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
# PostgreSQL tells of its disk by itself.
STORAGE = {"storage": "ok"} if connection.vendor == "sqlite" else {}


async def status_of(path: str) -> int:
    """Asked as Daphne asks: in the loop of the journal."""
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    asked = ApplicationCommunicator(application, scope)
    await asked.send_input({"type": "http.request", "body": b""})
    status = (await asked.receive_output(30))["status"]
    await asked.receive_output(30)
    await asked.wait(30)
    return status


def test_it_is_ready_with_database_and_migrations(client):
    answer = client.get("/readyz").json()

    assert (
        answer == {"status": "ok", "database": "ok", "journal": "ok", "migrations": "ok"} | STORAGE
    )


def test_a_pending_migration_is_seen_at_once_and_so_is_its_end(client):
    assert client.get("/readyz").status_code == 200
    applied = MigrationRecorder(connection)
    applied.record_unapplied("chat", "0001_initial")

    pending = client.get("/readyz")
    applied.record_applied("chat", "0001_initial")

    assert (pending.status_code, pending.json()["migrations"]) == (503, "pending")
    assert client.get("/readyz").status_code == 200


def test_migrations_of_the_next_version_do_not_end_this_one(client):
    applied = MigrationRecorder(connection)
    applied.record_applied("chat", "9999_of_the_next_version")
    try:
        assert client.get("/readyz").status_code == 200
    finally:
        applied.record_unapplied("chat", "9999_of_the_next_version")


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="only SQLite calls a missing table away for a while"
)
async def test_a_journal_that_cannot_commit_is_not_ready(db, runner):
    def rename(old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    async def until(status: int) -> None:
        async with asyncio.timeout(60):
            while await status_of("/readyz") != status:
                await asyncio.sleep(0.05)

    await until(200)
    await database_sync_to_async(rename)("chat_reply", "chat_away")
    try:
        current_runner().journal.append(Lease(uuid4(), "nobody", 1), "text")
        await until(503)
        assert await status_of("/healthz") == 200
    finally:
        await database_sync_to_async(rename)("chat_away", "chat_reply")
    await until(200)
