"""Reads of departments' systems and their tokens (系统账户查询)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from django.db.models import QuerySet
from django.urls import get_resolver

from yiwang.identity.access.middleware import policy_of
from yiwang.identity.access.programs import PROGRAM
from yiwang.identity.access.row_rules import Rule, everyone, field_in
from yiwang.identity.tokens.data import ProgramRoute, SystemUnknown, SystemView, TokenView
from yiwang.identity.tokens.models import ApiToken, SystemAccount
from yiwang.kernel.api import context_get

READ, MANAGE, OVERSEE = (f"identity.tokens.{name}" for name in ("read", "manage", "oversee"))
SOON = timedelta(days=14)
NUMBER_MAX = 2**62
_own: Rule = field_in("department_id", "department_ids")


@lru_cache(maxsize=1)
def program_routes() -> dict[str, ProgramRoute]:
    """Return the addresses that systems may call (可调用接口), by url name."""
    return {route.name: route for route in _walk(get_resolver().url_patterns, "/", "")}


def _walk(patterns, prefix: str, namespace: str) -> Iterator[ProgramRoute]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, path, pattern.namespace or namespace)
            continue
        policy = policy_of(pattern.callback)
        if policy is not None and PROGRAM in policy.populations:
            name = f"{namespace}:{pattern.name}" if namespace else str(pattern.name)
            yield ProgramRoute(name, pattern.callback.program_title, policy.permission, path)


def routes_to_grant() -> list[ProgramRoute]:
    """List the addresses that the acting person may hand on: those of their own rights."""
    context = context_get()
    return [route for route in program_routes().values() if context.may(route.permission)]


def system_rows() -> QuerySet[SystemAccount]:
    """Return the systems that the acting person may see: the department's own, or all to overseers."""
    context = context_get()
    rule = everyone if context.may(OVERSEE) or context.population == "SYSTEM" else _own
    rows = SystemAccount.objects.filter(rule.filter(context))
    return rows.select_related("department").order_by("department__path", "name", "id")


def system_list(*, now: datetime) -> list[SystemView]:
    """List the systems (系统账户) that the acting person may see, by department and name."""
    return [system_view(row, now=now) for row in system_rows().prefetch_related("tokens")]


def system_get(system_id: int, *, now: datetime) -> SystemView:
    """Return a system with its tokens; raises `SystemUnknown`."""
    row = system_rows().filter(pk=system_id).first() if system_id < NUMBER_MAX else None
    if row is None:
        raise SystemUnknown()
    return system_view(row, now=now)


def system_view(row: SystemAccount, *, now: datetime) -> SystemView:
    """Return a stored system as a value."""
    tokens = sorted(row.tokens.all(), key=lambda token: -token.pk)
    return SystemView(
        id=row.pk,
        department_id=row.department_id,
        department_name=row.department.name,
        name=row.name,
        purpose=row.purpose,
        contact=row.contact,
        networks=tuple(row.networks),
        per_minute=row.per_minute,
        is_active=row.is_active,
        created_at=row.created_at,
        tokens=tuple(_token_view(token, now=now) for token in tokens),
    )


def _token_view(row: ApiToken, *, now: datetime) -> TokenView:
    return TokenView(
        id=row.pk,
        prefix=row.prefix,
        state=token_state(row, now=now),
        routes=tuple(row.routes),
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoke_reason=row.revoke_reason,
        last_used_at=row.last_used_at,
        last_address=row.last_address,
    )


def token_state(row: ApiToken, *, now: datetime) -> str:
    """Return how a token stands: ACTIVE, EXPIRING, EXPIRED or REVOKED."""
    if row.revoked_at is not None:
        return "REVOKED"
    if row.expires_at <= now:
        return "EXPIRED"
    return "EXPIRING" if row.expires_at <= now + SOON else "ACTIVE"
