"""The acts on processes and work items (流程操作). Each is one short transaction on one instance.

Who may act on an item: a civil servant whose post has the item's role in the item's department or
above it, or who holds the item and has its role; or the system. Who may act on an instance: the
system, the staff of one of its departments, or a party whom the owner of the business key names
(`instance_access_register`).
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256

from django.db import transaction

from yiwang.engines.workflow import engine
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.data import (
    CORRECT,
    DepartmentMissing,
    InstanceNotRunning,
    OutcomeNotAllowed,
    ProcessInvalid,
    ProcessView,
    WorkCard,
    WorkItemClosed,
    WorkItemForbidden,
    WorkItemHeld,
    WorkItemSuspended,
)
from yiwang.engines.workflow.engine import Step
from yiwang.engines.workflow.layout import process_layout
from yiwang.engines.workflow.models import (
    ProcessInstance,
    ProcessModel,
    ProcessVersion,
    Timer,
    WorkItem,
)
from yiwang.engines.workflow.queries import instance_permits, item_permits
from yiwang.engines.workflow.registry import SERVICES
from yiwang.engines.workflow.rules import NO_DUE
from yiwang.engines.workflow.soundness import problems_find
from yiwang.engines.workflow.timers import timers_date, timers_pause, timers_resume
from yiwang.identity.api import ROLES
from yiwang.kernel.api import (
    RequestContext,
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
)
from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid

READY, CLAIMED, SUSPENDED = WorkItem.State.READY, WorkItem.State.CLAIMED, WorkItem.State.SUSPENDED
RUNNING = ProcessInstance.State.RUNNING


@action("engines.workflow.process_put", permission="engines.workflow.publish")
def process_put(
    key: str, bpmn_xml: str, *, title: Mapping[str, str], source: str = ""
) -> ProcessView:
    """Check a BPMN process and store it as a version (发布流程); the same net is the same version.

    A diagram is computed when the file has none. Raises `ProcessInvalid` with every problem.
    """
    net, problems = _process_read(key, bpmn_xml)
    problems = problems or problems_find(net, services=SERVICES, roles=ROLES)
    if problems:
        raise ProcessInvalid(key, problems)
    digest = sha256(bpmn_xml.encode()).hexdigest()
    process, _ = ProcessModel.objects.update_or_create(
        key=key, defaults={"title": dict(title), "source": source[:200]}
    )
    process = ProcessModel.objects.select_for_update().get(pk=process.pk)
    version = process.versions.filter(digest=digest).first()
    is_new = version is None
    if version is None:
        last = process.versions.order_by("-number").values_list("number", flat=True).first() or 0
        version = ProcessVersion.objects.create(
            process=process, number=last + 1, digest=digest, xml=process_layout(bpmn_xml)
        )
    audit_record(f"process:{key}", detail={"version": version.number, "is_new": is_new})
    return ProcessView(version.pk, key, version.number, process.title, digest, is_new)


def _process_read(key: str, xml: str):
    try:
        return process_read(xml)
    except ProcessInvalid as error:
        raise ProcessInvalid(key, list(error.problems)) from None


@action("engines.workflow.process_start")
def process_start(
    version_id: int,
    *,
    business_key: str,
    card: WorkCard,
    variables: Mapping[str, object],
    departments: Mapping[str, int],
    now: datetime.datetime,
) -> int:
    """Start an instance of a version (启动流程) and return its id.

    departments: a department id for every `yw:department` of the process ("owner" by default).
    The caller's act covers the permission: an applicant starts it by submitting.
    """
    version = ProcessVersion.objects.only("pk", "digest").get(pk=version_id)
    missing = engine.net_get(version).department_keys() - departments.keys()
    if missing:
        raise DepartmentMissing(keys=", ".join(sorted(missing)))
    instance = ProcessInstance(
        version=version,
        business_key=business_key,
        card=asdict(card) | {"title": dict(card.title)},
        departments=dict(departments),
        variables={"outcomes": {}, **variables},
        started_at=now,
    )
    instance.save(force_insert=True)
    step = Step(instance, now=now)
    engine.start(step)
    step.save()
    audit_record(business_key, detail={"instance": instance.pk, "version": version_id})
    return instance.pk


def _item_open(item_id: int, now: datetime.datetime) -> tuple[Step, WorkItem]:
    """Lock the item's instance and return the step and the item, which is open."""
    item = engine.item_lock(item_id)
    if item.closed_at is not None:
        raise WorkItemClosed()
    return Step(item.instance, now=now), item


def _is_system(context: RequestContext) -> bool:
    return context.population == "SYSTEM"


def _item_workable(item: WorkItem, context: RequestContext) -> None:
    """Raise unless the item can be worked on by this person now."""
    if not item_permits(item, context):
        raise WorkItemForbidden(role=item.role)
    if item.state == SUSPENDED:
        raise WorkItemSuspended(ground=item.ground)
    is_mine = item.assignee_id in (None, context.account_id)
    if not (is_mine or _is_system(context)):
        raise WorkItemHeld()


def _instance_allow(instance: ProcessInstance, context: RequestContext) -> None:
    """Raise unless the person is staff of a department concerned, or a party (当事人)."""
    if not instance_permits(instance, context):
        raise Forbidden()


def _item_change(step: Step, item: WorkItem, **changes: object) -> None:
    """Change an item if it still is as it was read, else say what became of it."""
    same = {"state": item.state, "assignee_id": item.assignee_id}
    if WorkItem.objects.filter(pk=item.pk, department_id=item.department_id, **same).update(
        **changes
    ):
        return
    item.refresh_from_db(fields=["state", "assignee_id", "department_id", "closed_at"])
    if item.closed_at is not None:
        raise WorkItemClosed()
    _item_workable(item, step.context)
    raise Conflict()


def _item_audit(item: WorkItem, **detail: object) -> None:
    where = {"item": item.pk, "node": item.node_id}
    audit_record(item.business_key, detail=where | {"branch": item.branch} | detail)


@action("engines.workflow.work_item_claim")
def work_item_claim(item_id: int, *, now: datetime.datetime, account_id: int | None = None) -> None:
    """Take an item into one's own hands (签收). account_id: only the system names someone else."""
    step, item = _item_open(item_id, now)
    context = step.context
    _item_workable(item, context)
    holder = account_id if _is_system(context) else context.account_id
    if holder is None:
        raise Invalid(N_("An item is claimed by an account."))
    _item_change(step, item, state=CLAIMED, assignee_id=holder)
    step.log("CLAIMED", item.node_id, token=item.token_number, state=CLAIMED, assignee=holder)
    step.save()
    _item_audit(item, assignee=holder)


@action("engines.workflow.work_item_release")
def work_item_release(item_id: int, *, now: datetime.datetime) -> None:
    """Put a claimed item back for the colleagues (退回待办池)."""
    step, item = _item_open(item_id, now)
    _item_workable(item, step.context)
    if item.state != CLAIMED:
        raise Conflict()
    _item_change(step, item, state=READY, assignee_id=None)
    step.log("RELEASED", item.node_id, token=item.token_number, state=READY, assignee=None)
    step.save()
    _item_audit(item)


@action("engines.workflow.work_item_complete")
def work_item_complete(
    item_id: int,
    *,
    outcome: str,
    now: datetime.datetime,
    variables: Mapping[str, object] | None = None,
    comment: str = "",
) -> None:
    """Finish an item with an outcome (办结环节) and let the process go on, exactly once.

    The outcome is kept as variables["outcomes"][branch or node id] and as variables["outcome"].
    Raises `WorkItemClosed` for whoever comes second, `OutcomeNotAllowed` for an outcome that the
    step does not offer; a correction is asked for with `work_item_request_correction`.
    """
    step, item = _item_open(item_id, now)
    context = step.context
    _item_workable(item, context)
    allowed = [one for one in step.net.nodes[item.node_id].outcomes if one != CORRECT]
    if outcome not in allowed:
        raise OutcomeNotAllowed(outcome=outcome, allowed=", ".join(allowed))
    holder = context.account_id or item.assignee_id
    _item_change(
        step,
        item,
        state=WorkItem.State.COMPLETED,
        assignee_id=holder,
        outcome=outcome,
        closed_at=now,
    )
    branch = item.branch or item.node_id
    outcomes = {**step.variables.get("outcomes", {}), branch: outcome}
    step.merge({**(variables or {}), "outcomes": outcomes, "outcome": outcome})
    step.log(
        "COMPLETED",
        item.node_id,
        token=item.token_number,
        branch=branch,
        outcome=outcome,
        assignee=holder,
        comment=comment,
    )
    engine.complete(step, item.token_number)
    step.save()
    _item_audit(item, outcome=outcome)


@action("engines.workflow.work_item_request_correction")
def work_item_request_correction(
    item_id: int, *, ground: str, now: datetime.datetime, comment: str = ""
) -> None:
    """Ask the applicant for a correction (补正): the item waits, its timers stand still.

    ground: a code of the table `pause_grounds`. Other branches go on. Raises `OutcomeNotAllowed`
    when the step does not list CORRECT among its outcomes.
    """
    step, item = _item_open(item_id, now)
    context = step.context
    _item_workable(item, context)
    outcomes = step.net.nodes[item.node_id].outcomes
    if CORRECT not in outcomes:
        raise OutcomeNotAllowed(outcome=CORRECT, allowed=", ".join(outcomes))
    if not ground:
        raise Invalid(fields={"ground": [N_("State the ground.")]})
    holder = context.account_id or item.assignee_id
    _item_change(
        step,
        item,
        state=SUSPENDED,
        paused_by=WorkItem.Pause.ITEM,
        ground=ground[:80],
        assignee_id=holder,
    )
    step.log(
        "CORRECTION_REQUESTED",
        item.node_id,
        token=item.token_number,
        state=SUSPENDED,
        assignee=holder,
        ground=ground,
        comment=comment,
    )
    timers_pause(item.instance_id, now=now, token_number=item.token_number)
    step.save()
    _item_audit(item, ground=ground)


@action("engines.workflow.work_item_resume")
def work_item_resume(item_id: int, *, now: datetime.datetime, comment: str = "") -> None:
    """Let an item go on after a correction (恢复办理); the applicant's answer does this too.

    While the whole instance is suspended, the item stays suspended with it.
    """
    step, item = _item_open(item_id, now)
    if not item_permits(item, step.context):
        _instance_allow(step.instance, step.context)
    if item.state != SUSPENDED or item.paused_by != WorkItem.Pause.ITEM:
        raise InstanceNotRunning(state=item.state)
    back = CLAIMED if item.assignee_id is not None else READY
    paused_by = WorkItem.Pause.NONE
    if step.instance.state != RUNNING:
        back, paused_by = SUSPENDED, WorkItem.Pause.INSTANCE
    else:
        timers_resume(item.instance_id, now=now, token_number=item.token_number)
    _item_change(step, item, state=back, paused_by=paused_by, ground="")
    step.log(
        "CORRECTION_ANSWERED", item.node_id, token=item.token_number, state=back, comment=comment
    )
    step.save()
    _item_audit(item)


@action("engines.workflow.work_item_transfer")
def work_item_transfer(
    item_id: int,
    *,
    reason: str,
    now: datetime.datetime,
    to_account_id: int | None = None,
    to_department_id: int | None = None,
) -> None:
    """Hand an item to a person or to another department (转办), with a reason.

    To a person: that person holds it, wherever the post is, and needs the item's role. To a
    department: it is open to all there who have the role.
    """
    step, item = _item_open(item_id, now)
    _item_workable(item, step.context)
    if (to_account_id is None) == (to_department_id is None):
        raise Invalid(N_("Transfer to one person or to one department."))
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    state = READY if to_account_id is None else CLAIMED
    department_id = to_department_id or item.department_id
    _item_change(
        step,
        item,
        state=state,
        assignee_id=to_account_id,
        department_id=department_id,
    )
    step.log(
        "TRANSFERRED",
        item.node_id,
        token=item.token_number,
        state=state,
        assignee=to_account_id,
        department=department_id,
        reason=reason,
    )
    step.save()
    _item_audit(item, assignee=to_account_id, department=department_id, reason=reason)


@action("engines.workflow.work_item_due_set")
def work_item_due_set(
    business_key: str,
    *,
    due_at: datetime.datetime | None,
    warn_at: datetime.datetime | None = None,
    node_id: str = "",
    branch: str = "",
) -> int:
    """Mirror a clock's due date into the open items of a matter (同步到期时间); returns how many.

    node_id, branch: only the items of that node or branch. warn_at: from when the light is yellow.
    """
    items = WorkItem.objects.filter(business_key=business_key, closed_at__isnull=True)
    if node_id:
        items = items.filter(node_id=node_id)
    if branch:
        items = items.filter(branch=branch)
    count = items.update(due_at=due_at, due_order=due_at or NO_DUE, warn_at=warn_at)
    detail = {"due_at": due_at and due_at.isoformat(), "node": node_id, "branch": branch}
    audit_record(business_key, detail=detail | {"items": count})
    return count


def _instance_open(instance_id: int, *, states: Iterable[str], now: datetime.datetime) -> Step:
    instance = engine.instance_lock(instance_id)
    _instance_allow(instance, context_get())
    if instance.state not in states:
        raise InstanceNotRunning(state=instance.state)
    return Step(instance, now=now)


@action("engines.workflow.instance_suspend")
def instance_suspend(instance_id: int, *, reason: str, now: datetime.datetime) -> None:
    """Suspend a whole instance (挂起流程): all open items wait, all timers stand still."""
    step = _instance_open(instance_id, states=[RUNNING], now=now)
    instance = step.instance
    instance.items.filter(state__in=[READY, CLAIMED]).update(
        state=SUSPENDED, paused_by=WorkItem.Pause.INSTANCE
    )
    timers_pause(instance_id, now=now)
    instance.state = ProcessInstance.State.SUSPENDED
    step.log("INSTANCE_SUSPENDED", reason=reason)
    step.save()
    audit_record(instance.business_key, detail={"instance": instance_id, "reason": reason})


@action("engines.workflow.instance_resume")
def instance_resume(instance_id: int, *, now: datetime.datetime, reason: str = "") -> None:
    """Let a suspended instance go on (恢复流程); items that wait for a correction keep waiting."""
    step = _instance_open(instance_id, states=[ProcessInstance.State.SUSPENDED], now=now)
    instance = step.instance
    waiting = instance.items.filter(state=SUSPENDED, paused_by=WorkItem.Pause.INSTANCE)
    tokens = sorted(waiting.values_list("token_number", flat=True))
    waiting.filter(assignee_id__isnull=True).update(state=READY, paused_by="")
    waiting.filter(assignee_id__isnull=False).update(state=CLAIMED, paused_by="")
    for number in tokens:
        timers_resume(instance_id, now=now, token_number=number)
    instance.state = RUNNING
    step.log("INSTANCE_RESUMED", tokens=tokens, reason=reason)
    step.save()
    audit_record(instance.business_key, detail={"instance": instance_id, "reason": reason})


@action("engines.workflow.instance_withdraw")
def instance_withdraw(instance_id: int, *, reason: str, now: datetime.datetime) -> None:
    """Withdraw an instance (撤回申请): in every branch at once, open items and timers end with it."""
    states = [RUNNING, ProcessInstance.State.SUSPENDED]
    step = _instance_open(instance_id, states=states, now=now)
    instance = step.instance
    instance.items.filter(closed_at__isnull=True).update(
        state=WorkItem.State.WITHDRAWN, paused_by="", closed_at=now
    )
    step.dropped_timers.update(step.marks)
    for number in list(step.marks):
        step.take(number)
    instance.state, instance.ended_at = ProcessInstance.State.WITHDRAWN, now
    step.log("INSTANCE_WITHDRAWN", reason=reason)
    step.save()
    audit_record(instance.business_key, detail={"instance": instance_id, "reason": reason})


def timer_sweep(now: datetime.datetime, *, limit: int = 500) -> int:
    """Fire the timers that are due (定时巡检), oldest first; returns how many fired.

    Idempotent: each timer fires once, in a transaction of its own, whoever sweeps. Timers that had
    no date because a calendar was missing are dated first.
    """
    with context_use(context_system("engines.workflow.timers", name="定时巡检")):
        timers_date(limit=limit)
        due = Timer.objects.filter(state=Timer.State.PENDING, due_at__lte=now)
        numbers = list(due.order_by("due_at", "pk").values_list("pk", "instance_id")[:limit])
        return sum(_timer_fire(pk, instance_id, now=now) for pk, instance_id in numbers)


def _timer_fire(timer_id: int, instance_id: int, *, now: datetime.datetime) -> bool:
    with transaction.atomic():
        instance = engine.instance_lock(instance_id)
        waiting = Timer.objects.filter(
            pk=timer_id, state=Timer.State.PENDING, due_at__lte=now, instance__state=RUNNING
        )
        if not waiting.update(state=Timer.State.FIRED):
            return False
        timer = Timer.objects.get(pk=timer_id)
        step = Step(instance, now=now)
        if step.net.nodes[timer.node_id].is_interrupting:
            instance.items.filter(token_number=timer.token_number).update(
                state=WorkItem.State.CANCELLED, paused_by="", closed_at=now
            )
        engine.fire(step, timer)
        step.save()
        audit_record(
            instance.business_key,
            act="engines.workflow.timer_fire",
            detail={"instance": instance_id, "node": timer.node_id},
        )
        return True
