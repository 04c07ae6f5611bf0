"""Suspending, resuming and terminating whole cases (挂起、恢复、终止): who may, what is kept, who is told."""

import datetime
from collections.abc import Iterable

from yiwang.engines.workflow.data import InstanceChange
from yiwang.engines.workflow.items import instance_open
from yiwang.engines.workflow.models import InstanceHold
from yiwang.engines.workflow.queries import instance_owned_by
from yiwang.engines.workflow.registry import instance_owner_get
from yiwang.engines.workflow.step import Step
from yiwang.sdk.errors import N_, Forbidden, Invalid

HOLD = "engines.workflow.hold"
REASON_MAX = 500


def instance_owned_open(instance_id: int, *, states: Iterable[str], now: datetime.datetime) -> Step:
    """Lock an instance that is in one of these states, for the department in charge of it (牵头部门)."""
    step = instance_open(instance_id, states=states, now=now)
    if not instance_owned_by(step.instance, step.context):
        raise Forbidden()
    return step


def reason_of(reason: str) -> str:
    """Return the stated reason (理由). Raises `Invalid` when there is none."""
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    return reason.strip()[:REASON_MAX]


def hold_begin(
    step: Step, *, reason: str, ground: str, document: str, expected_days: int | None
) -> None:
    """Keep that an instance is suspended (登记挂起)."""
    InstanceHold.objects.create(
        instance=step.instance,
        department_id=step.instance.departments.get("owner"),
        ground=ground[:40],
        document=document[:160],
        reason=reason,
        expected_days=expected_days,
        suspended_at=step.now,
        suspended_by=step.context.name[:80],
    )


def hold_end(step: Step, end: str, *, reason: str) -> dict[str, object]:
    """Keep how the suspension of an instance ended (挂起结束); returns what it had stated, {} without one."""
    hold = InstanceHold.objects.filter(instance=step.instance, ended_at=None).first()
    if hold is None:
        return {}
    hold.ended_at, hold.ended_by = step.now, step.context.name[:80]
    hold.end, hold.end_reason = end, reason.strip()[:REASON_MAX]
    hold.save(update_fields=["ended_at", "ended_by", "end", "end_reason"])
    return {
        "ground": hold.ground,
        "document": hold.document,
        "expected_days": hold.expected_days,
    }


def owner_tell(step: Step, kind: str, *, reason: str, **stated: object) -> None:
    """Let the owner of the business key do its part in this transaction (告知案件归属方)."""
    instance = step.instance
    owner = instance_owner_get(instance.business_key) if instance.parent_id is None else None
    if owner is not None:
        owner.changed(
            InstanceChange(
                instance.pk, instance.business_key, kind, reason.strip(), step.now, **stated
            )
        )
