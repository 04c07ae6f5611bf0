"""Raw indexed lookups in the serving tables (基础库存取): one statement, one whole master.

A row holds for masters from_master <= m < to_master. `at` is m; None is the current master, whose number
the statement itself reads, so that a lookup never sees half of a change of masters.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache, partial
from typing import TypeVar

from django.db import connection
from django.db.models import Field, Model

from yiwang.resources.registries.models import (
    Enterprise,
    FamilyTie,
    OrganisationTie,
    Person,
    Registry,
    RegistryMaster,
)

Row = TypeVar("Row", bound=Model)
POPULATION, LEGAL_PERSONS = "population", "legal-persons"
REGISTRY_OF = {
    Person: POPULATION,
    FamilyTie: POPULATION,
    Enterprise: LEGAL_PERSONS,
    OrganisationTie: LEGAL_PERSONS,
}
CURRENT = "(SELECT current FROM resources_registries_registry WHERE name = %s)"
LIMIT = 200


def master_current(registry: str) -> int:
    """Return the number of the master that readers see (现行版本), 0 before the first."""
    found = Registry.objects.filter(name=registry).values_list("current", flat=True).first()
    return found or 0


def rows_where(
    model: type[Row], condition: str, params: list, *, at: int | None = None
) -> list[Row]:
    """Return the rows of a master that fulfil an indexed condition (按索引查询).

    condition: SQL of ours with placeholders; typed values come in params only. Personal tables need an
    open `data_scope`.
    """
    model.objects.get_queryset()  # a personal table refuses here when no scope is open
    number, given = ("%s", at) if at is not None else (CURRENT, REGISTRY_OF[model])
    columns, names, reads = _shape(model, connection.vendor)
    sql = (
        f"SELECT {columns} FROM {model._meta.db_table} WHERE {condition}"
        f" AND from_master <= {number} AND to_master > {number}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, given, given])
        found = cursor.fetchall()
    rows = []
    for values in map(list, found):
        for place, read in reads:
            values[place] = read(values[place])
        rows.append(model.from_db(connection.alias, names, values))
    return rows


@cache
def _shape(
    model: type[Model], _vendor: str
) -> tuple[str, list[str], list[tuple[int, Callable[[object], object]]]]:
    """Return a table's columns, its fields' names, and how a value is read where the database writes its own way.

    Looked up once: a query set works this out for every read, which takes longer than the read.
    """
    fields = model._meta.concrete_fields
    reads = [(place, _read(field)) for place, field in enumerate(fields)]
    return (
        ", ".join(field.column for field in fields),
        [field.attname for field in fields],
        [(place, read) for place, read in reads if read],
    )


def _read(field: Field) -> Callable[[object], object] | None:
    """Return the function that reads a column's value, None where it comes as it is."""
    column = field.cached_col
    steps = connection.ops.get_db_converters(column) + column.get_db_converters(connection)
    if not steps:
        return None
    return partial(_steps, tuple(steps), column)


def _steps(steps: tuple[Callable, ...], column: object, value: object) -> object:
    for step in steps:
        value = step(value, column, connection)
    return value


def person_row(ref: str, *, at: int | None = None) -> Person | None:
    """Return a person by reference (按主体标识)."""
    return _first(rows_where(Person, "ref = %s", [ref], at=at))


def person_row_by_id_number(id_number: str, *, at: int | None = None) -> Person | None:
    """Return a person by identity number (按身份号码)."""
    return _first(rows_where(Person, "id_number = %s", [id_number], at=at))


def person_rows_by_name(name: str, birth_date: date, *, at: int | None = None) -> list[Person]:
    """Return the people of a name and a date of birth (按姓名和出生日期), at most 200."""
    rows = rows_where(Person, "name = %s AND birth_date = %s", [name, birth_date], at=at)
    return sorted(rows, key=lambda row: row.ref)[:LIMIT]


def person_rows_by_uid(uids: Iterable[int], *, at: int | None = None) -> list[Person]:
    """Return people by their identifiers in fusion (按融合标识)."""
    return _rows_in(Person, [("bucket", [bucket_of(uid) for uid in uids]), ("uid", list(uids))], at)


def person_rows_by_id_number(numbers: Iterable[str], *, at: int | None = None) -> list[Person]:
    """Return people by their numbers (按身份号码批量)."""
    return _rows_in(Person, [("id_number", list(numbers))], at)


def family_rows(uid: int, *, at: int | None = None) -> list[FamilyTie]:
    """Return the ties of a person, from both sides (家庭关系)."""
    return rows_where(FamilyTie, "(person_uid = %s OR relative_uid = %s)", [uid, uid], at=at)


def enterprise_row(uscc: str, *, at: int | None = None) -> Enterprise | None:
    """Return a legal person by its credit code (按统一社会信用代码), or by the organisation code inside.

    The second is for those whose full code no register has told.
    """
    found = _first(rows_where(Enterprise, "uscc = %s", [uscc], at=at)) if uscc else None
    if found is None and len(uscc) in (9, 18):
        inside = uscc if len(uscc) == 9 else uscc[8:17]
        rows = rows_where(Enterprise, "organisation_code = %s", [inside], at=at)
        found = next((row for row in rows if len(uscc) == 9 or not row.uscc), None)
    return found


def enterprise_row_by_ref(ref: str, *, at: int | None = None) -> Enterprise | None:
    """Return a legal person by reference (按主体标识)."""
    return _first(rows_where(Enterprise, "ref = %s", [ref], at=at))


def enterprise_rows_by_name(name: str, *, at: int | None = None) -> list[Enterprise]:
    """Return the legal persons of exactly this name (按名称)."""
    return rows_where(Enterprise, "name = %s", [name], at=at)[:LIMIT]


def enterprise_rows_by_code(codes: Iterable[str], *, at: int | None = None) -> list[Enterprise]:
    """Return legal persons by organisation codes (按组织机构代码批量)."""
    return _rows_in(Enterprise, [("organisation_code", list(codes))], at)


def organisation_tie_rows(code: str, *, at: int | None = None) -> list[OrganisationTie]:
    """Return the ties of a legal person, from both sides (法人关系)."""
    return rows_where(
        OrganisationTie, "(organisation_code = %s OR other = %s)", [code, code], at=at
    )


def version_rows(model: type[Row], ref: str) -> list[Row]:
    """Return all versions of a subject up to the current master (历史版本), the oldest first.

    What a discarded master had written holds for no master and is left out.
    """
    current = master_current(REGISTRY_OF[model])
    rows = model.objects.filter(ref=ref, from_master__lte=current).order_by("from_master", "id")
    return [row for row in rows if row.from_master < row.to_master]


def masters_by_number(registry: str) -> dict[int, RegistryMaster]:
    """Return the versions of a registry by number (主数据版本)."""
    return {row.number: row for row in RegistryMaster.objects.filter(registry=registry)}


def bucket_of(uid: int) -> int:
    """Return the bucket that an identifier of fusion was born in (分桶); loaded rows have 255."""
    return uid & 255 if uid > 0 else 255


def _first(rows: list[Row]) -> Row | None:
    return rows[0] if rows else None


def _rows_in(model: type[Row], columns: list[tuple[str, list]], at: int | None) -> list[Row]:
    if not columns[0][1]:
        return []
    condition, params = [], []
    for name, given in columns:
        values = list(dict.fromkeys(given))
        condition.append(f"{name} IN ({', '.join(['%s'] * len(values))})")
        params += values
    return rows_where(model, " AND ".join(condition), params, at=at)
