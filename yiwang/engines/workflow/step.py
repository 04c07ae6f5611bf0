"""One step of one instance in memory (步): what it read, what it is about to change, until `save`.

A step holds the instance's lock. Tokens are read once; what changed is written in a handful of bulk
statements. Processes that call each other move as one family: under the lock of the root, in one
transaction, each with a step of its own.
"""

import datetime
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.data import InstanceNotFound, Net, Node, WorkItemNotFound
from yiwang.engines.workflow.models import (
    HistoryEvent,
    Message,
    ProcessInstance,
    ProcessVersion,
    Subscription,
    Timer,
    Token,
    WorkItem,
)
from yiwang.engines.workflow.rows import (
    item_read_locked,
    tokens_delete,
    tokens_read,
)
from yiwang.engines.workflow.timers import timers_pause
from yiwang.kernel.api import context_get, row_change, rows_insert
from yiwang.sdk.errors import Conflict

MAX_STEPS = 1000
"""Automatic nodes in one step: more is a circle without a task in it."""

_NET_CACHE_SIZE = 512
WORK, JOIN, WAIT, SCOPE = Token.State.WORK, Token.State.JOIN, Token.State.WAIT, Token.State.SCOPE
MULTI, CALL, SIGN, STUCK = Token.State.MULTI, Token.State.CALL, Token.State.SIGN, Token.State.STUCK


@lru_cache(maxsize=_NET_CACHE_SIZE)
def _net(digest: str, version_id: int) -> Net:
    xml = ProcessVersion.objects.values_list("xml", flat=True).get(pk=version_id)
    return process_read(xml)[0]


def net_get(version: ProcessVersion) -> Net:
    """Return the compiled net of a version (流程网), kept by digest for the life of the process."""
    return _net(version.digest, version.pk)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A token on its way into a node. cause: the history event that sent it; data: its element."""

    node_id: str
    flow_id: str
    scope: int
    cause: int = 0
    data: dict | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A token that waits, in memory."""

    number: int
    node_id: str
    state: str
    flow_id: str
    scope: int
    data: dict | None = None


_LOCKED = ProcessInstance.objects.select_related("version").defer("version__xml")


def instance_lock(instance_id: int) -> ProcessInstance:
    """Lock an instance for this transaction (锁定实例). Raises `InstanceNotFound`.

    On PostgreSQL the row of its root is locked; on SQLite the immediate transaction holds the only
    writer.
    """
    alone = _LOCKED.select_for_update(of=("self",)).filter(pk=instance_id, root__isnull=True)
    if instance := alone.first():
        return instance
    root_id = ProcessInstance.objects.filter(pk=instance_id).values_list("root_id", flat=True)
    if not root_id:
        raise InstanceNotFound()
    ProcessInstance.objects.select_for_update().filter(pk=root_id[0]).values_list("pk").first()
    return _LOCKED.get(pk=instance_id)


def item_lock(item_id: int) -> WorkItem:
    """Read an item and lock its instance in one statement. Raises `WorkItemNotFound`.

    Where the lock had to be waited for, PostgreSQL gives the instance as it is now, but the item as
    it was: whoever changes the item must guard the update by what was read (`item_change`).
    """
    if item := item_read_locked(item_id):
        return item
    item = WorkItem.objects.filter(pk=item_id).first()
    if item is None:
        raise WorkItemNotFound()
    instance = instance_lock(item.instance_id)
    item.refresh_from_db()
    item.instance = instance
    return item


class Step:
    """One step of one instance: what it is about to change, in memory until `save`."""

    def __init__(
        self,
        instance: ProcessInstance,
        *,
        now: datetime.datetime,
        family: dict[int, "Step"] | None = None,
    ) -> None:
        self.instance = instance
        self.net = net_get(instance.version)
        self.now = now
        self.context = context_get()
        self.family = {} if family is None else family
        self.family[instance.pk] = self
        self.acting_for: int | None = None
        self.due: tuple[datetime.datetime | None, datetime.datetime | None] = (None, None)
        self.read_revision = self.revision = instance.revision
        self.variables = instance.variables
        self.has_new_variables = False
        self.failure = instance.failure
        self.budget = MAX_STEPS
        self.settled = -1
        self.queue: deque[Arrival] = deque()
        self.events: list[HistoryEvent] = []
        self.items: list[WorkItem] = []
        self.timers: list[Timer] = []
        self.subscriptions: list[Subscription] = []
        self.letters: list[Message] = []
        self.happened: list[tuple[int, Node, dict]] = []
        self.dropped_waits: set[int] = set()
        self.cancelled: list[int] = []
        self.added: dict[int, Mark] = {}
        self.gone: list[int] = []
        rows = tokens_read(instance.pk) if instance.revision else ()
        self.marks = {row[0]: Mark(*row) for row in rows}

    def member(self, instance_id: int) -> "Step":
        """Return the step of another instance of this family, whose root is locked."""
        if instance_id not in self.family:
            Step(_LOCKED.get(pk=instance_id), now=self.now, family=self.family)
        return self.family[instance_id]

    # -- what happens

    def log(self, kind: str, node_id: str = "", **detail: object) -> int:
        """Add a history event (记录) and return its sequence number."""
        self.revision += 1
        if self.acting_for is not None:
            detail["for"] = self.acting_for
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

    def put(
        self, number: int, node: Node, state: str, arrival: Arrival, *, data: dict | None = None
    ) -> None:
        """Let a token wait at a node."""
        own = arrival.data if data is None else data
        mark = Mark(number, node.id, state, arrival.flow_id, arrival.scope, own)
        self.marks[number] = self.added[number] = mark

    def put_back(self, number: int, node: Node, state: str, arrival: Arrival) -> None:
        """Let a token that was used up wait again, under its own number."""
        self.put(number, node, state, arrival)
        self.marks = dict(sorted(self.marks.items()))

    def change(self, number: int, **changes: object) -> Mark:
        """Change what a waiting token is (by writing its row anew)."""
        mark = replace(self.marks[number], **changes)
        if number <= self.read_revision and number not in self.gone:
            self.gone.append(number)
        self.marks[number] = self.added[number] = mark
        return mark

    def take(self, number: int) -> Mark:
        """Take a waiting token away."""
        self.added.pop(number, None)
        if number <= self.read_revision and number not in self.gone:
            self.gone.append(number)
        mark = self.marks.pop(number)
        if self.net.boundaries.get(mark.node_id) or mark.state in (WAIT, SCOPE):
            self.dropped_waits.add(number)
        return mark

    def inside(self, number: int) -> list[Mark]:
        """Return the tokens that stand directly inside another one."""
        return [mark for mark in self.marks.values() if mark.scope == number]

    def withdraw(self, numbers: Iterable[int]) -> list[int]:
        """Cancel tokens with everything inside them: items, events, called processes (撤销令牌)."""
        withdrawn: list[int] = []
        pending = list(numbers)
        while pending:
            number = pending.pop()
            if number not in self.marks:
                continue
            pending += [mark.number for mark in self.inside(number)]
            mark = self.take(number)
            withdrawn.append(number)
            if mark.state == WORK:
                self.cancelled.append(number)
            elif mark.state == CALL:
                self._end_called(number)
        lost = set(withdrawn)
        self.queue = deque(one for one in self.queue if one.scope not in lost)
        return sorted(withdrawn)

    def _end_called(self, number: int) -> None:
        called = ProcessInstance.objects.filter(
            parent_id=self.instance.pk, parent_token=number, ended_at__isnull=True
        )
        for instance_id in called.values_list("pk", flat=True):
            self.member(instance_id).end("TERMINATED", "INSTANCE_TERMINATED", reason="caller")

    def end(self, state: str, kind: str, **detail: object) -> None:
        """End the whole instance at once (结束流程)."""
        self.withdraw([mark.number for mark in self.inside(0)])
        self.queue.clear()
        self.drop_waits(0)
        self.instance.state, self.instance.ended_at = state, self.now
        self.log(kind, **detail)

    # -- where it goes

    def send(self, flow_id: str, scope: int, cause: int) -> None:
        """Send a token along a flow."""
        self.queue.append(Arrival(self.net.flows[flow_id].target, flow_id, scope, cause))

    def send_all(self, flows: Iterable[str], scope: int, cause: int) -> None:
        """Send a token along each of these flows."""
        for flow_id in flows:
            self.send(flow_id, scope, cause)

    def pause(self) -> None:
        """Let everything that is open stand still with the instance (随流程挂起)."""
        own = WorkItem.objects.filter(instance_id=self.instance.pk)
        paused = {"state": WorkItem.State.SUSPENDED, "paused_by": WorkItem.Pause.INSTANCE}
        open_states = (WorkItem.State.READY, WorkItem.State.CLAIMED)
        own.filter(state__in=open_states).update(**paused)
        for item in self.items:
            if item.state in open_states:
                item.state, item.paused_by = paused.values()
        timers_pause(self.instance.pk, now=self.now)
        for timer in self.timers:
            if timer.state == Timer.State.PENDING:
                timer.state, timer.paused_at = Timer.State.PAUSED, self.now

    def item_release(self, item: WorkItem) -> str:
        """Let an item that waited go on, unless its instance stands still; returns its state."""
        state = WorkItem.State.READY if item.assignee_id is None else WorkItem.State.CLAIMED
        paused_by = WorkItem.Pause.NONE
        if self.instance.state != ProcessInstance.State.RUNNING:
            state, paused_by = WorkItem.State.SUSPENDED, WorkItem.Pause.INSTANCE
        rows = WorkItem.objects.filter(pk=item.pk, closed_at__isnull=True)
        rows.update(state=state, paused_by=paused_by, ground="")
        return str(state)

    def drop_waits(self, number: int) -> None:
        """Let the timers and subscriptions of a token (0: of the process) end with the step."""
        self.dropped_waits.add(number)

    def queue_clear(self, scope: int) -> None:
        """Stop what is on its way directly inside a scope."""
        self.queue = deque(one for one in self.queue if one.scope != scope)

    def drop_events(self, number: int, nodes: list[str]) -> None:
        """Stop waiting for some of the events of a token, at once."""
        rows = {"instance_id": self.instance.pk, "token_number": number, "node_id__in": nodes}
        open_timers = [Timer.State.PENDING, Timer.State.PAUSED]
        Timer.objects.filter(state__in=open_timers, **rows).update(state=Timer.State.CANCELLED)
        waits = Subscription.objects.filter(state=Subscription.State.PENDING, **rows)
        waits.update(state=Subscription.State.CANCELLED)

        def is_left(wait: Timer | Subscription) -> bool:
            return wait.token_number != number or wait.node_id not in nodes

        self.timers = [one for one in self.timers if is_left(one)]
        self.subscriptions = [one for one in self.subscriptions if is_left(one)]

    def scope_node(self, number: int) -> str:
        """Return which sub-process a scope is, "" for the process itself."""
        while number:
            mark = self.marks[number]
            if self.net.nodes[mark.node_id].kind == "subProcess":
                return mark.node_id
            number = mark.scope
        return ""

    # -- variables

    def names(self, scope: int, data: dict | None = None) -> Mapping[str, object]:
        """Return what expressions see inside a scope (变量): the process's, elements over them."""
        local = [data["local"]] if data and "local" in data else []
        while scope:
            mark = self.marks[scope]
            if mark.data and "local" in mark.data:
                local.append(mark.data["local"])
            scope = mark.scope
        if not local:
            return self.variables
        names = dict(self.variables)
        for values in reversed(local):
            names.update(values)
        return names

    def merge(self, variables: Mapping[str, object]) -> None:
        """Take new values into the variables of the instance (流程变量)."""
        if variables:
            self.variables = {**self.variables, **variables}
            self.has_new_variables = True

    def outcome_set(self, branch: str, outcome: str) -> None:
        """Keep what a branch decided (环节结果)."""
        outcomes = {**self.variables.get("outcomes", {}), branch: outcome}
        self.merge({"outcomes": outcomes, "outcome": outcome})

    # -- writing

    def save(self) -> None:
        """Write what the whole family changed; `Conflict` if one of it moved underneath."""
        for step in list(self.family.values()):
            if step.revision != step.read_revision:
                step._save()

    def _save(self) -> None:
        instance = self.instance
        changes: dict[str, object] = {"revision": self.revision, "state": instance.state}
        if instance.ended_at is not None:
            changes["ended_at"] = instance.ended_at
        if self.failure != instance.failure:
            changes["failure"] = instance.failure = self.failure
        if self.has_new_variables:
            changes["variables"] = instance.variables = self.variables
        known = {"id": instance.pk, "revision": self.read_revision}
        row_change(ProcessInstance, known=known, changes=changes, otherwise=Conflict)
        instance.revision = self.read_revision = self.revision
        self._save_tokens()
        self._drop_waits()
        self._cancel_items()
        for rows in (self.items, self.timers, self.subscriptions, self.letters, self.events):
            rows_insert(rows)
            rows.clear()

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
                    data=mark.data,
                )
                for mark in self.added.values()
            ]
        )
        self.gone, self.added = [], {}

    def _drop_waits(self) -> None:
        dropped = self.dropped_waits
        if not dropped:
            return
        rows = {"instance_id": self.instance.pk, "token_number__in": dropped}
        open_timers = [Timer.State.PENDING, Timer.State.PAUSED]
        Timer.objects.filter(state__in=open_timers, **rows).update(state=Timer.State.CANCELLED)
        if self.net.listens:
            waits = Subscription.objects.filter(state=Subscription.State.PENDING, **rows)
            waits.update(state=Subscription.State.CANCELLED)
        self.timers = [one for one in self.timers if one.token_number not in dropped]
        self.subscriptions = [one for one in self.subscriptions if one.token_number not in dropped]
        self.dropped_waits = set()

    def _cancel_items(self) -> None:
        if not self.cancelled:
            return
        cancelled = set(self.cancelled)
        closed = {"state": WorkItem.State.CANCELLED, "paused_by": "", "closed_at": self.now}
        rows = WorkItem.objects.filter(instance_id=self.instance.pk, closed_at__isnull=True)
        rows.filter(token_number__in=cancelled).update(**closed)
        for item in self.items:
            if item.token_number in cancelled:
                for name, value in closed.items():
                    setattr(item, name, value)
        self.cancelled = []
