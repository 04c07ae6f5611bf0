"""Lists: what the address asks for is what is shown."""

import csv
import io

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from yiwang.kernel.audit.context import RequestContext, context_get, context_use
from yiwang.kernel.audit.models import AuditEvent
from yiwang.kernel.ui.tables import (
    Column,
    Filter,
    Source,
    keyset_mark,
    keyset_values,
    page_of,
)

COLUMNS = (Column("number", "Number", order="number"), Column("name", "Name"))
ROWS = [{"number": n, "name": f"row {n}"} for n in range(1, 46)]


def page(address="", rows=ROWS, **options):
    return page_of(RequestFactory().get("/" + address), rows, columns=COLUMNS, **options)


def numbers(found):
    return [row["number"] for row in found.rows]


def test_the_first_page_shows_twenty_rows_and_says_how_many_there_are():
    found = page(default_order="number")
    assert numbers(found) == list(range(1, 21))
    assert (found.total, found.has_previous, found.has_next) == (45, False, True)
    assert found.numbers == [1, 2, 3]
    assert found.next_href == "?page=2"


def test_a_page_after_the_last_shows_the_last():
    found = page("?page=99", default_order="number")
    assert numbers(found) == [41, 42, 43, 44, 45]
    assert (found.number, found.has_next) == (3, False)


def test_a_column_sorts_and_a_second_time_turns_the_direction():
    found = page("?order=-number")
    assert numbers(found)[:2] == [45, 44]
    assert found.order_href(COLUMNS[0]) == "?order=number"
    assert page("?order=number").order_href(COLUMNS[0]) == "?order=-number"


def test_an_order_that_is_no_column_is_ignored():
    assert page("?order=password", default_order="number").order == "number"
    assert page("?order=name", default_order="number").order == "number"
    assert page("?order=--number", default_order="number").order == "number"


def test_filters_narrow_the_list_and_stay_in_every_address():
    by_name = Filter("q", "Name", apply=lambda rows, v: [r for r in rows if v in r["name"]])
    found = page("?q=4&size=50", filters=[by_name], default_order="number")
    assert numbers(found) == [4, 14, 24, 34, 40, 41, 42, 43, 44, 45]
    assert found.is_filtered
    assert found.clear_href == "?size=50"
    assert found.export_href == "?q=4&size=50&export=csv"
    assert found.kept_state == [("size", "50")]


def test_a_select_filter_takes_only_its_own_values():
    some = Filter("state", "State", kind="select", choices=[("OPEN", "open")])
    assert page("?state=DROP", filters=[some]).filter_values == {"state": ""}


def test_a_count_above_the_cap_reads_more_than():
    found = page(count_cap=30, default_order="number")
    assert (found.total, found.is_capped) == (30, True)
    assert "30" in found.summary
    assert page("?page=3", count_cap=30, default_order="number").rows


def test_a_keyset_list_goes_on_from_its_mark_and_back_to_the_beginning():
    def fetch(query):
        start = int(keyset_values(query.after)[0]) if query.after else 0
        rows = [r for r in ROWS if r["number"] > start][: query.limit + 1]
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        return rows, keyset_mark([rows[-1]["number"]]) if more else ""

    source = Source(fetch, keyset=True)
    first = page(rows=source)
    assert numbers(first) == list(range(1, 21))
    second = page(first.next_href, rows=source)
    assert numbers(second) == list(range(21, 41))
    third = page(second.next_href, rows=source)
    assert numbers(third) == list(range(41, 46))
    assert (third.has_next, third.has_previous, third.previous_href) == (False, True, "?")


def test_an_unreadable_mark_is_the_beginning():
    assert keyset_values("!!not base64!!") == []
    assert keyset_values("") == []


@given(st.lists(st.one_of(st.none(), st.text(), st.integers()), max_size=4))
def test_a_mark_carries_its_values(values):
    expected = [None if value is None else str(value) for value in values]
    assert keyset_values(keyset_mark(values)) == expected


def test_the_export_has_every_row_a_bom_and_no_formula():
    rows = [*ROWS, {"number": 99, "name": "=HYPERLINK(1)"}]
    response = page("?export=csv&page=2", rows=rows).export("rows")
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(lines) == 47
    assert lines[-1] == ["99", "'=HYPERLINK(1)"]


def test_an_export_is_streamed_as_who_asked_for_it():
    source = Source(lambda query: [{"number": 1, "name": context_get().name}], lambda query, cap: 1)
    with context_use(RequestContext(name="周")):
        response = page("?export=csv", rows=source).export("rows")
    assert "1,周" in b"".join(response.streaming_content).decode()


@pytest.mark.django_db
def test_a_queryset_is_counted_sorted_and_cut_in_the_database(django_assert_num_queries):
    for n in range(25):
        AuditEvent.objects.create(
            at="2026-11-21T00:00:00Z", act=f"a{n:02d}", population="SYSTEM", actor_name="x",
            channel="SYSTEM", subject="s",
        )  # fmt: skip
    columns = (Column("act", "Act", order="act"),)
    request = RequestFactory().get("/?order=-act&page=2")
    with django_assert_num_queries(2):
        found = page_of(request, AuditEvent.objects.all(), columns=columns)
    assert [row.act for row in found.rows] == ["a04", "a03", "a02", "a01", "a00"]
    assert found.total == 25
