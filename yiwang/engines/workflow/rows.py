"""The statements that only steps make: tokens by number, an item read with its instance under one lock.

As in `yiwang.kernel.rows`, they are built once a process; names and conversions come from the models.
"""

import json
from collections.abc import Iterable
from functools import lru_cache

from django.db import connection

from yiwang.engines.workflow.models import ProcessInstance, ProcessVersion, Token, WorkItem
from yiwang.kernel.api import RowPart, row_part, row_write

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
    sql = _token_sql(connection.vendor)[1] + marks
    row_write(Token._meta.db_table, sql, [instance_id, *numbers])


@lru_cache(maxsize=4)
def _item_sql(vendor: str) -> tuple[str, tuple[RowPart, RowPart, RowPart]]:
    quote = connection.ops.quote_name
    item = row_part(WorkItem, 0)
    instance = row_part(ProcessInstance, len(item.names))
    start = instance.start + len(instance.names)
    version = row_part(ProcessVersion, start, ("id", "process", "number", "digest"))
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
