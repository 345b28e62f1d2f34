"""A copy of the database while the server runs, and its way back into an empty place.

The key ring is never copied beside the database: together they open every stored provider key,
alone neither does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from accounts.key_ring import ring_from_folder

NOTE = "backup.json"
SQLITE_COPY, POSTGRESQL_COPY = "chofesh.sqlite3", "chofesh.dump"


class BackupError(Exception):
    """Nothing was written or replaced. The message says why, and what to do."""


def back_up(into: Path) -> Path:
    """A new folder in `into` with a copy of the database; only its owner may read it.

    The copy is of one moment: what was committed before is in it whole. It has its final name only
    once it is complete.
    """
    _refuse_empty()
    name = f"chofesh-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    finished, draft = into / name, into / f".{name}.unfinished"
    try:
        draft.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise BackupError(f"Nothing can be written to {into} ({error.strerror}).") from error
    try:
        copy = _copy_sqlite(draft) if connection.vendor == "sqlite" else _dump_postgresql(draft)
        note = {
            "file": copy.name,
            "sha256": _checksum(copy),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        _write(draft / NOTE, json.dumps(note, indent=2).encode())
        draft.rename(finished)
    except BaseException:
        shutil.rmtree(draft)
        raise
    return finished


def _refuse_empty() -> None:
    """Run without the server's settings it would make an empty database, and copy that every night."""
    place = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not Path(place).exists():
        raise BackupError(
            f"There is no database at {place}. Set CHOFESH_DATA_DIR as the server has it."
        )
    if not MigrationRecorder(connection).has_table():
        raise BackupError("This database is empty: nothing was copied.")


def back_up_keys(into: Path, beside: Path) -> Path:
    """A copy of the key ring's folder; refused in the folder of the database's copies."""
    if into.resolve() == beside.resolve() or into.resolve() in beside.resolve().parents:
        raise BackupError(f"The key ring must not be copied beside the database: {into}.")
    if beside.resolve() in into.resolve().parents:
        raise BackupError(f"The key ring must not be copied beside the database: {into}.")
    if settings.KEYS:
        raise BackupError("The key ring is in CHOFESH_KEYS, not in a folder: keep that text.")
    copy = into / f"chofesh-keys-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    return copy_keys(Path(settings.KEYS_DIR), copy)


def restore(backup: Path) -> None:
    """Put a backup where this server keeps its database. What is there already is never replaced."""
    try:
        note = json.loads((backup / NOTE).read_text())
        copy = backup / str(note["file"])
        is_whole = _checksum(copy) == note["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{backup} is not a backup that `manage.py backup` made.") from error
    if not is_whole:
        raise BackupError(f"{copy} is damaged: it is not what was written. Take another backup.")
    if (copy.name == SQLITE_COPY) != (connection.vendor == "sqlite"):
        raise BackupError(
            f"{copy.name} does not fit this server's database ({connection.vendor}). "
            "Set or unset DATABASE_URL as it was when the backup was made."
        )
    if connection.vendor == "sqlite":
        _restore_sqlite(copy)
    else:
        _restore_postgresql(copy)


def copy_keys(ring: Path, copy: Path) -> Path:
    """Raises KeyRingError where the ring is not whole, BackupError where the place is not empty."""
    ring_from_folder(ring)
    refuse_used(copy)
    copy.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in ring.iterdir():
        if "." not in path.name:
            _write(copy / path.name, path.read_bytes())
    ring_from_folder(copy)
    return copy


def refuse_used(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty. Move away what is there first.")


def _copy_sqlite(folder: Path) -> Path:
    copy = folder / SQLITE_COPY
    _write(copy, b"")
    connection.ensure_connection()
    assert connection.connection is not None
    with closing(sqlite3.connect(copy)) as target:
        # In one step, which is one reading transaction: writers go on meanwhile.
        connection.connection.backup(target)
        # A session is a key to its person's account: whoever restores signs in again.
        target.execute("PRAGMA secure_delete=ON")
        target.execute("DELETE FROM django_session")
        target.commit()
        # The copy is one file, without a log beside it.
        target.execute("PRAGMA journal_mode=DELETE")
        _check(target, copy)
    return copy


def _restore_sqlite(copy: Path) -> None:
    place = Path(str(settings.DATABASES["default"]["NAME"]))
    # A log that was left behind would be played over what is restored.
    for found in (place, *(Path(f"{place}{end}") for end in ("-wal", "-shm", "-journal"))):
        if found.exists():
            raise BackupError(
                f"There is a database already: {found}. Move it away first, with all of {place.name}*."
            )
    draft = place.with_name(f".{place.name}.unfinished")
    draft.unlink(missing_ok=True)
    _write(draft, copy.read_bytes())
    with closing(sqlite3.connect(draft)) as restored:
        _check(restored, copy)
    draft.rename(place)


def _check(database: sqlite3.Connection, copy: Path) -> None:
    try:
        found = database.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise BackupError(f"{copy} is damaged: {found}")


def _dump_postgresql(folder: Path) -> Path:
    copy = folder / POSTGRESQL_COPY
    _write(copy, b"")
    without_sessions = "--exclude-table-data=django_session"
    options = ("--format=custom", "--no-owner", "--no-privileges", without_sessions)
    _run("pg_dump", *options, f"--file={copy}")
    return copy


def _restore_postgresql(copy: Path) -> None:
    if MigrationRecorder(connection).has_table():
        raise BackupError("This database is in use already. Name an empty one in DATABASE_URL.")
    database = f"--dbname={connection.settings_dict['NAME']}"
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", database, str(copy))


def _run(program: str, *arguments: str) -> None:
    """The password goes by the environment: everybody on a machine sees the arguments."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is missing. Install PostgreSQL's client programs.")
    given: dict[str, Any] = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    environment = {name: str(given[key]) for name, key in names.items() if given.get(key)}
    tls = ("sslmode", "sslrootcert", "sslcert", "sslkey")
    asked = given.get("OPTIONS", {})
    environment |= {f"PG{name.upper()}": str(asked[name]) for name in tls if name in asked}
    ended = subprocess.run(  # noqa: S603  # a program of PostgreSQL and names of our own
        [found, *arguments],
        env={**os.environ, "PGDATABASE": given["NAME"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BackupError(f"{program} failed: {ended.stderr.strip()}")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
