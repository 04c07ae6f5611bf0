"""The statements every step makes, without the ORM's cost of building them anew each time.

On a step of eight parallel branches the ORM spent more CPU on building the same SQL again than all
else together (`benchmarks/bench_step.py`). Names and conversions still come from the models, so a
changed field needs no change here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection, models

from yiwang.engines.workflow.models import ProcessInstance, ProcessVersion, Token, WorkItem

CHUNK = 200
TOKEN_COLUMNS = ("number", "node_id", "state", "flow_id", "scope", "data")


@lru_cache(maxsize=64)
def _insert_head(model: type[models.Model], vendor: str) -> tuple[str, list[models.Field]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    table = quote(model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES ", fields  # noqa: S608 - the models' names


def rows_insert(objects: Sequence[models.Model]) -> None:
    """Insert objects of one model; their ids are not read back."""
    if not objects:
        return
    head, fields = _insert_head(type(objects[0]), connection.vendor)
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    with connection.cursor() as cursor:
        for start in range(0, len(objects), CHUNK):
            part = objects[start : start + CHUNK]
            values = [
                field.get_db_prep_save(getattr(one, field.attname), connection)
                for one in part
                for field in fields
            ]
            cursor.execute(head + ", ".join([marks] * len(part)), values)


@lru_cache(maxsize=64)
def _update_sql(
    model: type[models.Model], changed: tuple[str, ...], known: tuple[tuple[str, bool], ...]
) -> tuple[str, list[models.Field]]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(fields[name].column)} = %s" for name in changed)
    tests = " AND ".join(
        f"{quote(fields[name].column)} {'IS NULL' if is_null else '= %s'}"
        for name, is_null in known
    )
    table = quote(model._meta.db_table)
    used = [fields[name] for name in (*changed, *(name for name, is_null in known if not is_null))]
    return f"UPDATE {table} SET {sets} WHERE {tests}", used  # noqa: S608 - the models' names


def row_update(
    model: type[models.Model], *, known: Mapping[str, object], changes: Mapping[str, object]
) -> int:
    """Change the rows that are still as they are known to be; returns how many those were."""
    where = tuple((name, value is None) for name, value in known.items())
    sql, fields = _update_sql(model, tuple(changes), where)
    values = [*changes.values(), *(value for value in known.values() if value is not None)]
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            [
                field.get_db_prep_save(value, connection)
                for field, value in zip(fields, values, strict=True)
            ],
        )
        return cursor.rowcount


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
