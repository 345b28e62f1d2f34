"""The database counts the changes of what an organisation and its people have set (accounts/revisions.py).

It does so by itself, in the transaction of the change, whoever makes it: a change that our code
forgot to count would leave a model in use that was withdrawn. Every app names its tables in its apps.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.apps import AppConfig
from django.db import connection, transaction
from django.db.models.signals import post_migrate

REVISIONS = "accounts_organisationrevision"
PREFIX = "chofesh_revision_"
OF_THE_ROW = "SELECT {row}.organisation_id AS id"


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose changes count. `organisations` selects the ids of those that a row concerns;
    an update of other `columns` than these, if any are named, changes nothing that is kept."""

    table: str
    columns: tuple[str, ...] = ()
    organisations: str = OF_THE_ROW


def watch_after_migrations(app: AppConfig, tables: Collection[Watched]) -> None:
    """Call from `ready`. A migration may have made a table anew, and its triggers went with the old one."""
    post_migrate.connect(lambda **_signal: watch(tables), sender=app, weak=False)


@transaction.atomic
def watch(tables: Collection[Watched]) -> None:
    """Have the database count the changes of these tables."""
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        # Between migrations of long ago a table may not be there yet.
        for watched in tables if REVISIONS in existing else ():
            if watched.table not in existing:
                continue
            wanted = _triggers(watched)
            found = _found(watched.table)
            for name in found - wanted.keys():
                cursor.execute(_drop(name, watched.table))
            for name in wanted.keys() - found:
                for statement in wanted[name]:
                    cursor.execute(statement)


def _triggers(watched: Watched) -> dict[str, list[str]]:
    """By name, which changes with what it does."""
    make = _of_postgresql if connection.vendor == "postgresql" else _of_sqlite
    triggers = {}
    for event, statements in make(watched).items():
        digest = hashlib.sha256("".join(statements).encode()).hexdigest()[:8]
        name = f"{PREFIX}{watched.table}_{event}_{digest}"
        triggers[name] = [statement.replace("{name}", name) for statement in statements]
    return triggers


def _of_sqlite(watched: Watched) -> dict[str, list[str]]:
    events = {"insert": ("new",), "delete": ("old",), "update": ("old", "new")}
    made = {}
    for event, rows in events.items():
        columns = _columns(watched) if event == "update" else ""
        counts = "".join(_count(watched, row) for row in rows)
        head = f"CREATE TRIGGER {{name}} AFTER {event.upper()}{columns} ON {watched.table}"
        made[event] = [f"{head} BEGIN {counts} END"]
    return made


def _of_postgresql(watched: Watched) -> dict[str, list[str]]:
    """At the commit, so that the row of an organisation is locked last, and for a moment."""
    function = (
        "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN {_count(watched, 'old')} END IF; "
        f"IF TG_OP <> 'DELETE' THEN {_count(watched, 'new')} END IF; "
        "RETURN NULL; END $$"
    )
    trigger = (
        f"CREATE CONSTRAINT TRIGGER {{name}} AFTER INSERT OR UPDATE{_columns(watched)} OR DELETE "
        f"ON {watched.table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {{name}}()"
    )
    return {"change": [function, trigger]}


def _columns(watched: Watched) -> str:
    return f" OF {', '.join(watched.columns)}" if watched.columns else ""


def _count(watched: Watched, row: str) -> str:
    concerned = watched.organisations.replace("{row}", row)
    return (
        f"INSERT INTO {REVISIONS} (organisation_id, number) "  # noqa: S608  # our own names
        f"SELECT concerned.id, 1 FROM ({concerned}) AS concerned WHERE concerned.id IS NOT NULL "
        f"ON CONFLICT (organisation_id) DO UPDATE SET number = {REVISIONS}.number + 1;"
    )


def _found(table: str) -> set[str]:
    listed = (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(listed, [table])
        return {name for (name,) in cursor.fetchall() if name.startswith(PREFIX)}


def _drop(name: str, table: str) -> str:
    if connection.vendor == "postgresql":
        return f"DROP FUNCTION {name} CASCADE"
    return f"DROP TRIGGER {name}"
