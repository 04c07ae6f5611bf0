"""Reads of processes, instances and work items (流程查询). A desk page is one walk of an index."""

import dataclasses
import datetime
from collections.abc import Iterable
from itertools import product

from django.db import connection
from django.db.models import Case, CharField, Count, Q, QuerySet, Value, When

from yiwang.engines.workflow.data import (
    USER,
    HistoryView,
    HoldView,
    InstanceNotFound,
    InstanceView,
    ProcessView,
    ProposalView,
    TokenView,
    WorkItemNotFound,
    WorkItemView,
)
from yiwang.engines.workflow.models import (
    HistoryEvent,
    InstanceHold,
    ProcessInstance,
    ProcessVersion,
    WorkItem,
)
from yiwang.engines.workflow.registry import instance_access
from yiwang.engines.workflow.rules import NO_DUE
from yiwang.engines.workflow.step import net_get
from yiwang.kernel.api import RequestContext

OPEN = Q(closed_at__isnull=True)
MAX_WALKS = 120
"""Up to so many department-role pairs are walked one by one and merged; more share one walk."""

DONE = frozenset(
    "PASSED JOINED ENDED COMPLETED SIGNED SCOPE_COMPLETED MULTI_COMPLETED CALL_RETURNED SPLIT ESCALATED"
    " TIMER_FIRED MESSAGE_RECEIVED SIGNAL_RECEIVED ERROR_CAUGHT ESCALATION_CAUGHT".split()
)
"""Events after which a node has been passed."""

_COLUMNS = (
    "id",
    "instance_id",
    "business_key",
    "node_id",
    "branch",
    "name_zh",
    "name_en",
    "number",
    "title_zh",
    "title_en",
    "applicant_name",
    "url",
    "department_id",
    "role",
    "assignee_id",
    "state",
    "paused_by",
    "ground",
    "outcome",
    "opened_at",
    "due_at",
    "warn_at",
    "closed_at",
)


HOLD_COLUMNS = (
    "id",
    "instance_id",
    "department_id",
    "ground",
    "document",
    "reason",
    "expected_days",
    "suspended_at",
    "suspended_by",
    "ended_at",
    "ended_by",
    "end",
    "end_reason",
)


def _item_view(row: tuple, outcomes: tuple[str, ...] = ()) -> WorkItemView:
    head, (name_zh, name_en, number, title_zh, title_en), tail = row[:5], row[5:10], row[10:]
    name, title = {"zh": name_zh, "en": name_en}, {"zh": title_zh, "en": title_en}
    return WorkItemView(*head, name, number, title, *tail, outcomes)


def _item_views(rows: QuerySet) -> list[WorkItemView]:
    return [_item_view(row) for row in rows.values_list(*_COLUMNS)]


def process_get(key: str) -> ProcessView | None:
    """Return the newest version of a process (最新流程版本), None when there is none."""
    version = (
        ProcessVersion.objects.filter(process__key=key)
        .select_related("process")
        .defer("xml")
        .order_by("-number")
        .first()
    )
    if version is None:
        return None
    return ProcessView(version.pk, key, version.number, version.process.title, version.digest)


def process_xml(version_id: int) -> str:
    """Return the BPMN file of a version with its diagram (流程图文件)."""
    return ProcessVersion.objects.values_list("xml", flat=True).get(pk=version_id)


def process_nodes(version_id: int) -> list[dict[str, object]]:
    """List the user tasks of a version in the order of the file (环节清单), for guides.

    Each: id, name {zh, en}, role, department (key), branch, outcomes, limit (Limit or None).
    """
    net = net_get(ProcessVersion.objects.only("digest").get(pk=version_id))
    return [
        {
            "id": node.id,
            "name": {"zh": node.name, "en": node.name_en or node.name},
            "role": node.role,
            "department": node.department,
            "branch": node.branch,
            "outcomes": node.outcomes,
            "limit": node.limit,
        }
        for node in net.nodes.values()
        if node.kind == USER
    ]


def work_item_list(
    *,
    department_ids: Iterable[int] | None = None,
    roles: Iterable[str] | None = None,
    account_id: int | None = None,
    business_key: str = "",
    states: Iterable[str] = ("READY", "CLAIMED"),
    order: str = "due",
    after: tuple[datetime.datetime | None, int] | None = None,
    limit: int = 50,
) -> list[WorkItemView]:
    """List open work items, most urgent first, undated last (待办列表).

    department_ids and roles: those of the post; given both, account_id leaves out what colleagues
    hold. account_id alone: what that person holds. after: (due_at, id) of the last row shown.
    order: "due", or "opened" for the oldest arrival first (then `after` has the id only: (None, id)).
    states: SUSPENDED may be among them; closed items are read by `work_item_done_list`.
    """
    items = _filtered(WorkItem.objects.filter(OPEN), account_id, business_key, states)
    if department_ids is None or roles is None:
        mine = department_ids is None and roles is None
        if mine and account_id is None and not business_key:
            return []
        items = items if not mine or business_key else items.filter(assignee_id=account_id)
        pairs = None
    else:
        pairs = list(product(sorted(set(department_ids)), sorted(set(roles))))
        if not pairs:
            return []
    if order == "opened":
        rows = _pairs_filter(items, pairs).filter(id__gt=after[1] if after else 0)
        return _item_views(rows.order_by("id")[:limit])
    return _by_due(items, pairs, after, limit)


def _filtered(
    items: QuerySet, account_id: int | None, business_key: str, states: Iterable[str]
) -> QuerySet:
    items = items.filter(state__in=list(states))
    if account_id is not None:
        items = items.filter(Q(assignee_id=account_id) | Q(assignee_id__isnull=True))
    if business_key:
        items = items.filter(business_key=business_key)
    return items


def _pairs_filter(items: QuerySet, pairs: list[tuple[int, str]] | None) -> QuerySet:
    if pairs is None:
        return items
    departments, roles = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    return items.filter(department_id__in=departments, role__in=roles)


def _by_due(
    items: QuerySet,
    pairs: list[tuple[int, str]] | None,
    after: tuple[datetime.datetime | None, int] | None,
    limit: int,
) -> list[WorkItemView]:
    items = items.order_by("due_order", "id")
    if after is not None:
        due = after[0] or NO_DUE
        items = items.filter(due_order__gte=due).exclude(due_order=due, id__lte=after[1])
    if pairs is None or len(pairs) > MAX_WALKS:
        return _item_views(_pairs_filter(items, pairs)[:limit])
    if len(pairs) == 1:
        department_id, role = pairs[0]
        return _item_views(items.filter(department_id=department_id, role=role)[:limit])
    ids = _merged_ids(items, pairs, limit)
    rows = WorkItem.objects.filter(pk__in=ids).order_by("due_order", "id")
    return _item_views(rows)


_ANY_DEPARTMENT, _ANY_ROLE = -987_654_321, "\x01role"


def _merged_ids(items: QuerySet, pairs: list[tuple[int, str]], limit: int) -> list[int]:
    """Take the first rows of each pair's walk along the index and merge them.

    One statement. The ORM writes the walk once, for a pair that does not exist; each pair's values
    then take its place. Its union() cannot be used: in SQLite a sorted part of a union must be a
    subquery.
    """
    walk = items.filter(department_id=_ANY_DEPARTMENT, role=_ANY_ROLE)[:limit]
    sql, values = walk.values_list("due_order", "id").query.sql_with_params()
    parameters: list[object] = []
    for department_id, role in pairs:
        own = {_ANY_DEPARTMENT: department_id, _ANY_ROLE: role}
        parameters += [own.get(value, value) for value in values]
    part = f"SELECT * FROM ({sql}) AS walk"  # noqa: S608 - written by the ORM
    union = " UNION ALL ".join([part] * len(pairs))
    with connection.cursor() as cursor:
        cursor.execute(f"{union} ORDER BY 1, 2 LIMIT {int(limit)}", parameters)
        return [row[1] for row in cursor.fetchall()]


def work_item_done_list(*, account_id: int, limit: int = 50) -> list[WorkItemView]:
    """List what a person has finished, newest first (已办)."""
    done = WorkItem.objects.filter(assignee_id=account_id, state=WorkItem.State.COMPLETED)
    return _item_views(done.order_by("-closed_at", "-id")[:limit])


def work_item_count(
    *,
    department_ids: Iterable[int] | None = None,
    roles: Iterable[str] | None = None,
    account_id: int | None = None,
    now: datetime.datetime,
) -> list[dict[str, object]]:
    """Count open items (待办统计) by department, role, state and light.

    Returns rows {department_id, role, state, light, count}, light as in `WorkItemView.light`.
    """
    items = WorkItem.objects.filter(OPEN)
    if department_ids is not None:
        items = items.filter(department_id__in=list(department_ids))
    if roles is not None:
        items = items.filter(role__in=list(roles))
    if account_id is not None:
        items = items.filter(assignee_id=account_id)
    light = Case(
        When(due_order=NO_DUE, then=Value("NONE")),
        When(due_order__lt=now, then=Value("RED")),
        When(warn_at__lte=now, then=Value("YELLOW")),
        default=Value("GREEN"),
        output_field=CharField(),
    )
    rows = items.annotate(light=light).values("department_id", "role", "state", "light")
    return list(
        rows.annotate(count=Count("id")).order_by("department_id", "role", "state", "light")
    )


def work_item_get(item_id: int) -> WorkItemView:
    """Return one work item with the outcomes it offers (待办). Raises `WorkItemNotFound`.

    outcomes lists CORRECT when a correction may be asked for.
    """
    item = WorkItem.objects.filter(pk=item_id).select_related("instance__version").first()
    if item is None:
        raise WorkItemNotFound()
    outcomes = net_get(item.instance.version).nodes[item.node_id].outcomes
    view = _item_view(tuple(getattr(item, column) for column in _COLUMNS), outcomes)
    return dataclasses.replace(view, delegated_by=item.delegated_by)


def work_item_proposal(item_id: int) -> ProposalView | None:
    """Return what the person proposed to whom an item was delegated last (委派答复), None before they answered."""
    item = (
        WorkItem.objects.filter(pk=item_id).values("instance_id", "node_id", "token_number").get()
    )
    rows = HistoryEvent.objects.filter(
        instance_id=item["instance_id"],
        node_id=item["node_id"],
        kind__in=("DELEGATED", "DELEGATE_ANSWERED"),
        detail__token=item["token_number"],
    )
    last = rows.order_by("-seq").first()
    if last is None or last.kind != "DELEGATE_ANSWERED":
        return None
    said = last.detail
    return ProposalView(last.actor_name, said["proposed"], said["comment"], last.at)


def item_permits(item: WorkItem, context: RequestContext) -> bool:
    """The rule of the acts: the role, in the department or above it, or as the holder."""
    if context.population == "SYSTEM":
        return True
    is_holder = item.assignee_id is not None and item.assignee_id == context.account_id
    if context.population == "STAFF" and is_holder and (item.delegated_by or not item.role):
        return True  # asked by name: the one who asked has the post
    if context.population != "STAFF" or item.role not in context.roles:
        return False
    departments = {*context.department_ids, context.department_id}
    return is_holder or item.department_id in departments


def instance_permits(instance: ProcessInstance, context: RequestContext) -> bool:
    """The rule of instances: system, staff of a department concerned, or a party (当事人)."""
    if context.population == "SYSTEM":
        return True
    departments = {*context.department_ids, context.department_id}
    if context.population == "STAFF" and departments & set(instance.departments.values()):
        return True
    return instance_access(context, instance.business_key)


def instance_owned_by(instance: ProcessInstance, context: RequestContext) -> bool:
    """The rule of suspending, resuming and terminating: system, or staff of the department in charge (牵头部门).

    In charge is the department of the key `owner`; of a process without that key every one concerned.
    """
    if context.population == "SYSTEM":
        return True
    owner = instance.departments.get("owner")
    owners = set(instance.departments.values()) if owner is None else {owner}
    own = {*context.department_ids, context.department_id}
    return context.population == "STAFF" and bool(own & owners)


def instance_hold_list(instance_id: int) -> list[HoldView]:
    """List the suspensions of an instance, oldest first (挂起记录)."""
    rows = InstanceHold.objects.filter(instance_id=instance_id).order_by("pk")
    return [HoldView(*row) for row in rows.values_list(*HOLD_COLUMNS)]


def instance_may_see(instance_id: int, context: RequestContext) -> bool:
    """Tell whether this person may see an instance (是否可见)."""
    instance = ProcessInstance.objects.filter(pk=instance_id).first()
    return instance is not None and instance_permits(instance, context)


def instance_find(business_key: str) -> list[int]:
    """List the instances of a matter, newest first (按业务标识查流程)."""
    rows = ProcessInstance.objects.filter(business_key=business_key).order_by("-pk")
    return list(rows.values_list("pk", flat=True))


def instance_called(instance_id: int) -> list[int]:
    """List the instances that an instance called, in order (被调用的流程)."""
    rows = ProcessInstance.objects.filter(parent_id=instance_id).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def instance_history(instance_id: int) -> tuple[HistoryView, ...]:
    """Return what happened to an instance, oldest first (流转记录)."""
    instance = _instance(instance_id)
    nodes = net_get(instance.version).nodes
    columns = ("seq", "at", "kind", "node_id", "actor_id", "actor_name", "detail")
    rows = HistoryEvent.objects.filter(instance_id=instance_id).order_by("seq")
    views = []
    for seq, at, kind, node_id, actor_id, actor_name, detail in rows.values_list(*columns):
        name = nodes[node_id].name if node_id in nodes else ""
        views.append(HistoryView(seq, at, kind, node_id, name, actor_id, actor_name, detail))
    return tuple(views)


def _instance(instance_id: int) -> ProcessInstance:
    rows = ProcessInstance.objects.select_related("version__process").defer("version__xml")
    instance = rows.filter(pk=instance_id).first()
    if instance is None:
        raise InstanceNotFound()
    return instance


def instance_get(instance_id: int) -> InstanceView:
    """Return an instance with its tokens, items and history (流程实例). Raises `InstanceNotFound`."""
    instance = _instance(instance_id)
    tokens = instance.tokens.order_by("number")
    columns = ("number", "node_id", "state", "flow_id", "scope", "data")
    return InstanceView(
        id=instance.pk,
        version_id=instance.version_id,
        process_key=instance.version.process.key,
        business_key=instance.business_key,
        state=instance.state,
        revision=instance.revision,
        failure=instance.failure,
        variables=instance.variables,
        departments=instance.departments,
        started_at=instance.started_at,
        ended_at=instance.ended_at,
        tokens=tuple(TokenView(*row) for row in tokens.values_list(*columns)),
        items=tuple(_item_views(instance.items.order_by("id"))),
        history=instance_history(instance_id),
    )


def instance_diagram(instance_id: int) -> dict[str, object]:
    """Return the diagram and where the instance stands (流程图): xml, active, done, flows.

    active: nodes where a token waits; done: nodes that were passed or finished and are not active
    now; flows: the sequence flows that were taken.
    """
    rows = ProcessInstance.objects.select_related("version").filter(pk=instance_id)
    instance = rows.first()
    if instance is None:
        raise InstanceNotFound()
    active = sorted(set(instance.tokens.values_list("node_id", flat=True)))
    events = (
        HistoryEvent.objects.filter(instance_id=instance_id).exclude(node_id="").order_by("seq")
    )
    done: set[str] = set()
    flows: set[str] = set()
    for kind, node_id, detail in events.values_list("kind", "node_id", "detail"):
        flows.update(detail.get("flows", ()), filter(None, [detail.get("flow")]))
        if kind in DONE:
            done.add(node_id)
    return {
        "xml": instance.version.xml,
        "state": instance.state,
        "active": active,
        "done": sorted(done - set(active)),
        "flows": sorted(flows),
    }
