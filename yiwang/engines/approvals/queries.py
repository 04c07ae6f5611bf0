"""Reads of approval practice (审批操作查询): what one may do with an item, whom one acts for."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from yiwang.engines.workflow.data import WorkItemForbidden, WorkItemNotFound, WorkItemView
from yiwang.engines.workflow.models import (
    HistoryEvent,
    ProcessInstance,
    ProcessVersion,
    Proxy,
    WorkItem,
)
from yiwang.engines.workflow.proxies import ProxyView, principal_find, proxy_list, proxy_view
from yiwang.engines.workflow.queries import instance_permits, item_permits, work_item_list
from yiwang.identity.api import AccountView, account_list, account_list_by_department
from yiwang.kernel.api import RequestContext

ROLES = ("WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD")
OPERATIONS = frozenset(
    "DELEGATED DELEGATE_ANSWERED TRANSFERRED SIGNER_ADDED SIGNER_REMOVED URGED RETURNED RECALLED".split()
)
AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands to an item (办理资格). may_work: now; may_urge; may_recall: what one finished."""

    may_work: bool
    may_urge: bool
    may_recall: bool
    principal: AccountView | None


@dataclass(frozen=True, slots=True)
class ActingItem:
    """An item and whose it is (代办事项)."""

    item: WorkItemView
    principal_name: str
    ends_at: datetime
    is_held: bool


def standing_get(item_id: int, context: RequestContext, *, now: datetime) -> Standing:
    """Say how a person stands to an item (办理资格).

    Raises `WorkItemNotFound`, and `WorkItemForbidden` for who has nothing to do with it.
    """
    item = (
        WorkItem.objects.select_related("instance__version__process")
        .defer("instance__version__xml")
        .filter(pk=item_id)
        .first()
    )
    if item is None:
        raise WorkItemNotFound()
    principal_id = principal_find(item, context, now=now)
    is_own = item_permits(item, context)
    is_open = item.closed_at is None
    is_free = item.assignee_id in (None, context.account_id)
    is_for_another = principal_id is not None and item.assignee_id in (None, principal_id)
    may_urge = is_open and instance_permits(item.instance, context)
    may_recall = item.state == WorkItem.State.COMPLETED and item.assignee_id == context.account_id
    if not (is_own or is_for_another or may_urge or may_recall):
        raise WorkItemForbidden(role=item.role)
    principal = None
    if is_for_another and not (is_own and is_free):
        principal = next(iter(account_list(ids=[principal_id])), None)
    return Standing(
        is_open and ((is_own and is_free) or is_for_another), may_urge, may_recall, principal
    )


def colleague_list(item: WorkItemView, *, on: date, role: str = "") -> list[AccountView]:
    """List who may be asked in the item's department (可选人员), by name. role: only those who have it."""
    found = {
        person.id: person
        for one in ([role] if role else ROLES)
        for person in account_list_by_department(item.department_id, role=one, on=on)
    }
    return sorted(found.values(), key=lambda person: (person.name, person.id))


def signer_list(item: WorkItemView) -> list[AccountView]:
    """List who still signs the same step (未签人员): added signers and other voters."""
    rows = WorkItem.objects.filter(
        instance=item.instance_id,
        node_id=item.node_id,
        closed_at__isnull=True,
        assignee_id__isnull=False,
    ).exclude(pk=item.id)
    later = _later(item)
    return account_list(ids={*rows.values_list("assignee_id", flat=True), *later})


def _later(item: WorkItemView) -> set[int]:
    """Return who signs after the item: they have no item yet, only a word in the history."""
    events = HistoryEvent.objects.filter(
        instance=item.instance_id,
        node_id=item.node_id,
        kind__in=("SIGNER_ADDED", "SIGNER_REMOVED"),
    ).order_by("seq")
    found: set[int] = set()
    for kind, detail in events.values_list("kind", "detail"):
        if kind == "SIGNER_ADDED" and detail.get("how") == "AFTER":
            found |= set(detail["signers"])
        elif kind == "SIGNER_REMOVED":
            found.discard(detail["signer"])
    return found


def operation_list(item: WorkItemView) -> list[dict]:
    """List the operations on an item's step so far (操作记录), the newest first."""
    rows = HistoryEvent.objects.filter(
        instance=item.instance_id, node_id=item.node_id, kind__in=OPERATIONS
    ).order_by("-seq")
    return [
        {
            "kind": row.kind,
            "at": row.at,
            "by": row.actor_name,
            "reason": row.detail.get("reason") or row.detail.get("comment", ""),
            "proposed": row.detail.get("proposed", ""),
        }
        for row in rows[:50]
    ]


def acting_list(context: RequestContext, *, now: datetime) -> list[ActingItem]:
    """List what waits for those whom somebody acts for (代办事项), most urgent first.

    What one may do in one's own right stands on one's own desk and is left out.
    """
    found: dict[int, ActingItem] = {}
    for proxy in proxy_list(now=now, deputy_id=context.account_id):
        for item in _covered(proxy):
            found.setdefault(
                item.id,
                ActingItem(
                    item,
                    proxy.principal_name,
                    proxy.ends_at,
                    item.assignee_id == proxy.principal_id,
                ),
            )
    rows = WorkItem.objects.select_related("instance").in_bulk(list(found))
    mine = [
        one
        for key, one in found.items()
        if key in rows and (one.is_held or not item_permits(rows[key], context))
    ]
    far = timezone.now().replace(year=9999)
    return sorted(mine, key=lambda one: (one.item.due_at or far, one.item.id))


def _covered(proxy: ProxyView) -> list[WorkItemView]:
    held = work_item_list(account_id=proxy.principal_id, limit=AT_MOST)
    items = held + work_item_list(
        department_ids=proxy.department_ids,
        roles=proxy.roles,
        account_id=proxy.principal_id,
        limit=AT_MOST,
    )
    if not proxy.processes:
        return items
    kept = set(
        ProcessInstance.objects.filter(
            pk__in={item.instance_id for item in items},
            version__process__key__in=proxy.processes,
        ).values_list("pk", flat=True)
    )
    return [item for item in items if item.instance_id in kept]


def acting_count(context: RequestContext) -> int:
    """Count what waits for those whom somebody acts for (代办数), for the menu."""
    if context.population != "STAFF" or context.account_id is None:
        return 0
    return len(acting_list(context, now=timezone.now()))


def proxy_future_list(account_id: int, *, now: datetime) -> list[ProxyView]:
    """List one's own proxies that have not ended (本人设置的代办), also those that begin later."""
    rows = Proxy.objects.filter(principal_id=account_id, ends_at__gt=now, revoked_at__isnull=True)
    return [proxy_view(row) for row in rows.order_by("starts_at", "pk")]


def version_list(key: str) -> list[tuple[int, int, int]]:
    """List the versions of a process (流程版本): id, number, how many run; the newest first."""
    open_states = ("RUNNING", "SUSPENDED", "FAILED")
    found = []
    for pk, number in (
        ProcessVersion.objects.filter(process__key=key)
        .order_by("-number")
        .values_list("pk", "number")
    ):
        running = ProcessInstance.objects.filter(version=pk, state__in=open_states).count()
        found.append((pk, number, running))
    return found


def process_moving_list() -> list[dict]:
    """List the processes of which cases run on an older version (待迁移流程)."""
    rows = ProcessVersion.objects.order_by("process__key", "-number").values_list(
        "process__key", "process__title", "number", "pk"
    )
    versions: dict[str, list[tuple]] = {}
    for key, title, number, pk in rows:
        versions.setdefault(key, []).append((title, number, pk))
    found = []
    for key, some in versions.items():
        older = [pk for _title, _number, pk in some[1:]]
        running = ProcessInstance.objects.filter(version__in=older, ended_at__isnull=True).count()
        if older:
            found.append(
                {"key": key, "title": some[0][0], "newest": some[0][1], "running": running}
            )
    return sorted(found, key=lambda one: (-one["running"], one["key"]))
