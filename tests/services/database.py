"""A database of the tests' own, read with plain SQL: what counts is what is on the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

# `make services` starts one here that lets this machine in.
ADMINISTRATION = os.environ.get("SERVICE_DATABASE_URL", "postgres://root@127.0.0.1:5432/postgres")
Row = dict[str, Any]


class PostgresDatabase:
    def __init__(self, name: str) -> None:
        self.name = name
        self.url = f"{ADMINISTRATION.rpartition('/')[0]}/{name}"

    def create(self) -> None:
        self.drop()
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))

    def drop(self) -> None:
        self._administer(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name))
        )

    def rows(self, query: str, *values: object) -> list[Row]:
        info = make_conninfo(self.url)
        with psycopg.connect(info, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(query.replace("?", "%s").encode(), values).fetchall()

    @contextmanager
    def away(self) -> Iterator[None]:
        """As its clients see a restart: every connection breaks, and none is given."""
        self._allow(connections=False)
        self._administer(
            sql.SQL(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}"
            ).format(sql.Literal(self.name))
        )
        try:
            yield
        finally:
            self._allow(connections=True)

    def _allow(self, *, connections: bool) -> None:
        self._administer(
            sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(
                sql.Identifier(self.name), sql.Literal(connections)
            )
        )

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(make_conninfo(ADMINISTRATION), autocommit=True) as connection:
            connection.execute(statement)


class SqliteDatabase:
    """The one that the embedded server makes for itself in its data folder."""

    url = ""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, query: str, *values: object) -> list[Row]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=20)) as opened:
            opened.row_factory = sqlite3.Row
            return [dict(row) for row in opened.execute(query, values)]


Database = PostgresDatabase | SqliteDatabase
