"""The condition language: what it says, and that nothing gets out of it."""

import datetime
import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.sdk import expressions
from yiwang.sdk.expressions import ExpressionError
from yiwang.sdk.expressions import compile as compile_expression

TODAY = datetime.date(2026, 11, 21)
NAMES = {
    "age": 65,
    "today": TODAY,
    "kinds": ["A", "B"],
    "applicant": {"kind": "person", "birth_date": "1961-11-21", "name": "王"},
    "rows": [{"area": 12.5}, {"area": 7}],
    "outcomes": {"food": "AGREE"},
    "nothing": None,
}

VALUES = [
    ("1 + 2 * 3", 7),
    ("-age", -65),
    ("7 % 4", 3),
    ("1 / 0", None),
    ("1 % 0", None),
    ("'a' + 'b'", "ab"),
    ("'a' * 3", None),
    ("'%s' % 'x'", None),
    ("[1] + [2]", [1, 2]),
    ("missing", None),
    ("missing.deeper[3].x", None),
    ("missing + 1", None),
    ("missing < 3", False),
    ("missing >= 3", False),
    ("not missing", True),
    ("missing == null", True),
    ("nothing == None", True),
    ("missing != 'x'", True),
    ("'a' < 3", False),
    ("18 <= age < 70", True),
    ("18 <= age < 60", False),
    ("'A' in kinds", True),
    ("'C' not in kinds", True),
    ("'A' in missing", False),
    ("3 in 'abc'", False),
    ("applicant.kind == 'person'", True),
    ("applicant['kind'] == 'person'", True),
    ("rows[0].area + rows[1].area", 19.5),
    ("rows[9].area", None),
    ("len(rows)", 2),
    ("len(missing)", None),
    ("min(3, 1, missing)", 1),
    ("max([2, 5])", 5),
    ("max([])", None),
    ("max(1, 'a')", None),
    ("sum([1, 2, null])", 3),
    ("sum(['a'])", None),
    ("abs(0 - 4)", 4),
    ("round(2.5)", 3),
    ("round(1.005, 2)", 1.01),
    ("date('2026-02-30')", None),
    ("date('2026-01-01') < today", True),
    ("applicant.birth_date < today", True),
    ("today == '2026-11-21'", True),
    ("today != missing", True),
    ("today - date('2026-11-01')", 20),
    ("today + 1", datetime.date(2026, 11, 22)),
    ("today + 99999999", None),
    ("years_between(applicant.birth_date, today)", 65),
    ("years_between('2004-02-29', '2005-02-28')", 0),
    ("years_between(missing, today)", None),
    ("'yes' if age >= 60 else 'no'", "yes"),
    ("outcomes.food == 'AGREE' and outcomes.fire == 'AGREE'", False),
    ("true and not false", True),
    ("age > 60\n  and kinds", ["A", "B"]),
    ("applicant.get", None),
]

ATTACKS = [
    "__import__('os')",
    "().__class__.__mro__",
    "applicant.__class__",
    "applicant.get('kind')",
    "''.join(['a'])",
    "(lambda: 1)()",
    "[x for x in rows]",
    "{**applicant}",
    "{'a': 1}",
    "f'{age}'",
    "age := 3",
    "(age := 3)",
    "open('/etc/passwd')",
    "eval('1')",
    "getattr(applicant, 'kind')",
    "len(rows, *rows)",
    "len(obj=rows)",
    "min(*rows)",
    "9 ** 9 ** 9",
    "1 << 99999999",
    "~1",
    "1 // 2",
    "a @ b",
    "rows[0:1]",
    "await x",
    "yield",
    "b'x'",
    "1j",
    "...",
    "a is b",
    "a; b",
    "a = 1",
    "import os",
    "'''a''' # x",
    "age # > 3",
    "((((" * 300,
    "not " * 400 + "a",
    "-" * 1500 + "1",
    "[" * 150 + "]" * 150,
    "+".join(["1"] * 900),
    "a" * 2001,
    "",
    "  ",
    "a\0b",
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_an_expression_has_its_value(text, value):
    assert compile_expression(text).evaluate(NAMES) == value


@pytest.mark.parametrize("text", ATTACKS)
def test_what_is_not_in_the_language_is_refused_with_its_place(text):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    assert caught.value.line >= 1
    assert caught.value.column >= 1


def test_the_place_of_an_error_counts_characters_not_bytes_and_lines_as_written():
    with pytest.raises(ExpressionError) as caught:
        compile_expression("名 == '王'\n and open('x')")
    assert (caught.value.line, caught.value.column) == (2, 6)
    assert str(caught.value) == "Line 2, column 6: open() is not a function of this language."


def test_an_expression_tells_what_it_reads():
    expression = compile_expression("a.b.c > 1 and years_between(d, today) > 2 and a.x")
    assert expression.names == {"a", "d", "today"}
    assert {"a.b.c", "a.x", "d", "today"} <= expression.paths


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(expressions).failed == 0


@given(st.text(max_size=80))
def test_any_text_compiles_or_is_refused_and_a_compiled_one_always_evaluates(text):
    try:
        expression = compile_expression(text)
    except ExpressionError:
        return
    expression.evaluate(NAMES)
    expression.evaluate({})


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.datetimes(),
    st.decimals(allow_nan=True),
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def _grown(inner):
    operators = st.sampled_from("+ - * / % == != < <= > >= in and or".split())
    functions = st.sampled_from(["len", "max", "min", "sum", "abs", "round", "date"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(functions, inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"years_between({p[0]}, {p[1]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]})[{p[1]}]"),
        inner.map(lambda p: f"(not {p})"),
        inner.map(lambda p: f"(-{p})"),
        inner.map(lambda p: f"[{p}, a]"),
        inner.map(lambda p: f"({p}).x"),
    )


_texts = st.recursive(
    st.sampled_from(["a", "b", "c", "1", "2.5", "'2026-01-01'", "null", "true", "today", "[]"]),
    _grown,
    max_leaves=10,
)


@given(_texts, _values, _values, _values)
def test_every_expression_of_the_language_is_total_over_any_data(text, a, b, c):
    try:
        expression = compile_expression(text)
    except ExpressionError:
        return
    names = {"a": a, "b": b, "c": c, "today": TODAY}
    expression.evaluate(names)
