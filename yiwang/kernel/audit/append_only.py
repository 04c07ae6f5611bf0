"""Tables to which rows are only ever added (只增不改): the database itself refuses the rest.

SQLite has no TRUNCATE, but `INSERT OR REPLACE` deletes without firing delete triggers, so inserting
over an existing key is refused as well. On PostgreSQL one trigger per statement refuses UPDATE,
DELETE and TRUNCATE, also in a session that plays the role of a replica (ENABLE ALWAYS).

A later migration that alters such a table must end with `append_only(table)` again: on SQLite Django
remakes the table, and the triggers go with the old one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, migrations, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY_TABLES: list[str] = []
_REFUSAL = "rows of {table} are only ever added"


class _Statements(migrations.RunPython):
    """Statements of one engine: like RunPython, but nobody waits until all models of the house are made again."""

    def database_forwards(self, app_label: str, editor: object, *_states: object) -> None:
        if router.allow_migrate(editor.connection.alias, app_label, **self.hints):
            self.code(None, editor)

    def database_backwards(self, app_label: str, editor: object, *_states: object) -> None:
        if router.allow_migrate(editor.connection.alias, app_label, **self.hints):
            self.reverse_code(None, editor)


def append_only(table: str) -> migrations.RunPython:
    """Return the migration operation that makes `table` append-only on both engines."""
    APPEND_ONLY_TABLES.append(table)

    def forwards(_apps: object, editor: object) -> None:
        for sql in _unlock_sql(editor.connection, table) + _lock_sql(editor.connection, table):
            editor.execute(sql, params=None)

    def backwards(_apps: object, editor: object) -> None:
        for sql in _unlock_sql(editor.connection, table):
            editor.execute(sql, params=None)

    return _Statements(forwards, backwards)


@contextmanager
def append_only_lifted() -> Iterator[None]:
    """Lift the triggers while a test database is emptied. Nothing in the product calls this."""
    tables = sorted(set(APPEND_ONLY_TABLES) & set(connection.introspection.table_names()))
    _run([sql for table in tables for sql in _unlock_sql(connection, table)])
    try:
        yield
    finally:
        _run([sql for table in tables for sql in _lock_sql(connection, table)])


def _run(statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


def _lock_sql(database: BaseDatabaseWrapper, table: str) -> list[str]:
    refusal = _REFUSAL.format(table=table)
    if database.vendor == "postgresql":
        return [
            f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'insufficient_privilege'; END $$",
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only",
        ]
    raise_abort = f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {raise_abort}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {raise_abort}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 - no input
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {raise_abort}",
    ]


def _unlock_sql(database: BaseDatabaseWrapper, table: str) -> list[str]:
    if database.vendor == "postgresql":
        return [
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
            f"DROP FUNCTION IF EXISTS {table}_refuse()",
        ]
    return [
        f"DROP TRIGGER IF EXISTS {table}_{name}"
        for name in ("no_update", "no_delete", "no_replace")
    ]
