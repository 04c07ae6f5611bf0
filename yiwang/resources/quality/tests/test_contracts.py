"""Contracts: what is built from the catalogue, what a check counts, every kind of rule."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.tabular.door import TabularLimits, sql_text, tabular_open
from yiwang.resources.catalogue.data import FieldSpec, QualityRule, ResourceSpec
from yiwang.resources.quality.columns import identifier
from yiwang.resources.quality.contracts import CheckOptions, contract_check, contract_of
from yiwang.resources.quality.data import ContractInvalid
from yiwang.sdk.identifiers import (
    id_number_check,
    id_number_valid,
    luhn_valid,
    mobile_valid,
    uscc_check,
    uscc_valid,
)

TODAY = datetime.date(2026, 11, 21)
FIELDS = (
    FieldSpec("id", "编号", is_key=True),
    FieldSpec("name", "姓名", length=3),
    FieldSpec("n", "数量", type="I"),
    FieldSpec("d", "日期", type="D"),
    FieldSpec("a", "甲"),
)


def spec(*rules, fields=FIELDS):
    return ResourceSpec("资源", "摘要", fields=fields, quality=tuple(rules))


def checked(rows, *rules, fields=FIELDS, codes=None, options=None, **more):
    """Check rows of text; gives what was found and {line: reasons}."""
    contract = contract_of(spec(*rules, fields=fields), codes=codes)
    with tabular_open(TabularLimits(threads=2)) as connection:
        columns = ", ".join(f"{identifier(one.name)} varchar" for one in fields)
        connection.execute(f"create temp table t (line bigint, {columns})").fetchall()
        holders = ", ".join("?" for _ in range(len(fields) + 1))
        rows = [(line, *row) for line, row in enumerate(rows, start=1)]
        connection.executemany(f"insert into t values ({holders})", rows)
        options = options or CheckOptions(TODAY)
        found = contract_check(connection, "t", contract, options=options, **more)
        faults = connection.execute(f"select line, reasons from {found.table}").fetchall()
    return found, dict(faults)


def parquet(path, select):
    with tabular_open() as connection:
        connection.execute(f"copy ({select}) to {sql_text(str(path))} (format parquet)").fetchall()
    return path


GOOD = ("1", "甲乙丙", "7", "2026-01-02", "x")


def test_types_lengths_and_keys_are_asked_for_without_being_written():
    found, faults = checked(
        [GOOD, ("2", "甲乙丙丁", "7.5", "2026-02-30", "x"), (None, None, "1e3", "20260102", None)]
    )
    assert faults == {
        2: ["length:name", "type:n", "type:d"],
        3: ["required:id", "type:n", "type:d"],
    }
    assert (found.rows, found.rejected, found.warned) == (3, 2, 0)
    assert [(one.name, one.filled, one.typed) for one in found.fields] == [
        ("id", 2, 2), ("name", 2, 2), ("n", 3, 1), ("d", 3, 1), ("a", 2, 2),
    ]  # fmt: skip


def test_an_empty_field_is_not_judged_unless_the_rule_says_so():
    rows = [("1", None, "1", None, None), ("2", None, None, None, None)]
    found, faults = checked(
        rows,
        QualityRule("some", "n > 5"),
        QualityRule("either", "name != null or a != null", judges_empty=True, action="WARN"),
    )
    assert faults == {1: ["some", "either"], 2: ["either"]}
    assert (found.count("some").judged, found.count("either").judged) == (1, 2)
    assert (found.rejected, found.warned) == (1, 1)


def test_codes_are_looked_up_beside_the_row_or_in_a_table():
    few, many = ("1", "2"), tuple(str(number) for number in range(500))
    rows = [("1", None, None, None, "2"), ("2", None, None, None, "900"), ("3",) + (None,) * 4]
    for codes in (few, many):
        rule = QualityRule("a", kind="CODE", that="letters", fields=("a",))
        found, faults = checked(rows, rule, codes={"letters": codes})
        assert faults == {2: ["a"]}
        assert found.count("a").judged == 2
    found, faults = checked(rows, rule)  # an unknown table judges nothing
    assert (faults, found.count("a").judged) == ({}, 0)


def test_keys_that_differ_are_told_and_exact_copies_are_not():
    rows = [GOOD, GOOD, ("2", "甲", None, None, None), ("2", "乙", None, None, None)]
    found, faults = checked(rows)
    assert faults == {3: ["unique:id"], 4: ["unique:id"]}
    assert (found.count("unique:id").judged, found.count("unique:id").failed) == (4, 2)


def test_rows_that_contradict_one_another_are_told():
    rows = [
        ("1", "甲", None, None, "x"),
        ("2", "甲", None, None, "y"),
        ("3", "乙", None, None, "x"),
    ]
    _found, faults = checked(rows, QualityRule("same", kind="ACROSS", fields=("name",), that="a"))
    assert faults == {1: ["same"], 2: ["same"]}


def test_a_reference_is_looked_for_in_the_other_resource(tmp_path):
    other = parquet(tmp_path / "o.parquet", "select unnest(['x', 'y', null]) as code")
    rows = [GOOD, ("2", None, None, None, "z"), ("3",) + (None,) * 4]
    rule = QualityRule("there", kind="REFERENCE", that="301/1.code", fields=("a",))
    found, faults = checked(rows, rule, references={"301/1": [other]})
    assert faults == {2: ["there"]}
    assert found.count("there").judged == 2
    found, faults = checked(rows, rule)  # the other resource has no rows yet
    assert (faults, found.count("there").judged) == ({}, 0)


def test_values_do_not_go_back_behind_the_feed(tmp_path):
    before = parquet(tmp_path / "b.parquet", "select '1' as id, date '2026-01-03' as d, 7 as n")
    rows = [GOOD, ("2", None, None, "2020-01-01", None)]
    rules = (
        QualityRule("on", kind="OVER_TIME", fields=("d",)),
        QualityRule("kept", kind="OVER_TIME", fields=("n",), that="same"),
    )
    _found, faults = checked(rows, *rules, previous=[before])
    assert faults == {1: ["on"]}
    assert checked(rows, *rules)[1] == {}


def test_batches_are_judged_by_volume_and_freshness():
    rules = (
        QualityRule("as_many", kind="VOLUME", that="0.5", stop_count=1),
        QualityRule("fresh", kind="FRESH", that="30", fields=("d",)),
    )
    options = CheckOptions(TODAY, history=(10, 12, 11))
    found, _faults = checked([GOOD], *rules, options=options)
    counts = [(one.rule.key, one.judged, one.failed, one.detail) for one in found.counts[-2:]]
    assert counts == [("as_many", 1, 1, "1 / 11"), ("fresh", 1, 1, "2026-01-02")]
    assert found.stops == ("as_many",)


def test_limits_stop_a_batch_by_share_by_count_and_as_a_whole():
    rows = [(str(number), "甲", str(number), None, None) for number in range(10)]
    rule = {"share": {"stop_share": 0.3}, "count": {"stop_count": 5}, "none": {}}
    rules = [QualityRule(key, "n < 6", action="WARN", **more) for key, more in rule.items()]
    assert checked(rows, *rules)[0].stops == ("share",)
    rules = [QualityRule(key, "n < 5", action="WARN", **more) for key, more in rule.items()]
    assert checked(rows, *rules)[0].stops == ("share", "count")
    assert checked(rows, QualityRule("x", "n < 4"))[0].stops == ("reject_share",)


def test_more_rules_than_a_number_has_bits_and_more_rows_than_at_once():
    rules = [QualityRule(f"r{number}", f"n != {number}", action="WARN") for number in range(150)]
    rows = [(str(number), None, str(number), None, None) for number in range(1, 150)]
    _found, faults = checked(rows, *rules, options=CheckOptions(TODAY, rows_at_once=40))
    assert faults == {number: [f"r{number}"] for number in range(1, 150)}


def test_missing_columns_are_told_and_their_rules_judge_nothing():
    contract = contract_of(
        spec(QualityRule("r", "a == 'x'"), QualityRule("s", "n > 1 or a == 'x'"))
    )
    with tabular_open() as connection:
        connection.execute("create temp table t as select 1 as line, '1' as n, 'x' as b").fetchall()
        found = contract_check(connection, "t", contract, options=CheckOptions(TODAY))
    assert (found.missing, found.extra) == (("id", "name", "d", "a"), ("b",))
    assert (found.count("r").judged, found.count("s").judged) == (0, 0)
    assert found.stops == ("columns",)


def test_fields_with_any_name_are_read():
    fields = (FieldSpec('a "b"; drop', "甲", type="I"), FieldSpec("从 数量", "乙"))
    rule = QualityRule("r", "row['a \"b\"; drop'] > 1 and row['从 数量'] == 'x'")
    _found, faults = checked([("2", "x"), ("1", "x")], rule, fields=fields)
    assert faults == {2: ["r"]}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (QualityRule("x", "b > 1"), "b is not a field"),
        (QualityRule("x", "n >"), "invalid syntax"),
        (QualityRule("x", kind="NEW", fields=("n",)), "no kind"),
        (QualityRule("x", kind="VALID", that="shoe", fields=("n",)), "no such check"),
        (QualityRule("x", kind="VALID", that="period", fields=("d",)), "takes 2"),
        (QualityRule("x", kind="UNIQUE", fields=("zz",)), "no field zz"),
        (QualityRule("x", kind="VOLUME", that="many"), "above 0"),
        (QualityRule("x", "n > 1", action="SHOOT"), "no action"),
        (QualityRule("x", "n > 1", stop_share=2), "between 0 and 1"),
        (QualityRule("x", kind="REFERENCE", that="nowhere", fields=("a",)), "<resource code>"),
    ],
)
def test_a_rule_that_cannot_be_checked_is_refused_with_its_key(rule, words):
    with pytest.raises(ContractInvalid) as caught:
        contract_of(spec(rule))
    assert caught.value.rule == "x"
    assert words in caught.value.reason


DIGITS = st.text("0123456789", min_size=17, max_size=17)
BORN = st.dates(datetime.date(1890, 1, 1), datetime.date(2030, 1, 1)).map(lambda d: f"{d:%Y%m%d}")
REAL = st.tuples(st.sampled_from(["320508", "110105"]), BORN, st.integers(0, 999)).map(
    lambda p: f"{p[0]}{p[1]}{p[2]:03d}"
)
NUMBERS = st.one_of(
    REAL.map(lambda first: first + id_number_check(first)),
    REAL.map(lambda first: (first + id_number_check(first)).lower()),
    DIGITS.map(lambda first: first + id_number_check(first)),
    st.tuples(REAL, st.sampled_from("0123456789Xx")).map(lambda p: p[0] + p[1]),
    st.sampled_from(
        ["", " 2050819850101123X", "1234567890123456e2", "12345678901234e2XX", "32050819850101123",
         "320508198502301235", "32050819850101123４", "+2050819850101123X", "123456789012345e2X",
         "3205081985_0101234", "32050819000229123X", "320508200002291236", "32050819850101123.",
         "1500000e004", "15638296218", "１５６３８２９６２１８", "1563829621", "13800138000",
         "91320508MA1XYW01XY", "N2320509MF0012348W", "N2320509MF0012348X", "6222021000112233449"]
    ),
)  # fmt: skip


@pytest.mark.heavy
@settings(max_examples=60)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=40))
def test_identifiers_are_checked_as_the_sdk_does(numbers):
    fields = (FieldSpec("x", "号"),)
    kinds = {
        "id_number": lambda text: id_number_valid(text, today=TODAY),
        "mobile": mobile_valid,
        "uscc": uscc_valid,
        "bank_card": luhn_valid,
    }
    rules = [QualityRule(kind, kind="VALID", that=kind, fields=("x",)) for kind in kinds]
    _found, faults = checked([(number,) for number in numbers], *rules, fields=fields)
    for line, number in enumerate(numbers, start=1):
        wrong = [kind for kind, holds in kinds.items() if not holds(number)]
        assert faults.get(line, []) == wrong, number


@settings(max_examples=40)
@given(body=st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_credit_codes_of_any_letters_are_checked_as_the_sdk_does(body):
    from yiwang.resources.quality.validators import uscc_holds

    code = body + uscc_check(body)
    assert uscc_holds([code, code[::-1], None, ""]).tolist() == [
        uscc_valid(code), uscc_valid(code[::-1]), False, False,
    ]  # fmt: skip


def test_birth_date_and_sex_are_those_of_the_identity_number():
    fields = (FieldSpec("i", "号"), FieldSpec("b", "生日", type="D"), FieldSpec("s", "性别"))
    rules = (
        QualityRule("born", kind="VALID", that="id_number_birth", fields=("i", "b")),
        QualityRule("sex", kind="VALID", that="id_number_sex", fields=("i", "s")),
    )
    rows = [
        ("320508198501011234", "1985-01-01", "1"),
        ("320508198501011234", "1985-01-02", "2"),
        (None, "1985-01-02", "2"),
        ("11010519491231002X", "1949-12-31", "2"),
        ("11010519491231002X", None, "9"),
    ]
    _found, faults = checked(rows, *rules, fields=fields)
    assert faults == {2: ["born", "sex"]}
