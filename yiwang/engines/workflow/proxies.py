"""Acting for an absent officer (代办): by period and scope, found only where one's own post does not do."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from yiwang.engines.workflow.models import Proxy, WorkItem
from yiwang.kernel.api import RequestContext, action, audit_record, context_get
from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class ProxyView:
    """Who acts for whom (代办授权)."""

    id: int
    principal_id: int
    principal_name: str
    deputy_id: int
    roles: tuple[str, ...]
    department_ids: tuple[int, ...]
    processes: tuple[str, ...]
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    reason: str


def _covers(proxy: Proxy, item: WorkItem) -> bool:
    in_scope = item.role in proxy.roles and item.department_id in proxy.department_ids
    is_held = item.assignee_id == proxy.principal_id
    if proxy.processes and item.instance.version.process.key not in proxy.processes:
        return False
    return is_held or in_scope


def _in_force(now: datetime.datetime) -> Q:
    return Q(starts_at__lte=now, ends_at__gt=now, revoked_at__isnull=True)


def principal_find(
    item: WorkItem, context: RequestContext, *, now: datetime.datetime
) -> int | None:
    """Return for whom this person may act on an item now (代谁办理), None when for nobody."""
    if context.population != "STAFF" or context.account_id is None:
        return None
    proxies = Proxy.objects.filter(_in_force(now), deputy_id=context.account_id).order_by("pk")
    return next((proxy.principal_id for proxy in proxies if _covers(proxy, item)), None)


def work_item_principal(item_id: int, *, now: datetime.datetime) -> int | None:
    """Return for whom the acting person would do an open item (代谁办理), None for their own or nobody's."""
    context = context_get()
    item = WorkItem.objects.select_related("instance").filter(pk=item_id).first()
    if item is None or item.closed_at is not None or item.assignee_id == context.account_id:
        return None
    principal_id = principal_find(item, context, now=now)
    return principal_id if item.assignee_id in (None, principal_id) else None


def proxy_list(
    *, now: datetime.datetime, deputy_id: int | None = None, principal_id: int | None = None
) -> list[ProxyView]:
    """List who acts for whom now (现行代办授权)."""
    rows = Proxy.objects.filter(_in_force(now)).order_by("ends_at", "pk")
    if deputy_id is not None:
        rows = rows.filter(deputy_id=deputy_id)
    if principal_id is not None:
        rows = rows.filter(principal_id=principal_id)
    return [proxy_view(row) for row in rows]


def proxy_view(row: Proxy) -> ProxyView:
    """Turn a row into what others see (代办授权)."""
    return ProxyView(
        row.pk,
        row.principal_id,
        row.principal_name,
        row.deputy_id,
        tuple(row.roles),
        tuple(row.department_ids),
        tuple(row.processes),
        row.starts_at,
        row.ends_at,
        row.reason,
    )


@action("engines.workflow.proxy_put")
def proxy_put(
    deputy_id: int,
    *,
    starts_at: datetime.datetime,
    ends_at: datetime.datetime,
    reason: str,
    roles: Iterable[str] = (),
    department_ids: Iterable[int] = (),
    processes: Iterable[str] = (),
    principal: tuple[int, str] | None = None,
) -> int:
    """Let somebody act for oneself while away (设置代办) and return its number.

    roles, department_ids: no more than one has; none given, all one has. processes: none given, all.
    principal: (account, name) of the absent officer, whom only the system may name.
    """
    context = context_get()
    roles, departments = frozenset(roles), frozenset(department_ids)
    if principal is None:
        own = frozenset({*context.department_ids, context.department_id} - {None})
        roles, departments = roles or context.roles, departments or own
        if context.population != "STAFF" or roles - context.roles or departments - own:
            raise Forbidden()
        principal = (context.account_id, context.name)
    elif context.population != "SYSTEM":
        raise Forbidden()
    if not reason.strip():
        raise Invalid(fields={"reason": [N_("State the reason.")]})
    if ends_at <= starts_at or deputy_id == principal[0]:
        raise Invalid(N_("A proxy is somebody else, for a period that ends after it starts."))
    proxy = Proxy.objects.create(
        principal_id=principal[0],
        principal_name=principal[1][:80],
        deputy_id=deputy_id,
        roles=sorted(roles),
        department_ids=sorted(departments),
        processes=sorted(processes),
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason[:200],
    )
    detail = {"proxy": proxy.pk, "deputy": deputy_id, "reason": reason}
    audit_record(f"account:{principal[0]}", detail=detail | {"ends_at": ends_at.isoformat()})
    return proxy.pk


@action("engines.workflow.proxy_revoke")
def proxy_revoke(proxy_id: int, *, now: datetime.datetime) -> None:
    """End a proxy early (撤销代办): the principal or the deputy may."""
    context = context_get()
    proxy = Proxy.objects.filter(pk=proxy_id, revoked_at__isnull=True).first()
    if proxy is None:
        raise NotFound()
    parties = (proxy.principal_id, proxy.deputy_id)
    if context.population != "SYSTEM" and context.account_id not in parties:
        raise Forbidden()
    Proxy.objects.filter(pk=proxy_id, revoked_at__isnull=True).update(revoked_at=now)
    audit_record(f"account:{proxy.principal_id}", detail={"proxy": proxy_id})
