"""`yw decide` as an integrator meets it: any line is answered, with all digits, and never with a traceback."""

import json
from decimal import Decimal

import pytest

from yiwang.engines.decisions.commands import check, decide, decide_batch
from yiwang.engines.decisions.evaluation import Engine
from yiwang.engines.decisions.interchange import json_of_value, json_text
from yiwang.engines.decisions.model import model_read

HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="m" namespace="urn:m">'
)
TYPES = {
    "n": "number", "s": "string", "b": "boolean", "d": "date", "t": "time", "dt": "dateTime",
    "du": "dayTimeDuration", "ym": "yearMonthDuration", "l": "tL", "p": "tP", "x": "Any", "y": "",
}  # fmt: skip


def decision(name: str, text: str, *needs: str, type_: str = "") -> str:
    required = "".join(
        f"<informationRequirement><requiredInput href='#{one}'/></informationRequirement>"
        for one in needs
    )
    own = f' typeRef="{type_}"' if type_ else ""
    return (
        f'<decision id="D{name}" name="{name}"><variable name="{name}"{own}/>{required}'
        f"<literalExpression><text>{text}</text></literalExpression></decision>"
    )


def inputs() -> str:
    made = []
    for name, type_ in TYPES.items():
        own = f' typeRef="{type_}"' if type_ else ""
        made.append(
            f'<inputData id="{name}" name="{name}"><variable name="{name}"{own}/></inputData>'
        )
    return "".join(made)


MODEL = f"""{HEAD}
<itemDefinition name="tL" isCollection="true"><typeRef>number</typeRef></itemDefinition>
<itemDefinition name="tP"><itemComponent name="name"><typeRef>string</typeRef></itemComponent>
<itemComponent name="born"><typeRef>date</typeRef></itemComponent></itemDefinition>
{inputs()}{"".join(decision(f"echo {name}", name, name) for name in TYPES)}
{decision("third", "n / 3", "n")}{decision("next day", 'dt + duration("P1D")', "dt")}
{decision("year", "x.year", "x")}{decision("age", 'years and months duration(p.born, @"2026-11-21").years', "p")}
<businessKnowledgeModel id="k" name="twice"><variable name="twice"/><encapsulatedLogic>
<formalParameter name="q" typeRef="number"/><literalExpression><text>q * 2</text></literalExpression>
</encapsulatedLogic></businessKnowledgeModel>
<decisionService id="sv" name="service"><variable name="service"/><outputDecision href="#Dthird"/><inputData href="#n"/></decisionService>
</definitions>"""


@pytest.fixture
def ask(tmp_path):
    file = tmp_path / "m.dmn"
    file.write_text(MODEL, encoding="utf-8")

    def batch(*lines: str | tuple[str, str]) -> tuple[int, list[str]]:
        said: list[str] = []
        texts = [
            line
            if isinstance(line, str)
            else f'{{"file": {json.dumps(str(file))}, "decision": "{line[0]}", "input": {line[1]}}}'
            for line in lines
        ]
        return decide_batch(texts, echo=said.append), said

    return batch


@pytest.mark.parametrize(
    ("decision", "given", "result"),
    [
        ("echo n", '{"n": 0.1}', "0.1"),
        ("echo n", '{"n": 1.23456789012345678901234567890123}', "1.23456789012345678901234567890123"),
        ("echo n", '{"n": 1e40}', "1" + "0" * 40),
        ("echo n", '{"n": 1e400}', "1E+400"),
        ("echo n", '{"n": -0.0}', "0"),
        ("echo n", '{"n": "1"}', "null"),
        ("echo n", "{}", "null"),
        ("third", '{"n": 1}', "0.3333333333333333333333333333333333"),
        ("service", '{"n": 1.5}', "0.5"),
        ("twice", '{"q": 0.35}', "0.7"),
        ("echo s", '{"s": "2026-11-21"}', '"2026-11-21"'),
        ("echo b", '{"b": "true"}', "null"),
        ("echo d", '{"d": "2026-02-30"}', "null"),
        ("echo t", '{"t": "10:00:00@Asia/Shanghai"}', '"10:00:00@Asia/Shanghai"'),
        ("next day", '{"dt": "2026-12-31T23:00:00+08:00"}', '"2027-01-01T23:00:00+08:00"'),
        ("echo dt", '{"dt": "2026-11-21T24:00:00"}', '"2026-11-22T00:00:00"'),
        ("echo du", '{"du": "PT36H"}', '"P1DT12H"'),
        ("echo du", '{"du": "P1M"}', "null"),
        ("echo ym", '{"ym": "P14M"}', '"P1Y2M"'),
        ("echo l", '{"l": 5}', "[5]"),
        ("echo l", '{"l": [1, "a"]}', "null"),
        ("age", '{"p": {"name": "王", "born": "1960-03-04"}}', "66"),
        ("year", '{"x": "2026-11-21"}', "2026"),
        ("year", '{"x": "2026-11-21T08:00:00Z"}', "2026"),
        ("echo y", '{"y": {"a b": [null, {"c": true}]}}', '{"a b":[null,{"c":true}]}'),
    ],
)  # fmt: skip
def test_a_value_of_every_type_travels(ask, decision, given, result):
    assert ask((decision, given)) == (0, [f'{{"result":{result}}}'])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{bad", "the line: not JSON: Expecting property name"),
        ("[1]", "the line: a JSON object is needed"),
        ("null", "the line: a JSON object is needed"),
        ("{}", "file: a text is needed"),
        ('{"file": "m"}', "decision: a text is needed"),
        ('{"file": "no.dmn", "decision": "x"}', "no.dmn: there is no such file"),
        ('{"file": ".", "decision": "x"}', ".: cannot be read"),
        ('{"file": "a\\u0000", "decision": "x"}', "cannot be read"),
        ('{"file": "m", "decision": "x", "input": [1]}', "input: a JSON object is needed"),
        ("[" * 100_000, "the line: too deep"),
        ("nowhere", "The model has no decision “nowhere”. It has: echo n, "),
        ("NaN", "the line: not JSON: NaN is not a JSON number"),
        ("1e9999999999", "a number is too large"),
        ('"\\ud800"', "a text is not Unicode"),
    ],
)
def test_what_cannot_be_answered_is_told_on_its_line_and_the_next_goes_on(ask, line, said):
    asked: str | tuple = line
    if line == "nowhere":
        asked = (line, "{}")
    elif line in ("NaN", "1e9999999999") or line.startswith('"'):
        asked = ("echo x", f'{{"x": {line}}}')
    code, answers = ask(asked, ("echo n", '{"n": 2}'))
    assert code == 1
    assert said in json.loads(answers[0])["error"]
    assert answers[1] == '{"result":2}'


@pytest.mark.parametrize(
    ("content", "given", "said"),
    [
        (MODEL, "[1]", "--input: a JSON object is needed"),
        (MODEL, "{bad", "--input: not JSON"),
        ("<a", "{}", "m.dmn: not XML"),
        ("<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><d>&e;</d>", "{}", "m.dmn: not XML"),
    ],
)  # fmt: skip
def test_one_decision_that_fails_is_answered_with_json_too(tmp_path, content, given, said):
    file = tmp_path / "m.dmn"
    file.write_text(content, encoding="utf-8")
    answers: list[str] = []
    assert decide(str(file), "echo n", given, echo=answers.append) == 1
    (answer,) = map(json.loads, answers)
    assert answer["decision"] == "echo n"
    assert said in answer["error"]


def chain(length: int) -> bytes:
    made = [decision(f"d{length}", "1")]
    for number in range(length):
        needed = f"<informationRequirement><requiredDecision href='#Dd{number + 1}'/></informationRequirement>"
        text = decision(f"d{number}", f"d{number + 1} + 1")
        made.append(text.replace("<literal", needed + "<literal"))
    return f"{HEAD}{''.join(made)}</definitions>".encode()


def test_a_chain_of_requirements_may_be_long():
    assert Engine(model_read(chain(1500))).decide("d0", {}).value == 1501


def test_what_is_wrong_with_the_shape_of_a_model_is_told(tmp_path):
    need = "<informationRequirement><requiredDecision href='#{}'/></informationRequirement>"
    file = tmp_path / "m.dmn"
    file.write_text(
        HEAD
        + decision("a", "b").replace("<literal", need.format("Db") + "<literal")
        + decision("b", "a", type_="tWhat").replace("<literal", need.format("Da") + "<literal")
        + decision("c", "1")
        + decision("d", "1", "nothing")
        + decision("c", "2")
        + '<decision id="t" name="T"><decisionTable><input><inputExpression><text>1</text></inputExpression></input>'
        "<output/><rule><outputEntry><text>1</text></outputEntry></rule></decisionTable></decision>"
        "</definitions>",
        encoding="utf-8",
    )
    answers: list[str] = []
    assert check(str(file), echo=answers.append) == 1
    assert json.loads(answers[0])["problems"] == [
        "The id “Dc” is used 2 times",
        "The name “c” is used 2 times",
        "“d” needs “#nothing”, which is not there",
        "These need each other: “a”, “b”",
        "The type “tWhat” is not declared",
        "Rule 1 of “T” has 0 tests and 1 results; the table has 1 inputs and 1 outputs",
    ]


def test_json_keeps_thirty_four_digits():
    long = Decimal("1234567890.123456789012345678901234")
    assert json_text(json_of_value([long, Decimal("1E+20")])) == f"[{long},1{'0' * 20}]"
