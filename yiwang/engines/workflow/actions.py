"""The acts on processes and work items (流程操作). Each is one short transaction on one instance.

Who may act on an item: a civil servant whose post has the item's role in the item's department or
above it, or who holds the item and has its role; or the system. Who may act on an instance: the
system, the staff of one of its departments, or a party whom the owner of the business key names
(`instance_access_register`).
"""

import datetime
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256

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
)
from yiwang.engines.workflow.holding import (
    HOLD,
    hold_begin,
    hold_end,
    instance_owned_open,
    owner_tell,
    reason_of,
)
from yiwang.engines.workflow.items import (
    CLAIMED,
    FAILED,
    READY,
    RUNNING,
    SUSPENDED,
    instance_allow,
    instance_open,
    is_system,
    item_audit,
    item_change,
    item_open,
    item_workable,
)
from yiwang.engines.workflow.layout import process_layout
from yiwang.engines.workflow.models import (
    ProcessInstance,
    ProcessModel,
    ProcessVersion,
    WorkItem,
)
from yiwang.engines.workflow.operations import delegate_answer
from yiwang.engines.workflow.queries import item_permits
from yiwang.engines.workflow.registry import SERVICES
from yiwang.engines.workflow.rules import NO_DUE
from yiwang.engines.workflow.soundness import problems_find
from yiwang.engines.workflow.step import CALL, STUCK, Arrival, Step
from yiwang.engines.workflow.timers import timers_pause, timers_resume
from yiwang.identity.api import ROLES
from yiwang.kernel.api import (
    action,
    audit_record,
    row_insert,
    rows_find,
    stamp_get,
    stamp_renew,
)
from yiwang.sdk.errors import N_, Conflict, Invalid

STAMP = "engines.workflow"
"""Renewed with every new version of a process: what is kept of versions in memory is right under it."""


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
        stamp_renew(STAMP)
    audit_record(f"process:{key}", detail={"version": version.number, "is_new": is_new})
    return ProcessView(version.pk, key, version.number, process.title, digest, is_new)


def _process_read(key: str, xml: str):
    try:
        return process_read(xml)
    except ProcessInvalid as error:
        raise ProcessInvalid(key, list(error.problems)) from None


def _version_find(version_id: int) -> ProcessVersion:
    (version,) = rows_find(ProcessVersion, known={"id": version_id}, only=("id", "digest"))
    return version


@lru_cache(maxsize=1024)
def _version_kept(stamp: str, version_id: int) -> ProcessVersion:
    return _version_find(version_id)


@action("engines.workflow.process_start")
def process_start(
    version_id: int,
    *,
    business_key: str,
    card: WorkCard,
    variables: Mapping[str, object],
    departments: Mapping[str, int],
    now: datetime.datetime,
    due: tuple[datetime.datetime | None, datetime.datetime | None] = (None, None),
) -> int:
    """Start an instance of a version (启动流程) and return its id.

    departments: a department id for every `yw:department` of the process ("owner" by default).
    due: when the items it opens now are due by a clock, and from when to warn, as `work_item_due_set` sets it.
    The caller's act covers the permission: an applicant starts it by submitting.
    """
    stamp = stamp_get(STAMP)
    version = _version_kept(stamp, version_id) if stamp else _version_find(version_id)
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
    row_insert(instance)
    step = Step(instance, now=now)
    step.due = due
    engine.start(step)
    step.save()
    audit_record(business_key, detail={"instance": instance.pk, "version": version_id})
    return instance.pk


@action("engines.workflow.work_item_claim")
def work_item_claim(item_id: int, *, now: datetime.datetime, account_id: int | None = None) -> None:
    """Take an item into one's own hands (签收). account_id: only the system names someone else."""
    step, item = item_open(item_id, now)
    context = step.context
    item_workable(step, item)
    holder = account_id if is_system(context) else context.account_id
    if holder is None:
        raise Invalid(N_("An item is claimed by an account."))
    item_change(step, item, state=CLAIMED, assignee_id=holder)
    step.log("CLAIMED", item.node_id, token=item.token_number, state=CLAIMED, assignee=holder)
    step.save()
    item_audit(item, assignee=holder)


@action("engines.workflow.work_item_release")
def work_item_release(item_id: int, *, now: datetime.datetime) -> None:
    """Put a claimed item back for the colleagues (退回待办池)."""
    step, item = item_open(item_id, now)
    item_workable(step, item)
    if item.state != CLAIMED:
        raise Conflict()
    item_change(step, item, state=READY, assignee_id=None)
    step.log("RELEASED", item.node_id, token=item.token_number, state=READY, assignee=None)
    step.save()
    item_audit(item)


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

    The outcome is kept as variables["outcomes"][branch or node id] and as variables["outcome"]; of
    several instances, what they together decided. A delegated item goes back to its delegator.
    Raises `WorkItemClosed` for whoever comes second, `OutcomeNotAllowed` for an outcome that the
    step does not offer; a correction is asked for with `work_item_request_correction`.
    """
    step, item = item_open(item_id, now)
    context = step.context
    item_workable(step, item)
    allowed = [one for one in step.net.nodes[item.node_id].outcomes if one != CORRECT]
    if outcome not in allowed:
        raise OutcomeNotAllowed(outcome=outcome, allowed=", ".join(allowed))
    holder = context.account_id or item.assignee_id
    if item.delegated_by is not None:
        delegate_answer(step, item, outcome=outcome, comment=comment, variables=variables)
        return
    item_change(
        step,
        item,
        state=WorkItem.State.COMPLETED,
        assignee_id=holder,
        outcome=outcome,
        closed_at=now,
    )
    step.merge(variables or {})
    detail = {"comment": comment}
    engine.complete(step, item.token_number, outcome=outcome, by=holder, detail=detail)
    step.save()
    item_audit(item, outcome=outcome)


@action("engines.workflow.work_item_request_correction")
def work_item_request_correction(
    item_id: int, *, ground: str, now: datetime.datetime, comment: str = ""
) -> None:
    """Ask the applicant for a correction (补正): the item waits, its timers stand still.

    ground: a code of the table `pause_grounds`. Other branches go on. Raises `OutcomeNotAllowed`
    when the step does not list CORRECT among its outcomes.
    """
    step, item = item_open(item_id, now)
    context = step.context
    item_workable(step, item)
    outcomes = step.net.nodes[item.node_id].outcomes
    if CORRECT not in outcomes:
        raise OutcomeNotAllowed(outcome=CORRECT, allowed=", ".join(outcomes))
    if not ground:
        raise Invalid(fields={"ground": [N_("State the ground.")]})
    holder = context.account_id or item.assignee_id
    item_change(
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
    item_audit(item, ground=ground)


@action("engines.workflow.work_item_resume")
def work_item_resume(item_id: int, *, now: datetime.datetime, comment: str = "") -> None:
    """Let an item go on after a correction (恢复办理); the applicant's answer does this too.

    While the whole instance is suspended, the item stays suspended with it.
    """
    step, item = item_open(item_id, now)
    if not item_permits(item, step.context):
        instance_allow(step.instance, step.context)
    if item.state != SUSPENDED or item.paused_by != WorkItem.Pause.ITEM:
        raise InstanceNotRunning(state=item.state)
    back = CLAIMED if item.assignee_id is not None else READY
    paused_by = WorkItem.Pause.NONE
    if step.instance.state != RUNNING:
        back, paused_by = SUSPENDED, WorkItem.Pause.INSTANCE
    else:
        timers_resume(item.instance_id, now=now, token_numbers=[item.token_number])
    item_change(step, item, state=back, paused_by=paused_by, ground="")
    step.log(
        "CORRECTION_ANSWERED", item.node_id, token=item.token_number, state=back, comment=comment
    )
    step.save()
    item_audit(item)


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
    step, item = item_open(item_id, now)
    item_workable(step, item)
    if (to_account_id is None) == (to_department_id is None):
        raise Invalid(N_("Transfer to one person or to one department."))
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    state = READY if to_account_id is None else CLAIMED
    department_id = to_department_id or item.department_id
    item_change(
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
    item_audit(item, assignee=to_account_id, department=department_id, reason=reason)


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


@action("engines.workflow.instance_suspend", permission=HOLD)
def instance_suspend(
    instance_id: int,
    *,
    reason: str,
    now: datetime.datetime,
    ground: str = "",
    document: str = "",
    expected_days: int | None = None,
) -> None:
    """Suspend an instance and all it called (挂起流程): open items wait, timers stand still.

    ground, document, expected_days: what the owner of the business key asks for; it hears of it in the same
    transaction (`instance_owner_register`). Raises `Invalid` without reason, and what the owner raises.
    """
    step = instance_owned_open(instance_id, states=[RUNNING], now=now)
    reason = reason_of(reason)
    stated = {"ground": ground, "document": document.strip(), "expected_days": expected_days}
    for one in _below(step):
        if one.instance.state == RUNNING:
            one.pause()
            one.instance.state = ProcessInstance.State.SUSPENDED
            one.log("INSTANCE_SUSPENDED", reason=reason, **{k: v for k, v in stated.items() if v})
    step.save()
    hold_begin(step, reason=reason, **stated)
    owner_tell(step, "SUSPENDED", reason=reason, **stated)
    detail = {"instance": instance_id, "reason": reason, "ground": ground}
    audit_record(step.instance.business_key, detail=detail)


def _below(step: Step) -> list[Step]:
    """Return the steps of an instance and of all that it called and that still run (下级流程)."""
    found = [step]
    for one in found:
        if not any(mark.state == CALL for mark in one.marks.values()):
            continue
        called = ProcessInstance.objects.filter(parent_id=one.instance.pk, ended_at__isnull=True)
        found += [step.member(pk) for pk in called.order_by("pk").values_list("pk", flat=True)]
    return found


@action("engines.workflow.instance_resume", permission=HOLD)
def instance_resume(instance_id: int, *, now: datetime.datetime, reason: str = "") -> None:
    """Let a suspended instance and all it called go on (恢复流程); corrections keep waiting."""
    step = instance_owned_open(instance_id, states=[ProcessInstance.State.SUSPENDED], now=now)
    for one in _below(step):
        if one.instance.state == ProcessInstance.State.SUSPENDED:
            _resume(one, reason=reason)
    step.save()
    stated = hold_end(step, "RESUMED", reason=reason)
    owner_tell(step, "RESUMED", reason=reason, **stated)
    audit_record(step.instance.business_key, detail={"instance": instance_id, "reason": reason})


def _resume(step: Step, *, reason: str) -> None:
    instance = step.instance
    waiting = instance.items.filter(state=SUSPENDED, paused_by=WorkItem.Pause.INSTANCE)
    tokens = sorted(waiting.values_list("token_number", flat=True))
    standing = instance.items.filter(state=SUSPENDED).exclude(paused_by=WorkItem.Pause.INSTANCE)
    kept = set(
        standing.filter(paused_by=WorkItem.Pause.ITEM).values_list("token_number", flat=True)
    )
    waiting.filter(assignee_id__isnull=True).update(state=READY, paused_by="")
    waiting.filter(assignee_id__isnull=False).update(state=CLAIMED, paused_by="")
    timers_resume(instance.pk, now=step.now, token_numbers={0, *step.marks} - kept)
    instance.state = RUNNING
    step.log("INSTANCE_RESUMED", tokens=tokens, reason=reason)


@action("engines.workflow.instance_retry", permission="engines.workflow.administer")
def instance_retry(
    instance_id: int,
    *,
    reason: str,
    now: datetime.datetime,
    node_id: str = "",
    variables: Mapping[str, object] | None = None,
) -> None:
    """Let a failed instance go on (出错恢复): what failed is tried again, or goes on at another node.

    node_id: a node of the same scope, in place of the one that failed. variables: what was put right.
    """
    step = instance_open(instance_id, states=[FAILED], now=now, is_checked=False)
    stuck = [mark for mark in step.marks.values() if mark.state == STUCK]
    if node_id:
        node = step.net.nodes.get(node_id)
        scopes = {step.scope_node(mark.scope) for mark in stuck}
        if node is None or scopes != {node.scope}:
            raise Invalid(fields={"node_id": [N_("There is no such step in this place.")]})
    step.failure = ""
    step.merge(variables or {})
    _resume(step, reason=reason)
    for mark in stuck:
        step.take(mark.number)
        cause = step.log("UNSTUCK", mark.node_id, token=mark.number, to=node_id or mark.node_id)
        goes_to = node_id or mark.node_id
        step.queue.append(Arrival(goes_to, mark.flow_id, mark.scope, cause, mark.data))
    engine.advance(step)
    step.save()
    detail = {"instance": instance_id, "reason": reason, "node": node_id}
    audit_record(step.instance.business_key, detail=detail)


OPEN = [RUNNING, ProcessInstance.State.SUSPENDED, FAILED]


@action("engines.workflow.instance_withdraw")
def instance_withdraw(instance_id: int, *, reason: str, now: datetime.datetime) -> None:
    """Withdraw an instance (撤回申请): in every branch at once, open items and timers end with it."""
    step = instance_open(instance_id, states=OPEN, now=now)
    instance = step.instance
    instance.items.filter(closed_at__isnull=True).update(
        state=WorkItem.State.WITHDRAWN, paused_by="", closed_at=now
    )
    _end(step, "WITHDRAWN", reason=reason)


@action("engines.workflow.instance_terminate", permission=HOLD)
def instance_terminate(
    instance_id: int, *, reason: str, now: datetime.datetime, basis: str = ""
) -> None:
    """Terminate an instance (终止流程): as withdrawing, but by the authority, with reason and legal basis.

    Services that ran are not undone; the owner of the business key ends what hangs on the case in the same
    transaction.
    """
    step = instance_owned_open(instance_id, states=OPEN, now=now)
    reason = reason_of(reason)
    _end(step, "TERMINATED", reason=reason)
    owner_tell(step, "TERMINATED", reason=reason, basis=basis.strip())


def _end(step: Step, state: str, *, reason: str) -> None:
    instance = step.instance
    if instance.parent_id is not None:
        raise Invalid(N_("A called process ends with its caller; end that one."))
    step.end(state, f"INSTANCE_{state}", reason=reason)
    step.save()
    hold_end(step, state, reason=reason)
    audit_record(instance.business_key, detail={"instance": instance.pk, "reason": reason})
