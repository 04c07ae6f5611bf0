"""Conditions compiled to SQL answer as the interpreter does, row by row."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.tabular.door import tabular_open
from yiwang.resources.quality.compiling import Operand, condition_compile
from yiwang.sdk import expressions
from yiwang.sdk.expressions import ExpressionError

TODAY = datetime.date(2026, 11, 21)
FIELDS = {
    "n": ("INT", "double"),
    "m": ("INT", "double"),
    "x": ("FLOAT", "double"),
    "s": ("TEXT", "varchar"),
    "t": ("TEXT", "varchar"),
    "d": ("DATE", "date"),
    "e": ("DATE", "date"),
    "at": ("TIME", "timestamp"),
    "b": ("BOOL", "boolean"),
}
OPERANDS = {name: Operand(kind, f'"{name}"') for name, (kind, _) in FIELDS.items()}
TEXTS = st.sampled_from(
    ["", "a", "ab", "甲", "甲乙", "O'Neil", "$c0", "1", "2026-11-21", "20261121", "2026-W47-6",
     "2026W476", "2026-13-01", "2026-02-30", "2026-11-21T08:00", "0000-01-01", "2020-W53-7",
     "2021-W53-1", "2026-W47", "20261121x"]
)  # fmt: skip
DAYS = st.sampled_from(
    [datetime.date(*day) for day in
     [(2026, 11, 21), (2024, 2, 29), (2025, 2, 28), (1961, 11, 22), (1, 1, 1), (9999, 12, 31)]]
)  # fmt: skip
ROWS = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-1000, 1000),
        "m": st.none() | st.integers(-3, 3),
        "x": st.none() | st.sampled_from([0.0, 0.5, 2.5, -2.5, 0.1, 1.005, 99.99, -7.0]),
        "s": st.none() | TEXTS,
        "t": st.none() | TEXTS,
        "d": st.none() | DAYS,
        "e": st.none() | DAYS,
        "at": st.none() | DAYS.map(lambda day: datetime.datetime(day.year, day.month, day.day, 8)),
        "b": st.none() | st.booleans(),
    }
)
ATOMS = {
    "number": st.sampled_from(["n", "m", "x", "0", "1", "2.5", "7", "-1"]),
    "text": st.sampled_from(["s", "t", "'a'", "''", "'甲'", "'2026-11-21'", "row.s", "row['t']"]),
    "day": st.sampled_from(["d", "e", "at", "today", "date('2024-02-29')", "date(s)", "date(t)"]),
    "truth": st.sampled_from(["b", "true", "false"]),
}


def numbers(inner):
    one = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner)
    return st.one_of(
        one.map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda a: f"abs({a})"),
        inner.map(lambda a: f"round({a})"),
        inner.map(lambda a: f"round({a}, 2)"),
        inner.map(lambda a: f"-{a}"),
        st.tuples(inner, inner).map(lambda p: f"min({p[0]}, {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"max([{p[0]}, {p[1]}])"),
        st.tuples(inner, inner).map(lambda p: f"sum([{p[0]}, {p[1]}, null])"),
        ATOMS["text"].map(lambda a: f"len({a})"),
        st.tuples(ATOMS["day"], ATOMS["day"]).map(lambda p: f"years_between({p[0]}, {p[1]})"),
        st.tuples(ATOMS["day"], ATOMS["day"]).map(lambda p: f"({p[0]} - {p[1]})"),
    )


NUMBERS = st.recursive(ATOMS["number"], numbers, max_leaves=4)
SOME_DAYS = ATOMS["day"] | st.tuples(ATOMS["day"], st.sampled_from(["n", "m", "40000000"])).map(
    lambda p: f"({p[0]} + {p[1]})"
)
SOME_TEXTS = ATOMS["text"] | st.tuples(ATOMS["text"], ATOMS["text"]).map(
    lambda p: f"({p[0]} + {p[1]})"
)
ANY = st.one_of(NUMBERS, SOME_DAYS, SOME_TEXTS, ATOMS["truth"], st.just("null"))
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
TESTS = st.one_of(
    st.tuples(ANY, SIGNS, ANY).map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
    st.tuples(SOME_DAYS, SIGNS, SOME_DAYS).map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
    st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda p: f"{p[0]} <= {p[1]} < {p[2]}"),
    st.tuples(ANY, ANY, ANY).map(lambda p: f"{p[0]} in [{p[1]}, {p[2]}]"),
    st.tuples(SOME_TEXTS, SOME_TEXTS).map(lambda p: f"{p[0]} not in {p[1]}"),
    ANY,
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        inner.map(lambda a: f"not ({a})"),
        st.tuples(inner, inner, inner).map(lambda p: f"(({p[0]}) if ({p[1]}) else ({p[2]}))"),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def connection():
    connection = tabular_open()
    columns = ", ".join(f'"{name}" {kind}' for name, (_, kind) in FIELDS.items())
    connection.execute(f"create temp table rows (line integer, {columns})").fetchall()
    yield connection
    connection.close()


@settings(max_examples=120)
@given(condition=CONDITIONS, rows=st.lists(ROWS, min_size=1, max_size=6))
def test_a_compiled_condition_answers_as_the_interpreter_does(connection, condition, rows):
    try:
        compiled = condition_compile(condition, OPERANDS, today=TODAY)
    except ExpressionError:
        return  # of two kinds at once: refused with its place
    connection.execute("delete from rows").fetchall()
    holders = ", ".join("?" for _ in range(len(FIELDS) + 1))
    connection.executemany(
        f"insert into rows values ({holders})",
        [(line, *(row[name] for name in FIELDS)) for line, row in enumerate(rows)],
    )
    answered = connection.execute(
        f"select {compiled.sql} from rows order by line", compiled.parameters or None
    ).fetchall()
    expression = expressions.compile(condition)
    expected = [(bool(expression.evaluate({**row, "row": row, "today": TODAY})),) for row in rows]
    assert answered == expected, compiled.sql


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("missing > 1", 1, "missing is not a field"),
        ("n > 1 and s[0] == 'a'", 11, "indexed"),
        ("s.part == 'a'", 1, "row.field"),
        ("[n, m] == [1, 2]", 1, "lists cannot be compared"),
        ("(n or s) == 1", 2, "one kind"),
        ("min(n, s) == 1", 1, "one kind"),
        ("round(n, m) == 1", 1, "digits"),
        ("n == 9007199254740993", 6, "not exact"),
        ("open('x')", 1, "not a function"),
    ],
)
def test_what_sql_cannot_answer_is_refused_with_its_place(text, column, words):
    with pytest.raises(ExpressionError) as caught:
        condition_compile(text, OPERANDS, today=TODAY)
    assert (caught.value.line, caught.value.column) == (1, column)
    assert words in caught.value.reason


def test_texts_of_people_are_parameters_and_never_part_of_the_statement():
    compiled = condition_compile("s == 'x\\'); drop table rows; --'", OPERANDS, today=TODAY)
    assert "drop" not in compiled.sql
    assert list(compiled.parameters.values()) == ["x'); drop table rows; --"]
    assert compiled.fields == ("s",)
