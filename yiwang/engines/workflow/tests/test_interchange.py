"""BPMN in and out: nothing is lost, and every file is called what it is."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.engines.workflow import commands
from yiwang.engines.workflow.data import ProcessInvalid
from yiwang.engines.workflow.interchange.canonical import (
    Model,
    difference_first,
    model_equal,
    model_export,
)
from yiwang.engines.workflow.interchange.check import UNSOUND_REASONS, file_check
from yiwang.engines.workflow.layout import process_layout
from yiwang.engines.workflow.tests.models_of_processes import chain, flow, process, user
from yiwang.engines.workflow.tests.random_nets import WIDE, RandomNet

MIWG = sorted((Path(__file__).parent / "miwg").glob("*.bpmn"))
START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'
EXTENDED = """<?xml version="1.0"?>
<!-- before --><b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:o="urn:other" targetNamespace="urn:t" o:mark="1 &lt; 2&#10;3">
 <!-- inside -->
 <b:process id="p"><b:documentation>  two
 lines &amp; more </b:documentation>
  <b:extensionElements><o:a x="1">text <o:b/> tail</o:a></b:extensionElements>
  <b:laneSet id="ls"><b:lane id="l"><b:flowNodeRef> s </b:flowNodeRef></b:lane></b:laneSet>
  <b:startEvent id="s"/><b:endEvent id="e"/>
  <b:dataObject id="d"/><b:dataObjectReference id="r" dataObjectRef="d"/>
  <b:sequenceFlow id="f" sourceRef="s" targetRef="e"><b:conditionExpression
   xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="b:tFormalExpression"><![CDATA[a < 1]]></b:conditionExpression></b:sequenceFlow>
  <b:textAnnotation id="t"><b:text>note</b:text></b:textAnnotation>
  <b:association id="as" sourceRef="s" targetRef="t"/>
 </b:process></b:definitions><!-- after -->"""


@pytest.mark.parametrize("path", MIWG, ids=lambda path: path.stem)
def test_the_models_of_the_working_group_come_back_equal(path):
    model = Model.read(path.read_bytes())
    before = model.canonical()
    text = model.export()
    again = Model.read(text)
    assert difference_first(before, again.canonical()) == ""
    assert again.export() == text


NOT_EXECUTED = {
    "A.1.0": {"task is not": 3},
    "A.2.0": {"task is not": 4, "neither a condition nor": 1},
    "A.2.1": {
        "task is not": 4,
        "neither a condition nor": 1,
        "Several flows": 2,
        "Only flows out": 1,
        "not examined": 1,
    },
    "A.3.0": {"task is not": 4, "has no name": 1, "can throw": 1},
    "A.4.0": {"task is not": 6, "Several flows": 1, "messageFlow": 2},
    "A.4.1": {"task is not": 6, "Several flows": 1, "messageFlow": 2},
}


@pytest.mark.parametrize("path", MIWG, ids=lambda path: path.stem)
def test_models_of_the_working_group_describe_and_say_what_is_not_executed(path):
    report = file_check(path.read_bytes())
    assert {report.state, *(one.state for one in report.processes)} == {"descriptive"}
    problems = [*report.not_executed, *(p for one in report.processes for p in one.not_executed)]
    told = [part for p in problems for part in NOT_EXECUTED[path.stem] if part in str(p)]
    assert {part: told.count(part) for part in told} == NOT_EXECUTED[path.stem]
    assert len(told) == len(problems)
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    for problem in problems:
        assert problem.element in lines[problem.line - 1]


def test_the_reasons_that_make_a_model_unsound_are_those_the_engine_gives():
    package = Path(__file__).parents[1]
    source = "".join((package / name).read_text() for name in ("structure.py", "soundness.py"))
    assert [reason for reason in UNSOUND_REASONS if reason not in source] == []


def test_documentation_comments_and_foreign_elements_are_kept_to_the_letter():
    text = model_export(EXTENDED)
    assert model_equal(EXTENDED, text)
    for kept in (
        "<!-- before -->",
        "<!-- inside -->",
        "<!-- after -->",
        'o:mark="1 &lt; 2&#10;3"',
        "<b:documentation>  two\n lines &amp; more </b:documentation>",
        '<o:a x="1">text <o:b/> tail</o:a>',
        'xsi:type="b:tFormalExpression"',
        ">a &lt; 1</b:conditionExpression>",
    ):
        assert kept in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("b:", "q:"),
        ('<b:startEvent id="s"/>', '<b:startEvent isInterrupting="1" id="s">\n </b:startEvent>'),
        ('sourceRef="s" targetRef="e"', 'targetRef="e"\tsourceRef="s"'),
        ("<b:flowNodeRef> s </b:flowNodeRef>", "<b:flowNodeRef>s</b:flowNodeRef>"),
    ],
)
def test_what_means_nothing_makes_no_difference(old, new):
    other = EXTENDED.replace(old, new).replace(
        "xmlns:b=", f"xmlns:{new[0]}=" if old == "b:" else "xmlns:b="
    )
    assert other != EXTENDED
    assert model_equal(EXTENDED, other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("text <o:b/> tail", "text <o:b/> tail "),
        ("  two", " two"),
        ("a < 1", "a < 2"),
        ("<b:text>note", "<b:text>Note"),
        ('<b:startEvent id="s"/>', '<b:startEvent id="s" isInterrupting="false"/>'),
        ("inside", "within"),
        (
            '<b:startEvent id="s"/><b:endEvent id="e"/>',
            '<b:endEvent id="e"/><b:startEvent id="s"/>',
        ),
    ],
)
def test_what_means_something_makes_a_difference(old, new):
    assert not model_equal(EXTENDED, EXTENDED.replace(old, new))


@given(st.randoms(use_true_random=False), st.data())
@settings(max_examples=60, deadline=None)
def test_generated_nets_come_back_equal_and_any_change_is_seen(draw, data):
    xml = process_layout(RandomNet(draw, WIDE).xml)
    model = Model.read(xml)
    before = model.canonical()
    text = model.export()
    assert Model.read(text).canonical() == before
    changed = Model.read(text)
    element = data.draw(st.sampled_from([e for e in changed.root.iter() if e.attrib]))
    name = data.draw(st.sampled_from(sorted(element.attrib)))
    element.set(name, element.get(name) + "7")
    assert changed.canonical() != before


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_generated_nets_are_executable(draw):
    report = file_check(RandomNet(draw, WIDE).xml)
    assert report.state == "executable"
    assert [*report.problems, *report.processes[0].not_executed] == []


HOSTILE = {
    "a bomb of entities": (
        '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>',
        "Document types and entities are not accepted.",
    ),
    "another's file": (
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "Document types and entities are not accepted.",
    ),
    "too deep": ("<a>" * 101, "Elements nest deeper than 100 levels."),
    "far too deep": ("<a>" * 600_000, "Elements nest deeper than 100 levels."),
    "too many": ("<a>" + "<b/>" * 60_001, "The file has more than 60000 elements."),
    "no XML": (b"PK\x03\x04", "This is not well-formed XML"),
    "wrong encoding": (
        '<?xml version="1.0" encoding="UTF-8"?><a>\u653f</a>'.encode("gb18030"),
        "This is not well-formed XML",
    ),
    "unknown encoding": (b'<?xml version="1.0" encoding="moon"?><a/>', "unknown encoding: moon"),
    "cut off": ('<definitions xmlns="urn:x">\n<process', "line 2, definitions: This is not"),
    "no BPMN": ("<a/>", "There is no BPMN process in this file."),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_with_a_reason(case):
    content, expected = HOSTILE[case]
    report = file_check(content)
    assert report.state == "invalid"
    assert expected in str(report.problems[0])


def test_chinese_encodings_are_read():
    text = process('<startEvent id="s" name="受理"/>', END, flow("s", "e"))
    coded = ('<?xml version="1.0" encoding="GBK"?>' + text).encode("gbk")
    assert model_equal(text, coded)
    assert 'name="受理"' in model_export(coded)


INVALID = {
    "dangling flow": (
        process(START, END, flow("s", "nowhere")),
        "line 5, s__nowhere: targetRef leads to nothing (nowhere).",
    ),
    "flow without source": (
        process(START, END, '<sequenceFlow id="f" targetRef="e"/>'),
        "line 5, f: The attribute sourceRef is missing.",
    ),
    "same id": (process(START, END, START, flow("s", "e")), "line 5, s: The id is used twice."),
    "flow to a lane": (
        process('<laneSet id="ls"><lane id="l"/></laneSet>', START, flow("s", "l")),
        "line 5, s__l: A sequence flow cannot lead to or from lane (l).",
    ),
    "no such element": (
        process(START, '<approvalTask id="a"/>', END, flow("s", "e")),
        "line 4, a: approvalTask may not stand here.",
    ),
    "boundary on nothing": (
        process(START, END, '<boundaryEvent id="b" attachedToRef="x"/>', flow("s", "e")),
        "line 5, b: attachedToRef leads to nothing (x).",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_files_say_which_element_and_line(case):
    xml, expected = INVALID[case]
    report = file_check(xml)
    assert report.state == "invalid"
    assert str(report.problems[0]) == expected


XOR, AND = '<exclusiveGateway id="{}"/>', '<parallelGateway id="{}"/>'
TASKS = ('<task id="a"/>', '<task id="b"/>')
UNSOUND = {
    "choice into a join": (
        process(
            START,
            XOR.format("x"),
            *TASKS,
            AND.format("j"),
            END,
            *chain("s", "x", "a", "j", "e"),
            *chain("x", "b", "j"),
        ),
        "line 7, j: This join can wait for ever for b__j.",
    ),
    "split into a merge": (
        process(
            START,
            AND.format("x"),
            *TASKS,
            XOR.format("j"),
            '<task id="c"/>',
            END,
            *chain("s", "x", "a", "j", "c", "e"),
            *chain("x", "b", "j"),
        ),
        "line 12, a__j: Two tokens can meet on this flow: parallel branches merge without a join.",
    ),
    "some of the ways into a join of all": (
        process(
            START,
            '<inclusiveGateway id="x"/>',
            user("a"),
            user("b"),
            AND.format("j"),
            END,
            *chain("s", "x", "a", "j", "e"),
            *chain("x", "b", "j"),
        ),
        "line 7, j: This join can wait for ever for b__j.",
    ),
    "an end without a start": (
        process(*TASKS, END, *chain("a", "b", "e")),
        "line 2, p: The process has no start event.",
    ),
    "dead": (
        process(START, *TASKS, END, *chain("s", "a", "e"), flow("b", "e")),
        "line 5, b: Nothing leads here.",
    ),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_unsound_models_are_told_even_when_they_only_describe(case):
    xml, expected = UNSOUND[case]
    report = file_check(xml)
    assert report.state == "unsound"
    assert expected in [str(problem) for problem in report.processes[0].problems]


def test_what_publishing_still_asks_for_is_listed_and_does_not_change_the_state():
    xml = process(START, '<userTask id="t" name="审查"/>', END, *chain("s", "t", "e"))
    (one,) = file_check(xml).processes
    assert one.state == "executable"
    assert [str(binding) for binding in one.bindings] == [
        "line 4, t (审查): The attribute yw:role is missing.",
        "line 4, t (审查): The attribute yw:outcomes is missing.",
    ]
    known = process(START, user("t", role="KING"), END, *chain("s", "t", "e"))
    (one,) = file_check(known, roles={"APPROVER"}).processes
    assert [b.what() for b in one.bindings] == ["t (t): There is no role called KING."]


def test_each_process_of_a_file_is_told_apart():
    xml = process(START, user("t"), END, *chain("s", "t", "e")).replace(
        "</process>",
        '</process>\n<process id="q"><startEvent id="qs"/><task id="qt"/><endEvent id="qe"/>'
        '<sequenceFlow id="f1" sourceRef="qs" targetRef="qt"/>'
        '<sequenceFlow id="f2" sourceRef="qt" targetRef="qe"/></process>',
    )
    report = file_check(xml)
    assert report.state == "descriptive"
    assert [(one.id, one.state) for one in report.processes] == [
        ("p", "executable"),
        ("q", "descriptive"),
    ]


def told(act, file, **options) -> tuple[int, str]:
    """Run a command on a file; return its exit code and what it printed."""
    lines: list[str] = []
    return act(str(file), echo=lines.append, **options), "\n".join(lines)


def test_the_command_prints_json_and_its_exit_code_says_whether_it_could_run(tmp_path):
    good, bad = tmp_path / "good.bpmn", tmp_path / "bad.bpmn"
    good.write_text(process(START, user("t"), END, *chain("s", "t", "e")))
    bad.write_text(UNSOUND["choice into a join"][0])
    code, text = told(commands.check, good)
    assert (code, json.loads(text)["state"]) == (0, "executable")
    code, text = told(commands.check, bad, compact=True)
    assert (code, text.count("\n")) == (1, 0)
    answer = json.loads(text)
    assert answer["state"] == "unsound"
    assert answer["processes"][0]["problems"] == [
        {
            "element": "j",
            "name": "",
            "line": 7,
            "reason": "This join can wait for ever for b__j.",
        }
    ]
    code, text = told(commands.check, tmp_path / "none.bpmn")
    assert (code, json.loads(text)["state"]) == (1, "invalid")
    huge = tmp_path / "huge.bpmn"
    with huge.open("wb") as file:
        file.truncate(50_000_000)
    code, text = told(commands.check, huge)
    (problem,) = json.loads(text)["problems"]
    assert (code, problem["reason"]) == (1, "The file is larger than 2000000 bytes.")


def test_the_command_exports_an_equal_model_and_can_draw_it(tmp_path):
    source = process(START, user("t"), END, *chain("s", "t", "e"))
    given_file, out = tmp_path / "a.bpmn", tmp_path / "b.bpmn"
    given_file.write_text(source)
    faults: list[str] = []
    options = {"out": "-", "layout": False, "complain": faults.append}
    code, text = told(commands.export, given_file, **options)
    assert code == 0
    assert model_equal(source, text)
    options |= {"out": str(out), "layout": True}
    assert told(commands.export, given_file, **options) == (0, "")
    text = out.read_text()
    assert text.count("BPMNShape id=") == 3
    assert text.count("BPMNEdge id=") == 2
    given_file.write_text("<a>")
    assert told(commands.export, given_file, **options) == (1, "")
    assert json.loads(faults[0])["state"] == "invalid"


def test_a_broken_file_is_never_exported():
    with pytest.raises(ProcessInvalid):
        model_export("<a>")
