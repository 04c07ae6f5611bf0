"""Reads of whole cases (案件查询): what may be suspended, resumed or terminated, and what stands suspended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.engines.workflow import registry
from yiwang.engines.workflow.data import HoldView, InstanceNotFound
from yiwang.engines.workflow.holding import HOLD
from yiwang.engines.workflow.models import InstanceHold, ProcessInstance, WorkItem
from yiwang.engines.workflow.queries import instance_hold_list, instance_owned_by
from yiwang.kernel.api import CalendarNotPublished, RequestContext, calendar_get
from yiwang.sdk.errors import Forbidden

SEE = "engines.approvals.see_holds"
OPEN_STATES = ("RUNNING", "SUSPENDED", "FAILED")


@dataclass(frozen=True, slots=True)
class OpenStep:
    """An open step of a case (在办环节): its name, the department and the account that hold it."""

    item_id: int
    name: Mapping[str, str]
    department_id: int
    assignee_id: int | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A whole case (案件) as the head of the department in charge sees it.

    grounds: on which it may be suspended, (code, {zh, en}); effects: what terminating it brings about, in words.
    """

    id: int
    number: str
    title: Mapping[str, str]
    applicant_name: str
    url: str
    state: str
    department_id: int | None
    started_at: datetime
    ended_at: datetime | None
    holds: tuple[HoldView, ...]
    steps: tuple[OpenStep, ...]
    grounds: tuple[tuple[str, Mapping[str, str]], ...]
    effects: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Tell whether the case can still be terminated."""
        return self.state in OPEN_STATES

    @property
    def hold(self) -> HoldView | None:
        """Return the suspension that stands (当前挂起)."""
        return next((one for one in self.holds if one.ended_at is None), None)


def case_root(instance_id: int) -> ProcessInstance:
    """Return the case that an instance belongs to (所属案件): a called process belongs to its caller's."""
    rows = ProcessInstance.objects.select_related("root")
    found = rows.filter(pk=instance_id).first()
    if found is None:
        raise InstanceNotFound()
    return found.root or found


def may_hold(instance_id: int, context: RequestContext) -> bool:
    """Tell whether somebody may suspend, resume or terminate the case of an instance (可否中止)."""
    return context.may(HOLD) and instance_owned_by(case_root(instance_id), context)


def case_get(instance_id: int, context: RequestContext) -> CaseView:
    """Return a case for who may decide on it as a whole (案件). Raises `InstanceNotFound`, `Forbidden`."""
    root = case_root(instance_id)
    if not instance_owned_by(root, context):
        raise Forbidden()
    owner = registry.instance_owner_get(root.business_key)
    is_open = root.state in OPEN_STATES
    card = root.card
    return CaseView(
        id=root.pk,
        number=card.get("number", ""),
        title=card.get("title") or {"zh": root.business_key, "en": root.business_key},
        applicant_name=card.get("applicant_name", ""),
        url=card.get("url", ""),
        state=root.state,
        department_id=root.departments.get("owner"),
        started_at=root.started_at,
        ended_at=root.ended_at,
        holds=tuple(instance_hold_list(root.pk)),
        steps=tuple(_steps(root)) if is_open else (),
        grounds=tuple(owner.grounds()) if owner and is_open else (),
        effects=tuple(owner.effects(root.business_key)) if owner and is_open else (),
    )


def _steps(root: ProcessInstance) -> list[OpenStep]:
    rows = WorkItem.objects.filter(
        Q(instance=root) | Q(instance__root=root), closed_at__isnull=True
    ).order_by("pk")
    columns = ("pk", "name_zh", "name_en", "department_id", "assignee_id")
    return [
        OpenStep(key, {"zh": zh, "en": en or zh}, department_id, assignee_id)
        for key, zh, en, department_id, assignee_id in rows.values_list(*columns)
    ]


def ground_titles() -> dict[str, Mapping[str, str]]:
    """Return the words of all grounds that some owner knows (事由名称), by code."""
    return {code: title for owner in registry.OWNERS.values() for code, title in owner.grounds()}


def hold_rows(context: RequestContext) -> QuerySet[InstanceHold]:
    """Return the suspensions that stand (挂起清单), the oldest first: of the head's departments, or the city's."""
    rows = InstanceHold.objects.filter(ended_at__isnull=True).select_related("instance")
    if "SUPERVISOR" not in context.roles:
        rows = rows.filter(department_id__in={*context.department_ids, context.department_id})
    return rows.order_by("suspended_at", "pk")


def hold_is_long(hold: InstanceHold | HoldView, *, now: datetime) -> bool:
    """Tell whether a suspension lasts longer than those concerned were told (超过预计)."""
    if hold.expected_days is None:
        return False
    first, last = timezone.localdate(hold.suspended_at), timezone.localdate(now)
    try:
        return calendar_get().working_days_between(first, last) > hold.expected_days
    except CalendarNotPublished:
        return False


def hold_count(context: RequestContext) -> int:
    """Count the suspensions that stand (挂起数), for the menu."""
    if context.population != "STAFF" or not context.may(SEE):
        return 0
    return hold_rows(context).order_by().count()
