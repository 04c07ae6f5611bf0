"""Tables: hit policies, which rules fired, gaps and overlaps checked against trying every value."""

import re
from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.decisions.analysis import table_analyse
from yiwang.engines.decisions.evaluation import Engine
from yiwang.engines.decisions.feel.nodes import Literal, Name, Scope
from yiwang.engines.decisions.feel.scope import everything
from yiwang.engines.decisions.feel.syntax import parse_tests
from yiwang.engines.decisions.model import DecisionModelInvalid, DecisionUnknown, model_read
from yiwang.engines.decisions.tables import TRACE, Column, DecisionTable, Fired, Output, Rule


def table(policy: str, *rows: tuple[str, ...]) -> DecisionTable:
    """Make a table of cells; the last of a row is its result."""
    width = len(rows[0]) - 1
    return DecisionTable(
        "fee",
        policy,
        "",
        [Column(f"x{place}", Name(f"x{place}")) for place in range(width)],
        [Output("fee")],
        [
            Rule(number, [parse_tests(cell) for cell in row[:-1]], [Literal(row[-1])])
            for number, row in enumerate(rows, start=1)
        ],
    )


def answer(made: DecisionTable, *values: object) -> tuple[object, Fired]:
    """Return the result and what fired."""
    trace: list[Fired] = []
    names = {f"x{place}": value for place, value in enumerate(values)}
    found = made.evaluate(Scope({**names, TRACE: trace}, everything()))
    return found, trace[0]


def test_unique_says_which_rules_contradict_each_other():
    made = table("UNIQUE", ("< 60", "full"), ("[18..60)", "adult"))

    assert answer(made, Decimal(10)) == ("full", Fired("fee", (("x0", Decimal(10)),), (1,)))
    found, fired = answer(made, Decimal(20))
    assert (found, fired.rules) == (None, (1, 2))
    assert fired.problem == "rules 1, 2 match at once, and the policy is UNIQUE"


def test_a_gap_and_an_overlap_are_named_with_their_place():
    made = table(
        "UNIQUE", ("< 18", "child"), ("[18..60]", "adult"), (">= 60", "elder"), ("null", "none")
    )

    assert [(one.kind, one.rules, one.where) for one in table_analyse(made)] == [
        ("OVERLAP", (2, 3), ("60",)),
        ("UNREACHED", (4,), ()),
    ]
    assert [one.where for one in table_analyse(table("UNIQUE", ("< 18", "a"), ("> 18", "b")))] == [
        ("18",)
    ]


def test_a_rule_behind_a_wider_one_is_never_reached():
    made = table("FIRST", ("-", "any"), ("> 5", "five"))

    assert [(one.kind, one.rules) for one in table_analyse(made)] == [("UNREACHED", (2,))]


# Every cell with what it means, said again in Python: the engine is not asked.
def _n(text):
    return Decimal(text)


CELLS = {
    "number": {
        "-": lambda v: True, "< 10": lambda v: v < 10, ">= 10": lambda v: v >= 10,
        "[10..20]": lambda v: 10 <= v <= 20, "> 20": lambda v: v > 20, "not(15)": lambda v: v != 15,
        "10, 20": lambda v: v in (10, 20), "(10..20)": lambda v: 10 < v < 20, "= 15": lambda v: v == 15,
        "]10..15]": lambda v: 10 < v <= 15, "< 10, > 20": lambda v: v < 10 or v > 20,
        "not([10..15), 20)": lambda v: not (10 <= v < 15 or v == 20), "!= 10": lambda v: v != 10,
    },
    "name": {
        "-": lambda v: True, '"a"': lambda v: v == "a", '"a", "b"': lambda v: v in ("a", "b"),
        'not("a")': lambda v: v != "a", 'not("a", "b")': lambda v: v not in ("a", "b"),
        '!= "b"': lambda v: v != "b",
    },
    "text": {
        "-": lambda v: True, '< "m"': lambda v: v < "m", '>= "m"': lambda v: v >= "m",
        '["c".."m"]': lambda v: "c" <= v <= "m", '"c"': lambda v: v == "c", 'not("m")': lambda v: v != "m",
    },
    "truth": {
        "-": lambda v: True, "true": lambda v: v, "false": lambda v: not v, "not(true)": lambda v: not v,
    },
    "day": {
        "-": lambda v: True,
        '< date("2026-02-01")': lambda v: v < date(2026, 2, 1),
        '>= @"2026-02-01"': lambda v: v >= date(2026, 2, 1),
        '[date("2026-02-01")..date("2026-03-01"))': lambda v: date(2026, 2, 1) <= v < date(2026, 3, 1),
        'not(@"2026-03-01")': lambda v: v != date(2026, 3, 1),
    },
}  # fmt: skip
SAMPLES = {
    "number": [Decimal(n) for n in ("5", "10", "12", "15", "17", "20", "25")],
    "name": ["a", "b", "other"],
    "text": ["a", "c", "d", "m", "z"],
    "truth": [False, True],
    "day": [date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 7), date(2026, 3, 1), date(2026, 4, 1)],
}  # fmt: skip


@st.composite
def _tables(draw):
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=3))
    row = st.tuples(*(st.sampled_from(list(CELLS[kind])) for kind in kinds))
    return kinds, draw(st.lists(row, min_size=1, max_size=6))


def _covers(text: str, kind: str, value: object, cells: list[str]) -> bool:
    """Tell whether a place of a finding, in words, has a value in it: its ends are read again."""
    if text == "-":
        return True
    order = SAMPLES[kind]
    if kind in ("name", "text") and not re.search(r"[<>]|\.\.", " ".join(cells)):
        # without an order that matters names stand as they are met
        met = dict.fromkeys(re.findall(r'"(\w+)"', " ".join(cells)))
        order = [*met, *(one for one in order if one not in met)]
    first, _, last = text.partition(" … ")
    begin, end = (
        [place for place, one in enumerate(order) if _in_segment(part, kind, one)]
        for part in (first, last or first)
    )
    return bool(begin) and bool(end) and begin[0] <= order.index(value) <= end[-1]


def _in_segment(text: str, kind: str, value: object) -> bool:
    if text.startswith("other than"):
        return all(f'"{value}"' != one for one in text.removeprefix("other than ").split(", "))
    if text[0] in "<>":
        end = _read(text[2:], kind)
        return value < end if text[0] == "<" else value > end
    if text[0] == "(":
        low, high = text[1:-1].split("..")
        return _read(low, kind) < value < _read(high, kind)
    return value == _read(text, kind)


def _read(text: str, kind: str) -> object:
    if kind == "number":
        return Decimal(text)
    if kind == "day":
        return date.fromisoformat(re.search(r"\d{4}-\d\d-\d\d", text)[0])
    return text == "true" if kind == "truth" else text.strip('"')


@given(_tables())
@settings(max_examples=60, deadline=None)
def test_gaps_overlaps_and_unreached_rules_are_those_that_trying_every_value_finds(made):
    kinds, rows = made
    analysed = table("UNIQUE", *((*row, str(n)) for n, row in enumerate(rows)))
    found = table_analyse(analysed)
    gaps = [one.where for one in found if one.kind == "GAP"]
    overlaps = {one.rules for one in found if one.kind == "OVERLAP"}
    seen, reached = set(), set()
    for values in product(*(SAMPLES[kind] for kind in kinds)):
        holding = tuple(
            number
            for number, row in enumerate(rows, start=1)
            if all(CELLS[k][cell](v) for k, cell, v in zip(kinds, row, values, strict=True))
        )
        reached |= set(holding)
        if len(holding) > 1:
            seen.add(holding)
        inside = [
            all(
                _covers(text, kind, value, [row[place] for row in rows])
                for place, (text, kind, value) in enumerate(zip(where, kinds, values, strict=True))
            )
            for where in gaps
        ]
        assert sum(inside) == (0 if holding else 1), (values, holding, gaps)
    assert overlaps == seen
    unreached = {one.rules[0] for one in found if one.kind == "UNREACHED"}
    assert unreached == set(range(1, len(rows) + 1)) - reached


def test_a_rule_that_a_better_one_always_hides_is_never_reached():
    made = table("PRIORITY", ("> 5", "low"), ("> 3", "high"))
    made.outputs[0].ranks = [Literal("high"), Literal("low")]
    assert [(one.kind, one.rules) for one in table_analyse(made) if one.kind != "GAP"] == [
        ("UNREACHED", (1,))
    ]


def test_a_cell_that_cannot_be_looked_into_neither_hides_nor_contradicts():
    first = table("FIRST", ("? * 2 > 10", "a"), ("-", "b"))
    assert [(one.kind, one.rules) for one in table_analyse(first)] == [("OPAQUE", (1,))]
    only = table("UNIQUE", ("? * 2 > 10", "a"), ("<= 5", "b"))
    assert [one.kind for one in table_analyse(only)] == ["OPAQUE"]


MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="fees" namespace="urn:fees">
<inputData id="i" name="Age"><variable name="Age" typeRef="number"/></inputData>
<decision id="d" name="Fee"><variable name="Fee" typeRef="number"/>
<informationRequirement><requiredInput href="#i"/></informationRequirement>
<literalExpression><text>{text}</text></literalExpression></decision></definitions>"""


def test_a_broken_expression_is_named_and_null():
    engine = Engine(model_read(MODEL.format(text="Age *").encode()))

    assert engine.problems == ["Column 6 of “Age *”: something is missing at the end"]
    assert engine.decide("Fee", {"Age": Decimal(3)}).value is None


def test_a_decision_that_is_not_there_is_named_with_those_that_are():
    engine = Engine(model_read(MODEL.format(text="Age * 2").encode()))

    assert engine.decide("Fee", {"Age": Decimal(3)}).value == 6
    with pytest.raises(DecisionUnknown, match="It has: Fee"):
        engine.decide("Tax", {})


@pytest.mark.parametrize("content", [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_is_no_model_is_refused(content):
    with pytest.raises(DecisionModelInvalid):
        model_read(content, file="x.dmn")
