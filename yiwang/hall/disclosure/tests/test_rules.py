"""Each field holds to the standard, files read back as they were written, and nothing personal is published."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.disclosure.errors import FileTooLong, FileUnreadable
from yiwang.hall.disclosure.intake import LINES_MAX, file_rows
from yiwang.hall.disclosure.rules import (
    check,
    key_make,
    search_make,
    standard_get,
    table_make,
    values_clean,
    values_public,
)
from yiwang.kernel.api import sheet_write

TODAY = date(2026, 11, 20)
PENALTY = {
    "CF_XDR_MC": "苏州某餐饮有限公司",
    "CF_XDR_TYPE": "LEGAL",
    "A000002": "91320508MA1XYW01XY",
    "CF_FDDB": "沈某",
    "CF_WSH": "苏姑市监处罚〔2026〕12号",
    "CF_WFXW": "经营超过保质期的食品",
    "CF_SY": "2026年10月检查时发现当事人320508198501011234的店内有过期食品，电话15638296218",
    "CF_YJ": "食品安全法第三十四条",
    "CF_CFLB": "罚款;没收违法所得",
    "CF_NR": "罚款5000元，没收违法所得200元",
    "CF_NR_FK": "0.5",
    "CF_NR_WFFF": "0.02",
    "CF_JDRQ": "2026-11-18",
    "CF_GSJZQ": "2027-11-18",
    "CF_CFJG": "姑苏区市场监督管理局",
    "CF_CFJGDM": "1132050801414948XU",
    "CF_SJLY": "姑苏区市场监督管理局",
    "CF_SJLYDM": "1132050801414948XU",
}
PERSON = PENALTY | {
    "CF_XDR_MC": "张三丰",
    "CF_XDR_TYPE": "PERSON",
    "A000002": "",
    "CF_FDDB": "",
    "CF_XDR_ZJLX": "身份证",
    "CF_XDR_ZJHM": "320508198501011234",
    "CF_SY": "张三丰在路边摆摊",
}


def problems(values, kind="CF", period="GENERAL"):
    return check(kind, values_clean(kind, values), period=period, today=TODAY)


def test_a_right_record_has_no_problems():
    assert problems(PENALTY) == {}
    assert problems(PERSON) == {}


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"CF_WSH": ""}, "CF_WSH", "missing"),
        ({"CF_WSH": "12号"}, "CF_WSH", "not_a_document"),
        ({"CF_WSH": "苏姑市监处罚〔2019〕12号"}, "CF_WSH", "other_year"),
        ({"A000002": ""}, "A000002", "missing"),
        ({"A000002": "91320508MA1XYW01XX"}, "A000002", "not_a_uscc"),
        ({"CF_FDDB": ""}, "CF_FDDB", "missing"),
        ({"CF_JDRQ": "2026-11-31"}, "CF_JDRQ", "not_a_date"),
        ({"CF_JDRQ": "2026-11-21"}, "CF_JDRQ", "future"),
        ({"CF_CFLB": "罚款;杖责"}, "CF_CFLB", "not_a_code"),
        ({"CF_NR_FK": ""}, "CF_NR_FK", "missing"),
        ({"CF_NR_FK": "五千"}, "CF_NR_FK", "not_an_amount"),
        ({"CF_CFLB": "警告;没收违法所得"}, "CF_NR_FK", "not_fined"),
        ({"CF_CFLB": "罚款;吊销许可证件"}, "CF_NR_ZKDX", "missing"),
        ({"CF_GSJZQ": "2027-01-18"}, "CF_GSJZQ", "period_short"),
        ({"CF_GSJZQ": "2029-11-19"}, "CF_GSJZQ", "period_long"),
        ({"CF_WFXW": "甲" * 2001}, "CF_WFXW", "too_long"),
        ({"CF_XDR_TYPE": "机关"}, "CF_XDR_TYPE", "not_a_code"),
    ],
)
def test_what_is_wrong_is_told_by_field(changes, field, problem):
    assert problems(PENALTY | changes)[field] == [problem]


def test_a_natural_person_needs_a_number_that_holds_and_no_code():
    assert problems(PERSON | {"CF_XDR_ZJHM": ""}) == {"CF_XDR_ZJHM": ["missing"]}
    assert problems(PERSON | {"CF_XDR_ZJHM": "320508198501011235"}) == {
        "CF_XDR_ZJHM": ["not_an_id"]
    }
    assert problems(PERSON | {"CF_XDR_ZJLX": "护照号", "CF_XDR_ZJHM": "E12345678"}) == {}


def test_serious_matters_are_published_for_a_year_at_least():
    half = PENALTY | {"CF_GSJZQ": "2027-05-18"}
    assert problems(half) == {}
    assert problems(half, period="SERIOUS") == {"CF_GSJZQ": ["period_short"]}


def test_a_licence_cannot_end_before_it_begins():
    codes = {spec.code for spec in standard_get().fields["XK"] if spec.required == "ALWAYS"}
    licence = values_clean(
        "XK",
        dict.fromkeys(codes, "x")
        | {
            "XK_XDR_TYPE": "自然人",
            "XK_XDR_ZJLX": "身份证",
            "XK_XDR_ZJHM": "320508198501011234",
            "XK_WSH": "姑苏区市监局许字〔2026〕第0001号",
            "XK_XKLB": "其他-备案",
            "XK_JDRQ": "2026/11/18",
            "XK_YXQZ": "20261118",
            "XK_YXQZI": "2099年12月31日",
            "XK_XKJGDM": "1132050801414948XU",
            "XK_LYDWDM": "1132050801414948XU",
            "XK_ZT": "1",
        },
    )
    assert licence["XK_XDR_TYPE"] == "PERSON"
    assert problems(licence, "XK") == {}
    assert problems(licence | {"XK_YXQZI": "2026-11-17"}, "XK") == {"XK_YXQZI": ["before_start"]}


def test_what_is_public_hides_people_and_shows_organisations():
    shown = values_public("CF", values_clean("CF", PENALTY | {"CF_FR_SFZH": "320508198501011234"}))
    assert (shown["CF_XDR_MC"], shown["A000002"]) == (PENALTY["CF_XDR_MC"], PENALTY["A000002"])
    assert "CF_FR_SFZH" not in shown
    assert "320508198501011234" not in str(shown)
    assert "15638296218" not in str(shown)
    person = values_public("CF", values_clean("CF", PERSON))
    assert person["CF_XDR_MC"] == "张**"
    assert person["CF_XDR_ZJHM"] == "3****************4"
    assert person["CF_SY"] == "张**在路边摆摊"
    assert "张三丰" not in search_make("CF", values_clean("CF", PERSON))


TEXTS = st.text(
    st.characters(codec="gb18030", exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), max_size=30
)


@given(st.lists(st.fixed_dictionaries({"CF_XDR_MC": TEXTS, "CF_NR": TEXTS, "BZ": TEXTS})))
def test_a_standard_file_reads_back_as_it_was_written_in_both_encodings(rows):
    rows = [values_clean("CF", PENALTY | row) for row in rows]
    for encoding in ("utf-8-sig", "gb18030"):
        for heading in ("code", "title"):
            raw = sheet_write("csv", table_make("CF", rows, heading=heading), encoding=encoding)
            back = [values_clean("CF", row) for row in file_rows("CF", raw)]
            assert back == rows


def test_a_standard_file_has_the_fields_in_order_in_excel_too():
    row = values_clean("CF", PENALTY | {"BZ": "=1+1", "CF_NR": "-罚款"})
    book = openpyxl.load_workbook(io.BytesIO(sheet_write("xlsx", table_make("CF", [row]))))
    heading, line = list(book.worksheets[0].iter_rows(values_only=True))
    codes = [spec.code for spec in standard_get().fields["CF"]]
    assert list(heading) == codes
    found = dict(zip(heading, (cell or "" for cell in line), strict=True))
    assert values_clean("CF", found) == row
    assert found["BZ"] == "=1+1"


def test_the_fields_are_those_of_the_catalogue_of_2018():
    """The codes stand in the public catalogue; what the city adds is named here."""
    added = {"XK_XDR_TYPE", "CF_XDR_TYPE"}
    shared = {"A000002", "A000003", "A000004", "A000005"}
    codes = {kind: {s.code for s in standard_get().fields[kind]} for kind in ("XK", "CF")}
    assert len(codes["XK"] - added - shared) == 22
    assert len(codes["CF"] - added - shared) == 24
    assert {"XK_WSH", "XK_XKLB", "XK_YXQZI", "XK_LYDWDM", "BZ"} <= codes["XK"]
    assert {"CF_WFXW", "CF_NR_WFFF", "CF_NR_ZKDX", "CF_GSJZQ", "CF_SJLYDM"} <= codes["CF"]


def test_columns_may_stand_in_any_order_and_unknown_ones_are_left_out():
    text = "序号,行政处罚决定文书号,CF_XDR_MC,违法事实,CF_JDRQ,CF_YJ\n1,甲〔2026〕1号,某店,脏,2026/1/2,法\n,,,,,\n"
    assert file_rows("CF", text.encode("gb18030")) == [
        {
            "CF_WSH": "甲〔2026〕1号",
            "CF_XDR_MC": "某店",
            "CF_SY": "脏",
            "CF_JDRQ": "2026/1/2",
            "CF_YJ": "法",
        }
    ]


def test_a_file_that_is_no_table_of_this_kind_is_refused():
    with pytest.raises(FileUnreadable):
        file_rows("CF", b"PK\x03\x04\xff\xff")
    with pytest.raises(FileUnreadable):
        file_rows("CF", "姓名,电话\n甲,1\n".encode())
    heading = ",".join(spec.code for spec in standard_get().fields["CF"])
    with pytest.raises(FileTooLong):
        file_rows("CF", (heading + "\n" + "x\n" * (LINES_MAX + 1)).encode())


def test_the_key_is_of_decision_and_subject_and_tells_neither():
    first = values_clean("CF", PERSON)
    assert key_make("CF", first) == key_make("CF", first | {"CF_NR": "别的"})
    assert key_make("CF", first) != key_make("CF", first | {"CF_WSH": "苏〔2026〕13号"})
    assert "3205" not in key_make("CF", first)


def test_csv_of_the_export_is_one_line_a_record():
    raw = sheet_write("csv", table_make("CF", [values_clean("CF", PENALTY)])).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(raw)))) == 2
