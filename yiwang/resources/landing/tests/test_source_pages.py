"""The pages of regular sources: the data bureau sets up folders and databases, tries, runs and pauses them."""

import os
import sqlite3

import pytest

from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.catalogue.tests.test_pages import page, post, world
from yiwang.resources.landing.actions.source_acts import url_of, url_parts
from yiwang.resources.landing.actions.sources import source_run
from yiwang.resources.landing.models import Batch, Source
from yiwang.resources.landing.probing import pull_probe
from yiwang.resources.landing.pulling import Pull
from yiwang.resources.landing.tests.conftest import NOW
from yiwang.resources.landing.tests.test_pages import sent

__all__ = ["sent", "world"]
pytestmark = pytest.mark.django_db
HOME = "/resources/landing/sources/"
NAMES = [("登记证号", "number"), ("姓名", "name")]


@pytest.fixture
def base(tmp_path, settings):
    """A department's SQLite file in a folder that the operators opened."""
    folder = tmp_path / "opened"
    folder.mkdir()
    settings.SOURCE_DIRS = [str(folder)]
    path = folder / "marriages.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("create table wed (number, name, sex, changed_at)")
        connection.execute("insert into wed values ('A1', '甲', '1', '2026-11-20')")
    connection.close()
    return path


def run(source_id):
    with context_use(context_system("test")):
        source_run(source_id, now=NOW)


def form(resource, base, **more):
    return {
        "resource": resource.code, "system": "sqlite", "database": str(base), "table": "wed",
        "watermark_column": "changed_at", "mode": "DELTA", "every": "2", "unit": "HOUR",
    } | more  # fmt: skip


def test_the_data_bureau_tries_a_database_then_keeps_runs_and_pauses_it(world, sent, base):
    bureau = world.reviewer
    assert "抽取数据库" in page(bureau, HOME)
    new = f"{HOME}new/database/"
    assert sent.code in page(bureau, new)
    tried = post(bureau, new, act="test", **form(sent, base)).content.decode()
    assert "数据库可以连接" in tried
    assert "以下信息项没有对应的列： 公民身份号码、登记日期、金额" in tried
    assert "以下列不属于任何信息项，将被忽略： changed_at" in tried
    assert not Source.objects.exists()
    kept = post(bureau, new, act="keep", **form(sent, base))
    source = Source.objects.get()
    here = f"{HOME}{source.pk}/"
    assert kept.headers["Location"] == here
    assert (source.every_seconds, source.settings["table"]) == (7200, "wed")
    text = page(bureau, here)
    assert "每 2 小时" in text
    assert "尚未执行" in text
    run(source.pk)
    assert Batch.objects.get().source == "DATABASE"
    assert "2026-11-20" in page(bureau, here)
    assert post(bureau, here, act="pause").status_code == 302
    source.refresh_from_db()
    assert not source.is_active
    assert "已暂停" in page(bureau, f"{HOME}?state=OFF")
    post(bureau, here, act="resume")
    assert post(bureau, here, act="run").status_code == 302
    acts = {row["act"] for row in audit_list(subject=f"source:{source.pk}")}
    assert acts >= {"resources.landing.source_pause", "resources.landing.source_run_now"}
    csv = b"".join(bureau.get(f"{HOME}?export=csv").streaming_content).decode()
    assert "每 2 小时" in csv
    edited = post(bureau, f"{here}edit/", act="keep", **form(sent, base, every="1", unit="DAY"))
    source.refresh_from_db()
    assert (edited.status_code, source.every_seconds) == (302, 86400)


def test_a_failure_is_told_with_what_to_do(world, sent, base):
    post(world.reviewer, f"{HOME}new/database/", act="keep", **form(sent, base))
    source = Source.objects.get()
    base.unlink()
    run(source.pk)
    text = page(world.reviewer, f"{HOME}{source.pk}/")
    assert "服务器上此路径没有 SQLite 文件，请检查路径。" in text
    assert "上次失败" in page(world.reviewer, HOME)
    again = post(world.reviewer, f"{HOME}{source.pk}/", act="test").content.decode()
    assert "尚不能使用" in again


def test_a_folder_is_watched(world, sent, data_dir):
    new = f"{HOME}new/folder/"
    values = {"resource": sent.code, "folder": "", "mode": "DELTA", "every": "5", "unit": "MINUTE"}
    before = post(world.reviewer, new, act="test", **values).content.decode()
    assert "服务器上没有此文件夹" in before
    assert post(world.reviewer, new, act="keep", **values).status_code == 302
    folder = data_dir / "landing" / "inbox" / sent.code.replace("/", "-")
    (folder / "数据.csv").write_text("x")
    source = Source.objects.get()
    text = post(world.reviewer, f"{HOME}{source.pk}/", act="test").content.decode()
    assert "数据.csv" in text
    assert "每 5 分钟" in text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"database": "/etc/passwd"}, "运维人员尚未开放此目录"),
        ({"database": "../../../yiwang.sqlite3"}, "运维人员尚未开放此目录"),
        ({"system": "postgresql", "host": ""}, "请填写服务器"),
        ({"system": "oracle"}, "请选择数据库种类"),
        ({"password_variable": "YIWANG_SECRET_KEY"}, "YIWANG_SOURCE_"),
        ({"password_variable": "hunter2"}, "不要填写口令本身"),
        ({"table": "", "query": "delete from wed"}, "SELECT"),
        ({"table": "wed; drop table wed"}, "数据表或查询语句"),
        ({"port": "70000", "system": "mysql", "host": "h"}, "65535"),
        ({"every": "0"}, "十秒"),
        ({"every": "x"}, "十秒"),
    ],
)
def test_what_a_page_may_not_ask_of_the_server_is_refused_and_nothing_is_kept(
    world, sent, base, wrong, words
):
    answer = post(world.reviewer, f"{HOME}new/database/", act="keep", **form(sent, base, **wrong))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Source.objects.exists()


def test_a_department_sees_its_sources_and_sets_up_none(world, sent, base):
    post(world.reviewer, f"{HOME}new/database/", act="keep", **form(sent, base))
    source = Source.objects.get()
    steward = world.steward
    assert sent.spec.title in page(steward, HOME)
    assert "立即执行" not in page(steward, f"{HOME}{source.pk}/")
    assert steward.get(f"{HOME}new/database/").status_code == 403
    for act in ("run", "pause", "test"):
        assert post(steward, f"{HOME}{source.pk}/", act=act).status_code == 403
    source.refresh_from_db()
    assert source.is_active


def test_a_missing_variable_is_named(monkeypatch):
    monkeypatch.delenv("YIWANG_SOURCE_TAX", raising=False)
    pull = Pull("postgresql://u@127.0.0.1:1/x", password_variable="YIWANG_SOURCE_TAX", table="t")
    found = pull_probe(pull, NAMES)
    assert found.params == {"name": "YIWANG_SOURCE_TAX"}
    assert "is not set on the server" in found.problem
    monkeypatch.setitem(os.environ, "YIWANG_SOURCE_TAX", "hidden")
    silent = pull_probe(pull, NAMES)
    assert "Nothing answers at this address" in silent.problem
    assert "hidden" not in silent.detail


def test_what_a_database_says_is_understood(base):
    url = f"sqlite:///{base}"
    assert "no table of this name" in pull_probe(Pull(url, table="none"), NAMES).problem
    wrong = pull_probe(Pull(url, query="select no_such from wed"), NAMES)
    assert "no column of this name" in wrong.problem
    broken = pull_probe(Pull(url, query="select from"), NAMES)
    assert "does not understand" in broken.problem
    marked = pull_probe(Pull(url, query="select name from wed", watermark_column="at"), NAMES)
    assert marked.columns == () or "not among the columns" in marked.problem
    fine = pull_probe(Pull(url, table="wed"), NAMES)
    assert (fine.problem, fine.missing, fine.rows) == ("", (), 1)


@pytest.mark.parametrize(
    "url",
    ["postgresql://reader@10.1.2.3:5433/tax", "mysql://db.local/%E5%90%8D", "sqlite:////x/y%20z"],
)
def test_the_parts_of_an_address_and_the_address_are_the_same(url):
    assert url_of(url_parts(url)) == url
