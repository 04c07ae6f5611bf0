"""Three sources of one made theme: people in SQLite, permits in Parquet, streets wherever one is."""

import os
import sqlite3
from pathlib import Path

import pytest

from yiwang.resources.virtual.data import (
    ColumnSpec,
    JoinSpec,
    PartSpec,
    SourceSpec,
    VirtualField,
    VirtualSpec,
)
from yiwang.resources.virtual.sources import Places

PEOPLE = ("id", "name", "area", "age", "height", "born", "street")
PERMITS = ("number", "holder", "kind", "amount", "issued")
STREETS = ("code", "title", "district")
TYPES = {
    "id": "INTEGER", "name": "TEXT", "area": "TEXT", "age": "INTEGER", "height": "NUMBER",
    "born": "DATE", "street": "TEXT", "number": "TEXT", "holder": "INTEGER", "kind": "TEXT",
    "amount": "NUMBER", "issued": "DATE", "code": "TEXT", "title": "TEXT", "district": "TEXT",
}  # fmt: skip
SQL_TYPES = {"INTEGER": "BIGINT", "NUMBER": "DOUBLE PRECISION", "DATE": "DATE", "TEXT": "TEXT"}


def columns(names: tuple[str, ...]) -> tuple[ColumnSpec, ...]:
    return tuple(ColumnSpec(name, TYPES[name]) for name in names)


def sqlite_write(path: Path, table: str, names: tuple[str, ...], rows: list[tuple]) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    made = ", ".join(f"{name} {TYPES[name]} COLLATE NOCASE" for name in names)
    connection.execute(f"CREATE TABLE {table} ({made})")
    marks = ", ".join("?" for _ in names)
    plain = [tuple(v.isoformat() if hasattr(v, "isoformat") else v for v in row) for row in rows]
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", plain)
    connection.commit()
    connection.close()


def parquet_write(path: Path, names: tuple[str, ...], rows: list[tuple]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from yiwang.resources.virtual.sources import arrow_types

    types = arrow_types()
    arrays = [
        pa.array([row[number] for row in rows], types[TYPES[name]])
        for number, name in enumerate(names)
    ]
    pq.write_table(pa.table(arrays, names=list(names)), path)


def server_write(cursor, table: str, names: tuple[str, ...], rows: list[tuple]) -> None:
    """Write a table over a cursor of PostgreSQL or MySQL."""
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    made = ", ".join(f"{name} {SQL_TYPES[TYPES[name]]}" for name in names)
    cursor.execute(f"CREATE TABLE {table} ({made})")
    marks = ", ".join(["%s"] * len(names))
    if rows:
        cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def spec_make(
    people: tuple[PartSpec, ...],
    permits: tuple[PartSpec, ...],
    streets: tuple[PartSpec, ...],
    *,
    permit_join: str = "INNER",
    street_join: str = "LEFT",
    **changes,
) -> VirtualSpec:
    """Return the theme over given parts."""
    return VirtualSpec(
        **{
            "title": "从业许可",
            "sources": (
                SourceSpec("people", "人员", columns(PEOPLE), people),
                SourceSpec("permits", "许可", columns(PERMITS), permits),
                SourceSpec("streets", "街道", columns(STREETS), streets),
            ),
            "joins": (
                JoinSpec("permits", "holder", "people", "id", permit_join),
                JoinSpec("streets", "code", "people", "street", street_join, is_unique=True),
            ),
            "fields": (
                *(
                    VirtualField(name, "people", name, name, level=3 if name == "name" else 1)
                    for name in PEOPLE
                ),
                *(VirtualField(name, "permits", name, name) for name in PERMITS),
                *(VirtualField(name, "streets", name, name) for name in STREETS),
            ),
            "area_field": "area",
            "purposes": ("许可核查",),
            "small_cell": 0,
            "max_rows": 1000,
        }
        | changes
    )


@pytest.fixture
def places(tmp_path):
    return Places((tmp_path,), dict(os.environ))
