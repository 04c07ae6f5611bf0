"""Files in and out: reports row by row, idempotent, refusals with reasons; offices' spreadsheets."""

import io
import json
from dataclasses import replace

import pytest
from django.apps import apps
from openpyxl import Workbook, load_workbook

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue import actions, commands
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import entry_of_view, resource_by_id
from yiwang.resources.catalogue.sheets import COLUMNS, FileUnreadable, file_read, file_write
from yiwang.resources.catalogue.tests.conftest import NOW, SPEC
from yiwang.sdk.errors import Forbidden

pytestmark = pytest.mark.django_db


def outcomes(report):
    return [row.outcome for row in report.rows]


def take(entries):
    return actions.catalogue_import(entries, name="test", now=NOW)


@pytest.mark.parametrize("form", ["xlsx", "csv", "json"])
def test_the_exported_catalogue_comes_back_unchanged_and_changed_lines_become_drafts(
    city, published, form
):
    view = published()
    content = file_write(form, [entry_of_view(view, working=False)])
    with city.steward():
        assert outcomes(take(file_read(f"a.{form}", content))) == ["UNCHANGED"]
        weekly = replace(entry_of_view(view, working=False), spec=replace(SPEC, cycle="WEEKLY"))
        changed = file_read(f"a.{form}", file_write(form, [weekly]))
        assert outcomes(take(changed)) == ["CHANGED"]
        assert outcomes(take(changed)) == ["UNCHANGED"]
    after = resource_by_id(view.id)
    assert (after.state, after.draft.cycle, after.spec.cycle) == ("DRAFT", "WEEKLY", "DAILY")


def test_an_emptied_city_gets_its_catalogue_back_under_the_same_codes(city, published):
    view = published()
    content = file_write("json", [entry_of_view(view, working=False)])
    Resource.objects.update(current_version=None, state="DRAFT")
    from yiwang.resources.catalogue.models import ResourceVersion

    ResourceVersion.objects.all().delete()
    Resource.objects.all().delete()
    apps.get_model("kernel_serials", "Serial").objects.all().delete()
    with city.steward():
        report = take(file_read("a.json", content))
        again = actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
    assert (outcomes(report), report.rows[0].code) == (["ACCEPTED"], view.code)
    assert again.code == "301008320500/000002"


def test_a_spreadsheet_as_offices_make_it_is_read(city):
    book = Workbook()
    sheet = book.active
    sheet.append(["信息资源目录填报表（演示）"])
    sheet.merge_cells("A1:F1")
    heading = ["部门名称", "信息资源名称", "摘要", "共享类型", "共享方式", "开放类型", "不开放依据", "更新周期",
               "信息项名称", "字段名", "数据类型", "长度", "敏感级别"]  # fmt: skip
    sheet.append(heading)
    sheet.append(["苏州市民政局", "养老机构信息", "全市养老机构。", "无条件共享", "库表", "不予开放", "内部", "每月",
                  "机构名称", "jgmc", "字符型C", 100, 1])  # fmt: skip
    sheet.append([None] * 8 + ["床位数", "cws", "I", 8.0, 1])
    sheet.append([None] * 13)
    sheet.append(
        ["没有的局", "空", "空", "1", "TABLE", "CLOSED", "内", "每月", "a", "a", "C", "长", 9]
    )
    buffer = io.BytesIO()
    book.save(buffer)
    with city.steward():
        report = take(file_read("填报.xlsx", buffer.getvalue()))
    assert outcomes(report) == ["ACCEPTED", "REFUSED"]
    assert [row.line for row in report.rows] == [3, 6]
    draft = Resource.objects.get().draft
    assert [(one["name"], one["type"], one["length"]) for one in draft["fields"]] == [
        ("jgmc", "C", 100), ("cws", "I", 8),
    ]  # fmt: skip


def test_rows_are_refused_with_reasons_and_the_others_go_on(city, published):
    waiting = published()
    with city.steward():
        actions.draft_put(waiting.id, replace(SPEC, cycle="WEEKLY"), now=NOW)
        actions.resource_submit(waiting.id, now=NOW)
    foreign = published(department="health", title="出生证明信息")
    one = entry_of_view(resource_by_id(waiting.id), working=True)
    rows = [
        one,
        one,
        replace(one, spec=replace(SPEC, cycle="MONTHLY"), code="", title="x", line=3),
        entry_of_view(foreign, working=True),
        replace(one, code="", spec=replace(SPEC, title="新", sharing="3"), title="新"),
        replace(one, code="9/x", spec=replace(SPEC, title="乙"), title="乙"),
        replace(one, code="", spec=replace(SPEC, title="丙"), title="丙"),
    ]
    with city.steward():
        report = take(rows)
    assert outcomes(report) == [
        "UNCHANGED", "REFUSED", "ACCEPTED", "REFUSED", "REFUSED", "REFUSED", "ACCEPTED",
    ]  # fmt: skip
    assert all(row.reasons for row in report.rows if row.outcome == "REFUSED")
    assert resource_by_id(foreign.id).draft == foreign.draft


def test_without_the_permission_a_file_changes_nothing(city):
    content = file_write("json", [])
    with (
        context_use(city.context("bureau", 1, permissions=frozenset())),
        pytest.raises(Forbidden),
    ):
        take(file_read("a.json", content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"PK\x03\x04 broken"),
        ("a.csv", "别的,表\n1,2".encode()),
        ("a.json", b"{}"),
        ("a.json", b"[1]"),
        ("a.exe", b""),
        ("a.csv", b"\xff\xfe\x00"),
    ],
)
def test_what_is_no_catalogue_is_refused_as_a_whole(name, content):
    with pytest.raises(FileUnreadable):
        file_read(name, content)


def test_a_csv_of_a_chinese_windows_is_read(city, published):
    content = file_write("csv", [entry_of_view(published(), working=False)])
    gbk = content.decode("utf-8-sig").encode("gb18030")
    assert file_read("a.csv", gbk) == file_read("a.csv", content)


def test_what_looks_like_a_formula_stays_text(city, published):
    view = published(title="=1+1", note="@SUM(A1)")
    entry = entry_of_view(view, working=False)
    sheet = load_workbook(io.BytesIO(file_write("xlsx", [entry]))).active
    cell = sheet.cell(2, COLUMNS.index("信息资源名称") + 1)
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    assert b",'=1+1," in file_write("csv", [entry])


def test_the_commands_export_and_import(city, published, tmp_path):
    published()
    lines = []
    path = str(tmp_path / "catalogue.xlsx")
    assert commands.file_export(path, echo=lines.append) == 0
    assert commands.file_import(path, echo=lines.append) == 0
    assert lines[-1] == "accepted 0  changed 0  unchanged 1  refused 0"
    assert commands.file_import(path, as_json=True, echo=lines.append) == 0
    assert json.loads(lines[-1])["outcome"] == "UNCHANGED"
    with pytest.raises(FileUnreadable):
        commands.file_export(str(tmp_path / "a.pdf"), echo=lines.append)


def test_the_machine_may_import_for_every_department(city):
    entry = file_read("a.json", file_write("json", []))
    with context_use(context_system("test")):
        assert take(entry).rows == ()
