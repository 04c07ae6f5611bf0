"""Indexes of the serving tables (索引): the first load of a city makes them after its rows.

A row of millions put into six indexes at once finds each in another place of the disk; sorted once at the end
it does not. The index by version is kept all the time: by it a reader sees at once that nothing is
published yet. Killed in between, the next publishing makes what is missing.
"""

from django.db import connection
from django.db.models import Index, Model

KEPT = frozenset({"person_from", "enterprise_from"})
# Fewer rows are quicker written with their indexes.
LARGE = 300_000


def indexes_drop(model: type[Model]) -> None:
    """Take the indexes away before a first load (装载前去索引)."""
    standing = _standing(model)
    for index in _indexes(model):
        if index.name in standing:
            _run(f"DROP INDEX {connection.ops.quote_name(index.name)}")


def indexes_ensure(model: type[Model]) -> None:
    """Make the indexes that are missing (补建索引), one statement each."""
    standing = _standing(model)
    for index in _indexes(model):
        if index.name not in standing:
            _run(f"{index.create_sql(model, connection.schema_editor())}")


def _indexes(model: type[Model]) -> list[Index]:
    return [index for index in model._meta.indexes if index.name not in KEPT]


def _standing(model: type[Model]) -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, model._meta.db_table))


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
