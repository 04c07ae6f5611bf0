"""Files as offices really make them: each is read as a person would, or refused with a reason."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from yiwang.resources.landing.tests.conftest import HEAD, ROWS, feed_rows

pytestmark = pytest.mark.django_db
NUMBERS = ["A1", "A2", "A3"]


def xlsx(rows, *, merges=(), title="数据", more=None):
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for area in merges:
        sheet.merge_cells(area)
    for name, other in (more or {}).items():
        second = book.create_sheet(name)
        for row in other:
            second.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def table():
    return [line.split(",") for line in (HEAD + ROWS).splitlines()]


def landed(view, resource):
    assert (view.state, view.reasons, view.problem) == ("LANDED", {}, ""), view
    return feed_rows(resource.code, "number")


@pytest.mark.parametrize(
    ("make", "encoding"),
    [
        (lambda text: text.encode("gb18030"), True),
        (lambda text: b"\xef\xbb\xbf" + text.encode(), False),
        (lambda text: text.encode("utf-16"), False),
        (lambda text: text.replace("\n", "\r\n").encode(), False),
        (lambda text: text.replace(",", "\t").encode(), False),
        (lambda text: text.replace(",", ";").encode("gb18030"), True),
        (lambda text: text.replace(",", "，").encode(), False),
        (lambda text: text.replace("\n", "\n\n").encode(), False),
        (lambda text: text.replace("\n", ",,\n").encode(), False),
        (
            lambda text: ("婚姻登记统计表,,,,,\n,,,,,\n填报单位：民政局,,,,,\n" + text).encode(),
            False,
        ),
        (
            lambda text: (text + "合  计,,,,,20.5\n制表人：沈月琴,,审核：顾明远,,,\n").encode(),
            False,
        ),
        (lambda text: text.replace("登记证号,姓名", "*登记证号,姓　名（必填）").encode(), False),
        (lambda text: text.replace("登记证号", "NUMBER").replace("姓名", "Name").encode(), False),
        (lambda text: text.rstrip("\n").encode(), False),
        (lambda text: text.replace("沈月琴", '"沈月琴"').encode(), False),
    ],
)
def test_delimited_files_in_every_shape_give_the_same_rows(land, resource, make, encoding):
    view = land(make(HEAD + ROWS))
    assert landed(view, resource) == NUMBERS
    assert feed_rows(resource.code, "name") == ["沈月琴", "顾明远", "陆文斌"]
    assert any(note["kind"] == "ENCODING" for note in view.notes) is encoding


def test_encodings_may_be_mixed_line_by_line(land, resource):
    lines = (HEAD + ROWS).splitlines()
    content = b"\n".join(
        line.encode("gb18030" if index % 2 else "utf-8") for index, line in enumerate(lines)
    )
    view = land(content)
    assert landed(view, resource) == NUMBERS
    assert feed_rows(resource.code, "name") == ["沈月琴", "顾明远", "陆文斌"]
    assert view.notes == [{"kind": "ENCODING", "gb18030": 2, "utf8": 2}]


def test_line_numbers_are_those_of_the_file_whatever_stands_above(land, resource):
    from yiwang.resources.landing.queries import row_origin

    land("统计表\n\n" + HEAD + "\n" + 'A1,"沈\n月琴",,2,2024-01-05,1\nA2,顾,,1,,\n')
    assert [row_origin(resource.code, number).line for number in (1, 2)] == [5, 7]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A9,沈月琴,,2,2024-01-05", "FEW"),
        ("A9,沈月琴,,2,2024-01-05,1,多余", "MANY"),
        ('A9,"沈月琴,,2,2024-01-05,1', "QUOTE"),
        ("A9,沈月琴,3.20506E+17,2,2024-01-05,1", "SCIENTIFIC:id_number"),
    ],
)
def test_a_crooked_line_is_refused_alone(land, resource, line, reason):
    view = land(HEAD + line + "\n" + ROWS)
    assert (view.state, view.reasons) == ("LANDED", {reason: 1})
    assert feed_rows(resource.code, "number") == NUMBERS


def test_bytes_of_no_encoding_are_refused_alone(land, resource):
    view = land(HEAD.encode() + b"A9,\xff\xff\xff,,2,2024-01-05,1\n" + ROWS.encode())
    assert view.reasons == {"ENCODING": 1}
    assert feed_rows(resource.code, "number") == NUMBERS


def test_a_workbook_with_titles_merges_blanks_and_totals_is_read(land, resource):
    head, *rows = table()
    content = xlsx(
        [
            ["2024年婚姻登记情况统计表"],
            [None],
            ["填报单位：苏州市民政局", None, None, None, None, None, "单位：元"],
            [None, *head],
            *([None, *row] for row in rows),
            [],
            [None, "合计", None, None, None, None, "=SUM(G5:G7)"],
            [None, "制表人：沈月琴"],
        ],
        merges=["A1:G1", "A3:E3"],
    )
    view = land(content, name="统计表.xlsx")
    assert landed(view, resource) == NUMBERS
    assert [note["kind"] for note in view.notes] == ["SKIPPED", "SKIPPED"]


def test_dates_numbers_and_apostrophes_of_excel_are_put_right(land, resource):
    from datetime import date, datetime

    head = table()[0]
    rows = [
        ["A1", "沈月琴", "'320506195803120026", "女", datetime(2024, 1, 5), 12.5],
        ["A2", "顾明远", None, 1, date(2024, 2, 6), "１，２３４"],
        ["A3", "陆文斌", None, "1.0", 45358, "1,234.5 元"],
    ]
    view = land(xlsx([head, *rows]), name="a.xlsx")
    assert landed(view, resource) == NUMBERS
    found = feed_rows(resource.code, "id_number", "sex", "registered_date", "amount")
    assert [(a, b, str(c), d) for a, b, c, d in found] == [
        ("320506195803120026", "2", "2024-01-05", "12.5"),
        (None, "1", "2024-02-06", "1234"),
        (None, "1", "2024-03-07", "1234.5"),
    ]
    assert set(view.repairs) == {"APOSTROPHE", "CODE", "WIDTH", "NUMBER", "SERIAL"}


def test_a_number_that_excel_destroyed_is_refused_and_never_guessed(land, resource):
    head, *rows = table()
    rows[1][2] = 320506196105230017
    view = land(xlsx([head, *rows]), name="a.xlsx")
    assert (view.state, view.reasons) == ("LANDED", {"DIGITS:id_number": 1})
    assert feed_rows(resource.code, "number") == ["A1", "A3"]


def test_a_cell_merged_over_rows_counts_for_each_of_them(land, resource):
    head, *rows = table()
    rows[1][3] = rows[2][3] = None
    view = land(xlsx([head, *rows], merges=["D2:D4"]), name="a.xlsx")
    assert landed(view, resource) == NUMBERS
    assert feed_rows(resource.code, "sex") == ["2", "2", "2"]


def test_the_sheet_with_the_heading_is_read_and_the_others_are_told(land, resource):
    view = land(
        xlsx([["说明"], ["请填写"]], title="填表说明", more={"明细": table()}), name="a.xlsx"
    )
    assert landed(view, resource) == NUMBERS
    assert view.notes == [{"kind": "SHEETS", "read": "明细", "others": ["填表说明"]}]


def test_columns_may_stand_in_any_order_and_strange_ones_are_told(land, resource):
    rows = [[*reversed(row), "x"] for row in table()]
    rows[0][-1] = "备注一"
    view = land("\n".join(",".join(row) for row in rows))
    assert landed(view, resource) == NUMBERS
    assert view.notes == [{"kind": "UNKNOWN_COLUMNS", "columns": ["备注一"]}]


def bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/sharedStrings.xml", b"\0" * (300 * 1024 * 1024))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "problem", "params"),
    [
        (b"\xef\xbb\xbf\r\n \n", "EMPTY", {}),
        (HEAD.encode(), "ONLY_HEADING", {}),
        ("随便\n写\n".encode(), "NO_HEADING", None),
        (
            HEAD.replace(",金额", "").encode() + b"A1,x,,1,\n",
            "COLUMNS_MISSING",
            {"columns": "金额"},
        ),
        (
            HEAD.replace("登记日期", "登记时间").encode() + b"A1,x,,1,,\n",
            "COLUMNS_MISSING",
            {"columns": "登记日期（登记时间？）"},
        ),
        (
            HEAD.replace("金额", "姓名").encode() + b"A1,x,,1,,\n",
            "COLUMNS_TWICE",
            {"columns": "姓名"},
        ),
        (HEAD.encode() + b"A1," + b"x" * 1_100_000 + b",,1,,\n", "LINE_TOO_LONG", {"line": 2}),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "OLD_EXCEL", {}),
        ("<html><table><tr><td>登记证号</td></tr></table></html>".encode(), "WEB_PAGE", {}),
        (b"PK\x03\x04" + b"\0" * 200, "BROKEN", None),
        (b"PAR1" + b"\0" * 200, "BROKEN", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "NOT_A_TABLE", {}),
        (bomb, "TOO_LARGE", {"limit": 256}),
        (lambda: xlsx(table())[:-300], "BROKEN", None),
        (lambda: xlsx([]), "EMPTY", {}),
    ],
)
def test_what_cannot_be_read_says_what_to_do(land, resource, content, problem, params):
    view = land(content() if callable(content) else content, name="a.xlsx")
    assert (view.state, view.problem) == ("FAILED", problem), view
    assert params is None or view.problem_params == params
    assert feed_rows(resource.code) == []


def test_a_truncated_parquet_file_is_told(land, resource, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    head, *rows = table()
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({name: [row[i] for row in rows] for i, name in enumerate(head)}), path)
    whole = path.read_bytes()
    assert land(whole[:-20], name="x.parquet").problem == "BROKEN"
    assert landed(land(whole, name="x.parquet"), resource) == NUMBERS


def test_typed_parquet_becomes_text_as_people_write_it(land, resource, tmp_path):
    from datetime import date
    from decimal import Decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "x.parquet"
    columns = {
        "number": [1, 2], "name": ["甲", None], "id_number": [None, ""], "sex": ["1", "2"],
        "registered_date": [date(2024, 1, 5), None], "amount": [Decimal("1.50"), None], "row_no": [7, 8],
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)
    view = land(path.read_bytes(), name="x.parquet")
    assert (view.state, view.repairs) == ("LANDED", {})
    assert view.notes == [{"kind": "UNKNOWN_COLUMNS", "columns": ["row_no"]}]
    assert feed_rows(resource.code, "number", "amount", "id_number") == [
        ("1", "1.50", None),
        ("2", None, None),
    ]


def test_json_lines_and_arrays_are_read_and_broken_rows_refused(land, resource):
    row = '{"number": "%s", "name": "甲", "id_number": null, "sex": 1, "registered_date": "2024-01-05", "amount": 1.5}'
    view = land(
        f"{row % 'J1'}\n{{broken\n[1]\n{row % 'J2'}\n{row % 'J3'}\n{row % 'J4'}\n", name="a.jsonl"
    )
    assert (view.state, view.reasons) == ("LANDED", {"JSON": 2})
    assert landed(land(f"[{row % 'J5'}]", name="a.json"), resource) == [
        "J1",
        "J2",
        "J3",
        "J4",
        "J5",
    ]
