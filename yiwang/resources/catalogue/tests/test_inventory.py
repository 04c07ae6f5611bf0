"""The inventory: what it finds in folders and databases, that it keeps no values, that people decide."""

import csv
import io
import os
import random
import sqlite3
from datetime import date

import pytest
from django.db import connection
from openpyxl import Workbook

from yiwang.kernel.api import context_use
from yiwang.resources.catalogue import actions, commands
from yiwang.resources.catalogue.data import ColumnSample, TableSample
from yiwang.resources.catalogue.inference import column_finding, owner_of, proposal_of
from yiwang.resources.catalogue.models import Resource, ResourceProposal
from yiwang.resources.catalogue.queries import ResourceNotFound, proposal_rows
from yiwang.resources.catalogue.scanning import SourceUnreadable, source_name, source_scan
from yiwang.resources.catalogue.tests.conftest import NOW
from yiwang.sdk.errors import Conflict, Forbidden
from yiwang.sdk.identifiers import id_number_make

NAMES = ("沈月琴", "顾明远", "陆文斌", "钱国梁", "许静怡", "汪志强", "潘建平", "蒋小燕")
HEADING = ("序号", "姓名", "身份证号", "联系电话", "家庭住址", "登记日期", "金额", "备注")


def rows(number=40):
    draw = random.Random(7)
    return [
        [
            f"{index:05d}",
            draw.choice(NAMES),
            id_number_make("320508", date(1950 + index % 50, 1 + index % 12, 3), index),
            f"138{draw.randrange(10**8):08d}",
            f"苏州市姑苏区平江街道人民路{index + 1}号",
            f"2026-{1 + index % 12:02d}-{1 + index % 28:02d}",
            f"{draw.randrange(10_000) / 100:.2f}",
            "",
        ]
        for index in range(number)
    ]


@pytest.fixture
def folder(tmp_path):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([HEADING, *rows()])
    (tmp_path / "民政局_临时救助.csv").write_bytes(buffer.getvalue().encode("gb18030"))
    book = Workbook()
    book.active.append(["卫生健康委员会疫苗登记表"])
    for row in (("编号", "接种人姓名", "手机号"), *((r[0], r[1], r[3]) for r in rows(12))):
        book.active.append(list(row))
    book.save(tmp_path / "health_vaccines.xlsx")
    (tmp_path / "read.me").write_text("no data")
    return tmp_path


def kinds(table):
    return {c.name: column_finding(c).personal for c in table.columns}


def test_a_folder_gives_types_personal_data_keys_and_owner(folder):
    health, civil = source_scan(str(folder))
    proposal = proposal_of(civil, {"civil_affairs": ("市民政局", "民政局", "民政"), "health": ()})
    found = {one.name: (one.type, one.personal, one.is_key) for one in proposal.findings}
    assert found == {
        "序号": ("C", "", True),
        "姓名": ("C", "NAME", False),
        "身份证号": ("C", "ID_NUMBER", False),
        "联系电话": ("C", "PHONE", False),
        "家庭住址": ("C", "ADDRESS", False),
        "登记日期": ("D", "", False),
        "金额": ("N", "", False),
        "备注": ("C", "", False),
    }
    assert [one.level for one in proposal.spec.fields] == [2, 3, 4, 3, 3, 2, 2, 2]
    assert (proposal.function, proposal.rows, proposal.spec.title) == (
        "civil_affairs",
        40,
        "民政局 临时救助",
    )
    assert kinds(health) == {"编号": "", "接种人姓名": "NAME", "手机号": "PHONE"}


def test_parquet_is_looked_at(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = arrow.table({"id": [1, 2, 3], "姓名": list(NAMES[:3]), "at": [date(2026, 1, 1)] * 3})
    parquet.write_table(table, tmp_path / "people.parquet")
    (found,) = source_scan(str(tmp_path))
    assert found.rows == 3
    types = [column_finding(column).type for column in found.columns]
    assert types == ["I", "C", "D"]


def test_an_sqlite_database_is_looked_at_read_only(tmp_path):
    path = tmp_path / "civil.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE elders (card TEXT PRIMARY KEY, xm TEXT, born DATE)")
        cards = [(f"K{i}", name, "1950-01-01") for i, name in enumerate(NAMES)]
        database.executemany("INSERT INTO elders VALUES (?, ?, ?)", cards)
    before = path.read_bytes()
    (table,) = source_scan(f"sqlite:///{path}")
    assert (table.name, table.rows, [c.is_key for c in table.columns]) == (
        "elders",
        8,
        [True, False, False],
    )
    assert kinds(table) == {"card": "", "xm": "NAME", "born": ""}
    assert path.read_bytes() == before


@pytest.mark.django_db
def test_a_postgresql_database_is_looked_at(city):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    values = connection.settings_dict
    host = values["OPTIONS"].get("host") or values["HOST"]
    url = f"postgresql://{values['USER']}@/{values['NAME']}?host={host}"
    found = {table.name: table for table in source_scan(url)}
    keys = [c.name for c in found["resources_catalogue_resource"].columns if c.is_key]
    assert keys == ["id"]


def test_a_source_that_cannot_be_read_says_why(tmp_path):
    for source in (str(tmp_path / "none"), str(tmp_path), "sqlite:///etc/hostname"):
        with pytest.raises(SourceUnreadable):
            source_scan(source)
    broken = tmp_path / "x.db"
    broken.write_bytes(os.urandom(9000))
    with pytest.raises(SourceUnreadable):
        source_scan(str(broken))
    assert source_name("postgresql://u:p@h/d?x=1") == "postgresql://u@h/d"


def test_what_only_looks_like_a_name_or_address_is_not_called_so():
    towns = ColumnSample("town", values=("平江街道", "沧浪街道", "金阊街道") * 3)
    assert column_finding(towns).personal == ""
    words = ColumnSample("state", values=("存续", "注销", "吊销") * 3)
    assert column_finding(words).personal == ""
    few = ColumnSample("姓名", values=("沈月琴",))
    assert column_finding(few).personal == ""
    assert owner_of("t_user", {"health": ("卫生",)}) == ""
    assert proposal_of(TableSample("t", ()), {}).findings == ()


@pytest.mark.django_db
def test_proposals_are_kept_without_values_and_nothing_is_published(city, system, folder):
    views = actions.inventory_propose(str(folder), now=NOW)
    assert [view.function for view in views] == ["health", "civil_affairs"]
    assert [view.department_id for view in views] == [city.ids["health"], city.ids["bureau"]]
    assert Resource.objects.count() == 0
    kept = str(list(ResourceProposal.objects.values_list("spec", "findings")))
    assert not any(value in kept for row in rows() for value in row[1:5])
    actions.inventory_propose(str(folder), now=NOW)
    assert ResourceProposal.objects.count() == 2


@pytest.mark.django_db
def test_a_proposal_is_taken_up_by_its_department_once(city, system, folder):
    health, civil = actions.inventory_propose(str(folder), now=NOW)
    with city.steward():
        assert [row.pk for row in proposal_rows()] == [civil.id]
        with pytest.raises(ResourceNotFound):
            actions.proposal_accept(health.id, now=NOW)
        with pytest.raises(Forbidden):
            actions.proposal_accept(civil.id, department_id=city.ids["health"], now=NOW)
        made = actions.proposal_accept(civil.id, title="临时救助信息", now=NOW)
        assert (made.state, made.draft.title, made.published) == ("DRAFT", "临时救助信息", None)
        with pytest.raises(Conflict):
            actions.proposal_dismiss(civil.id, now=NOW)
    with context_use(city.context("health", 4)):
        actions.proposal_dismiss(health.id, now=NOW)
    states = ["DISMISSED", "ACCEPTED"]
    assert [v.state for v in actions.inventory_propose(str(folder), now=NOW)] == states
    assert Resource.objects.count() == 1


@pytest.mark.django_db
def test_a_steward_cannot_start_an_inventory(city, folder):
    with city.steward(), pytest.raises(Forbidden):
        actions.inventory_propose(str(folder), now=NOW)
    assert ResourceProposal.objects.count() == 0


@pytest.mark.django_db
def test_the_command_prints_what_it_found(city, folder):
    lines = []
    assert commands.inventory(str(folder), echo=lines.append) == 0
    assert "民政局_临时救助  40 rows  civil_affairs  open" in lines
    assert any("身份证号" in line and "ID_NUMBER 100%" in line for line in lines)
    assert lines[-1].startswith("2 proposals. Nothing is published")
    assert commands.inventory(str(folder), as_json=True, echo=lines.append) == 0
