"""What comes by itself: watched folders and databases."""

import os
import sqlite3

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.landing import actions
from yiwang.resources.landing.data import LandingUnreadable
from yiwang.resources.landing.models import Batch, Source
from yiwang.resources.landing.pulling import Pull, pull_check, pull_to
from yiwang.resources.landing.queries import source_list
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS, feed_rows
from yiwang.sdk.errors import Invalid

pytestmark = pytest.mark.django_db


@pytest.fixture
def watched(resource, data_dir):
    """Watch a folder; gives it and a function that sweeps and processes, minute by minute."""
    with context_use(context_system("test")):
        actions.source_put(resource.code, kind="FOLDER", every_seconds=60, now=NOW)
    folder = data_dir / "landing" / "inbox" / resource.code.replace("/", "-")
    minutes = iter(range(1000))

    def sweep():
        from datetime import timedelta

        with context_use(context_system("test")):
            actions.source_sweep(now=NOW + timedelta(minutes=next(minutes)))
            for pk in Batch.objects.filter(state="RECEIVED").values_list("pk", flat=True):
                actions.batch_process(pk, now=NOW)

    return folder, sweep


def test_a_file_is_taken_when_its_size_is_stable_and_put_aside_when_done(watched, resource):
    folder, sweep = watched
    (folder / "a.csv").write_text(HEAD)
    sweep()
    (folder / "a.csv").write_text(HEAD + ROWS)
    sweep()
    assert not Batch.objects.exists()
    sweep()
    assert Batch.objects.get().state == "LANDED"
    sweep()
    assert not (folder / "a.csv").exists()
    assert (folder / "done" / "a.csv").read_text() == HEAD + ROWS
    assert feed_rows(resource.code, "number") == ["A1", "A2", "A3"]
    (view,) = source_list(resource.code)
    assert (view.last_error, view.kind) == ("", "FOLDER")


def test_a_file_that_fails_is_put_aside_with_the_reason(watched):
    folder, sweep = watched
    (folder / "坏.csv").write_text("没有,表头\n1,2\n")
    (folder / "图.png").write_bytes(b"x")
    (folder / "空.csv").write_bytes(b"")
    (folder / "~$打开.xlsx").write_bytes(b"x")
    for _turn in range(3):
        sweep()
    assert sorted(path.name for path in (folder / "failed").iterdir()) == [
        "図.png".replace("図", "图"), "图.png.txt", "坏.csv", "坏.csv.txt", "空.csv", "空.csv.txt",
    ]  # fmt: skip
    assert "没有找到表头" in (folder / "failed" / "坏.csv.txt").read_text()
    assert "不是可以读取的表格" in (folder / "failed" / "图.png.txt").read_text()
    assert "文件是空的" in (folder / "failed" / "空.csv.txt").read_text()
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["~$打开.xlsx"]


def test_the_same_file_again_is_put_aside_and_changes_nothing(watched):
    folder, sweep = watched
    for name in ("a.csv", "a.csv"):
        (folder / name).write_text(HEAD + ROWS)
        for _turn in range(3):
            sweep()
    assert Batch.objects.count() == 1
    assert len(list((folder / "done").iterdir())) == 2


@pytest.fixture
def department(tmp_path):
    """A department's SQLite database with a table and a view of three rows."""
    path = tmp_path / "department.sqlite3"
    base = sqlite3.connect(path)
    base.execute(
        "create table marriages (number text, name text, id_number text, sex integer, "
        "registered_date text, amount real, changed_at text)"
    )
    rows = [line.split(",") for line in ROWS.splitlines()]
    for index, row in enumerate(rows):
        values = (*row, f"2026-11-2{index} 08:00:00.123")
        base.execute("insert into marriages values (?, ?, ?, ?, ?, ?, ?)", values)
    base.commit()
    yield path, base
    base.close()


def test_a_database_is_pulled_from_its_watermark_on(resource, department):
    path, base = department
    with context_use(context_system("test")):
        actions.source_put(
            resource.code, kind="DATABASE", now=NOW, every_seconds=60,
            settings={
                "url": f"sqlite:///{path}", "table": "marriages", "watermark_column": "changed_at",
            },
        )  # fmt: skip
        source = Source.objects.get()
        assert actions.source_run(source.pk, now=NOW) == 1
        actions.batch_process(Batch.objects.get().pk, now=NOW)
        assert feed_rows(resource.code, "number") == ["A1", "A2", "A3"]
        source.refresh_from_db()
        assert source.watermark == "2026-11-22 08:00:00.123"
        assert actions.source_run(source.pk, now=NOW) == 0
        base.execute(
            "update marriages set amount = 99, changed_at = '2026-11-23' where number = 'A1'"
        )
        base.execute("insert into marriages values ('A4', '丁', '', 1, '', 1, '2026-11-24')")
        base.commit()
        assert actions.source_run(source.pk, now=NOW) == 1
        batch = actions.batch_process(Batch.objects.latest("pk").pk, now=NOW)
    assert (batch.counts.rows, batch.source) == (2, "DATABASE")
    assert dict(feed_rows(resource.code, "number", "amount")) == {
        "A1": "99", "A2": "8", "A3": "0", "A4": "1",
    }  # fmt: skip


def test_a_query_may_join_and_a_source_that_is_silent_is_told(resource, department, tmp_path):
    path, _base = department
    query = "select number, name as 姓名, id_number, sex, registered_date, amount from marriages where sex = 1;"
    with context_use(context_system("test")):
        put = {"kind": "DATABASE", "now": NOW, "every_seconds": 60}
        actions.source_put(
            resource.code, settings={"url": f"sqlite:///{path}", "query": query}, **put
        )
        source = Source.objects.get()
        assert actions.source_run(source.pk, now=NOW) == 1
        assert actions.batch_process(Batch.objects.get().pk, now=NOW).counts.accepted == 2
        gone = {"url": f"sqlite:///{tmp_path}/none.sqlite3", "table": "t"}
        actions.source_put(resource.code, settings=gone, **put)
        assert Source.objects.get().pk == source.pk
        assert actions.source_run(source.pk, now=NOW) == 0
    (view,) = source_list(resource.code)
    assert "no such SQLite file" in view.last_error
    assert Batch.objects.count() == 1


@pytest.mark.parametrize(
    "chosen",
    [
        {"url": "oracle://x", "table": "t"},
        {"url": "postgresql://user:secret@host/base", "table": "t"},
        {"url": "sqlite:///x"},
        {"url": "sqlite:///x", "table": "t", "query": "select 1"},
        {"url": "sqlite:///x", "table": "t; drop table t"},
        {"url": "sqlite:///x", "query": "delete from t"},
        {"url": "sqlite:///x", "query": "select 1; delete from t"},
        {"url": "sqlite:///x", "table": "t", "password": "secret"},
    ],
)
def test_settings_that_would_be_dangerous_or_hold_a_secret_are_refused(resource, chosen):
    with context_use(context_system("test")), pytest.raises(Invalid):
        actions.source_put(resource.code, kind="DATABASE", now=NOW, settings=chosen)
    assert not Source.objects.exists()


def test_a_password_comes_from_the_environment_only(tmp_path, monkeypatch):
    pull = Pull("postgresql://u@127.0.0.1:1/x", password_variable="YIWANG_TEST_NO_SUCH", table="t")
    assert pull_check(pull) == {}
    with pytest.raises(LandingUnreadable, match="YIWANG_TEST_NO_SUCH is not set"):
        pull_to(pull, "", tmp_path / "x")
    monkeypatch.setenv("YIWANG_TEST_NO_SUCH", "hidden")
    with pytest.raises(LandingUnreadable) as caught:
        pull_to(pull, "", tmp_path / "x")
    assert "hidden" not in str(caught.value)


def test_postgresql_is_pulled(resource, tmp_path):
    from django.db import connection

    if connection.vendor != "postgresql":
        pytest.skip("the tests run on SQLite")
    name, host = connection.settings_dict["NAME"], connection.settings_dict.get("HOST", "")
    user = connection.settings_dict.get("USER", "")
    url = f"postgresql://{user}@/{name}?host={host}"
    query = "select n as number, 'x%' as name, now() as at from generate_series(1, 25000) n"
    rows, mark = pull_to(
        Pull(url, query=query, watermark_column="number"), "", tmp_path / "x.parquet"
    )
    assert (rows, mark) == (25000, "25000")
    assert (
        pull_to(Pull(url, query=query, watermark_column="number"), "24990", tmp_path / "y")[0] == 10
    )


MYSQL = os.environ.get("YIWANG_TEST_MYSQL", "")


@pytest.mark.skipif(
    not MYSQL, reason="YIWANG_TEST_MYSQL names no server: mysql://user@/base?socket=…"
)
def test_mysql_is_pulled(tmp_path):
    import pyarrow.parquet as pq

    query = "select '甲' as name, cast(1.50 as decimal(6,2)) as amount, date '2024-01-05' as day, 320506195803120026 as id"
    rows, _mark = pull_to(Pull(MYSQL, query=query), "", tmp_path / "x.parquet")
    assert rows == 1
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [
        {"name": "甲", "amount": "1.50", "day": "2024-01-05", "id": "320506195803120026"}
    ]
    marked = Pull(MYSQL, query="select 1 as n union select 2", watermark_column="n")
    assert pull_to(marked, "1", tmp_path / "y.parquet") == (1, "2")
