"""Whatever sound net, whatever sequence of acts: what must always hold."""

import datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.workflow import actions, queries, sweeps
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.layout import process_layout
from yiwang.engines.workflow.models import Timer
from yiwang.engines.workflow.replay import OPEN_STATES, HistoryBroken, replay
from yiwang.engines.workflow.soundness import problems_find
from yiwang.engines.workflow.tests.models_of_processes import (
    DEPARTMENTS,
    NOW,
    flow,
    process,
    start_process,
    user,
)
from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.errors import YiwangError

OUTCOMES = "DONE,AGAIN,CORRECT"

blocks = st.recursive(
    st.sampled_from(["task", "reminded", "limited"]),
    lambda inner: st.tuples(
        st.sampled_from(["seq", "and", "xor", "loop"]), st.lists(inner, min_size=2, max_size=3)
    ),
    max_leaves=6,
)


class Net:
    """Writes a block-structured net: sound because every block has one way in and one way out."""

    def __init__(self, block):
        self.numbers = count(1)
        self.lines = ['<startEvent id="s"/>', '<endEvent id="e"/>']
        self.pairs: list[tuple[str, str]] = []
        first, last = self.write(block)
        self.join("s", first)
        self.join(last, "e")
        self.xml = process(*self.lines)

    def add(self, kind: str, text: str) -> str:
        key = f"{kind}{next(self.numbers)}"
        self.lines.append(text.replace("{}", key))
        return key

    def join(self, source: str, target: str, condition: str = "") -> None:
        self.lines.append(flow(source, target, condition))

    def write(self, block) -> tuple[str, str]:
        if isinstance(block, str):
            return self.task(block)
        kind, parts = block
        return getattr(self, kind)(parts)

    def task(self, kind: str) -> tuple[str, str]:
        department = list(DEPARTMENTS)[next(self.numbers) % len(DEPARTMENTS)]
        key = self.add("t", user("{}", department=department, outcomes=OUTCOMES))
        if kind == "task":
            return key, key
        flag = "true" if kind == "limited" else "false"
        timer = self.add(
            "b",
            f'<boundaryEvent id="{{}}" attachedToRef="{key}" cancelActivity="{flag}"'
            ' yw:limit="2 days"><timerEventDefinition/></boundaryEvent>',
        )
        if kind == "reminded":
            self.join(timer, self.add("e", '<endEvent id="{}"/>'))
            return key, key
        merge = self.add("m", '<exclusiveGateway id="{}"/>')
        self.join(key, merge)
        self.join(timer, merge)
        return key, merge

    def seq(self, parts) -> tuple[str, str]:
        ends = [self.write(part) for part in parts]
        for (_, last), (first, _) in zip(ends, ends[1:], strict=False):
            self.join(last, first)
        return ends[0][0], ends[-1][1]

    def both(self, tag: str, parts, first_condition: str = "") -> tuple[str, str]:
        split = self.add("g", f'<{tag} id="{{}}"/>')
        merge = self.add("g", f'<{tag} id="{{}}"/>')
        condition = first_condition
        for part in parts:
            first, last = self.write(part)
            self.join(split, first, condition)
            self.join(last, merge)
            if first_condition:
                condition = f"not ({first_condition})" if condition == first_condition else "true"
        return split, merge

    def xor(self, parts) -> tuple[str, str]:
        return self.both("exclusiveGateway", parts, "outcome == 'AGAIN'")

    def loop(self, parts) -> tuple[str, str]:
        merge = self.add("m", '<exclusiveGateway id="{}"/>')
        first, last = self.seq(["task", *parts])
        choice = self.add("x", '<exclusiveGateway id="{}"/>')
        self.join(merge, first)
        self.join(last, choice)
        self.join(choice, merge, "outcome == 'AGAIN'")
        after = self.add("m", '<exclusiveGateway id="{}"/>')
        self.join(choice, after, "outcome != 'AGAIN'")
        return merge, after


def _and(self, parts):
    split, merge = self.both("parallelGateway", parts)
    self.pairs.append((split, merge))
    return split, merge


setattr(Net, "and", _and)

steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["done", "again", "claim", "release", "correct", "resume", "move", "hold", "go", "time"]
            + ["done"] * 6
            + ["withdraw"]
        ),
        st.integers(0, 5),
    ),
    max_size=25,
)


class Run:
    """One instance under random acts."""

    def __init__(self, xml: str) -> None:
        self.now = NOW
        self.id = start_process(xml)
        self.net = process_read(xml)[0]

    def act(self, name: str, choice: int) -> None:
        self.now += datetime.timedelta(hours=7)
        items = queries.instance_get(self.id).items
        item = items[choice % len(items)].id
        now = {"now": self.now}
        acts = {
            "done": lambda: actions.work_item_complete(item, outcome="DONE", **now),
            "again": lambda: actions.work_item_complete(item, outcome="AGAIN", **now),
            "claim": lambda: actions.work_item_claim(item, account_id=choice, **now),
            "release": lambda: actions.work_item_release(item, **now),
            "correct": lambda: actions.work_item_request_correction(item, ground="HEARING", **now),
            "resume": lambda: actions.work_item_resume(item, **now),
            "move": lambda: actions.work_item_transfer(
                item, to_account_id=choice, reason="x", **now
            ),
            "hold": lambda: actions.instance_suspend(self.id, reason="x", **now),
            "go": lambda: actions.instance_resume(self.id, **now),
            "withdraw": lambda: actions.instance_withdraw(self.id, reason="x", **now),
            "time": lambda: sweeps.timer_sweep(self.now),
        }
        before = queries.instance_get(self.id)
        try:
            acts[name]()
        except YiwangError:
            assert queries.instance_get(self.id) == before

    def check(self) -> None:
        view = queries.instance_get(self.id)
        working = {token.number: token for token in view.tokens if token.state == "WORK"}
        items = {n: item for n, item in self.items_by_token().items() if item.state in OPEN_STATES}
        assert set(working) == set(items), "a token without its item, or an item without its token"
        assert all(working[n].node_id == item.node_id for n, item in items.items())
        waiting = Timer.objects.filter(instance_id=self.id, state__in=["PENDING", "PAUSED"])
        assert set(waiting.values_list("token_number", flat=True)) <= set(working)
        if view.state in ("RUNNING", "SUSPENDED"):
            assert view.tokens
        else:
            assert not view.tokens
        self.check_history(view)

    def items_by_token(self):
        from yiwang.engines.workflow.models import WorkItem

        return {item.token_number: item for item in WorkItem.objects.filter(instance_id=self.id)}

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
            for number, item in self.items_by_token().items()
        }
        assert told.outcomes == view.variables["outcomes"]
        assert view.revision == len(view.history)

    def finish(self) -> None:
        """Let everything go on until the end: a sound net always gets there."""
        for _ in range(200):
            view = queries.instance_get(self.id)
            if view.state == "SUSPENDED":
                actions.instance_resume(self.id, now=self.now)
                continue
            open_items = [item for item in view.items if item.closed_at is None]
            if view.state != "RUNNING":
                return
            item = open_items[0]
            if item.state == "SUSPENDED":
                actions.work_item_resume(item.id, now=self.now)
            actions.work_item_complete(item.id, outcome="DONE", now=self.now)
        raise AssertionError("the process did not end")

    def fired(self, kind: str, node_id: str) -> int:
        history = queries.instance_history(self.id)
        return sum(1 for event in history if (event.kind, event.node_id) == (kind, node_id))


@given(blocks)
def test_a_block_structured_net_is_sound_and_its_drawing_is_complete(block):
    net = Net(block)
    compiled, problems = process_read(net.xml)
    assert problems == []
    assert problems_find(compiled, services=(), roles={"APPROVER"}) == []
    drawn = process_layout(net.xml)
    assert all(f'bpmnElement="{key}"' in drawn for key in (*compiled.nodes, *compiled.flows))
    assert process_layout(drawn) == drawn
    assert process_read(drawn)[0].nodes.keys() == compiled.nodes.keys()


@pytest.mark.heavy
@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks, steps)
def test_no_sequence_of_acts_breaks_an_instance(block, acts):
    net = Net(block)
    with context_use(context_system("test")):
        run = Run(net.xml)
        run.check()
        for name, choice in acts:
            run.act(name, choice)
            run.check()
        run.finish()
        run.check()
        if queries.instance_get(run.id).state == "COMPLETED":
            for split, merge in net.pairs:
                assert run.fired("JOINED", merge) == run.fired("PASSED", split)


@pytest.mark.django_db
def test_a_history_with_a_gap_is_found_out():
    with context_use(context_system("test")):
        instance_id = start_process(Net("task").xml)
    history = queries.instance_history(instance_id)
    with pytest.raises(HistoryBroken):
        replay([event for event in history if event.seq != 2])
