"""Tables: hit policies, which rules fired, gaps and overlaps checked against trying every value."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.decisions.analysis import table_analyse
from yiwang.engines.decisions.evaluation import Engine
from yiwang.engines.decisions.feel.nodes import Literal, Name, Scope
from yiwang.engines.decisions.feel.scope import everything
from yiwang.engines.decisions.feel.syntax import parse_tests
from yiwang.engines.decisions.model import DecisionModelInvalid, DecisionUnknown, model_read
from yiwang.engines.decisions.tables import TRACE, Column, DecisionTable, Fired, Output, Rule

NUMBER_CELLS = ("-", "< 10", ">= 10", "[10..20]", "> 20", "not(15)", "10, 20", "(10..20)", "= 15")
TEXT_CELLS = ("-", '"a"', '"b"', '"a", "b"', 'not("a")', 'not("a", "b")')


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


@given(
    st.lists(
        st.tuples(st.sampled_from(NUMBER_CELLS), st.sampled_from(TEXT_CELLS)),
        min_size=1,
        max_size=6,
    )
)
def test_gaps_and_overlaps_are_those_that_trying_every_value_finds(rows):
    made = table("UNIQUE", *((*row, str(n)) for n, row in enumerate(rows)))
    numbers = [Decimal(n) for n in (5, 10, 12, 15, 17, 20, 25)]
    gaps, overlaps = set(), set()
    for number, text in product(numbers, ("a", "b", "other")):
        _found, fired = answer(made, number, text)
        if not fired.rules:
            gaps.add((number, text))
        elif len(fired.rules) > 1:
            overlaps.add(fired.rules)

    found = table_analyse(made)
    kinds = {one.kind for one in found}
    named = {"a" in str(row) or "b" in str(row) for row in rows}
    assert ("GAP" in kinds) == bool(gaps) or named == {False}
    assert {one.rules for one in found if one.kind == "OVERLAP"} == overlaps


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
