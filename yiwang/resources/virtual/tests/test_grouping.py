"""Groups counted at the source: the same answer as over the rows, and the plan says where it was counted."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.resources.virtual.data import (
    FilterSpec,
    MeasureSpec,
    PartSpec,
    Query,
    Scope,
    SourceSpec,
    VirtualField,
    VirtualSpec,
)
from yiwang.resources.virtual.federation import federate
from yiwang.resources.virtual.sources import Places
from yiwang.resources.virtual.tests.conftest import (
    PEOPLE,
    TYPES,
    columns,
    server_write,
    sqlite_write,
)
from yiwang.resources.virtual.tests.test_federation import BY_TYPE, maybe, mysql, postgresql

__all__ = ["mysql", "postgresql"]
COUNT = (MeasureSpec("COUNT"),)
NAME = "YIWANG_SOURCE_TEST"
AREAS = ("320508", "320506", "3205")


def spec_of(*parts: PartSpec, person: str = "") -> VirtualSpec:
    return VirtualSpec(
        title="人员",
        sources=(SourceSpec("people", "人员", columns(PEOPLE), parts),),
        fields=tuple(
            VirtualField(name, "people", name, name, is_person=name == person) for name in PEOPLE
        ),
        area_field="area",
        purposes=("核查",),
    )


SQLITE = (
    PartSpec("one", "甲", "SQLITE", "one.sqlite3", "people"),
    PartSpec("two", "乙", "SQLITE", "two.sqlite3", "people"),
)


@st.composite
def people(draw):
    fields = [st.sampled_from(AREAS) if name == "area" else BY_TYPE[TYPES[name]] for name in PEOPLE]
    return draw(st.lists(st.tuples(*(maybe(one) for one in fields)), max_size=12))


@st.composite
def counts(draw):
    filters = []
    for key in draw(st.lists(st.sampled_from(PEOPLE), max_size=3)):
        ops = ["EQ", "NE", "LT", "LE", "GT", "GE", "IN", "IS_NULL", "NOT_NULL"]
        ops += ["STARTS", "CONTAINS"] if TYPES[key] == "TEXT" else []
        op = draw(st.sampled_from(ops))
        size = {"IN": 2, "IS_NULL": 0, "NOT_NULL": 0}.get(op, 1)
        values = st.sampled_from(AREAS) if key == "area" else BY_TYPE[TYPES[key]]
        given_values = draw(st.lists(values, min_size=size, max_size=size))
        filters.append(FilterSpec(key, op, tuple(given_values)))
    groups = tuple(draw(st.lists(st.sampled_from(PEOPLE), max_size=3, unique=True)))
    order = draw(st.sampled_from([(), (("count", True),)]))
    limit = draw(st.sampled_from([2, 1000]))
    return Query(groups=groups, measures=COUNT, filters=tuple(filters), order=order, limit=limit)


def same(spec, query, places, area, *, is_pushed=True):
    pushed, brought = (
        federate(spec, query, places=places, scope=Scope(area, 4), is_pushing=is_pushing)
        for is_pushing in (True, False)
    )
    assert pushed.rows == brought.rows
    assert (pushed.is_cut, pushed.columns) == (brought.is_cut, brought.columns)
    assert {one.pushed for one in brought.reports} == {""}
    assert ({one.pushed for one in pushed.reports} == {"GROUP"}) is is_pushed
    return pushed


@pytest.mark.heavy
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=people(), query=counts(), area=st.sampled_from(["", "3205", "320508"]))
def test_what_sqlite_counts_is_what_its_rows_give(rows, query, area):
    with TemporaryDirectory() as folder:
        sqlite_write(Path(folder) / "one.sqlite3", "people", PEOPLE, rows[::2])
        sqlite_write(Path(folder) / "two.sqlite3", "people", PEOPLE, rows[1::2])
        same(spec_of(*SQLITE), query, Places((Path(folder),)), area)


@pytest.mark.heavy
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=people(), query=counts(), area=st.sampled_from(["", "320508"]), person=st.booleans())
def test_what_postgresql_counts_is_what_its_rows_give(postgresql, rows, query, area, person):
    cursor, address = postgresql
    server_write(cursor, "virtual_people", PEOPLE, rows)
    part = PartSpec("all", "人员", "POSTGRESQL", NAME, "virtual_people")
    spec = spec_of(part, person="name" if person else "")
    places = Places((Path("/"),), {NAME: address})
    pushed, brought = (
        federate(spec, query, places=places, scope=Scope(area, 4), is_pushing=is_pushing)
        for is_pushing in (True, False)
    )
    assert (pushed.rows, pushed.is_cut) == (brought.rows, brought.is_cut)
    if not person:
        assert {one.pushed for one in pushed.reports} == {"GROUP"}


@pytest.mark.heavy
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=people(), query=counts(), area=st.sampled_from(["", "320508"]))
def test_what_mysql_counts_is_what_its_rows_give(mysql, rows, query, area):
    cursor, address = mysql
    server_write(cursor, "virtual_people", PEOPLE, rows)
    part = PartSpec("all", "人员", "MYSQL", NAME, "virtual_people")
    same(spec_of(part), query, Places((Path("/"),), {NAME: address}), area)


ROWS = [
    (number, ("Ab", "AB", "ab")[number % 3], AREAS[number % 2], number % 7, 1.5, date(2000, 1, 1), "a")
    for number in range(6000)
]  # fmt: skip


@pytest.fixture
def place(tmp_path):
    sqlite_write(tmp_path / "one.sqlite3", "people", PEOPLE, ROWS[:3000])
    sqlite_write(tmp_path / "two.sqlite3", "people", PEOPLE, ROWS[3000:])
    return Places((tmp_path,), dict(os.environ))


def test_only_groups_come_back_and_letters_are_told_apart(place):
    query = Query(groups=("name",), measures=COUNT)
    answer = same(spec_of(*SQLITE), query, place, "")
    assert [row[:2] for row in answer.rows] == [("AB", 2000), ("Ab", 2000), ("ab", 2000)]
    assert [one.rows for one in answer.reports] == [3, 3]
    assert "GROUP BY" in answer.reports[0].sql


def test_a_condition_that_the_source_reads_more_widely_is_applied_once_more(place):
    query = Query(groups=("area",), measures=COUNT, filters=(FilterSpec("name", "STARTS", ("A",)),))
    answer = same(spec_of(*SQLITE), query, place, "")
    assert [row[:2] for row in answer.rows] == [("320506", 2000), ("320508", 2000)]
    assert sum(one.rows for one in answer.reports) <= 12


def test_nothing_at_all_is_none_of_it(place):
    query = Query(measures=COUNT, filters=(FilterSpec("name", "EQ", ("nobody",)),))
    assert [row[0] for row in same(spec_of(*SQLITE), query, place, "").rows] == [0]


@pytest.mark.parametrize(
    "changed",
    [
        {"measures": (*COUNT, MeasureSpec("SUM", "age"))},
        {"groups": (), "measures": (), "fields": ("name",)},
    ],
)
def test_sums_and_rows_are_brought_here(place, changed):
    query = replace(Query(groups=("area",), measures=COUNT), **changed)
    same(spec_of(*SQLITE), query, place, "", is_pushed=False)


def test_people_are_counted_here_where_a_source_may_hold_others_for_the_same(place):
    query = Query(groups=("area",), measures=COUNT)
    answer = same(spec_of(*SQLITE, person="name"), query, place, "", is_pushed=False)
    assert [row[-1] for row in answer.rows] == [3, 3]
