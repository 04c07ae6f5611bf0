"""The step loop (步进): one transaction moves one instance from one revision to a later one.

A step holds the instance row locked, reads its tokens once, walks the net in memory and writes what
changed in a handful of bulk statements. Nodes are rows of a table (`HANDLERS`): *enter* is what an
arriving token does, *leave* says by which flows it goes on. Automatic nodes take no rows; only a
token that waits, at a task or before a join, is stored.

Joins count within a scope: a parallel gateway fires when each of its incoming flows has brought a
token of the same scope, and takes exactly one of each.
"""

import datetime
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from yiwang.engines.workflow import data
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.data import (
    InstanceNotFound,
    Net,
    Node,
    NoFlowMatches,
    ProcessStuck,
    ServiceCall,
    ServiceUnknown,
    WorkItemNotFound,
)
from yiwang.engines.workflow.deadlines import due_at_get, warn_at_get
from yiwang.engines.workflow.models import (
    HistoryEvent,
    ProcessInstance,
    ProcessVersion,
    Timer,
    Token,
    WorkItem,
)
from yiwang.engines.workflow.registry import SERVICES
from yiwang.engines.workflow.rows import item_read_locked, rows_insert, tokens_delete, tokens_read
from yiwang.engines.workflow.rules import NO_DUE
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import Conflict

MAX_STEPS = 1000
"""Automatic nodes in one step: more is a circle without a task in it."""

_NET_CACHE_SIZE = 512


@lru_cache(maxsize=_NET_CACHE_SIZE)
def _net(digest: str, version_id: int) -> Net:
    xml = ProcessVersion.objects.values_list("xml", flat=True).get(pk=version_id)
    return process_read(xml)[0]


def net_get(version: ProcessVersion) -> Net:
    """Return the compiled net of a version (流程网), kept by digest for the life of the process."""
    return _net(version.digest, version.pk)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A token on its way into a node."""

    node_id: str
    flow_id: str
    scope: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A token that waits, in memory."""

    number: int
    node_id: str
    state: str
    flow_id: str
    scope: int


_LOCKED = ProcessInstance.objects.select_related("version").defer("version__xml")


def instance_lock(instance_id: int) -> ProcessInstance:
    """Lock an instance for this transaction (锁定实例). Raises `InstanceNotFound`.

    On PostgreSQL the row is locked; on SQLite the immediate transaction holds the only writer.
    """
    try:
        return _LOCKED.select_for_update(of=("self",)).get(pk=instance_id)
    except ProcessInstance.DoesNotExist:
        raise InstanceNotFound() from None


def item_lock(item_id: int) -> WorkItem:
    """Read an item and lock its instance in one statement. Raises `WorkItemNotFound`.

    Where the lock had to be waited for, PostgreSQL gives the instance as it is now, but the item as
    it was: whoever changes the item must guard the update by what was read (`item_change`).
    """
    item = item_read_locked(item_id)
    if item is None:
        raise WorkItemNotFound()
    return item


class Step:
    """One step of one instance: what it is about to change, in memory until `save`."""

    def __init__(self, instance: ProcessInstance, *, now: datetime.datetime) -> None:
        self.instance = instance
        self.net = net_get(instance.version)
        self.now = now
        self.context = context_get()
        self.read_revision = self.revision = instance.revision
        self.variables = instance.variables
        self.has_new_variables = False
        self.queue: deque[Arrival] = deque()
        self.events: list[HistoryEvent] = []
        self.items: list[WorkItem] = []
        self.timers: list[Timer] = []
        self.dropped_timers: set[int] = set()
        self.added: dict[int, Mark] = {}
        self.gone: list[int] = []
        rows = tokens_read(instance.pk) if instance.revision else ()
        self.marks = {row[0]: Mark(*row) for row in rows}

    def log(self, kind: str, node_id: str = "", **detail: object) -> int:
        """Add a history event (记录) and return its sequence number."""
        self.revision += 1
        self.events.append(
            HistoryEvent(
                instance_id=self.instance.pk,
                seq=self.revision,
                at=self.now,
                kind=kind,
                node_id=node_id,
                actor_id=self.context.account_id,
                actor_name=self.context.name[:80],
                detail=detail,
            )
        )
        return self.revision

    def put(self, number: int, node: Node, state: str, arrival: Arrival) -> None:
        """Let a token wait at a node."""
        mark = Mark(number, node.id, state, arrival.flow_id, arrival.scope)
        self.marks[number] = self.added[number] = mark

    def take(self, number: int) -> Mark:
        """Take a waiting token away."""
        if self.added.pop(number, None) is None:
            self.gone.append(number)
        return self.marks.pop(number)

    def send(self, flow_id: str, scope: int) -> None:
        """Send a token along a flow."""
        self.queue.append(Arrival(self.net.flows[flow_id].target, flow_id, scope))

    def leave(self, node: Node, scope: int) -> list[str]:
        """Send tokens along the flows by which a node is left, and return them."""
        flows = HANDLERS[node.kind].leave(self, node)
        for flow_id in flows:
            self.send(flow_id, scope)
        return list(flows)

    def merge(self, variables: dict) -> None:
        """Take new values into the variables of the instance (流程变量)."""
        if variables:
            self.variables = {**self.variables, **variables}
            self.has_new_variables = True

    def save(self) -> None:
        """Write everything the step changed; `Conflict` if the instance moved underneath it."""
        instance = self.instance
        changes: dict[str, object] = {"revision": self.revision, "state": instance.state}
        if instance.ended_at is not None:
            changes["ended_at"] = instance.ended_at
        if self.has_new_variables:
            changes["variables"] = instance.variables = self.variables
        rows = ProcessInstance.objects.filter(pk=instance.pk, revision=self.read_revision)
        if not rows.update(**changes):
            raise Conflict()
        instance.revision = self.read_revision = self.revision
        self._save_tokens()
        rows_insert(self.items)
        rows_insert(self.timers)
        rows_insert(self.events)
        self.events, self.items, self.timers = [], [], []

    def _save_tokens(self) -> None:
        pk = self.instance.pk
        if self.gone:
            tokens_delete(pk, self.gone)
        rows_insert(
            [
                Token(
                    instance_id=pk,
                    number=mark.number,
                    node_id=mark.node_id,
                    state=mark.state,
                    flow_id=mark.flow_id,
                    scope=mark.scope,
                )
                for mark in self.added.values()
            ]
        )
        if self.dropped_timers:
            Timer.objects.filter(
                instance_id=pk,
                token_number__in=self.dropped_timers,
                state__in=[Timer.State.PENDING, Timer.State.PAUSED],
            ).update(state=Timer.State.CANCELLED)
        self.gone, self.added, self.dropped_timers = [], {}, set()


def advance(step: Step) -> None:
    """Walk until every token waits or has ended (推进), then end the instance if none is left."""
    steps = 0
    while step.queue:
        arrival = step.queue.popleft()
        node = step.net.nodes[arrival.node_id]
        steps += 1
        if steps > MAX_STEPS:
            raise ProcessStuck(node=node.name or node.id)
        HANDLERS[node.kind].enter(step, node, arrival)
    if not step.marks and step.instance.state == ProcessInstance.State.RUNNING:
        step.log("INSTANCE_COMPLETED")
        step.instance.state = ProcessInstance.State.COMPLETED
        step.instance.ended_at = step.now


def _pass(step: Step, node: Node, arrival: Arrival) -> None:
    step.log("PASSED", node.id, flows=step.leave(node, arrival.scope))


def _end(step: Step, node: Node, arrival: Arrival) -> None:
    step.log("ENDED", node.id, flow=arrival.flow_id)


def _serve(step: Step, node: Node, arrival: Arrival) -> None:
    function = SERVICES.get(node.service)
    if function is None:
        raise ServiceUnknown(service=node.service)
    instance = step.instance
    call = ServiceCall(instance.pk, instance.business_key, node.id, dict(step.variables), step.now)
    step.merge(function(call) or {})
    _pass(step, node, arrival)


def _open(step: Step, node: Node, arrival: Arrival) -> None:
    """Open a work item, its token and its timers (开启待办)."""
    instance = step.instance
    department_id = instance.departments[node.department]
    number = step.log(
        "OPENED", node.id, flow=arrival.flow_id, department=department_id, role=node.role
    )
    step.put(number, node, Token.State.WORK, arrival)
    due_at = due_at_get(node.limit, step.now) if node.limit else None
    card = instance.card
    step.items.append(
        WorkItem(
            instance_id=instance.pk,
            token_number=number,
            business_key=instance.business_key,
            node_id=node.id,
            branch=node.branch,
            name_zh=node.name[:120],
            name_en=(node.name_en or node.name)[:160],
            number=card["number"],
            title_zh=card["title"].get("zh", "")[:200],
            title_en=card["title"].get("en", "")[:240],
            applicant_name=card["applicant_name"][:160],
            url=card["url"],
            department_id=department_id,
            role=node.role,
            opened_at=step.now,
            due_at=due_at,
            due_order=due_at or NO_DUE,
            warn_at=due_at and warn_at_get(due_at),
        )
    )
    for boundary in step.net.boundaries.get(node.id, ()):
        step.timers.append(
            Timer(
                instance_id=instance.pk,
                token_number=number,
                node_id=boundary.id,
                started_at=step.now,
                amount=boundary.limit.amount,
                unit=boundary.limit.unit,
                due_at=due_at_get(boundary.limit, step.now),
            )
        )


def _synchronise(step: Step, node: Node, arrival: Arrival) -> None:
    """Let a token wait for the others of its scope; the last one to come lets all go on (汇合)."""
    if len(node.incoming) == 1:
        _pass(step, node, arrival)
        return
    number = step.log("ARRIVED", node.id, flow=arrival.flow_id)
    step.put(number, node, Token.State.JOIN, arrival)
    first: dict[str, int] = {}
    for mark in step.marks.values():
        if mark.node_id == node.id and mark.scope == arrival.scope:
            first.setdefault(mark.flow_id, mark.number)
    if len(first) < len(node.incoming):
        return
    for used in first.values():
        step.take(used)
    joined = sorted(first.values())
    step.log("JOINED", node.id, tokens=joined, flows=step.leave(node, arrival.scope))


def _every(step: Step, node: Node) -> tuple[str, ...]:
    return node.outgoing


def _one(step: Step, node: Node) -> tuple[str, ...]:
    """Return the first flow whose condition holds, in the order of the file, else the default."""
    if len(node.outgoing) == 1:
        return node.outgoing
    for flow_id in node.outgoing:
        condition = step.net.flows[flow_id].condition
        if flow_id != node.default and condition and condition.evaluate(step.variables):
            return (flow_id,)
    if not node.default:
        raise NoFlowMatches(node=node.name or node.id)
    return (node.default,)


@dataclass(frozen=True, slots=True)
class Handler:
    """What a kind of node does (节点处理)."""

    enter: Callable[[Step, Node, Arrival], None]
    leave: Callable[[Step, Node], tuple[str, ...]] = _every


HANDLERS: dict[str, Handler] = {
    data.START: Handler(_pass),
    data.END: Handler(_end),
    data.USER: Handler(_open),
    data.SERVICE: Handler(_serve),
    data.EXCLUSIVE: Handler(_pass, _one),
    data.PARALLEL: Handler(_synchronise),
    data.BOUNDARY: Handler(_pass),
}


def start(step: Step) -> None:
    """Put the first token on the start event (启动)."""
    step.log("STARTED")
    step.queue.append(Arrival(step.net.start().id, "", 0))
    advance(step)


def complete(step: Step, token_number: int) -> None:
    """Let the token of a finished item go on; the caller has logged and closed the item (办结)."""
    mark = step.take(token_number)
    node = step.net.nodes[mark.node_id]
    if step.net.boundaries.get(node.id):
        step.dropped_timers.add(token_number)
    step.leave(node, mark.scope)
    advance(step)


def fire(step: Step, timer: Timer) -> None:
    """Let a timer boundary event happen (定时触发): beside the task, or in place of it."""
    node = step.net.nodes[timer.node_id]
    mark = step.marks[timer.token_number]
    step.log("TIMER_FIRED", node.id, token=mark.number, is_interrupting=node.is_interrupting)
    if node.is_interrupting:
        step.take(mark.number)
        step.dropped_timers.add(mark.number)
    for flow_id in node.outgoing:
        step.send(flow_id, mark.scope)
    advance(step)
