"""FEEL by examples of our own: what a person who writes a table meets."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.decisions.feel.scope import everything, function_names
from yiwang.engines.decisions.feel.syntax import FeelInvalid, Scope, parse, parse_tests
from yiwang.engines.decisions.feel.temporal import date_of, ordinal_of
from yiwang.engines.decisions.feel.values import text_of


def value(text: str, **names: object) -> object:
    """Evaluate a text with FEEL's functions and these names."""
    known = function_names() | {name for name in names if not name.isidentifier()}
    return parse(text, frozenset(known)).evaluate(Scope(names, everything()))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1 + 2 * 3", "7"),
        ("0.1 + 0.2 = 0.3", "true"),
        ("10 / 4", "2.5"),
        ("1 / 0", None),
        ('"区" + "县"', "区县"),
        ('date("2026-11-21") + duration("P1M")', "2026-12-21"),
        ('date("2024-01-31") + duration("P1M")', "2024-02-29"),
        ('date("2026-11-21") - date("2026-11-01")', "P20D"),
        ('@"2026-11-21".weekday', "6"),
        ('years and months duration(@"1960-03-04", @"2026-11-21").years', "66"),
        ("count([1, 2, 3][item > 1])", "2"),
        ("[{kind: 1}, {kind: 2}].kind", "[1, 2]"),
        ("for x in 1..3, y in [10, 20] return x * y", "[10, 20, 20, 40, 30, 60]"),
        ("some x in [1, 2] satisfies x > 1", "true"),
        ("every x in [] satisfies x > 1", "true"),
        ("if null then 1 else 2", "2"),
        ("null > 1", None),
        ("true or null", "true"),
        ("false and null", "false"),
        ("5 in (< 3, [5..6])", "true"),
        ('matches("320508199001011234", "^\\d{17}[\\dX]$")', "true"),
        ('string join(["甲", "乙"], "、")', "甲、乙"),
        ("sort([3, 1, 2], function(a, b) a > b)", "[3, 2, 1]"),
        ('substring("统一社会信用代码", 3, 2)', "社会"),
        ("decimal(2.345, 2)", "2.34"),
        ("1e1000000 + 1", None),
    ],
)
def test_an_expression_gives(text, written):
    assert text_of(value(text)) == written


def test_names_have_blanks_and_signs():
    assert value("Monthly Salary * 12", **{"Monthly Salary": Decimal(3)}) == 36
    assert value("办件-数 - 办件", **{"办件-数": Decimal(5), "办件": Decimal(2)}) == 3


@pytest.mark.parametrize("text", ["1 +", "(1", "if 1 then 2", "{a 1}", "x[", "for in 3", "1 2"])
def test_what_is_not_feel_is_refused_with_its_place(text):
    with pytest.raises(FeelInvalid, match="Column"):
        parse(text)


@pytest.mark.parametrize(
    ("cell", "holds", "fails"),
    [
        ("-", 1, None),
        (">= 60", 60, 59),
        ("[18..60)", 18, 60),
        ("1, 2", 2, 3),
        ("not(1, 2)", 3, 2),
        ("? > 1 and ? < 3", 2, 3),
    ],
)
def test_a_cell_holds(cell, holds, fails):
    tests = parse_tests(cell)

    assert tests.evaluate(Scope({"?": Decimal(holds)}, everything())) is True
    if fails is not None:
        assert tests.evaluate(Scope({"?": Decimal(fails)}, everything())) is False


@given(st.integers(-365 * 5000, 365 * 5000))
def test_days_and_their_numbers_agree(ordinal):
    day = date_of(ordinal)

    assert ordinal_of(day.year, day.month, day.day) == ordinal


NUMBERS = st.decimals(-(10**6), 10**6, places=3)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_decimal_arithmetic_is_exact(a, b, c):
    names = {"a": a, "b": b, "c": c}

    assert value("a * (b + c) = a * b + a * c", **names) is True
    assert value("a - b = -(b - a)", **names) is True


@given(st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text("ab \"\\\n区", max_size=5),
    lambda inner: st.lists(inner, max_size=3), max_leaves=8,
))  # fmt: skip
def test_what_string_writes_can_be_read_again(item):
    written = text_of([item])

    assert parse(written.replace("\n", "\\n")).evaluate(everything()) == [item]


@pytest.mark.parametrize(
    ("owner", "signature", "call", "written"),
    [
        ("java.lang.Math", "pow(double, double)", "f(2, 10)", "1024"),
        ("java.lang.Math", "abs(float)", "f(-456.78)", "456.78"),
        ("java.lang.Byte", "valueOf(byte)", "f(128)", None),
        ("java.lang.Integer", "parseInt(java.lang.String)", 'f("12x")', None),
        ("java.lang.Math", "exp(double)", "f(10000)", None),
        ("java.lang.String", "format(java.lang.String, [Ljava.lang.Object;)",
         'f("%s-%05.1f%%", 2.25)', None),
        ("java.lang.String", "format(java.lang.String, [Ljava.lang.Object;)",
         'f("%05.1f%%", 2.25)', "002.2%"),
        ("java.lang.System", "exit(int)", "f(1)", None),
        ("java.lang.Runtime", "getRuntime()", "f()", None),
        ("java.lang.Math", "__class__()", "f()", None),
    ],
)  # fmt: skip
def test_an_external_function_is_a_pure_one_of_java_lang_or_null(owner, signature, call, written):
    names = ", ".join("abcd"[: call.count(",") + (call != "f()")])
    text = (
        f'{{f: function({names}) external {{java: {{class: "{owner}", method signature: '
        f'"{signature}"}}}}, r: {call}}}.r'
    )
    assert text_of(value(text)) == written
