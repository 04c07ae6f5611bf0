"""The statements that only steps make: tokens by number, an item read with its instance under one lock.

As in `yiwang.kernel.rows`, they are built once a process; names and conversions come from the models.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection, models

from yiwang.engines.workflow.models import ProcessInstance, ProcessVersion, Token, WorkItem

TOKEN_COLUMNS = ("number", "node_id", "state", "flow_id", "scope", "data")


@lru_cache(maxsize=4)
def _token_sql(vendor: str) -> tuple[str, str]:
    quote = connection.ops.quote_name
    table = quote(Token._meta.db_table)
    columns = ", ".join(quote(name) for name in TOKEN_COLUMNS)
    read = f"SELECT {columns} FROM {table} WHERE instance_id = %s ORDER BY number"  # noqa: S608
    delete = f"DELETE FROM {table} WHERE instance_id = %s AND number IN "  # noqa: S608
    return read, delete


def tokens_read(instance_id: int) -> list[tuple]:
    """Return the tokens of an instance as rows of `TOKEN_COLUMNS`, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_token_sql(connection.vendor)[0], [instance_id])
        rows = cursor.fetchall()
    return [row if row[5] is None else (*row[:5], json.loads(row[5])) for row in rows]


def tokens_delete(instance_id: int, numbers: Iterable[int]) -> None:
    """Delete the tokens with these numbers."""
    numbers = list(numbers)
    marks = "(" + ", ".join(["%s"] * len(numbers)) + ")"
    with connection.cursor() as cursor:
        cursor.execute(_token_sql(connection.vendor)[1] + marks, [instance_id, *numbers])


@dataclass(frozen=True, slots=True)
class _Part:
    """The columns of one model in a row: where they stand, and how their values are read."""

    model: type[models.Model]
    start: int
    names: tuple[str, ...]
    converters: tuple[tuple[int, Callable, models.Expression], ...]

    def build(self, row: tuple) -> models.Model:
        values = list(row[self.start : self.start + len(self.names)])
        for index, convert, column in self.converters:
            values[index] = convert(values[index], column, connection)
        return self.model.from_db(connection.alias, self.names, values)


def _part(model: type[models.Model], start: int, only: Sequence[str] = ()) -> _Part:
    fields = [field for field in model._meta.concrete_fields if not only or field.name in only]
    converters = []
    for index, field in enumerate(fields):
        column = field.get_col(model._meta.db_table)
        own = connection.ops.get_db_converters(column) + field.get_db_converters(connection)
        converters += [(index, convert, column) for convert in own]
    names = tuple(field.attname for field in fields)
    return _Part(model, start, names, tuple(converters))


@lru_cache(maxsize=4)
def _item_sql(vendor: str) -> tuple[str, tuple[_Part, _Part, _Part]]:
    quote = connection.ops.quote_name
    item = _part(WorkItem, 0)
    instance = _part(ProcessInstance, len(item.names))
    start = instance.start + len(instance.names)
    version = _part(ProcessVersion, start, ("id", "process", "number", "digest"))
    parts = (item, instance, version)
    columns = ", ".join(
        f"{quote(part.model._meta.db_table)}.{quote(name)}" for part in parts for name in part.names
    )
    items, instances, versions = (quote(part.model._meta.db_table) for part in parts)
    sql = (
        f"SELECT {columns} FROM {items}"  # noqa: S608 - the models' names
        f" JOIN {instances} ON {instances}.id = {items}.instance_id"
        f" JOIN {versions} ON {versions}.id = {instances}.version_id"
        f" WHERE {items}.id = %s AND {instances}.root_id IS NULL"
    )
    if connection.features.has_select_for_update_of:
        sql += f" FOR UPDATE OF {instances}"
    return sql, parts


def item_read_locked(item_id: int) -> WorkItem | None:
    """Read an item with its instance and version (without XML), locking the instance's row.

    None for an item of a called process too: there the lock is another row's.
    """
    sql, (item_part, instance_part, version_part) = _item_sql(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(sql, [item_id])
        row = cursor.fetchone()
    if row is None:
        return None
    item, instance = item_part.build(row), instance_part.build(row)
    instance.version = version_part.build(row)
    item.instance = instance
    return item
