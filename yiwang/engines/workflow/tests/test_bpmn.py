"""Reading and checking processes: what is wrong is told with element, name and line."""

import doctest

import pytest

from yiwang.engines.workflow import layout, rules
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.data import Limit, ProcessInvalid
from yiwang.engines.workflow.rules import limit_parse
from yiwang.engines.workflow.soundness import problems_find
from yiwang.engines.workflow.tests.models_of_processes import (
    chain,
    flow,
    parallel,
    process,
    user,
)

START, END, TASK = '<startEvent id="s"/>', '<endEvent id="e"/>', user("t")
XOR, AND = '<exclusiveGateway id="{}"/>', '<parallelGateway id="{}"/>'
TIMER = (
    '<boundaryEvent id="b" attachedToRef="{}" xmlns:y="urn:yiwang:bpmn" y:limit="{}">'
    '<timerEventDefinition id="d"/></boundaryEvent>'
)
SERVICE = '<serviceTask id="v" xmlns:y="urn:yiwang:bpmn" y:service="{}"/>'


def problems(xml):
    net, found = process_read(xml)
    return [str(one) for one in found or problems_find(net, services={"known"}, roles={"APPROVER"})]


BROKEN = {
    "no start": (
        process(TASK, END, *chain("t", "e")),
        "line 1, p: The process has no start event.",
    ),
    "no end": (
        process(START, TASK, *chain("s", "t")),
        "line 1, p: The process has no end event.",
    ),
    "two starts": (
        process(START, '<startEvent id="s2"/>', TASK, END, *chain("s", "t", "e"), flow("s2", "t")),
        "line 1, p: The process has more than one start event.",
    ),
    "unreachable": (
        process(
            START, TASK, END, user("x"), user("y"), *chain("s", "t", "e"), *chain("x", "y", "x")
        ),
        "line 6, x (x): The start event does not lead here.",
    ),
    "nothing leads here": (
        process(START, TASK, END, user("x"), *chain("s", "t", "e"), flow("x", "e")),
        "line 6, x (x): Nothing leads here.",
    ),
    "dangling": (
        process(START, TASK, END, *chain("s", "t", "e"), flow("t", "nowhere")),
        "line 8, t__nowhere: The flow leads to nothing (nowhere).",
    ),
    "bare choice": (
        process(START, XOR.format("x"), END, TASK, *chain("s", "x", "t", "e"), flow("x", "e", "a")),
        "line 4, x: The flows x__t have neither a condition nor are they the default.",
    ),
    "foreign default": (
        process(
            START,
            '<exclusiveGateway id="x" default="s__x"/>',
            END,
            *chain("s", "x", "e"),
        ),
        "line 4, x: The default flow does not lead out of this gateway.",
    ),
    "condition elsewhere": (
        process(START, TASK, END, flow("s", "t"), flow("t", "e", "a == 1")),
        "line 7, t__e: Only flows out of an exclusive or inclusive gateway have conditions.",
    ),
    "bad condition": (
        process(START, XOR.format("x"), END, flow("s", "x"), flow("x", "e", "open('x')")),
        "line 7, x__e: The condition cannot be read: Line 1, column 1: open() is not a function of"
        " this language.",
    ),
    "deadlock": (
        process(
            START,
            XOR.format("x"),
            user("a"),
            user("b"),
            AND.format("j"),
            END,
            *chain("s", "x"),
            flow("x", "a", "q"),
            flow("x", "b", "not q"),
            *chain("a", "j"),
            *chain("b", "j", "e"),
        ),
        "line 7, j: This join can wait for ever for b__j.",
    ),
    "no synchronisation": (
        process(
            START,
            AND.format("x"),
            user("a"),
            user("b"),
            TASK,
            END,
            *chain("s", "x", "a", "t", "e"),
            *chain("x", "b", "t"),
        ),
        "line 11, a__t: Two tokens can meet on this flow: parallel branches merge without a join.",
    ),
    "circle without a way out": (
        process(
            START,
            AND.format("split"),
            TASK,
            END,
            user("r"),
            XOR.format("x"),
            *chain("s", "split", "t", "e"),
            *chain("split", "x", "r", "x"),
        ),
        "line 4, split: From here the process can never end.",
    ),
    "unknown service": (
        process(START, SERVICE.format("unheard_of"), END, *chain("s", "v", "e")),
        "line 4, v: There is no service called unheard_of.",
    ),
    "missing service": (
        process(START, '<serviceTask id="v"/>', END, *chain("s", "v", "e")),
        "line 4, v: The attribute yw:service is missing.",
    ),
    "unknown role": (
        process(START, user("t", role="KING"), END, *chain("s", "t", "e")),
        "line 4, t (t): There is no role called KING.",
    ),
    "missing outcomes": (
        process(START, user("t", outcomes=""), END, *chain("s", "t", "e")),
        "line 4, t (t): The attribute yw:outcomes is missing.",
    ),
    "timer on nothing": (
        process(START, TASK, END, TIMER.format("e", "P1D"), *chain("s", "t", "e"), flow("b", "e")),
        "line 6, b: A boundary event must be attached to an activity.",
    ),
    "timer without limit": (
        process(START, TASK, END, TIMER.format("t", ""), *chain("s", "t", "e"), flow("b", "e")),
        "line 6, b: The attribute yw:limit is missing.",
    ),
    "bad limit": (
        process(START, TASK, END, TIMER.format("t", "soon"), *chain("s", "t", "e"), flow("b", "e")),
        "line 6, b: soon is not a time limit.",
    ),
    "later subset": (
        process(START, '<complexGateway id="o"/>', END, *chain("s", "o", "e")),
        "line 4, o: complexGateway is not executed by this engine yet.",
    ),
    "standard loop": (
        process(
            START,
            '<userTask id="t"><standardLoopCharacteristics/></userTask>',
            END,
            *chain("s", "t", "e"),
        ),
        "line 4, t: standardLoopCharacteristics is not executed by this engine yet.",
    ),
    "same id": (
        process(START, TASK, user("t"), END, *chain("s", "t", "e")),
        "line 5, t (t): The id is used twice.",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_told_with_element_name_and_line(case):
    xml, expected = BROKEN[case]
    assert expected in problems(xml)


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("", "This is not well-formed XML"),
        ("<a/>", "There is no BPMN process in this file."),
        ("<a><b></a>", "This is not well-formed XML"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "Document types and entities"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "Document types and entities"),
        ("x" * 2_000_001, "The file is larger than 2000000 bytes."),
        ("\ud800", "This is not well-formed XML"),
    ],
)
def test_files_that_are_no_processes_are_refused(xml, expected):
    with pytest.raises(ProcessInvalid) as caught:
        process_read(xml)
    assert expected in str(caught.value)


def test_a_sound_process_has_no_problems_and_a_loop_is_sound():
    looped = process(
        START,
        TASK,
        '<exclusiveGateway id="x" default="x__e"/>',
        END,
        *chain("s", "t", "x", "e"),
        flow("x", "t", "outcome == 'AGAIN'"),
    )
    assert problems(looped) == []
    assert problems(parallel([f"d{n}" for n in range(30)])) == []


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5 working days", Limit(5, "WORKING_DAY")),
        ("1 working day", Limit(1, "WORKING_DAY")),
        ("5个工作日", Limit(5, "WORKING_DAY")),
        ("3 days", Limit(3, "DAY")),
        ("2 小时", Limit(2, "HOUR")),
        ("PT90M", Limit(5400, "SECOND")),
        ("P1W", Limit(604800, "SECOND")),
        ("P", None),
        ("PT", None),
        ("P1Y", Limit(12, "MONTH")),
        ("P1M1D", None),
        ("-1 days", None),
        ("five days", None),
    ],
)
def test_limits_are_read(text, limit):
    assert limit_parse(text) == limit


def test_the_examples_in_the_docstrings_run():
    assert doctest.testmod(rules).failed == 0
    assert doctest.testmod(layout).failed == 0
