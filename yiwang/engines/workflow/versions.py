"""Moving running instances to another version of their process (版本迁移): reported first, then all or nothing.

An instance can move when every element it stands at has its like in the new version, and when the
state it would then be in is one from which the new version can go on and end well: the search that
proves a version sound at publication starts from that state.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from yiwang.engines.workflow import data, engine
from yiwang.engines.workflow.data import Net, Node
from yiwang.engines.workflow.events import arm
from yiwang.engines.workflow.models import (
    ProcessInstance,
    ProcessVersion,
    Subscription,
    Timer,
    WorkItem,
)
from yiwang.engines.workflow.soundness import marking_problem
from yiwang.engines.workflow.step import JOIN, MULTI, Mark, Step
from yiwang.kernel.api import action, audit_record
from yiwang.sdk.errors import N_, Invalid, YiwangError

CHUNK = 200
OPEN = ("RUNNING", "SUSPENDED", "FAILED")


class MigrationRefused(YiwangError):
    """Not every instance can move; `plan` says which not, and why. Nothing was changed."""

    code = "migration_refused"
    status = 409
    message = N_("%(blocked)d of %(total)d instances cannot move; nothing was changed.")

    def __init__(self, plan: "MigrationPlan") -> None:
        blocked = len(plan.blocked)
        super().__init__(blocked=blocked, total=blocked + len(plan.movable))
        self.plan = plan


@dataclass(frozen=True, slots=True)
class Blocked:
    """An instance that cannot move (不可迁移): at which element, and why."""

    instance_id: int
    business_key: str
    node_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """What moving would come to (迁移预演)."""

    from_version: int
    to_version: int
    movable: tuple[int, ...]
    blocked: tuple[Blocked, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """From one net to another: what each element becomes."""

    old: Net
    new: Net
    mapping: Mapping[str, str]

    def name(self, key: str) -> str:
        return self.mapping.get(key, key)

    def flow(self, flow_id: str) -> str | None:
        """Return the like of a flow: by its name, or between the same elements."""
        if (key := self.name(flow_id)) in self.new.flows:
            return key
        old = self.old.flows[flow_id]
        ends = self.name(old.source), self.name(old.target)
        like = [flow.id for flow in self.new.flows.values() if (flow.source, flow.target) == ends]
        return like[0] if len(like) == 1 else None


GONE = N_("the new version has no such element")
KIND = N_("the element is of another kind in the new version")
SCOPE = N_("the element stands in another sub-process in the new version")
MULTIPLE = N_("the element has several instances in one version only")
FLOW = N_("the way by which the token came does not lead to the join any more")
MERGED = N_("two elements that are both at work would become one")
OUTCOMES = N_("no department is named for it")


def migration_plan(
    from_version_id: int, to_version_id: int, *, mapping: Mapping[str, str] | None = None
) -> MigrationPlan:
    """Say which running instances could move to another version, which not and why (迁移预演).

    mapping: old element id -> new one, where they differ. Changes nothing.
    """
    old, new = _versions(from_version_id, to_version_id)
    way = _Way(engine.net_get(old), engine.net_get(new), dict(mapping or {}))
    unknown = sorted(set(way.mapping) - set(way.old.nodes) - set(way.old.flows))
    if unknown:
        raise Invalid(N_("The old version has no %(keys)s."), keys=", ".join(unknown))
    movable, blocked = [], []
    now = datetime.datetime.now(datetime.UTC)
    rows = ProcessInstance.objects.select_related("version").defer("version__xml")
    for instance in rows.filter(version=old, state__in=OPEN).order_by("pk").iterator(CHUNK):
        marks = Step(instance, now=now).marks.values()
        found = _block(way, instance, list(marks))
        if found is None:
            movable.append(instance.pk)
        else:
            blocked.append(Blocked(instance.pk, instance.business_key, *found))
    return MigrationPlan(old.pk, new.pk, tuple(movable), tuple(blocked))


def _versions(first: int, second: int) -> tuple[ProcessVersion, ProcessVersion]:
    rows = ProcessVersion.objects.only("pk", "digest", "process_id", "number")
    old, new = rows.get(pk=first), rows.get(pk=second)
    if old.process_id != new.process_id or old.pk == new.pk:
        raise Invalid(N_("Instances move between two versions of one process."))
    return old, new


def _block(way: _Way, instance: ProcessInstance, marks: list[Mark]) -> tuple[str, str] | None:
    """Return at which element an instance is held back and why, None when it can move."""
    by_scope: dict[int, dict[str, str]] = {}
    for mark in marks:
        node = way.new.nodes.get(way.name(mark.node_id))
        reason = _unlike(way, instance, mark, node)
        if reason is not None:
            return mark.node_id, reason
        flow = way.flow(mark.flow_id) if mark.state == JOIN else (node.incoming or ("",))[0]
        is_inner = any(one.number == mark.scope and one.node_id == mark.node_id for one in marks)
        if flow and not is_inner and not _is_block(way, mark):
            stood = by_scope.setdefault(_sub_of(way, marks, mark.scope), {})
            if stood.setdefault(flow, mark.node_id) != mark.node_id:
                return mark.node_id, MERGED
    for flows in by_scope.values():
        if problem := marking_problem(way.new, set(flows)):
            return problem.element, problem.reason % problem.params
    return None


def _unlike(way: _Way, instance: ProcessInstance, mark: Mark, node: Node | None) -> str | None:
    old = way.old.nodes[mark.node_id]
    if node is None:
        return GONE
    if node.kind != old.kind:
        return KIND
    if node.scope != way.name(old.scope):
        return SCOPE
    if (node.multi is None) != (old.multi is None) or (
        mark.state == MULTI and node.multi.is_sequential != old.multi.is_sequential
    ):
        return MULTIPLE
    if mark.state == JOIN:
        flow = way.flow(mark.flow_id)
        return None if flow in node.incoming else FLOW
    is_task = node.kind in data.TASKS and node.department_by is None
    return OUTCOMES if is_task and node.department not in instance.departments else None


def _is_block(way: _Way, mark: Mark) -> bool:
    return way.old.nodes[mark.node_id].kind == data.INCLUSIVE and mark.state != JOIN


def _sub_of(way: _Way, marks: list[Mark], scope: int) -> int:
    """Return the sub-process token around a scope: inclusive blocks belong to what they stand in."""
    outer = next((mark for mark in marks if mark.number == scope), None)
    if outer is not None and _is_block(way, outer):
        return _sub_of(way, marks, outer.scope)
    return scope


@action("engines.workflow.migration_apply", permission="engines.workflow.administer")
def migration_apply(
    from_version_id: int,
    to_version_id: int,
    *,
    reason: str,
    now: datetime.datetime,
    mapping: Mapping[str, str] | None = None,
) -> int:
    """Move every running instance to another version (版本迁移), or none; returns how many.

    Raises `MigrationRefused` with the plan when one cannot. Open items keep their holders and due
    dates; timers and subscriptions of elements that are gone end, those of new ones begin now.
    """
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    old, new = _versions(from_version_id, to_version_id)
    way = _Way(engine.net_get(old), engine.net_get(new), dict(mapping or {}))
    rows = ProcessInstance.objects.filter(version=old, state__in=OPEN)
    ids = sorted(
        rows.values_list("pk", "root_id", "parent_id"), key=lambda row: (row[1] or row[0], row[0])
    )
    for pk, _, _ in ids:
        engine.instance_lock(pk)
    plan = migration_plan(from_version_id, to_version_id, mapping=mapping)
    if plan.blocked:
        raise MigrationRefused(plan)
    for instance_id in plan.movable:
        _move(way, new, instance_id, reason=reason, now=now)
    detail = {"from": old.number, "to": new.number, "instances": len(plan.movable)}
    subject = f"process:{ProcessVersion.objects.get(pk=new.pk).process.key}"
    audit_record(subject, detail=detail | {"reason": reason})
    return len(plan.movable)


def _move(
    way: _Way, new: ProcessVersion, instance_id: int, *, reason: str, now: datetime.datetime
) -> None:
    step = Step(engine.instance_lock(instance_id), now=now)
    names = {key: way.name(key) for key in way.mapping}
    for mark in list(step.marks.values()):
        if mark.flow_id and (flow := way.flow(mark.flow_id)) and flow != mark.flow_id:
            names[mark.flow_id] = flow
    for mark in list(step.marks.values()):
        node_id, flow_id = names.get(mark.node_id, mark.node_id), mark.flow_id
        if (node_id, names.get(flow_id, flow_id)) != (mark.node_id, flow_id):
            step.change(mark.number, node_id=node_id, flow_id=names.get(flow_id, flow_id))
    old_number = step.instance.version.number
    ProcessInstance.objects.filter(pk=instance_id).update(version=new)
    step.net = way.new
    _move_items(way, step)
    _move_waits(way, step)
    versions = {"old": old_number, "new": new.number}
    step.log("MIGRATED", "", **versions, mapping=names, reason=reason)
    step.save()


def _move_items(way: _Way, step: Step) -> None:
    for item in WorkItem.objects.filter(instance_id=step.instance.pk, closed_at__isnull=True):
        node = way.new.nodes[way.name(item.node_id)]
        item.node_id, item.branch = node.id, node.branch
        item.name_zh, item.name_en = node.name[:120], (node.name_en or node.name)[:160]
        item.role = node.role if item.role else ""
        item.save(update_fields=["node_id", "branch", "name_zh", "name_en", "role"])


def _waits_of(net: Net, step: Step, mark: Mark) -> tuple[Node, ...]:
    """Return the events a token waits for in a net."""
    node = net.nodes[mark.node_id]
    outer = step.marks.get(mark.scope)
    is_inner = outer is not None and outer.node_id == mark.node_id
    found = () if is_inner else net.boundaries.get(node.id, ())
    if node.kind in (data.CATCH, data.RECEIVE):
        found = (node, *found)
    if node.kind == data.EVENT_GATEWAY:
        found = tuple(net.nodes[net.flows[flow].target] for flow in node.outgoing)
    if node.kind == data.SUB and mark.state != MULTI:
        found = (*found, *net.event_starts.get(node.id, ()))
    return found


def _move_waits(way: _Way, step: Step) -> None:
    """End the waits whose event is gone, keep those that have their like, begin the new ones."""
    wanted = {0: way.new.event_starts.get("", ())}
    for mark in step.marks.values():
        wanted[mark.number] = _waits_of(way.new, step, mark)
    nodes = {number: {node.id: node for node in found} for number, found in wanted.items()}
    kept: set[tuple[int, str]] = set()
    rows = {"instance_id": step.instance.pk}
    for model, live in ((Timer, ("PENDING", "PAUSED")), (Subscription, ("PENDING",))):
        for row in model.objects.filter(**rows):
            key = way.name(row.node_id)
            is_live = row.state in live
            if key not in nodes.get(row.token_number, {}):
                row.state = "CANCELLED" if is_live else row.state
            else:
                kept.add((row.token_number, key))
            row.node_id = key if key in way.new.nodes else row.node_id
            row.save(update_fields=["node_id", "state"])
    for number, found in wanted.items():
        fresh = [node for node in found if (number, node.id) not in kept]
        scope = step.marks[number].scope if number else 0
        arm(step, number, fresh, scope=scope)
