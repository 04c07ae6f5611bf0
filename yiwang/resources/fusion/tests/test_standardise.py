"""Standardising: identifiers exactly as the validators of the sdk have them, each declared format."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.tabular.door import tabular_open, to_spark
from yiwang.resources.fusion.checks import (
    id_keys,
    id_numbers,
    organisation_codes,
    organisation_keys,
)
from yiwang.resources.fusion.plans import PLANS
from yiwang.resources.fusion.sql import FORMATS, select_compile
from yiwang.resources.fusion.tests.made import ONE, PLAN, TODAY
from yiwang.sdk.identifiers import (
    id_number_check,
    id_number_make,
    id_number_upgrade,
    id_number_valid,
    org_code_check,
    uscc_make,
    uscc_valid,
)

DATES = st.dates(date(1800, 1, 1), date(2029, 12, 31))
VALID = st.builds(id_number_make, st.integers(100000, 999999).map(str), DATES, st.integers(0, 999))
ANY_DIGITS = st.text("0123456789", min_size=17, max_size=17).map(lambda t: t + id_number_check(t))
TYPED = st.text("0123456789Xxe+-._ １", min_size=0, max_size=19)  # noqa: RUF001
BROKEN = st.builds(
    lambda text, place, letter: text[:place] + letter + text[place + 1 :],
    VALID,
    st.integers(0, 17),
    st.sampled_from("0123456789Xxe+ "),
)
ZERO_CHECK = "110105194912310020"
OLD = st.text("0123456789", min_size=15, max_size=15)


def keys_of(texts: list[str]) -> list[int]:
    """Standardise class 1 over these identity numbers and return the keys."""
    columns = {"id_number": pa.array(texts, pa.string()), "row_no": np.arange(len(texts))}
    columns["updated_at"] = pa.array([0] * len(texts), pa.timestamp("s"))
    for field, form in ONE.formats.items():
        kind = pa.date32() if form == "DATE" else pa.string()
        columns[field] = pa.nulls(len(texts), kind)
    with tabular_open() as connection:
        connection.register("made", pa.table(columns))
        query = select_compile(PLAN, ONE, "made", today=TODAY)
        keys = [row[0] for row in connection.execute(query).fetchall()]
    assert id_keys(pa.array(texts, pa.string()), today=TODAY)[0].tolist() == keys
    return keys


def expected_key(text: str) -> int:
    """Say by the sdk alone what key a number has."""
    text = text.strip(" ")
    if len(text) == 15:
        try:
            text = id_number_upgrade(text)
        except ValueError:
            return 0
    return int(text[:17]) if id_number_valid(text, today=TODAY) else 0


@settings(max_examples=60)
@given(st.lists(VALID | ANY_DIGITS | TYPED | BROKEN | OLD, min_size=1, max_size=40))
def test_a_number_holds_in_sql_and_over_columns_exactly_when_the_validator_says_so(texts):
    assert keys_of(texts) == [expected_key(text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "19000229", "20000229", "19990229", "21000229", "20041131", "20041130", "20261101", "20261102",
        "00000101", "00010101", "20041301", "20040001", "20040100", "20040132", "18000229",
    ],
)  # fmt: skip
def test_the_date_inside_a_number_must_be_a_real_day_that_has_come(text):
    first17 = f"320508{text}123"
    number = first17 + id_number_check(first17)
    assert keys_of([number]) == [int(first17) if id_number_valid(number, today=TODAY) else 0]


def test_what_holds_no_number_is_handed_on_as_it_was_written():
    texts = pa.array([ZERO_CHECK, None, " 12 ", "11010519491231002X", "", "中" * 6], pa.string())
    for array in (texts, texts.slice(1)):
        keys, rest, written = id_keys(array, today=TODAY)
        found = zip(rest.tolist(), written.to_pylist(), strict=True)
        assert np.flatnonzero(keys == 0).tolist() == rest.tolist()
        assert dict(found) == {
            place: (text or "").strip(" ")
            for place, text in enumerate(array.to_pylist())
            if text != "11010519491231002X"
        }
    assert id_keys(texts.slice(0, 0), today=TODAY)[0].tolist() == []


def test_a_number_of_the_standard_is_read_in_every_form():
    texts = ["11010519491231002X", "11010519491231002x", " 11010519491231002X ", "110105491231002"]
    assert keys_of(texts) == [11010519491231002] * 4
    assert id_numbers(np.array([11010519491231002])).to_pylist() == ["11010519491231002X"]


BODIES = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8)
CODES = st.builds(
    uscc_make, st.sampled_from("19AN5Y"), st.sampled_from("129"),
    st.integers(100000, 999999).map(str), BODIES,
)  # fmt: skip
BROKEN_CODES = st.builds(
    lambda code, place, letter: code[:place] + letter + code[place + 1 :],
    CODES,
    st.integers(0, 17),
    st.sampled_from("0189AIOSVZXY中"),
)
OLD_CODES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8).map(
    lambda body: body + org_code_check(body)
)


@given(st.lists(CODES | BROKEN_CODES | OLD_CODES | st.text("0AZ-é", max_size=18), min_size=1))
def test_organisations_are_known_exactly_by_codes_that_hold(codes):
    keys = organisation_keys(pa.array(codes, pa.string()))
    for code, key in zip(codes, keys.tolist(), strict=True):
        plain = code.replace("-", "")
        bare = len(plain) == 9 and plain.isascii() and plain.isalnum() and plain.upper() == plain
        holds = uscc_valid(plain) or (bare and org_code_check(plain[:8]) == plain[8])
        assert bool(key) == holds, code
        if holds:
            body = plain[8:17] if len(plain) == 18 else plain
            assert organisation_codes(np.array([key])).to_pylist() == [body]


@pytest.mark.parametrize(
    ("kind", "form", "typed", "kept"),
    [
        ("NAME", "CLEAN", "张三  ", "张三"),
        ("NAME", "TYPED", " 张\u3000峯 ", "张峰"),
        ("NAME", "TYPED", "阿依古丽•买买提", "阿依古丽·买买提"),
        ("NAME", "TYPED", "ＭＡＲＩＡ", "MARIA"),  # noqa: RUF001
        ("ADDRESS", "PROVINCE", "江苏省苏州市姑苏区1号楼2室", "姑苏区1幢2室"),
        ("ADDRESS", "CITY", "苏州市姑苏区1幢2室", "姑苏区1幢2室"),
        ("ADDRESS", "BARE", "姑苏区1号楼2室", "姑苏区1幢2室"),
        ("CODE", "SEX_TEXT", "女", 2),
        ("CODE", "CODE", "01", 1),
        ("CODE", "CODE", "x", None),
        ("DATE", "ISO", "0001-01-02", 1),
        ("DATE", "COMPACT", "00010102", 1),
        ("DATE", "SLASH", "0001/01/02", 1),
        ("DATE", "CHINESE", "0001年01月02日", 1),
        ("DATE", "COMPACT", "20230230", None),
        ("PHONE", "DIGITS", "16412345678", 16412345678),
        ("PHONE", "TYPED", "164 1234 5678", 16412345678),
        ("PHONE", "TYPED", "0512-65211234", 51265211234),
        ("PHONE", "TYPED", "１６４１２３４５６７８", 16412345678),  # noqa: RUF001
    ],
)
def test_each_declared_format_is_read_as_it_is_written(kind, form, typed, kept):
    expression = FORMATS[kind, form].replace("{c}", "c")
    with tabular_open() as connection:
        [(found,)] = connection.execute(
            f"select {expression} from (select ? as c)", [typed]
        ).fetchall()
    assert found == kept


@pytest.mark.parametrize("what", sorted(PLANS))
def test_every_standardising_statement_of_the_plans_has_a_form_in_spark(what):
    plan = PLANS[what]()
    for source in plan.sources:
        sql = to_spark(select_compile(plan, source, "records", today=date(2026, 11, 1)))
        assert " DIV " in sql or plan.identifier == "USCC"
