"""A question over three sources of a million rows each: pushed down, not pushed down, all local.

People lie in PostgreSQL when YIWANG_BENCH_POSTGRES names one (else in SQLite), permits in SQLite, visits in
Parquet. The baseline is a single DuckDB over local Parquet copies of all three, which nobody has
without copying the data first; how long that takes stands beside it.
"""

import atexit
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from harness import options_parse, report

PEOPLE = (
    ("id", "INTEGER"),
    ("name", "TEXT"),
    ("area", "TEXT"),
    ("street", "TEXT"),
    ("age", "INTEGER"),
)
PERMITS = (("number", "TEXT"), ("holder", "INTEGER"), ("kind", "TEXT"), ("amount", "NUMBER"))
VISITS = (("visit", "INTEGER"), ("permit", "TEXT"), ("result", "TEXT"), ("score", "INTEGER"))
VARIABLE, SCHEMA = "YIWANG_SOURCE_BENCH", "bench_virtual"


def rows_make(connection, count: int) -> None:
    """Make the three tables in DuckDB: a street has a thousandth of the people."""
    connection.execute(
        f"create table people as select i::bigint id, '人'||i as name, "
        f"'3205'||lpad((5 + i % 6)::varchar, 2, '0') area, 'S'||(i % 1000) street, "
        f"(18 + i * 7919 % 70)::bigint age from range({count}) t(i)"
    )
    connection.execute(
        f"create table permits as select 'N'||i as number, (i * 7919 % {count})::bigint as holder, "
        f"['餐饮','零售','生产'][1 + i % 3] kind, (i % 1000) / 2 amount from range({count}) t(i)"
    )
    connection.execute(
        f"create table visits as select i::bigint visit, 'N'||(i * 104729 % {count}) permit, "
        f"['合格','不合格','整改'][1 + i % 3] result, (i % 100)::bigint score from range({count}) t(i)"
    )


def sqlite_write(connection, path: Path, table: str, columns, index: str) -> None:
    """Write a table into SQLite with an index on its key."""
    target = sqlite3.connect(path)
    made = ", ".join(f"{name} {kind}" for name, kind in columns)
    target.execute(f"create table {table} ({made})")
    rows = connection.execute(f"select * from {table}").fetchall()
    target.executemany(f"insert into {table} values ({','.join('?' * len(columns))})", rows)
    target.execute(f"create index {table}_{index} on {table} ({index})")
    target.commit()
    target.close()


def postgresql_write(connection, address: str) -> None:
    """Write the people into a schema of their own on PostgreSQL."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as server, server.cursor() as cursor:
        cursor.execute(f"drop schema if exists {SCHEMA} cascade")
        cursor.execute(f"create schema {SCHEMA}")
        cursor.execute(
            f"create table {SCHEMA}.people (id bigint, name text, area text, street text, age bigint)"
        )
        with cursor.copy(f"copy {SCHEMA}.people from stdin") as copy:
            for row in connection.execute("select * from people").fetchall():
                copy.write_row(row)
        cursor.execute(f"create index on {SCHEMA}.people (street)")
        cursor.execute(f"analyze {SCHEMA}.people")


def spec_make(people_part):
    """Return the theme: people, their permits, the visits paid for them."""
    from yiwang.resources.virtual.data import (
        ColumnSpec,
        JoinSpec,
        PartSpec,
        SourceSpec,
        VirtualField,
        VirtualSpec,
    )

    def columns(pairs):
        return tuple(ColumnSpec(*pair) for pair in pairs)

    sources = (
        SourceSpec("people", "人员", columns(PEOPLE), (people_part,)),
        SourceSpec(
            "permits",
            "许可",
            columns(PERMITS),
            (PartSpec("p", "许可", "SQLITE", "permits.sqlite3", "permits"),),
        ),
        SourceSpec(
            "visits", "检查", columns(VISITS), (PartSpec("v", "检查", "PARQUET", "visits.parquet"),)
        ),
    )
    return VirtualSpec(
        title="检查",
        sources=sources,
        joins=(
            JoinSpec("permits", "holder", "people", "id"),
            JoinSpec("visits", "permit", "permits", "number"),
        ),
        fields=tuple(
            VirtualField(column.name, source.key, column.name, column.name)
            for source in sources
            for column in source.columns
        ),
        area_field="area",
        purposes=("基准",),
        small_cell=0,
        max_seconds=120,
        max_mb=2048,
    )


def timed(function, repeats: int) -> tuple[float, object]:
    """Return the median seconds and the last result."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), result


def main() -> None:
    options = options_parse(__doc__, rows=1_000_000, repeats=3)
    server = os.environ.get("YIWANG_BENCH_POSTGRES", "")
    folder = Path(tempfile.mkdtemp(prefix="yiwang-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    from yiwang.engines.tabular.door import TabularLimits, tabular_open
    from yiwang.resources.virtual.data import FilterSpec, MeasureSpec, PartSpec, Query
    from yiwang.resources.virtual.federation import federate
    from yiwang.resources.virtual.sources import Places

    local = tabular_open(TabularLimits(threads=2, memory_mb=2048, spill=str(folder)))
    rows_make(local, options.rows)
    sqlite_write(local, folder / "permits.sqlite3", "permits", PERMITS, "holder")
    local.execute(f"copy visits to '{folder}/visits.parquet' (format parquet)").fetchall()
    if server:
        postgresql_write(local, server)
        part = PartSpec("p", "人员", "POSTGRESQL", VARIABLE, f"{SCHEMA}.people")
    else:
        sqlite_write(local, folder / "people.sqlite3", "people", PEOPLE, "street")
        part = PartSpec("p", "人员", "SQLITE", "people.sqlite3", "people")
    began = time.perf_counter()
    for name in ("people", "permits"):
        local.execute(f"copy {name} to '{folder}/{name}.parquet' (format parquet)").fetchall()
    copying = time.perf_counter() - began
    for name in ("people", "permits", "visits"):
        local.execute(f"drop table {name}").fetchall()
    places = Places((folder,), {VARIABLE: server})
    spec = spec_make(part)
    chosen = FilterSpec("street", "EQ", ("S7",))
    questions = {
        "rows of one street": Query(
            fields=("name", "number", "result"),
            filters=(chosen,),
            order=(("number", False),),
            limit=1000,
        ),
        "figures of one street": Query(
            groups=("result",),
            measures=(MeasureSpec("COUNT"), MeasureSpec("AVG", "score")),
            filters=(chosen,),
        ),
        "figures of the whole": Query(groups=("area", "result"), measures=(MeasureSpec("COUNT"),)),
    }
    for title, query in questions.items():
        pushed, answer = timed(lambda q=query: federate(spec, q, places=places), options.repeats)
        plain, other = timed(lambda q=query: federate(spec, q, places=places, is_pushing=False), 1)
        assert answer.rows == other.rows
        base, rows = timed(lambda q=query: local_answer(local, folder, q), options.repeats)
        assert len(rows) == len(answer.rows)
        read = sum(one.rows for one in answer.reports)
        engine = "PostgreSQL" if server else "SQLite"
        name = f"virtual: {title} ({engine}, SQLite, Parquet)"
        report(
            f"{name}, {read:,} rows read",
            pushed,
            "s",
            baseline=base,
            baseline_name=f"one DuckDB over local copies, copying {copying:.1f} s",
            as_json=options.json,
        )
        report(
            f"{name}, pushed down",
            pushed,
            "s",
            baseline=plain,
            baseline_name="the same without push-down",
            as_json=options.json,
        )
    if server:
        import psycopg

        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"drop schema {SCHEMA} cascade")


def local_answer(connection, folder: Path, query) -> list[tuple]:
    """Answer the question by one DuckDB over local copies."""
    shown = [*query.groups, *query.fields]
    figures = [
        "count(*)" if one.kind == "COUNT" else f"{one.kind}({one.field})" for one in query.measures
    ]
    where = f"where street = '{query.filters[0].values[0]}'" if query.filters else ""
    group = f"group by {', '.join(query.groups)}" if query.groups else ""
    return connection.execute(
        f"select {', '.join([*shown, *figures])} from '{folder}/people.parquet' people "
        f"join '{folder}/permits.parquet' permits on holder = id "
        f"join '{folder}/visits.parquet' visits on permit = number {where} {group} "
        f"order by all limit {query.limit}"
    ).fetchall()


if __name__ == "__main__":
    main()
