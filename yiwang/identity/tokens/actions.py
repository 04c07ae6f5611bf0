"""Writes of departments' systems and their tokens (系统账户与令牌维护)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Q

from yiwang.identity.organisations.queries import department_get
from yiwang.identity.tokens.data import (
    IssuedToken,
    SystemUnknown,
    TokenInvalid,
    TokenUnknown,
)
from yiwang.identity.tokens.models import ApiToken, SystemAccount
from yiwang.identity.tokens.queries import MANAGE, READ, SOON, program_routes, system_rows
from yiwang.identity.tokens.rules import (
    DAYS_MAX,
    PER_MINUTE_MAX,
    TOKENS_MAX,
    networks_read,
    token_digest,
    token_make,
)
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_, Forbidden


@action("identity.tokens.system_put", permission=MANAGE)
def program_account_put(
    department_id: int,
    *,
    name: str,
    purpose: str,
    now: datetime,
    contact: str = "",
    networks: str = "",
    per_minute: int = 600,
    system_id: int | None = None,
) -> int:
    """Register a department's system (登记系统账户), or change it by its id; returns the id.

    networks: from which it may call, one a line as 10.1.0.0/16; "" for anywhere. Raises `TokenInvalid`.
    """
    context = context_get()
    department_get(department_id)
    if context.population != "SYSTEM" and department_id not in context.department_ids:
        raise Forbidden()
    allowed, wrong = networks_read(networks)
    fields = _system_faults(name, purpose, per_minute, wrong)
    same = SystemAccount.objects.filter(department_id=department_id, name=name.strip())
    if same.exclude(pk=system_id).exists():
        fields["name"] = [N_("The department has a system of this name already.")]
    if fields:
        raise TokenInvalid(fields=fields)
    values = {
        "name": name.strip(),
        "purpose": purpose.strip(),
        "contact": contact.strip(),
        "networks": allowed,
        "per_minute": per_minute,
    }
    if system_id is None:
        row = SystemAccount.objects.create(department_id=department_id, created_at=now, **values)
        system_id = row.pk
    elif not system_rows().filter(pk=system_id, department_id=department_id).update(**values):
        raise SystemUnknown()
    detail = {"name": name.strip(), "networks": allowed, "per_minute": per_minute}
    audit_record(f"system:{system_id}", detail=detail)
    return system_id


def _system_faults(
    name: str, purpose: str, per_minute: int, wrong: list[str]
) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    if not 2 <= len(name.strip()) <= 80:
        fields["name"] = [N_("Enter the system's name, 2 to 80 characters.")]
    if not 4 <= len(purpose.strip()) <= 200:
        fields["purpose"] = [N_("Say what the system calls us for, 4 to 200 characters.")]
    if wrong:
        fields["networks"] = [N_("Write networks as 10.1.0.0/16 or single addresses, one a line.")]
    if not 1 <= per_minute <= PER_MINUTE_MAX:
        fields["per_minute"] = [N_("Choose between 1 and 60,000 calls a minute.")]
    return fields


@action("identity.tokens.token_issue", permission=MANAGE)
def token_issue(
    system_id: int, *, routes: Sequence[str], now: datetime, days: int = 90
) -> IssuedToken:
    """Issue a token (签发令牌) for named routes; its secret is returned this once and kept nowhere.

    Nobody hands on what their own post may not do. A system has five living tokens at most, so that a
    new one can be put in place before the old one is revoked. Raises `TokenInvalid`, `SystemUnknown`.
    """
    context = context_get()
    row = system_rows().select_for_update(of=("self",)).filter(pk=system_id, is_active=True).first()
    if row is None or (
        context.population != "SYSTEM" and row.department_id not in context.department_ids
    ):
        raise SystemUnknown()
    known = program_routes()
    wanted = sorted(set(routes))
    fields: dict[str, list[str]] = {}
    if not wanted or any(name not in known for name in wanted):
        fields["routes"] = [N_("Choose what the token is for.")]
    elif not all(context.may(known[name].permission) for name in wanted):
        fields["routes"] = [N_("You can only hand on what your own post allows.")]
    if not 1 <= days <= DAYS_MAX:
        fields["days"] = [N_("A token is good for 1 to 366 days.")]
    living = row.tokens.filter(revoked_at=None, expires_at__gt=now).count()
    if living >= TOKENS_MAX:
        fields[""] = [N_("The system has five living tokens. Revoke one first.")]
    if fields:
        raise TokenInvalid(fields=fields)
    secret, prefix = token_make()
    token = ApiToken.objects.create(
        system=row,
        prefix=prefix,
        digest=token_digest(secret),
        routes=wanted,
        issued_at=now,
        issued_by=context.name,
        expires_at=now + timedelta(days=days),
    )
    audit_record(f"system:{system_id}", detail={"prefix": prefix, "routes": wanted, "days": days})
    return IssuedToken(token.pk, prefix, secret, token.expires_at)


@action("identity.tokens.token_revoke", permission=READ)
def token_revoke(token_id: int, *, reason: str, now: datetime) -> None:
    """Revoke a token (吊销令牌): the next call with it is refused. Overseers may revoke any."""
    if not 2 <= len(reason.strip()) <= 200:
        raise TokenInvalid(fields={"reason": [N_("Say why, 2 to 200 characters.")]})
    token = ApiToken.objects.filter(system__in=system_rows(), pk=token_id, revoked_at=None)
    row = token.first()
    if row is None or not token.update(revoked_at=now, revoke_reason=reason.strip()):
        raise TokenUnknown()
    detail = {"prefix": row.prefix, "reason": reason.strip()}
    audit_record(f"system:{row.system_id}", detail=detail)


@action("identity.tokens.system_close", permission=READ)
def program_account_close(system_id: int, *, reason: str, now: datetime) -> None:
    """Close a system (停用系统账户): all its tokens are revoked and none can be issued any more."""
    if not 2 <= len(reason.strip()) <= 200:
        raise TokenInvalid(fields={"reason": [N_("Say why, 2 to 200 characters.")]})
    if not system_rows().filter(pk=system_id, is_active=True).update(is_active=False):
        raise SystemUnknown()
    living = ApiToken.objects.filter(system_id=system_id, revoked_at=None)
    revoked = living.update(revoked_at=now, revoke_reason=reason.strip())
    audit_record(
        f"system:{system_id}", detail={"reason": reason.strip(), "tokens_revoked": revoked}
    )


def token_expiry_sweep(*, now: datetime) -> int:
    """Announce once which tokens are about to expire (令牌到期提醒), unless a newer one is in place."""
    newer = Count(
        "system__tokens",
        filter=Q(system__tokens__revoked_at=None, system__tokens__expires_at__gt=now + SOON),
    )
    due = ApiToken.objects.filter(
        revoked_at=None, warned_at=None, expires_at__gt=now, expires_at__lte=now + SOON
    ).annotate(newer=newer)
    for row in due.select_related("system").filter(newer=0):
        _expiry_announce(row.pk, now=now)
    return len(due)


@action("identity.tokens.expiry_announce")
def _expiry_announce(token_id: int, *, now: datetime) -> None:
    row = ApiToken.objects.select_related("system").get(pk=token_id)
    if not ApiToken.objects.filter(pk=token_id, warned_at=None).update(warned_at=now):
        audit_record(f"system:{row.system_id}", detail={"prefix": row.prefix}, outcome="NOTHING")
        return
    event_publish(
        "identity.token_expiring",
        {
            "system_id": row.system_id,
            "department_id": row.system.department_id,
            "name": row.system.name,
            "prefix": row.prefix,
            "expires_at": row.expires_at.isoformat(),
        },
        key=f"system:{row.system_id}",
    )
    audit_record(f"system:{row.system_id}", detail={"prefix": row.prefix})
