"""The check over columns says of every row what one says who reads it row by row."""

import datetime
import re
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.catalogue.data import FieldSpec, QualityRule, ResourceSpec
from yiwang.resources.quality.contracts import CheckOptions, contract_check, contract_of
from yiwang.sdk import expressions, identifiers

TODAY = datetime.date(2026, 11, 21)
FIELDS = (
    FieldSpec("id", "编号"), FieldSpec("sex", "性别"), FieldSpec("born", "出生", type="D"),
    FieldSpec("code", "代码"), FieldSpec("phone", "电话一"), FieldSpec("name", "姓名", length=3),
    FieldSpec("hired", "入职", type="D"), FieldSpec("at", "时间", type="T"),
    FieldSpec("n", "数", type="I"), FieldSpec("f", "额", type="F"), FieldSpec("yes", "是否", type="L"),
    FieldSpec("uscc_", "信用代码"),
)  # fmt: skip
NAMES = [one.name for one in FIELDS]
CODES = ("01", "02", "一")
CONDITIONS = {
    "c1": "code == '01' or born < date('1990-01-01')",
    "c2": "hired >= born",
    "c3": "not (code in ['02', '一']) and hired != '2020-05-05'",
    "c4": "sex == null or born <= today",
    "c5": "row.hired == date('2020-05-05') or row['code'] != '01'",
    "c6": "n > 3 or yes",  # for SQL
    "c7": "name + code != '甲01'",  # for SQL
}
EMPTY = {"c3", "c4"}  # conditions that judge empty fields too
RULES = (
    QualityRule("id", kind="VALID", that="id_number", fields=("id",)),
    QualityRule("birth", kind="VALID", that="id_number_birth", fields=("id", "born")),
    QualityRule("sex", kind="VALID", that="id_number_sex", fields=("id", "sex")),
    QualityRule("code", kind="CODE", that="codes", fields=("code",)),
    QualityRule("phone", kind="VALID", that="phone", fields=("phone",)),
    QualityRule("mobile", kind="VALID", that="mobile", fields=("phone",), action="WARN"),
    QualityRule("named", kind="REQUIRED", fields=("name",), action="WARN"),
    QualityRule("past", kind="VALID", that="past", fields=("born",)),
    QualityRule("period", kind="VALID", that="period", fields=("born", "hired")),
    QualityRule("uscc", kind="VALID", that="uscc", fields=("uscc_",)),
    QualityRule("once", kind="UNIQUE", fields=("id", "code"), action="WARN"),
    *(QualityRule(key, text, judges_empty=key in EMPTY) for key, text in CONDITIONS.items()),
)
SPEC = ResourceSpec("资源", "摘要", fields=FIELDS, quality=RULES)
CONTRACT = contract_of(SPEC, codes={"codes": CODES})

# What is written, and what it means as a day; None: no day.
DAYS = {
    "1985-01-01": datetime.date(1985, 1, 1), "2020-05-05": datetime.date(2020, 5, 5),
    "2026-11-21": TODAY, "2026-11-22": datetime.date(2026, 11, 22),
    "2000-02-29": datetime.date(2000, 2, 29), "1900-02-29": None, "2026-13-01": None,
    "2026-04-31": None, "0000-01-01": None, "0001-01-01": datetime.date(1, 1, 1),
    "1790-03-01": datetime.date(1790, 3, 1), "9999-12-31": datetime.date(9999, 12, 31),
    "2020/05/05": datetime.date(2020, 5, 5), "20200505": None, "2020-5-5": None, "不知道": None,
    "２０２０-05-05": None, "2020-05-0a": None, "年月日x": None,
}  # fmt: skip
TIMES = {
    "2026-01-02 08:30:00": True, "2026-01-02 24:00:01": False, "2026-01-02 08:60:00": False,
    "2026-01-02 08:30:60": False, "2026-01-02T08:30:00": True, "2026-01-02": True,
    "2026-02-30 08:30:00": False, "2026-01-02 08:30:00.5": True, "08:30": False, "2026-01-02 08:30": True,
}  # fmt: skip


def person(first17):
    return first17 + identifiers.id_number_check(first17)


IDS = [
    person("32050819850101123"), person("11010519491231002"), person("32050820000229123"),
    person("32050819850101123").lower(), person("11010519491231002").lower(),
    person("32050819000229123"), person("32050820261122123"), person("32050800010101123"),
    person("32050800000101123"), person("02050819850101123"), "320508198501011235",
    "32050819850101123", "3205081985010112 4", "３20508198501011234", "32050819850101123甲",
    "1234567890123456e2", "+20508198501011234", "", "320508198501011234 ", "11010519491231002Y",
]  # fmt: skip
PHONES = [
    "13800138000", "12800138000", "1380013800", "138001380001", "1380013800a", "051265211234",
    "0512-65211234", "0512-65211234-12", "0512-65211234\n", "110", "１３８００１３８０００", "",
]  # fmt: skip
POOLS = {
    "id": IDS, "sex": ["1", "2", "9", ""], "born": list(DAYS), "hired": list(DAYS),
    "code": [*CODES, "03", "", "1"], "phone": PHONES, "name": ["甲", "甲乙丙", "甲乙丙丁", "abcd", ""],
    "at": list(TIMES), "n": ["0", "5", "-7", "+5", "1e3", "1.0", "1234567890123456", "５", "5\n"],
    "f": ["0.5", "-1", "1.", ".5", "1.12345678901", "nan", "1234.25"],
    "yes": ["1", "否", "y", "maybe", "TRUE", "true"],
    "uscc_": ["N2320509MF0012348W", "N2320509MF0012348X", "甲", "N2320509MF0012348"],
}  # fmt: skip
ROWS = st.lists(
    st.tuples(*(st.none() | st.sampled_from(POOLS[name]) for name in NAMES)), max_size=100
)


def typed(name, text):
    """Read a text as one does by hand; None when it is no value of its type."""
    if text is None:
        return None
    kind = next(one.type for one in FIELDS if one.name == name)
    if kind == "D":
        return DAYS[text] if isinstance(text, str) else text
    if kind == "T":
        return text if TIMES[text] else None
    if kind in ("I", "F"):
        tail = "" if kind == "I" else r"(\.[0-9]{1,10})?"
        form = re.fullmatch(r"[+-]?[0-9]{1,15}" + tail, text)
        return (int if kind == "I" else float)(text) if form else None
    if kind == "L":
        words = dict.fromkeys(("1", "true", "是", "Y", "y"), True)
        return (words | dict.fromkeys(("0", "false", "否", "N", "n"), False)).get(text)
    return text


def judged(rule, row, values):
    """Tell whether a rule breaks on a row: None when it is not judged."""
    name = rule.fields[0] if rule.fields else ""
    raw = row.get(name)
    if rule.kind == "REQUIRED":
        return raw is None
    if rule.kind == "ROW":
        if not rule.judges_empty and any(values[field] is None for field in rule.fields):
            return None
        return not expressions.compile(rule.that).evaluate(
            {**values, "row": values, "today": TODAY}
        )
    if raw is None:
        return None
    if rule.kind == "TYPE":
        return values[name] is None
    if rule.kind == "LENGTH":
        return len(raw) > 3
    if rule.kind == "CODE":
        return raw not in CODES
    return valid_judged(rule, raw, row, values)


def valid_judged(rule, raw, row, values):
    """Judge what is checked by its kind."""
    simple = {
        "id_number": lambda: identifiers.id_number_valid(raw, today=TODAY),
        "mobile": lambda: identifiers.mobile_valid(raw),
        "phone": lambda: identifiers.mobile_valid(raw) or identifiers.landline_valid(raw),
        "uscc": lambda: identifiers.uscc_valid(raw),
    }
    if rule.that in simple:
        return not simple[rule.that]()
    known = [values[field] for field in rule.fields]
    if any(value is None for value in known):
        return None
    if rule.that == "past":
        return known[0] > TODAY
    if rule.that == "period":
        return known[0] > known[1]
    if not identifiers.ID_PATTERN.fullmatch(raw):
        return None
    if rule.that == "id_number_birth":
        return raw[6:14] != f"{known[1].year:04d}{known[1]:%m%d}"
    return row["sex"] in ("1", "2") and row["sex"] != identifiers.id_number_sex(raw)


def expected(rows):
    """Return {line: reasons} and {rule: (judged, failed)} as one finds them by hand."""
    reasons: dict[int, list[str]] = {}
    counts: dict[str, list[int]] = {rule.key: [0, 0] for rule in CONTRACT.rules}
    keys = Counter()
    whole: dict[tuple, set] = {}
    for row in rows:
        if row["id"] is not None and row["code"] is not None:
            keys[row["id"], row["code"]] += 1
            whole.setdefault((row["id"], row["code"]), set()).add(tuple(row.values()))
    for line, row in enumerate(rows, start=1):
        values = {name: typed(name, text) for name, text in row.items()}
        for rule in CONTRACT.rules:
            if rule.kind == "UNIQUE":
                key = row["id"], row["code"]
                breaks = len(whole[key]) > 1 if None not in key else None
            else:
                breaks = judged(rule, row, values)
            if breaks is None:
                continue
            counts[rule.key][0] += 1
            counts[rule.key][1] += breaks
            if breaks:
                reasons.setdefault(line, []).append(rule.key)
    return reasons, {key: tuple(pair) for key, pair in counts.items()}


def found_in(relation, *, files=(), make=lambda connection: None):
    with tabular_open(TabularLimits(threads=1)) as connection:
        make(connection)
        checked = contract_check(
            connection, relation, CONTRACT, options=CheckOptions(TODAY, files=tuple(files))
        )
        rows = connection.execute(f"select line, reasons from {checked.table}").fetchall()
    assert len(dict(rows)) == len(rows)
    counts = {one.rule.key: (one.judged, one.failed) for one in checked.counts}
    filled = {one.name: one.filled for one in checked.fields}
    return dict(rows), counts, filled, checked


def texts_table(rows):
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in NAMES}
    return pa.table({"line": pa.array(range(1, len(rows) + 1), pa.int64())} | columns)


@pytest.mark.heavy
@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_texts_are_judged_as_one_does_row_by_row(rows):
    rows = [dict(zip(NAMES, row, strict=True)) for row in rows]
    table = texts_table(rows)
    reasons, counts = expected(rows)
    found, tallied, filled, checked = found_in(
        "delivered", make=lambda connection: connection.register("delivered", table)
    )
    assert found == reasons
    assert tallied == counts
    assert filled == {name: sum(row[name] is not None for row in rows) for name in NAMES}
    rejects = {rule.key: rule.action == "REJECT" for rule in CONTRACT.rules}
    refused = sum(any(rejects[key] for key in keys) for keys in reasons.values())
    assert (checked.rejected, checked.warned) == (refused, len(reasons) - refused)


@pytest.mark.heavy
@settings(max_examples=15, deadline=None)
@given(rows=ROWS.filter(bool), size=st.integers(1, 7), coded=st.booleans())
def test_files_that_are_read_directly_say_what_the_engine_says_of_them(
    tmp_path_factory, rows, size, coded
):
    # Days as days, as a department's database gives them; a group of rows is a few rows.
    rows = [dict(zip(NAMES, row, strict=True)) for row in rows]
    for row in rows:
        row |= {name: DAYS.get(row[name]) for name in ("born", "hired")}
    table = texts_table([row | {"born": None, "hired": None} for row in rows])
    for name in ("born", "hired"):
        days = pa.array([row[name] for row in rows], pa.date32())
        table = table.set_column(table.column_names.index(name), name, days)
    path = tmp_path_factory.mktemp("files") / "a.parquet"
    pq.write_table(table, path, row_group_size=size, use_dictionary=coded)
    reasons, counts = expected(rows)
    for files in ((), (path,)):
        found, tallied, *_rest = found_in(parquet_list([path]), files=files)
        assert found == reasons
        assert tallied == counts


def test_fields_of_another_type_than_their_column_are_read_as_what_they_are():
    fields = (
        FieldSpec("id", "号"), FieldSpec("day", "日", type="T"), FieldSpec("code", "码"),
        FieldSpec("phone", "电"), FieldSpec("sex", "性"), FieldSpec("n", "数", type="I"),
        FieldSpec("end", "止", type="T"),
    )  # fmt: skip
    rules = (
        QualityRule("id", kind="VALID", that="id_number", fields=("id",)),
        QualityRule("birth", kind="VALID", that="id_number_birth", fields=("id", "day")),
        QualityRule("sex", kind="VALID", that="id_number_sex", fields=("id", "sex")),
        QualityRule("code", kind="CODE", that="codes", fields=("code",)),
        QualityRule("mobile", kind="VALID", that="mobile", fields=("phone",)),
        QualityRule("past", kind="VALID", that="past", fields=("day",)),
        QualityRule("period", kind="VALID", that="period", fields=("day", "end")),
    )
    contract = contract_of(
        ResourceSpec("资源", "摘要", fields=fields, quality=rules), codes={"codes": ("1", "2")}
    )
    rows = [
        (
            1,
            320508198501011234,
            "1985-01-01 08:00:00",
            1,
            13800138000,
            1,
            2.0,
            "1985-01-01 09:00:00",
        ),
        (
            2,
            320508198501011235,
            "1985-01-02 00:00:00",
            3,
            12800138000,
            2,
            1e16,
            "1985-01-01 09:00:00",
        ),
        (3, None, "2026-11-22 00:00:00", None, None, None, None, None),
    ]
    with tabular_open(TabularLimits(threads=1)) as connection:
        connection.execute(
            "create temp table t (line integer, id bigint, day timestamp, code integer,"
            ' phone bigint, sex integer, n double, "end" timestamp)'
        ).fetchall()
        connection.executemany("insert into t values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        found = contract_check(connection, "t", contract, options=CheckOptions(TODAY))
        faults = connection.execute(
            f"select line, reasons from {found.table} order by 1"
        ).fetchall()
    assert faults == [
        (2, ["type:n", "id", "birth", "sex", "code", "mobile", "period"]),
        (3, ["past"]),
    ]
