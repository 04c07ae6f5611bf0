"""From a token to the acting system (令牌鉴权): one read and one write a call."""

import secrets
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from yiwang.identity.access.programs import PROGRAM, ProgramCall, TokenRefused
from yiwang.identity.organisations.queries import department_below
from yiwang.identity.tokens.data import TokenExpired, TokenNetwork, TokenRate, TokenRevoked
from yiwang.identity.tokens.models import ApiToken
from yiwang.identity.tokens.queries import program_routes
from yiwang.identity.tokens.rules import network_allows, token_digest, token_prefix
from yiwang.kernel.api import RequestContext, audit_record, context_use
from yiwang.sdk.errors import YiwangError

# A program that goes on calling with a dead token must not fill the audit trail.
_REFUSALS_EVERY = timedelta(hours=1)


def program_call(token: str, address: str) -> ProgramCall:
    """Return who calls with a token (部门系统) and what it may call; counts the call.

    Raises `TokenRefused`, `TokenExpired`, `TokenRevoked`, `TokenNetwork`, `TokenRate`.
    """
    now = timezone.now()
    prefix = token_prefix(token)
    rows = ApiToken.objects.select_related("system__department")
    row = rows.filter(prefix=prefix).first() if prefix else None
    # Compared also where there is no row, so that time says nothing about which prefixes exist.
    is_same = secrets.compare_digest(row.digest if row else "0" * 64, token_digest(token))
    if row is None or not is_same:
        raise TokenRefused()
    context = _context(row, address)
    try:
        _check(row, address, now=now)
        _count(row, address, now=now)
    except (TokenExpired, TokenRevoked, TokenNetwork) as error:
        _refusal_record(row, context, error, now=now)
        raise
    return ProgramCall(context, frozenset(row.routes))


def _context(row: ApiToken, address: str) -> RequestContext:
    known = program_routes()
    system, department = row.system, row.system.department
    return RequestContext(
        population=PROGRAM,
        name=system.name,
        # Citizens see in *who looked at my data* which system of the department it was.
        post_title=system.name,
        department_id=department.pk,
        department_name=department.name,
        department_ids=department_below(department.pk),
        permissions=frozenset(known[name].permission for name in row.routes if name in known),
        purpose=system.purpose,
        channel="API",
        address=address,
        session_ref=f"token:{row.prefix}",
    )


def _check(row: ApiToken, address: str, *, now: datetime) -> None:
    if row.revoked_at is not None or not row.system.is_active:
        raise TokenRevoked(prefix=row.prefix)
    if row.expires_at <= now:
        expired = timezone.localtime(row.expires_at)
        raise TokenExpired(prefix=row.prefix, date=f"{expired:%Y-%m-%d}")
    if not network_allows(row.system.networks, address):
        raise TokenNetwork(prefix=row.prefix, address=address)


def _count(row: ApiToken, address: str, *, now: datetime) -> None:
    """Count the call in its minute; guarded updates, so that calls at once do not pass the limit."""
    minute = now.replace(second=0, microsecond=0)
    limit = row.system.per_minute
    mark = {"last_used_at": now, "last_address": address}
    same = ApiToken.objects.filter(pk=row.pk, minute=minute)
    first = ApiToken.objects.filter(pk=row.pk).exclude(minute=minute, minute__isnull=False)
    if row.minute != minute and first.update(minute=minute, used=1, **mark):
        return
    if not same.filter(used__lt=limit).update(used=F("used") + 1, **mark):
        seconds = 60 - now.second
        raise TokenRate(prefix=row.prefix, limit=limit, seconds=seconds)


def _refusal_record(
    row: ApiToken, context: RequestContext, error: YiwangError, *, now: datetime
) -> None:
    known = ApiToken.objects.filter(pk=row.pk)
    if row.refused_at is not None and row.refused_at > now - _REFUSALS_EVERY:
        return
    if known.filter(refused_at=row.refused_at).update(refused_at=now):
        with context_use(context):
            audit_record(
                f"system:{row.system_id}",
                act="identity.tokens.refused",
                outcome="REFUSED",
                detail={"prefix": row.prefix, "code": error.code},
            )
