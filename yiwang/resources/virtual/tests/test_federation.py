"""An answer over sources is the answer over one database that holds all rows."""

import os
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.resources.virtual import federation
from yiwang.resources.virtual.data import (
    FilterSpec,
    MeasureSpec,
    PartSpec,
    Query,
    QueryCancelled,
    QueryTooLarge,
    Scope,
    SourceDown,
)
from yiwang.resources.virtual.federation import federate
from yiwang.resources.virtual.rules import query_check
from yiwang.resources.virtual.sources import Places
from yiwang.resources.virtual.tests.conftest import (
    PEOPLE,
    PERMITS,
    STREETS,
    TYPES,
    parquet_write,
    server_write,
    spec_make,
    sqlite_write,
)

NAMES = {"people": PEOPLE, "permits": PERMITS, "streets": STREETS}
TEXTS = ["a", "A", "ab", "B", "张", "张三", "100%", "a_b", "o'x", "!"]
AREAS = ["320505", "320508", "320581"]


def oracle(spec, query: Query, data: dict[str, list[tuple]], area: str = "") -> list[tuple]:
    """Answer by nested loops over all rows: slow, and written apart from what it judges."""
    rows = [dict(zip(PEOPLE, row, strict=True)) for row in data["people"]]
    for join in spec.joins:
        others = [dict(zip(NAMES[join.source], row, strict=True)) for row in data[join.source]]
        joined = []
        for row in rows:
            found = [
                other
                for other in others
                if other[join.column] is not None and other[join.column] == row[join.to_column]
            ]
            if not found and join.kind == "LEFT":
                found = [dict.fromkeys(NAMES[join.source])]
            joined += [row | other for other in found]
        rows = joined
    rows = [row for row in rows if all(_holds(row[one.field], one) for one in query.filters)]
    if area:
        rows = [row for row in rows if row["area"] is not None and row["area"].startswith(area)]
    names = list(query.fields)
    if query.is_grouped:
        names = [*query.groups, *(one.key for one in query.measures)]
        groups: dict[tuple, list[dict]] = defaultdict(list)
        for row in rows:
            groups[tuple(row[key] for key in query.groups)].append(row)
        if not query.groups and not rows:
            groups[()] = []
        rows = [
            dict(zip(query.groups, key, strict=True))
            | {one.key: _figure(one, members) for one in query.measures}
            for key, members in groups.items()
        ]
    asked = dict(query.order)
    for key in reversed([*asked, *(name for name in names if name not in asked)]):
        rows.sort(
            key=lambda row, k=key: (
                (row[k] is not None, row[k]) if row[k] is not None else (False, 0)
            ),
            reverse=asked.get(key, False),
        )
        rows.sort(key=lambda row, k=key: row[k] is None)
    return [tuple(row[name] for name in names) for row in rows][: query.limit]


def _holds(value, one: FilterSpec) -> bool:
    if one.op in ("IS_NULL", "NOT_NULL"):
        return (value is None) == (one.op == "IS_NULL")
    if value is None:
        return False
    first = one.values[0]
    return {
        "EQ": lambda: value == first,
        "NE": lambda: value != first,
        "LT": lambda: value < first,
        "LE": lambda: value <= first,
        "GT": lambda: value > first,
        "GE": lambda: value >= first,
        "IN": lambda: value in one.values,
        "STARTS": lambda: value.startswith(first),
        "CONTAINS": lambda: first in value,
    }[one.op]()


def _figure(one: MeasureSpec, members: list[dict]):
    if one.kind == "COUNT":
        return len(members)
    values = [row[one.field] for row in members if row[one.field] is not None]
    if not values:
        return None
    return {"SUM": sum, "MIN": min, "MAX": max, "AVG": lambda v: sum(v) / len(v)}[one.kind](values)


def maybe(values):
    return st.none() | values


texts = st.sampled_from(TEXTS)
numbers = st.integers(-3, 6)
halves = st.integers(-4, 8).map(lambda number: number / 2)
days = st.integers(0, 9).map(lambda number: date(2025, 12, 27) + timedelta(days=number))
BY_TYPE = {"TEXT": texts, "INTEGER": numbers, "NUMBER": halves, "DATE": days}


@st.composite
def databases(draw):
    def rows(names, most):
        fields = [
            st.integers(0, 6) if name in ("id", "holder")
            else st.sampled_from(AREAS) if name == "area"
            else st.sampled_from(TEXTS[:5]) if name in ("street", "code")
            else BY_TYPE[TYPES[name]]
            for name in names
        ]  # fmt: skip
        return st.lists(st.tuples(*(maybe(one) for one in fields)), max_size=most)

    streets = draw(
        st.lists(
            st.tuples(st.sampled_from(TEXTS[:5]), maybe(texts), maybe(texts)),
            unique_by=lambda row: row[0],
            max_size=5,
        )
    )
    return {
        "people": draw(rows(PEOPLE, 9)),
        "permits": draw(rows(PERMITS, 9)),
        "streets": streets,
    }


@st.composite
def questions(draw):
    keys = (*PEOPLE, *PERMITS, *STREETS)
    filters = []
    for key in draw(st.lists(st.sampled_from(keys), max_size=3)):
        kind = TYPES[key]
        ops = ["EQ", "NE", "LT", "LE", "GT", "GE", "IN", "IS_NULL", "NOT_NULL"]
        ops += ["STARTS", "CONTAINS"] if kind == "TEXT" else []
        op = draw(st.sampled_from(ops))
        size = {"IN": 3, "IS_NULL": 0, "NOT_NULL": 0}.get(op, 1)
        values = st.sampled_from(AREAS) if key == "area" else BY_TYPE[kind]
        given_values = tuple(draw(st.lists(values, min_size=size, max_size=size)))
        filters.append(FilterSpec(key, op, given_values))
    limit = draw(st.sampled_from([3, 1000]))
    if draw(st.booleans()):
        groups = tuple(draw(st.lists(st.sampled_from(keys), max_size=2, unique=True)))
        measures = [MeasureSpec("COUNT")]
        for key in draw(
            st.lists(st.sampled_from(["age", "height", "amount"]), max_size=2, unique=True)
        ):
            measures.append(MeasureSpec(draw(st.sampled_from(["SUM", "AVG", "MIN", "MAX"])), key))
        names = [*groups, *(one.key for one in measures)]
        query = Query(groups=groups, measures=tuple(measures), filters=tuple(filters), limit=limit)
    else:
        names = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4, unique=True))
        query = Query(fields=tuple(names), filters=tuple(filters), limit=limit)
    order = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.booleans()),
            max_size=2,
            unique_by=lambda one: one[0],
        )
    )
    return replace(query, order=tuple(order))


def answered(answer) -> list[tuple]:
    return [row[:-1] if len(row) > len(answer.columns) else row for row in answer.rows]


def agree(spec, query, data, places, area=""):
    query = query_check(spec, query, Scope(level=4))
    expected = oracle(spec, query, data, area)
    for is_pushing in (True, False):
        answer = federate(spec, query, places=places, scope=Scope(area, 4), is_pushing=is_pushing)
        assert answered(answer) == expected, (is_pushing, answer.reports)
        assert answer.missing == ()


def files_write(folder: Path, data: dict) -> None:
    half = len(data["people"]) // 2
    sqlite_write(folder / "p.sqlite3", "people", PEOPLE, data["people"][:half])
    parquet_write(folder / "p.parquet", PEOPLE, data["people"][half:])
    parquet_write(folder / "permits.parquet", PERMITS, data["permits"])
    sqlite_write(folder / "s.sqlite3", "streets", STREETS, data["streets"])


PEOPLE_PARTS = (
    PartSpec("one", "甲", "SQLITE", "p.sqlite3", "people"),
    PartSpec("two", "乙", "PARQUET", "p.parquet"),
)
PERMIT_PARTS = (PartSpec("all", "许可", "PARQUET", "permits.parquet"),)
STREET_PARTS = (PartSpec("all", "街道", "SQLITE", "s.sqlite3", "streets"),)


@pytest.mark.heavy
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=databases(),
    query=questions(),
    area=st.sampled_from(["", "3205", "320508"]),
    kinds=st.tuples(st.sampled_from(["INNER", "LEFT"]), st.sampled_from(["INNER", "LEFT"])),
)
def test_an_answer_over_files_equals_that_over_one_database(data, query, area, kinds):
    spec = spec_make(
        PEOPLE_PARTS, PERMIT_PARTS, STREET_PARTS, permit_join=kinds[0], street_join=kinds[1]
    )
    with TemporaryDirectory() as folder:
        files_write(Path(folder), data)
        agree(spec, query, data, Places((Path(folder),)), area)


def _server_spec(kind: str, variable: str, **changes):
    return spec_make(
        (PartSpec("all", "人员", kind, variable, "virtual_people"),),
        PERMIT_PARTS,
        (PartSpec("all", "街道", kind, variable, "virtual_streets"),),
        **changes,
    )


def _server_agree(cursor, kind, variable, address, data, query, area, joins):
    server_write(cursor, "virtual_people", PEOPLE, data["people"])
    server_write(cursor, "virtual_streets", STREETS, data["streets"])
    spec = _server_spec(kind, variable, permit_join=joins[0], street_join=joins[1])
    with TemporaryDirectory() as folder:
        parquet_write(Path(folder) / "permits.parquet", PERMITS, data["permits"])
        places = Places((Path(folder),), {variable: address})
        agree(spec, query, data, places, area)


JOIN_KINDS = st.tuples(st.sampled_from(["INNER", "LEFT"]), st.sampled_from(["INNER", "LEFT"]))


@pytest.mark.heavy
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=databases(), query=questions(), area=st.sampled_from(["", "320508"]), joins=JOIN_KINDS)
def test_an_answer_over_postgresql_equals_that_over_one_database(
    postgresql, data, query, area, joins
):
    cursor, address = postgresql
    name = "YIWANG_SOURCE_TEST"
    _server_agree(cursor, "POSTGRESQL", name, address, data, query, area, joins)


@pytest.mark.heavy
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=databases(), query=questions(), area=st.sampled_from(["", "320508"]), joins=JOIN_KINDS)
def test_an_answer_over_mysql_equals_that_over_one_database(mysql, data, query, area, joins):
    cursor, address = mysql
    _server_agree(cursor, "MYSQL", "YIWANG_SOURCE_TEST", address, data, query, area, joins)


@pytest.fixture(scope="module")
def postgresql():
    """A database of its own on the server of YIWANG_DATABASE."""
    address = os.environ.get("YIWANG_DATABASE", "")
    if not address.startswith("postgres"):
        pytest.skip("YIWANG_DATABASE names no PostgreSQL")
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS virtual_test")
        cursor.execute("SET search_path TO virtual_test")
        yield (
            cursor,
            f"{address}{'&' if '?' in address else '?'}options=-csearch_path%3Dvirtual_test",
        )
        cursor.execute("DROP SCHEMA virtual_test CASCADE")


@pytest.fixture(scope="module")
def mysql():
    """A database on the server of YIWANG_TEST_MYSQL, as in `mysql_options`."""
    address = os.environ.get("YIWANG_TEST_MYSQL", "")
    if not address:
        pytest.skip("YIWANG_TEST_MYSQL names no server")
    pymysql = pytest.importorskip("pymysql")
    from yiwang.resources.virtual.sources import mysql_options

    connection = pymysql.connect(**mysql_options(address), charset="utf8mb4", autocommit=True)
    with connection, connection.cursor() as cursor:
        yield cursor, address


DATA = {
    "people": [
        (number, f"人{number}", AREAS[number % 3], 20 + number, 1.5, date(2000, 1, 1), "a")
        for number in range(6)
    ],
    "permits": [
        (f"N{number}", number % 6, "餐饮" if number % 2 else "零售", number * 1.0, date(2026, 1, 1))
        for number in range(60)
    ],
    "streets": [("a", "平江", "姑苏")],
}


@pytest.fixture
def spec(tmp_path):
    files_write(tmp_path, DATA)
    return spec_make(PEOPLE_PARTS, PERMIT_PARTS, STREET_PARTS)


def report_of(answer, source, part="all"):
    return next(one for one in answer.reports if (one.source, one.part) == (source, part))


def test_a_filtered_dimension_cuts_what_is_read_of_the_facts(spec, places):
    query = Query(fields=("number",), filters=(FilterSpec("name", "EQ", ("人1",)),), limit=100)
    answer = federate(spec, query, places=places)
    assert (len(answer.rows), answer.is_cut) == (10, False)
    permits = report_of(answer, "permits")
    assert (permits.rows, permits.keys) == (10, 1)
    assert report_of(answer, "people", "one").rows == 1
    assert [one.source for one in answer.reports] == ["people", "people", "permits"]
    plain = federate(spec, query, places=places, is_pushing=False)
    assert plain.rows == answer.rows
    assert report_of(plain, "permits").rows == 60


def test_only_the_columns_of_the_question_are_asked_and_values_are_parameters(spec, places):
    query = Query(fields=("age",), filters=(FilterSpec("name", "EQ", ("x'; DROP TABLE people",)),))
    answer = federate(spec, query, places=places)
    people = report_of(answer, "people", "one")
    assert people.sql in {
        'SELECT "age" AS "c0", "id" AS "c1", "name" AS "c2" FROM "people" '
        'WHERE "name" COLLATE BINARY = ?',
        'SELECT "id" AS "c0", "age" AS "c1", "name" AS "c2" FROM "people" '
        'WHERE "name" COLLATE BINARY = ?',
    }
    assert people.parameters == 1
    assert report_of(answer, "permits").state == "SKIPPED"


def test_a_source_that_is_down_is_named_and_what_is_left_is_answered(spec, places, tmp_path):
    query = Query(fields=("name",), filters=(FilterSpec("number", "EQ", ("N3",)),))
    (tmp_path / "p.parquet").unlink()
    answer = federate(spec, query, places=places)
    assert [(one.source, one.part, one.fault) for one in answer.missing] == [
        ("people", "two", "NOT_FOUND")
    ]
    assert answered(answer) == []
    (tmp_path / "s.sqlite3").write_bytes(b"no database at all" * 100)
    extra = federate(spec, replace(query, fields=("number", "title"), filters=()), places=places)
    assert ("streets", "REFUSED") in [(one.source, one.fault) for one in extra.missing]
    assert {row[1] for row in answered(extra)} == {None}
    (tmp_path / "permits.parquet").unlink()
    with pytest.raises(SourceDown, match="许可"):
        federate(spec, query, places=places)


@pytest.mark.parametrize(
    ("location", "fault"),
    [
        ("../x.parquet", "OUTSIDE"),
        ("/etc/passwd", "OUTSIDE"),
        ("none.parquet", "NOT_FOUND"),
        ("link.parquet", "OUTSIDE"),
    ],
)
def test_files_outside_of_the_allowed_folders_are_not_opened(spec, tmp_path, location, fault):
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.parquet").symlink_to(tmp_path / "permits.parquet")
    from yiwang.resources.virtual.sources import PartFailed

    with pytest.raises(PartFailed) as failed:
        Places((inner,)).file(location)
    assert failed.value.fault == fault


def test_a_connection_comes_from_a_variable_meant_for_it_and_nothing_else():
    from yiwang.resources.virtual.sources import PartFailed

    places = Places((), {"YIWANG_DATABASE": "postgresql://x", "YIWANG_SOURCE_A": "postgresql://y"})
    assert places.address("YIWANG_SOURCE_A") == "postgresql://y"
    for name in ("YIWANG_DATABASE", "YIWANG_SOURCE_B"):
        with pytest.raises(PartFailed):
            places.address(name)


def test_an_unreachable_server_is_a_missing_part_without_its_address(spec, places):
    servers = PartSpec("three", "丙", "POSTGRESQL", "YIWANG_SOURCE_X", "people")
    source = replace(spec.sources[0], parts=(*PEOPLE_PARTS, servers))
    spec = replace(spec, sources=(source, *spec.sources[1:]))
    down = Places(places.roots, {"YIWANG_SOURCE_X": "postgresql://u:secret@127.0.0.1:1/x"})
    answer = federate(spec, Query(fields=("number",)), places=down)
    assert [(one.part, one.fault) for one in answer.missing] == [("three", "UNREACHABLE")]
    assert "secret" not in repr(answer)
    assert len(answer.rows) == 60


def test_a_question_is_cancelled_and_limited(spec, places, monkeypatch):
    query = Query(fields=("number",))
    with pytest.raises(QueryCancelled):
        federate(spec, query, places=places, is_cancelled=lambda: True)
    monkeypatch.setattr(federation, "SOURCE_ROWS", 30)
    with pytest.raises(QueryTooLarge, match="许可"):
        federate(spec, query, places=places)
    monkeypatch.undo()
    cut = federate(spec, replace(query, limit=7), places=places)
    assert (len(cut.rows), cut.is_cut) == (7, True)


def test_a_join_that_nothing_needs_is_not_made(spec, places):
    answer = federate(spec, Query(measures=(MeasureSpec("COUNT"),)), places=places)
    assert answered(answer) == [(60,)]
    assert {one.source for one in answer.reports} == {"people", "permits"}
