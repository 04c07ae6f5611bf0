"""What the engine runs fits its own model; what people send back, leave out or bring in does not, and how is said."""

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.workflow import analysis, undoing
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.footprint import ENDED, Footprint
from yiwang.engines.workflow.models import ProcessInstance, WorkItem
from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import (
    NOW,
    chain,
    item_at,
    start_process,
    user,
)
from yiwang.engines.workflow.tests.sound_nets import WIDE_BLOCKS, WIDE_LEAVES, Net, blocks
from yiwang.engines.workflow.tests.test_properties import Run
from yiwang.kernel.api import context_system, context_use

DAY = datetime.timedelta(days=1)
SPAN = {"since": NOW - DAY, "until": NOW + 400 * DAY}
LEAVES = tuple(one for one in WIDE_LEAVES if one != "call")
LINE = el.process(
    el.start(), el.end(), user("a"), user("b"), user("c"), *chain("s", "a", "b", "c", "e")
)


def deviating():
    found = {}
    for one in analysis.step_transitions(**SPAN):
        deviation = analysis.footprint_get(one.version_id).deviation(one.before, one.step)
        if deviation is not None:
            found[one.before, one.step] = (deviation.kind, deviation.skipped, one.count)
    return found


@given(block=blocks(LEAVES, WIDE_BLOCKS, most=5), choices=st.lists(st.integers(0, 5), max_size=14))
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_the_engine_runs_by_itself_never_deviates(running, block, choices):
    net = Net(block)
    with context_use(context_system("test")):
        run = Run(net.xml)
        for choice in choices:
            run.act(("done", "done", "again", "time", "paid", "done")[choice], choice)
    steps = WorkItem.objects.filter(instance_id=run.id).order_by("pk")
    footprint = Footprint.of_net(process_read(net.xml)[0])
    path = list(steps.values_list("node_id", flat=True))
    state = ProcessInstance.objects.get(pk=run.id).state
    path += [ENDED] if state == "COMPLETED" and path else []
    before = [None, *path]
    assert [pair for pair in zip(before, path, strict=False) if footprint.deviation(*pair)] == []


@pytest.mark.parametrize("sequential", [True, False])
def test_instances_side_by_side_may_mix_and_one_after_the_other_begin_again(sequential):
    inside = [el.start("is"), el.end("ie"), user("a"), user("b"), *chain("is", "a", "b", "ie")]
    each = el.sub("each", *inside, el.several(count="2", sequential=sequential))
    net = el.process(el.start(), el.end(), each, user("c"), *chain("s", "each", "c", "e"))
    footprint = Footprint.of_net(process_read(net)[0])
    mixed = {pair: footprint.allows(*pair) for pair in (("a", "a"), ("b", "b"), ("b", "a"))}
    assert mixed == {("a", "a"): not sequential, ("b", "b"): not sequential, ("b", "a"): True}
    assert footprint.allows("b", "c")
    assert footprint.deviation("a", "c").skipped == ("b",)


def test_branches_at_once_may_come_in_any_order_and_what_follows_both_may_not_come_before(running):
    net = Net(("seq", ["task", ("and", ["task", "task"]), "task"]))
    footprint = Footprint.of_net(process_read(net.xml)[0])
    first, one, other, last = sorted(footprint.steps, key=lambda key: int(key[1:]))
    assert all(footprint.allows(*pair) for pair in ((one, other), (other, one), (other, last)))
    skipped = footprint.deviation(first, last)
    assert (skipped.kind, len(skipped.skipped)) == ("SKIPPED", 1)
    assert footprint.deviation(last, one).kind == "RETURNED"
    assert footprint.deviation(first, "brought_in").kind == "FOREIGN"


@pytest.fixture
def returned(running):
    """Two cases of a-b-c: one straight to its end, one sent back from b to a."""
    with context_use(context_system("test")):
        straight, back = start_process(LINE), start_process(LINE, key="application:2")
        run = Run.__new__(Run)
        run.now, run.id = NOW, straight
        for key in "abc":
            run.now += datetime.timedelta(hours=1)
            run.do_claim(item_at(straight, key), 3)
            run.do_done(item_at(straight, key), 0)
        run.do_done(item_at(back, "a"), 0)
        undoing.work_item_return(
            item_at(back, "b").id, to_node="a", reason="漏看", now=run.now + DAY
        )
    return straight, back


def test_a_step_sent_back_is_found_with_how_often_and_the_share_of_cases(returned):
    assert deviating() == {("b", "a"): ("RETURNED", (), 1)}
    (version,) = {one.version_id for one in analysis.step_transitions(**SPAN)}
    assert analysis.instance_counts([(version, "b", "a")], **SPAN) == {version: (2, 1)}
    assert analysis.instance_counts([], **SPAN) == {version: (2, 0)}


def test_a_case_brought_in_or_ended_by_hand_shows_what_was_left_out(returned):
    straight, _back = returned
    WorkItem.objects.filter(instance_id=straight, node_id="b").update(node_id="paper")
    WorkItem.objects.filter(instance_id=straight, node_id="c").delete()
    found = deviating()
    assert found["a", "paper"] == ("FOREIGN", (), 1)
    assert found["paper", ""] == ("FOREIGN", (), 1)
    (version,) = {one.version_id for one in analysis.step_transitions(**SPAN)}
    assert analysis.instance_counts([(version, "paper", "")], **SPAN)[version] == (2, 1)


def test_waiting_and_work_are_told_apart_by_when_somebody_took_the_step(returned):
    straight, _back = returned
    opened = NOW
    for key, hours in (("a", 10), ("b", 10), ("c", 20)):
        WorkItem.objects.filter(instance_id=straight, node_id=key).update(
            opened_at=opened, closed_at=opened + datetime.timedelta(hours=hours)
        )
    times = {one.node_id: one for one in analysis.step_times(**SPAN)}
    assert times["c"].count == 1
    assert times["c"].p50 == times["c"].p95 == 20 * 3600
    assert (times["b"].waiting, times["b"].working) == (2 * 3600, 8 * 3600)
    strata = {one.node_id: one for one in analysis.step_strata(**SPAN)}
    assert (strata["c"].count, strata["c"].total, strata["c"].squares) == (1, 72000.0, 72000.0**2)
