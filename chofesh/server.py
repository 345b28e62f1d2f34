"""`python -m chofesh.server`: make ready, start one process, and end it in order."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Daphne must choose the event loop before anything else imports Twisted's.
import daphne.server  # noqa: F401

# Any number that no other user of the same database locks.
MIGRATION_LOCK = 0x63686F66657368


class NotReadyError(Exception):
    """The server cannot start. The message is one sentence that says what to do."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chofesh.settings")
    try:
        _refuse_taken_port()
        keys = _make_ready()
    except NotReadyError as error:
        sys.exit(f"chofesh: {error}")
    _serve(keys)


def _refuse_taken_port() -> None:
    from chofesh.data_folder import UnwritableFolderError

    try:
        from django.conf import settings

        host, port = settings.HOST, settings.PORT
    except UnwritableFolderError as error:
        raise NotReadyError(str(error)) from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise NotReadyError(
                f"Port {port} on {host} is taken. Stop what uses it, or choose another: "
                f"PORT={port + 1} make run"
            ) from None


def _make_ready() -> Path | None:
    """Folders, key ring, migrations. Returns where the key ring is, when it is a folder."""
    import django

    from chofesh.data_folder import UnwritableFolderError, ensure_data_folder

    django.setup()
    from django.conf import settings

    from accounts.key_ring import KeyRingError, create_key_ring, load_key_ring

    try:
        ensure_data_folder(settings.DATA_DIR)
        if not settings.KEYS:
            create_key_ring(settings.KEYS_DIR)
        load_key_ring()
    except (UnwritableFolderError, KeyRingError) as error:
        raise NotReadyError(str(error)) from error
    except OSError as error:
        raise NotReadyError(
            f"The key ring cannot be written to {settings.KEYS_DIR} ({error.strerror}). "
            "Make the folder writable, or set CHOFESH_KEYS_DIR."
        ) from error
    _migrate()
    return None if settings.KEYS else settings.KEYS_DIR


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        with _one_at_a_time():
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise NotReadyError(f"The database cannot be used: {error}") from error


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Web processes that start together: the first migrates, the others wait and find it done."""
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _serve(keys: Path | None) -> None:
    import asyncio

    from daphne.endpoints import build_endpoint_description_strings
    from django.conf import settings
    from twisted.internet import defer, reactor

    if settings.SCALED:
        # Names the broker for the tasks that this process rings for.
        import chofesh.celery  # noqa: F401
        from chat import following
        from chat.relay import current_relay
    from chat.runner import current_runner
    from chofesh.asgi import application
    from chofesh.schedule import run_web_schedule
    from chofesh.slow_readers import PatientServer

    tasks: list[asyncio.Task[Any]] = []

    async def begin() -> None:
        if settings.SCALED:
            following.begin_following()
        else:
            current_runner()
        _say_ready(settings, keys)
        await run_web_schedule()

    def started() -> None:
        tasks.append(asyncio.get_event_loop().create_task(begin(), name="schedule"))

    async def drain() -> None:
        for task in tasks:
            task.cancel()
        await (current_relay().aclose() if settings.SCALED else current_runner().drain())

    def stop() -> defer.Deferred[None]:
        return defer.Deferred.fromFuture(asyncio.ensure_future(drain()))

    _keep_what_is_loaded()
    # Daphne itself drops everything at SIGTERM: replies must be ended before it begins to.
    reactor.addSystemEventTrigger("before", "shutdown", stop)  # type: ignore[arg-type]
    PatientServer(
        application=application,
        endpoints=build_endpoint_description_strings(host=settings.HOST, port=settings.PORT),
        ready_callable=started,
        websocket_max_message_size=2 * settings.FRAME_MAX_BYTES,
        websocket_max_frame_size=2 * settings.FRAME_MAX_BYTES,
        server_name="chofesh",
        verbosity=0,
    ).run()


def _keep_what_is_loaded() -> None:
    """It stays to the end, and looking through it for waste would stop every stream each time."""
    gc.collect()
    gc.freeze()


def _say_ready(settings: Any, keys: Path | None) -> None:
    address = (settings.PUBLIC_URLS or settings.LOCAL_URLS)[0]
    print(f"Chofesh is ready: {address}")
    print(f"  data      {settings.DATA_DIR}")
    if keys:
        print(f"  key ring  {keys}   (back it up apart from the data: without it no key opens)")
    if settings.PUBLIC_URLS and not settings.TRUSTED_PROXIES:
        print("  limits    count all visitors behind a proxy as one: set CHOFESH_TRUSTED_PROXIES")
    print("  next      open the address and sign up: the first person owns the organisation.")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
