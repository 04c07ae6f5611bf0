"""Rows in bulk (批量写入): one prepared statement for all, a third of the time of `bulk_create`."""

from collections.abc import Sequence

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model


def rows_insert(rows: Sequence[Model]) -> None:
    """Insert new rows of one model (批量写入) in the running transaction; their ids stay unknown.

    Defaults are those of the instances; no signals, no relations, and the database's constraints.
    """
    if not rows:
        return
    # The wrapper itself: its proxy looks up the thread for each of a million values.
    connection = connections[DEFAULT_DB_ALIAS]
    meta = type(rows[0])._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    table = connection.ops.quote_name(meta.db_table)
    prepared = [(field.attname, field.get_db_prep_save) for field in fields]
    values = [
        tuple(prepare(getattr(row, name), connection) for name, prepare in prepared) for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - names of our models
            values,
        )
