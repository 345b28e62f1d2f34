"""What was built from the rows of an organisation may be kept until its revision changes (accounts/watched_tables.py)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from uuid import UUID

from django.db import connection

from accounts.models import Organisation, OrganisationRevision

Value = TypeVar("Value")

READ = f"SELECT number FROM {OrganisationRevision._meta.db_table} WHERE organisation_id = %s"  # noqa: S608  # our own name


def revision_of(organisation_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(READ, [Organisation._meta.pk.get_db_prep_value(organisation_id, connection)])
        row = cursor.fetchone()
    return row[0] if row else 0


class KeptByRevision(Generic[Value]):
    """Values built from an organisation's rows, until any of those rows changes."""

    def __init__(self, most: int = 2000) -> None:
        self._most = most
        self._kept: dict[tuple[UUID, Hashable], tuple[int, Value]] = {}

    def get(self, organisation_id: UUID, about: Hashable, build: Callable[[], Value]) -> Value:
        """What was built last time, or what `build` makes now of rows that it reads itself."""
        if connection.in_atomic_block:
            # What this transaction has changed is not counted yet, and may never be.
            return build()
        # Read before the rows: a change in between makes the next call build anew.
        revision = revision_of(organisation_id)
        kept = self._kept.get((organisation_id, about))
        if kept is not None and kept[0] == revision:
            return kept[1]
        value = build()
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[organisation_id, about] = (revision, value)
        return value
