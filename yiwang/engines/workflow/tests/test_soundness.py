"""What cannot run is refused at publication, and the element at fault is named."""

import pytest

from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.soundness import problems_find
from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import chain, flow, user


def problems(*lines: str) -> list[str]:
    net, found = process_read(el.process(el.start(), *lines))
    known = {"services": {"v"}, "roles": {"APPROVER"}}
    return [one.what() for one in found or problems_find(net, **known)]


def pair(split: str, join: str) -> list[str]:
    return [
        *el.gateway(split, "g"),
        *el.gateway(join, "j"),
        user("x"),
        user("y"),
        el.end(),
        flow("s", "g"),
        flow("g", "x", "" if split == "parallel" else "a == 1"),
        flow("g", "y", "" if split == "parallel" else "true"),
        flow("x", "j"),
        flow("y", "j"),
        flow("j", "e"),
    ]


@pytest.mark.parametrize(
    ("split", "join", "expected"),
    [
        ("parallel", "parallel", []),
        ("exclusive", "exclusive", []),
        ("inclusive", "inclusive", []),
        ("exclusive", "parallel", ["j: This join can wait for ever for x__j."]),
        (
            "parallel",
            "exclusive",
            ["x__j: Two tokens can meet on this flow: parallel branches merge without a join."],
        ),
        (
            "inclusive",
            "exclusive",
            ["g: Its ways do not come together in one inclusive join that only they lead to."],
        ),
        ("parallel", "inclusive", ["j: No inclusive split belongs to this join alone."]),
    ],
)
def test_a_split_needs_a_join_of_its_kind(split, join, expected):
    found = problems(*pair(split, join))
    if (split, join) == ("exclusive", "parallel"):
        assert found in (expected, ["j: This join can wait for ever for y__j."])
    else:
        assert found == expected


def test_a_loop_without_a_way_out_never_ends():
    lines = [*el.gateway("exclusive", "m"), user("t"), el.end()]
    lines += [user("u"), *el.gateway("parallel", "g"), *chain("s", "m", "t", "g", "m")]
    assert problems(*lines, *chain("g", "u", "e"))[0].startswith("g__u: Two tokens can meet")


def test_a_fault_inside_a_sub_process_is_found_there():
    inner = pair("exclusive", "parallel")
    text = "".join(line.replace('sourceRef="s"', 'sourceRef="ps"') for line in inner)
    text = text.replace('id="e"', 'id="pe"').replace('targetRef="e"', 'targetRef="pe"')
    sub = el.sub("p", el.start("ps"), text)
    found = problems(sub, el.end(), *chain("s", "p", "e"))
    assert len(found) == 1
    assert found[0].startswith("j: This join can wait for ever")


@pytest.mark.parametrize(
    ("host", "what", "expected"),
    [
        ("task", "BAD", "Nothing there can throw an error or escalation."),
        ("service", "P1D", "This task is done at once; only an error can interrupt it."),
        ("task", "terminate", "An event of the kind terminate cannot stand here."),
        ("start", "P1D", "A boundary event must be attached to an activity."),
    ],
)
def test_an_event_stands_only_where_it_can_happen(host, what, expected):
    hosts = {"task": "t", "service": "v", "start": "s"}
    service = '<serviceTask id="v" yw:service="v"/>'
    event = [el.boundary("b", hosts[host], what), el.end("e2"), flow("b", "e2")]
    found = problems(user("t"), service, el.end(), *chain("s", "t", "v", "e"), *event)
    assert f"b: {expected}" in found


def test_behind_an_event_gateway_stand_only_events():
    lines = [
        *el.gateway("eventBased", "g"),
        el.catch("c", "paid"),
        user("t"),
        el.end(),
        el.end("f"),
    ]
    found = problems(*lines, *chain("s", "g", "c", "e"), *chain("g", "t", "f"))
    assert found == ["t (t): Behind an event-based gateway stand only events, each for it alone."]


def test_no_flow_crosses_the_border_of_a_sub_process():
    sub = el.sub("p", el.start("ps"), user("x"), el.end("pe"), *chain("ps", "x", "pe"))
    found = problems(sub, user("t"), el.end(), *chain("s", "p", "t", "e"), flow("x", "t"))
    assert "x__t: The flow crosses the border of a sub-process." in found


def test_an_event_beside_that_keeps_to_itself_may_come_again_and_one_that_joins_in_may_not():
    lines = [user("t"), user("late"), el.boundary("b", "t", "R/P1D", interrupting=False)]
    apart = [el.end(), el.end("e2"), *chain("s", "t", "e"), *chain("b", "late", "e2")]
    assert problems(*lines, *apart) == []
    merge = [*el.gateway("exclusive", "m"), el.end(), *chain("s", "t", "m", "e")]
    found = problems(*lines, *merge, *chain("b", "late", "m"))
    assert len(found) == 1
    assert "Two tokens can meet" in found[0]


def test_a_net_too_large_to_search_says_so():
    lines = [*el.gateway("parallel", "g", "j"), el.end(), flow("s", "g"), flow("j", "e")]
    for number in range(8):
        split, join = f"g{number}", f"j{number}"
        lines += el.gateway("inclusive", split, join)
        lines += [flow("g", split), flow(join, "j")]
        for way in range(6):
            key = f"t{number}_{way}"
            lines += [user(key), flow(split, key, "true"), flow(key, join)]
    assert problems(*lines) == ["p: More than 20000 states; split the process up."]


def test_several_instances_need_to_know_of_what():
    task = f'<userTask id="t" yw:role="APPROVER" yw:outcomes="A">{el.several()}</userTask>'
    found = problems(task, el.end(), *chain("s", "t", "e"))
    assert found == ["t: The attribute yw:collection is missing."]
