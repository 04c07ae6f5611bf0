"""Whatever sound net, whatever sequence of acts: what must always hold."""

import datetime
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.workflow import (
    actions,
    messages,
    operations,
    proxies,
    queries,
    sweeps,
    undoing,
)
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.causality import causes_of
from yiwang.engines.workflow.layout import process_layout
from yiwang.engines.workflow.models import (
    ProcessInstance,
    ProcessVersion,
    Subscription,
    Timer,
    WorkItem,
)
from yiwang.engines.workflow.replay import OPEN_STATES, HistoryBroken, replay
from yiwang.engines.workflow.soundness import problems_find
from yiwang.engines.workflow.tests import elements as el
from yiwang.engines.workflow.tests.models_of_processes import (
    NOW,
    chain,
    staff,
    start_process,
    user,
)
from yiwang.engines.workflow.tests.sound_nets import (
    BLOCKS,
    LEAVES,
    OUTCOMES,
    WIDE_BLOCKS,
    WIDE_LEAVES,
    Net,
    blocks,
)
from yiwang.engines.workflow.versions import migration_apply, migration_plan
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.errors import YiwangError

INNER = el.process(
    el.start(),
    user("i", outcomes=OUTCOMES),
    *el.gateway("exclusive", "x", default="x__e"),
    el.end(),
    el.end("bad", "BAD"),
    *chain("s", "i", "x", "e"),
    '<sequenceFlow id="x__bad" sourceRef="x" targetRef="bad">'
    "<conditionExpression>outcome == 'AGAIN'</conditionExpression></sequenceFlow>",
)

USUAL = ("done", "again", "claim", "release", "correct", "resume", "move", "hold", "go", "time")
WIDE = (*USUAL, "back", "back", "recall", "delegate", "before", "after", "beside", "remove")
WIDE = (*WIDE, "urge", "paid", "stop", "proxy", "new version", "new version")
LAST = ("withdraw", "terminate")


def steps(names: tuple[str, ...], *, most: int = 12):
    return st.lists(
        st.tuples(
            st.sampled_from([*names, *["done"] * 6, *LAST]),
            st.integers(0, 5),
        ),
        max_size=most,
    )


def renamed(xml: str) -> tuple[str, dict[str, str]]:
    """Write a process with another name for each element; return it and what became of each."""
    names = {key: f"{key}v" for key in process_read(xml)[0].nodes}

    def other(match: re.Match[str]) -> str:
        return f'{match[1]}="{names.get(match[2], match[2])}"'

    return re.sub(r'\b(id|sourceRef|targetRef|attachedToRef)="([^"]*)"', other, xml), names


class Run:
    """One instance under random acts."""

    def __init__(self, xml: str) -> None:
        self.now = NOW
        self.id = start_process(xml)

    def act(self, name: str, choice: int) -> None:
        self.now += datetime.timedelta(hours=7)
        before = self.views()
        items = [item for view in before for item in view.items]
        if not items and name not in ("paid", "stop", "time", "new version"):
            return
        item = items[choice % len(items)] if items else None
        try:
            getattr(self, f"do_{name.replace(' ', '_')}")(item, choice)
        except YiwangError:
            assert self.views() == before, f"{name} was refused and left a trace"

    def views(self) -> list:
        ids = ProcessInstance.objects.order_by("pk").values_list("pk", flat=True)
        return [queries.instance_get(pk) for pk in ids]

    def do_done(self, item, choice):
        actions.work_item_complete(item.id, outcome="DONE", now=self.now)

    def do_again(self, item, choice):
        actions.work_item_complete(item.id, outcome="AGAIN", now=self.now)

    def do_claim(self, item, choice):
        actions.work_item_claim(item.id, account_id=choice, now=self.now)

    def do_release(self, item, choice):
        actions.work_item_release(item.id, now=self.now)

    def do_correct(self, item, choice):
        actions.work_item_request_correction(item.id, ground="HEARING", now=self.now)

    def do_resume(self, item, choice):
        actions.work_item_resume(item.id, now=self.now)

    def do_move(self, item, choice):
        actions.work_item_transfer(item.id, to_account_id=choice, reason="x", now=self.now)

    def do_hold(self, item, choice):
        actions.instance_suspend(item.instance_id, reason="x", now=self.now)

    def do_go(self, item, choice):
        actions.instance_resume(item.instance_id, now=self.now)

    def do_withdraw(self, item, choice):
        actions.instance_withdraw(item.instance_id, reason="x", now=self.now)

    def do_time(self, item, choice):
        sweeps.timer_sweep(self.now)

    def do_back(self, item, choice):
        targets = undoing.return_targets(item.id, now=self.now)
        nodes = [one["id"] for one in targets] or [item.node_id]
        undoing.work_item_return(
            item.id, to_node=nodes[choice % len(nodes)], reason="x", now=self.now
        )

    def do_recall(self, item, choice):
        undoing.work_item_recall(item.id, reason="x", now=self.now)

    def do_delegate(self, item, choice):
        operations.work_item_delegate(item.id, to_account_id=choice, reason="x", now=self.now)

    def do_before(self, item, choice, how="BEFORE"):
        operations.work_item_add_signers(
            item.id, account_ids=[20 + choice], how=how, reason="x", now=self.now
        )

    def do_after(self, item, choice):
        self.do_before(item, choice, "AFTER")

    def do_beside(self, item, choice):
        self.do_before(item, choice, "PARALLEL")

    def do_remove(self, item, choice):
        operations.work_item_remove_signer(
            item.id, account_id=20 + choice, reason="x", now=self.now
        )

    def do_urge(self, item, choice):
        operations.work_item_urge(item.id, now=self.now)

    def do_paid(self, item, choice):
        messages.message_send("paid", key="application:1", now=self.now)

    def do_stop(self, item, choice):
        messages.signal_send("stop", now=self.now)
        sweeps.message_sweep(self.now)

    def do_terminate(self, item, choice):
        actions.instance_terminate(item.instance_id, reason="x", now=self.now)

    def do_proxy(self, item, choice):
        """Let a deputy of whoever holds the item, or of anybody, finish it."""
        department = item.department_id or 1
        absent, day = staff(30, department, "APPROVER"), datetime.timedelta(days=1)
        with context_use(absent):
            proxies.proxy_put(
                40, starts_at=self.now - day, ends_at=self.now + day, reason="x", processes=()
            )
        with context_use(staff(40, 77, "REVIEWER")):
            actions.work_item_complete(item.id, outcome="DONE", now=self.now)

    def do_new_version(self, item, choice):
        """Move to a version in which every element has another name: what is open must go on there."""
        instance = ProcessInstance.objects.select_related("version__process").get(pk=self.id)
        old, key = instance.version_id, instance.version.process.key
        xml, names = renamed(ProcessVersion.objects.get(pk=old).xml)
        new = actions.process_put(key, xml, title={}).version_id
        movable = migration_plan(old, new, mapping=names)
        is_open = instance.ended_at is None
        assert (movable.movable, movable.blocked) == ((self.id,) if is_open else (), ())
        moved = migration_apply(old, new, mapping=names, reason="x", now=self.now)
        assert moved == is_open
        if is_open:
            view = queries.instance_get(self.id)
            assert {token.node_id for token in view.tokens} <= set(names.values())

    # -- what must hold

    def check(self) -> None:
        for view in self.views():
            self.check_instance(view)
            self.check_history(view)

    def check_instance(self, view) -> None:
        numbers = {token.number for token in view.tokens}
        working = {token.number: token for token in view.tokens if token.state == "WORK"}
        rows = self.items_by_token(view.id)
        items = {n: item for n, item in rows.items() if item.state in OPEN_STATES}
        assert set(working) == set(items), "a token without its item, or an item without its token"
        assert all(working[n].node_id == item.node_id for n, item in items.items())
        assert {token.scope for token in view.tokens} <= numbers | {0}, "an orphan"
        own = {"instance_id": view.id}
        waiting = [
            *Timer.objects.filter(state__in=["PENDING", "PAUSED"], **own),
            *Subscription.objects.filter(state="PENDING", **own),
        ]
        is_over = view.ended_at is not None
        assert {wait.token_number for wait in waiting} <= (set() if is_over else numbers | {0})
        assert bool(view.tokens) is not is_over
        called = ProcessInstance.objects.filter(parent_id=view.id, ended_at__isnull=True)
        calling = {token.number for token in view.tokens if token.state == "CALL"}
        assert set(called.values_list("parent_token", flat=True)) == calling

    def items_by_token(self, instance_id: int):
        rows = WorkItem.objects.filter(instance_id=instance_id)
        return {item.token_number: item for item in rows}

    def check_history(self, view) -> None:
        told = replay(view.history)
        assert told.state == view.state
        assert told.tokens == {
            token.number: (token.node_id, token.state, token.flow_id, token.scope)
            for token in view.tokens
        }
        assert told.items == {
            number: {
                "state": item.state,
                "assignee": item.assignee_id,
                "department": item.department_id,
                "delegated_by": item.delegated_by,
            }
            for number, item in self.items_by_token(view.id).items()
        }
        assert told.outcomes == view.variables["outcomes"]
        assert view.revision == len(view.history)
        if view.state in ("RUNNING", "SUSPENDED"):
            tokens = causes_of(view.history).tokens
            alive = {number for number, token in tokens.items() if not token.used_by}
            assert alive == {token.number for token in view.tokens}

    # -- to the end

    def finish(self) -> None:
        """Let everything go on until the end: a sound net always gets there."""
        for _ in range(300):
            views = [view for view in self.views() if view.ended_at is None]
            if not views:
                return
            self.go_on(views)
        raise AssertionError(f"the process did not end: {self.views()}")

    def go_on(self, views) -> None:
        for view in views:
            if view.state == "SUSPENDED":
                actions.instance_resume(view.id, now=self.now)
                return
        items = [item for view in views for item in view.items if item.closed_at is None]
        ready = [item for item in items if item.state != "SUSPENDED"]
        if ready:
            actions.work_item_complete(ready[0].id, outcome="DONE", now=self.now)
            return
        for item in items:
            if item.ground:
                actions.work_item_resume(item.id, now=self.now)
                return
        self.now += datetime.timedelta(days=5)
        assert sweeps.timer_sweep(self.now)

    def fired(self, kind: str, node_id: str) -> int:
        history = queries.instance_history(self.id)
        return sum(1 for event in history if (event.kind, event.node_id) == (kind, node_id))


@settings(max_examples=20, deadline=None)
@given(blocks(WIDE_LEAVES, WIDE_BLOCKS))
def test_a_block_structured_net_is_sound_and_its_drawing_is_complete(block):
    net = Net(block)
    compiled, problems = process_read(net.xml)
    assert problems == []
    assert problems_find(compiled, services=(), roles={"APPROVER"}) == []
    drawn = process_layout(net.xml)
    assert all(f'bpmnElement="{key}"' in drawn for key in (*compiled.nodes, *compiled.flows))
    assert process_layout(drawn) == drawn
    assert process_read(drawn)[0].nodes.keys() == compiled.nodes.keys()


def run(block, acts) -> None:
    net = Net(block)
    with context_use(context_system("test")):
        actions.process_put("inner", INNER, title={})
        one = Run(net.xml)
        one.check()
        for name, choice in acts:
            one.act(name, choice)
            one.check()
        one.finish()
        one.check()
        if queries.instance_get(one.id).state == "COMPLETED" and not one.fired("RETURNED", ""):
            usual = {name for name, _ in acts} <= set(USUAL)
            for split, merge in net.pairs if usual else ():
                assert one.fired("JOINED", merge) == one.fired("PASSED", split)


QUICK = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.django_db
@QUICK
@given(blocks(LEAVES, BLOCKS, most=4), steps(USUAL))
def test_no_sequence_of_acts_breaks_an_instance(block, acts):
    run(block, acts)


@pytest.mark.django_db
@QUICK
@given(blocks(WIDE_LEAVES, WIDE_BLOCKS, most=4), steps(WIDE))
def test_no_sequence_of_operations_breaks_an_instance_of_the_whole_subset(block, acts):
    run(block, acts)


@pytest.mark.heavy
@pytest.mark.django_db
@LONG
@given(blocks(WIDE_LEAVES, WIDE_BLOCKS), steps(WIDE, most=25))
def test_no_long_search_finds_operations_that_break_an_instance(block, acts):
    run(block, acts)


@pytest.mark.django_db
def test_a_history_with_a_gap_is_found_out():
    with context_use(context_system("test")):
        instance_id = start_process(Net("task").xml)
    history = queries.instance_history(instance_id)
    with pytest.raises(HistoryBroken):
        replay([event for event in history if event.seq != 2])
