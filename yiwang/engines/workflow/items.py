"""Opening an item for an act (待办操作前提): who may, whether it is still open, and changing it once."""

import datetime
from collections.abc import Iterable

from yiwang.engines.workflow import engine
from yiwang.engines.workflow.data import (
    InstanceNotRunning,
    WorkItemClosed,
    WorkItemForbidden,
    WorkItemHeld,
    WorkItemSuspended,
)
from yiwang.engines.workflow.models import ProcessInstance, WorkItem
from yiwang.engines.workflow.proxies import principal_find
from yiwang.engines.workflow.queries import instance_permits, item_permits
from yiwang.engines.workflow.step import Step
from yiwang.kernel.api import RequestContext, audit_record, context_get, row_update
from yiwang.sdk.errors import Conflict, Forbidden

READY, CLAIMED, SUSPENDED = WorkItem.State.READY, WorkItem.State.CLAIMED, WorkItem.State.SUSPENDED
RUNNING = ProcessInstance.State.RUNNING
FAILED = ProcessInstance.State.FAILED


def is_system(context: RequestContext) -> bool:
    """Tell whether the machine itself acts (系统)."""
    return context.population == "SYSTEM"


def item_open(item_id: int, now: datetime.datetime) -> tuple[Step, WorkItem]:
    """Lock the item's instance and return the step and the item, which is open (打开待办)."""
    item = engine.item_lock(item_id)
    if item.closed_at is not None:
        raise WorkItemClosed()
    return Step(item.instance, now=now), item


def item_allow(step: Step, item: WorkItem) -> None:
    """Raise unless this person may act on the item, in their own right or for someone absent (有权办理)."""
    context = step.context
    is_permitted = item_permits(item, context)
    if is_permitted and item.assignee_id in (None, context.account_id):
        return
    principal_id = principal_find(item, context, now=step.now)
    # A colleague of the same post may look after what an absent one has taken, and nothing else of others.
    if not is_permitted or principal_id == item.assignee_id:
        step.acting_for = principal_id
    if step.acting_for is None and not is_permitted:
        raise WorkItemForbidden(role=item.role)


def item_workable(step: Step, item: WorkItem) -> None:
    """Raise unless the item can be worked on by this person now (可办理)."""
    item_allow(step, item)
    if item.state == SUSPENDED:
        raise WorkItemSuspended(ground=item.ground)
    is_mine = item.assignee_id in (None, step.context.account_id, step.acting_for)
    if not (is_mine or is_system(step.context)):
        raise WorkItemHeld()


def item_change(step: Step, item: WorkItem, **changes: object) -> None:
    """Change an item if it still is as it was read, else say what became of it (更新待办)."""
    known = {"id": item.pk, "department_id": item.department_id}
    known |= {"state": item.state, "assignee_id": item.assignee_id}
    if row_update(WorkItem, known=known, changes=changes):
        return
    item.refresh_from_db(fields=["state", "assignee_id", "department_id", "closed_at"])
    if item.closed_at is not None:
        raise WorkItemClosed()
    item_workable(step, item)
    raise Conflict()


def item_audit(item: WorkItem, **detail: object) -> None:
    """Write the audit row of an act on an item (审计)."""
    where = {"item": item.pk, "node": item.node_id}
    audit_record(item.business_key, detail=where | {"branch": item.branch} | detail)


def instance_allow(instance: ProcessInstance, context: RequestContext) -> None:
    """Raise unless the person is staff of a department concerned, or a party (当事人)."""
    if not instance_permits(instance, context):
        raise Forbidden()


def instance_open(
    instance_id: int, *, states: Iterable[str], now: datetime.datetime, is_checked: bool = True
) -> Step:
    """Lock an instance that is in one of these states (打开流程实例)."""
    instance = engine.instance_lock(instance_id)
    if is_checked:
        instance_allow(instance, context_get())
    if instance.state not in states:
        raise InstanceNotRunning(state=instance.state)
    return Step(instance, now=now)
