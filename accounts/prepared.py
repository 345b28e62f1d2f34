"""Queries that are asked before every first token, written as SQL once a process.

Django took 0.4 to 0.9 ms to write each of them, and SQLite 0.03 to 0.1 ms to answer it (two cores,
November 2026). Everything else asks the ORM as usual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import CharField, DateTimeField, Field, QuerySet, UUIDField
from django.db.models.query import ModelIterable, get_related_populators

Row = TypeVar("Row")

STAND_INS: dict[type[Field[Any, Any]], Callable[[int], object]] = {
    UUIDField: lambda number: UUID(int=0xFEED << 64 | number),
    DateTimeField: lambda number: datetime(1970, 1, 1, microsecond=number, tzinfo=UTC),
    CharField: lambda number: f"stands in for {number}",
}


class Instances:
    """Makes model instances of rows, as django.db.models.query.ModelIterable does."""

    def __init__(self, compiler: Any) -> None:
        info, select = compiler.klass_info, compiler.select
        columns = info["select_fields"]
        self._model = info["model"]
        self._own = slice(columns[0], columns[-1] + 1)
        self._names = [column[0].target.attname for column in select[self._own]]
        # Its third figure is of Django 6.
        self._neighbours = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def __call__(self, row: list[Any]) -> Any:
        instance = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._own])
        for neighbour in self._neighbours:
            neighbour.populate(row, instance)
        return instance


@dataclass(frozen=True, slots=True)
class Written:
    """`places`: for each parameter of the statement the number of the value that it takes, or None
    where it is always that of `parameters`."""

    sql: str
    parameters: tuple[Any, ...]
    places: tuple[int | None, ...]
    converters: dict[int, Any]
    instances: Instances | None


class PreparedQuery(Generic[Row]):
    """`ask` gets a stand-in for a value of each of `fields` and gives the query: of model instances,
    with the neighbours it selects, or of `values_list` rows. What it does with a value must not depend
    on the value: nothing may be added to it, and None is none."""

    def __init__(self, ask: Callable[..., QuerySet[Any, Row]], *fields: Field[Any, Any]) -> None:
        self._ask = ask
        self._fields = fields
        self._written: Written | None = None

    def all(self, *values: object) -> list[Row]:
        written = self._written = self._written or self._write()
        given = self._prepared(values)
        parameters = [
            constant if place is None else given[place]
            for constant, place in zip(written.parameters, written.places, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(written.sql, parameters)
            rows = [_converted(row, written.converters) for row in cursor.fetchall()]
        make: Any = written.instances or tuple
        return [make(row) for row in rows]

    def first(self, *values: object) -> Row | None:
        return next(iter(self.all(*values)), None)

    def _prepared(self, values: tuple[object, ...]) -> list[Any]:
        return [
            field.get_db_prep_value(value, connection)
            for field, value in zip(self._fields, values, strict=True)
        ]

    def _write(self) -> Written:
        stand_ins = tuple(
            STAND_INS[type(field)](number) for number, field in enumerate(self._fields)
        )
        asked = self._ask(*stand_ins)
        compiler = asked.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        given = self._prepared(stand_ins)
        places = tuple(given.index(each) if each in given else None for each in parameters)
        assert set(places) >= set(range(len(given))), "a value has no place in the statement"
        converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
        made = (
            Instances(compiler) if asked._iterable_class is ModelIterable else None
        )  # values_list() has another
        return Written(sql, tuple(parameters), places, converters, made)


def _converted(row: tuple[Any, ...], converters: dict[int, Any]) -> list[Any]:
    converted = list(row)
    for column, (converts, expression) in converters.items():
        for convert in converts:
            converted[column] = convert(converted[column], expression, connection)
    return converted
