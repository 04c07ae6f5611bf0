"""A batch from receipt to force: once, whole, undoable."""

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.landing import actions
from yiwang.resources.landing.models import Batch, Feed
from yiwang.resources.landing.queries import batch_rows, feed_files, row_origin
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS, feed_rows

pytestmark = pytest.mark.django_db


def test_a_clean_file_lands_and_every_row_is_found_at_its_origin(land, resource):
    view = land(HEAD + ROWS)
    assert (view.state, view.number, view.counts.rows, view.counts.accepted) == ("LANDED", 1, 3, 3)
    assert (view.reasons, view.repairs, view.notes) == ({}, {}, [])
    assert feed_rows(resource.code, "row_no", "number", "batch") == [
        (1, "A1", 1),
        (2, "A2", 1),
        (3, "A3", 1),
    ]
    origin = row_origin(resource.code, 2)
    assert (origin.batch_number, origin.line, origin.received_at) == (1, 3, NOW)
    assert origin.values_original["name"] == "顾明远"


def test_the_same_bytes_twice_change_nothing_and_say_so(land, resource):
    first = land(HEAD + ROWS)
    before = [(path, path.read_bytes()) for path in feed_files(resource.code)]
    again = land(HEAD + ROWS, name="另一个名字.csv")
    assert (again.id, again.is_repeated, first.is_repeated) == (first.id, True, False)
    assert [(path, path.read_bytes()) for path in feed_files(resource.code)] == before
    assert Batch.objects.count() == 1
    assert Feed.objects.get().revision == 1


def test_bad_rows_are_kept_with_every_reason_and_good_ones_go_on(land, resource):
    good = "".join(f"B{n},张三,,1,2024-01-01,1\n" for n in range(20))
    view = land(HEAD + good + ",李四,,7,2024-02-30,很多\nB0,王五,,1,2024-01-01,1\n")
    assert view.state == "LANDED"
    assert view.reasons == {
        "unique:number": 2,
        "code:sex": 1,
        "required:number": 1,
        "type:amount": 1,
        "type:registered_date": 1,
    }
    assert view.warnings == {}
    page = batch_rows(view.id)
    assert [row.line for row in page.rows] == [2, 22, 23]
    assert page.rows[1].reasons == (
        "code:sex",
        "required:number",
        "type:amount",
        "type:registered_date",
    )
    assert page.rows[1].values["registered_date"] == "2024-02-30"
    assert batch_rows(view.id, reason="unique:number").total == 2
    assert len(feed_rows(resource.code)) == 19


def test_repairs_are_counted_shown_and_reversible(land, resource):
    view = land(
        HEAD
        + ' Ａ１ ,沈月琴,32050619490101001x,女,2024年1月5日,"1,234.50"\n'
        + ROWS.partition("\n")[2]
    )
    assert view.reasons == {}
    assert {kind: one["count"] for kind, one in view.repairs.items()} == {
        "TRIM": 1, "WIDTH": 1, "CASE": 1, "CODE": 1, "DATE": 1, "NUMBER": 1,
    }  # fmt: skip
    assert view.repairs["CODE"]["samples"] == [["sex", "女", "2"]]
    row = feed_rows(resource.code)[0]
    assert (row["number"], row["sex"], str(row["registered_date"])) == ("A1", "2", "2024-01-05")
    origin = row_origin(resource.code, row["row_no"])
    assert origin.values_original["number"] == " Ａ１ "
    assert origin.values_original["registered_date"] == "2024年1月5日"
    assert origin.repairs["number"] == {"kinds": ["TRIM", "WIDTH"], "before": " Ａ１ "}


def test_a_later_batch_supersedes_by_key_and_taking_it_back_restores(land, resource):
    land(HEAD + ROWS)
    first = feed_rows(resource.code)
    second = land(HEAD + "A2,顾明远,320506196105230017,1,2024-02-06,9\nA4,丁一,,1,,\n")
    assert (second.state, second.counts.superseding, second.counts.known) == ("LANDED", 1, 0)
    assert feed_rows(resource.code, "row_no", "number", "amount") == [
        (1, "A1", "12.50"),
        (3, "A3", "0"),
        (4, "A2", "9"),
        (5, "A4", None),
    ]
    with context_use(context_system("test")):
        taken = actions.batch_withdraw(second.id, reason="发错文件", now=NOW)
    assert taken.state == "WITHDRAWN"
    assert feed_rows(resource.code) == first


def test_a_full_delivery_replaces_everything_and_keeps_what_did_not_change(land, resource):
    land(HEAD + ROWS)
    full = land(
        HEAD + "A1,沈月琴,320506195803120026,2,2024-01-05,12.50\nA9,丁一,,1,,\n", mode="FULL"
    )
    assert (full.state, full.counts.known) == ("LANDED", 1)
    assert feed_rows(resource.code, "row_no", "number", "batch") == [(1, "A1", 1), (5, "A9", 2)]


def test_an_older_file_is_stopped_and_nothing_is_lost(land, resource):
    old = HEAD + ROWS
    land(old)
    land(HEAD + ROWS.replace("12.50", "13").replace(",8\n", ",9\n").replace(",0\n", ",1\n"))
    before = feed_rows(resource.code)
    again = land(old.replace("\n", "\r\n"))
    assert (again.state, again.problem, again.counts.older) == ("STOPPED", "OLD", 3)
    assert feed_rows(resource.code) == before


def test_a_cancelled_batch_leaves_only_its_line(land, resource, data_dir):
    view = land(HEAD + ROWS, run=False)
    assert view.state == "RECEIVED"
    with context_use(context_system("test")):
        gone = actions.batch_cancel(view.id, now=NOW)
        assert actions.batch_process(view.id, now=NOW).state == "CANCELLED"
    assert gone.state == "CANCELLED"
    assert [path for path in (data_dir / "landing").rglob("*") if path.is_file()] == []
    again = land(HEAD + ROWS)
    assert (again.number, again.state) == (2, "LANDED")
