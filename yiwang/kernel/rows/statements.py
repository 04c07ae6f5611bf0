"""The statements that every act makes, built once a process from the models.

Building an INSERT took the ORM more processor time than the database needed to carry it out. Names, conversions
and defaults still come from the models, so a changed field needs no change here. No signals, no related objects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from django.db import connection, models

from yiwang.kernel.rows.sending import beside, id_take, row_write

CHUNK = 200
BIGGEST = 2**63  # of a whole number that a column holds
M = TypeVar("M", bound=models.Model)


@lru_cache(maxsize=128)
def _insert_head(model: type[models.Model], vendor: str) -> tuple[str, list[models.Field], str]:
    fields = [field for field in model._meta.concrete_fields if not _is_given(field)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    table = quote(model._meta.db_table)
    returning = f" RETURNING {quote(model._meta.pk.column)}"
    return f"INSERT INTO {table} ({columns}) VALUES ", fields, returning  # noqa: S608 - the models' names


def _is_given(field: models.Field) -> bool:
    """Tell whether the database gives the value: an id of its own."""
    return field.primary_key and isinstance(field, models.AutoField)


def _values(row: models.Model, fields: list[models.Field]) -> list:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def rows_insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model (批量写入) in the running transaction; their ids are not read back.

    Within an act they may wait until something could see them (`sending`).
    """
    if not rows:
        return
    model = type(rows[0])
    head, fields, _returning = _insert_head(model, connection.vendor)
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        values = [value for row in part for value in _values(row, fields)]
        row_write(model._meta.db_table, head + ", ".join([marks] * len(part)), values)


def row_insert(row: models.Model) -> int:
    """Insert one new row (写入), whose model has an id of its own, and return the id; the row has it then.

    Within an act the id is known before the row is, which may wait as with `rows_insert`.
    """
    head, fields, returning = _insert_head(type(row), connection.vendor)
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    table = row._meta.db_table
    row.pk = id_take(table)
    if row.pk is not None:
        sql = _with_id(type(row)) + marks[:-1] + ", %s)"
        row_write(table, sql, [*_values(row, fields), row.pk])
    else:
        with connection.cursor() as cursor:
            cursor.execute(head + marks + returning, _values(row, fields))
            (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias
    return row.pk


@lru_cache(maxsize=128)
def _with_id(model: type[models.Model]) -> str:
    head, _fields, _returning = _insert_head(model, connection.vendor)
    columns, rest = head.rsplit(")", 1)
    return f"{columns}, {connection.ops.quote_name(model._meta.pk.column)}){rest}"


@lru_cache(maxsize=128)
def _where(
    model: type[models.Model], known: tuple[tuple[str, bool], ...], vendor: str
) -> tuple[str, list[models.Field]]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    tests = " AND ".join(
        f"{quote(fields[name].column)} {'IS NULL' if is_null else '= %s'}"
        for name, is_null in known
    )
    return tests, [fields[name] for name, is_null in known if not is_null]


@lru_cache(maxsize=128)
def _update_head(
    model: type[models.Model], changed: tuple[str, ...], vendor: str
) -> tuple[str, list[models.Field]]:
    fields = {field.attname: field for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(fields[name].column)} = %s" for name in changed)
    table = quote(model._meta.db_table)
    return f"UPDATE {table} SET {sets} WHERE ", [fields[name] for name in changed]  # noqa: S608


def _prepared(fields: list[models.Field], values: Sequence[object]) -> list:
    pairs = zip(fields, values, strict=True)
    return [field.get_db_prep_save(value, connection) for field, value in pairs]


def row_update(
    model: type[models.Model], *, known: Mapping[str, object], changes: Mapping[str, object]
) -> int:
    """Change the rows that are still as they are known to be (条件更新); returns how many those were."""
    with beside(model._meta.db_table), connection.cursor() as cursor:
        cursor.execute(*_update(model, known, changes))
        return cursor.rowcount


def row_change(
    model: type[models.Model],
    *,
    known: Mapping[str, object],
    changes: Mapping[str, object],
    otherwise: type[Exception],
) -> None:
    """Change what is still as it is known to be (条件更新), else raise `otherwise`, at once or where the act sends it."""
    row_write(model._meta.db_table, *_update(model, known, changes), otherwise=otherwise)


def _update(
    model: type[models.Model], known: Mapping[str, object], changes: Mapping[str, object]
) -> tuple[str, list]:
    head, changed = _update_head(model, tuple(changes), connection.vendor)
    tests, fields = _where(model, _shape(known), connection.vendor)
    values = _prepared(changed, [*changes.values()]) + _prepared(fields, _given(known))
    return head + tests, values


def rows_delete(
    model: type[models.Model],
    *,
    known: Mapping[str, object],
    otherwise: type[Exception] | None = None,
) -> None:
    """Delete the rows that are as they are known to be (条件删除), and nothing of others.

    otherwise: raised when there is none, at once or where the act sends it.
    """
    tests, fields = _where(model, _shape(known), connection.vendor)
    table = model._meta.db_table
    sql = f"DELETE FROM {connection.ops.quote_name(table)} WHERE {tests}"  # noqa: S608 - the models' names
    row_write(table, sql, _prepared(fields, _given(known)), otherwise=otherwise)


@dataclass(frozen=True, slots=True)
class RowPart:
    """The columns of one model in a row that was read (读出列): where they stand, how their values are converted."""

    model: type[models.Model]
    start: int
    names: tuple[str, ...]
    converters: tuple[tuple[int, Callable, models.Expression], ...]

    def build(self, row: tuple) -> models.Model:
        """Make the model's object of a row."""
        values = list(row[self.start : self.start + len(self.names)])
        for index, convert, column in self.converters:
            values[index] = convert(values[index], column, connection)
        return self.model.from_db(connection.alias, self.names, values)


def row_part(model: type[models.Model], start: int, only: Sequence[str] = ()) -> RowPart:
    """Say how a model's columns are read from place `start` of a row on; only: these fields, all if empty."""
    fields = [field for field in model._meta.concrete_fields if not only or field.name in only]
    converters = []
    for index, field in enumerate(fields):
        column = field.get_col(model._meta.db_table)
        own = connection.ops.get_db_converters(column) + field.get_db_converters(connection)
        converters += [(index, convert, column) for convert in own]
    names = tuple(field.attname for field in fields)
    return RowPart(model, start, names, tuple(converters))


@lru_cache(maxsize=128)
def _select_head(
    model: type[models.Model], only: tuple[str, ...], vendor: str
) -> tuple[str, RowPart]:
    part = row_part(model, 0, only)
    columns = {field.attname: field.column for field in model._meta.concrete_fields}
    quote = connection.ops.quote_name
    wanted = ", ".join(quote(columns[name]) for name in part.names)
    return f"SELECT {wanted} FROM {quote(model._meta.db_table)}", part  # noqa: S608


def rows_find(
    model: type[M], *, known: Mapping[str, object], only: tuple[str, ...] = ()
) -> list[M]:
    """Read the rows that are as they are known to be (条件读取), in no order; only: these fields, with the key.

    A number that no column holds, as an address may carry, is nobody's.
    """
    if any(isinstance(value, int) and not -BIGGEST <= value < BIGGEST for value in known.values()):
        return []
    head, part = _select_head(model, only, connection.vendor)
    tests, fields = _where(model, _shape(known), connection.vendor)
    with beside(model._meta.db_table), connection.cursor() as cursor:
        cursor.execute(f"{head} WHERE {tests or '1 = 1'}", _prepared(fields, _given(known)))
        return [part.build(row) for row in cursor.fetchall()]


def _shape(known: Mapping[str, object]) -> tuple[tuple[str, bool], ...]:
    return tuple((name, value is None) for name, value in known.items())


def _given(known: Mapping[str, object]) -> list[object]:
    return [value for value in known.values() if value is not None]
