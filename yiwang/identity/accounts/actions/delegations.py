"""Letting a citizen act in one's name (委托代办): offered, accepted, used, ended."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone

from yiwang.identity.accounts.data import DelegationView
from yiwang.identity.accounts.delegations import (
    MAX_DAYS,
    DelegationUnknown,
    delegation_view,
    own_row,
)
from yiwang.identity.accounts.models import Delegation, DelegationUse
from yiwang.identity.accounts.queries import account_get, account_list, agent_list, authority_list
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound
from yiwang.sdk.identifiers import normalise, person_ref_of, spoken_code

BUNDLE = Delegation.Scope.BUNDLE


class DelegationCodeWrong(NotFound):
    """No offered delegation has this code, or it is for somebody of another name."""

    code = "delegation_code_wrong"
    message = N_(
        "There is no open authorisation for you with this code. Ask who gave it to you to look it up again."
    )


@action("identity.accounts.delegation_offer")
def delegation_offer(
    *,
    deputy_name: str,
    scope: str,
    scope_value: str,
    scope_title: Mapping[str, str],
    to_date: date,
    now: datetime,
    matters: Sequence[str] = (),
) -> DelegationView:
    """Offer somebody to act in one's name (委托): within a matter, a theme or a bundle, until a day (inclusive).

    The caller has checked that the scope exists; matters: the codes of a bundle's. A citizen for themselves, an
    agent for the enterprise. Raises Forbidden, Invalid.
    """
    context = context_get()
    if context.population not in ("CITIZEN", "AGENT") or not context.subject_ref:
        raise Forbidden()
    today = timezone.localdate(now)
    name, principal = deputy_name.strip(), _principal_name(today)
    errors: dict[str, list[str]] = {}
    if not 2 <= len(name) <= 80 or name == principal:  # noqa: PLR2004 - a name
        errors["deputy_name"] = [N_("Write the full name of another person.")]
    if scope not in Delegation.Scope.values or not scope_value or (scope == BUNDLE and not matters):
        errors["scope_value"] = [N_("Choose what the other person may do.")]
    if not today <= to_date <= today + timedelta(days=MAX_DAYS):
        errors["to_date"] = [N_("Choose a day from today on, within a year.")]
    if errors:
        raise Invalid(fields=errors)
    row = Delegation.objects.create(
        principal_ref=context.subject_ref,
        principal_name=principal[:80],
        deputy_name=name,
        scope=scope,
        scope_value=scope_value,
        scope_title=dict(scope_title),
        matters=list(matters) if scope == BUNDLE else None,
        code=spoken_code(),
        to_date=to_date,
        offered_at=now,
    )
    _audit(row, {"scope": f"{scope}:{scope_value}", "until": to_date.isoformat()})
    return delegation_view(row, today)


def _principal_name(today: date) -> str:
    """Return in whose name one authorises (委托人名称): one's own, or the enterprise's that one acts for."""
    context = context_get()
    if context.population == "CITIZEN":
        return context.name
    held = authority_list(context.account_id or 0, today)
    return next(
        (one.enterprise_name for one in held if one.enterprise_ref == context.subject_ref), ""
    )


@action("identity.accounts.delegation_accept")
def delegation_accept(code: str, *, now: datetime) -> DelegationView:
    """Accept what was offered (接受委托), with the code that the principal told. Raises DelegationCodeWrong."""
    context = context_get()
    if context.population != "CITIZEN":
        raise Forbidden()
    today = timezone.localdate(now)
    row = (
        Delegation.objects.select_for_update()
        .filter(
            code=normalise(code),
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            to_date__gte=today,
        )
        .exclude(principal_ref=context.subject_ref)
        .first()
    )
    if row is None or row.deputy_name != account_get(context.account_id).name:
        raise DelegationCodeWrong()
    row.deputy_id, row.accepted_at = context.account_id, now
    row.save(update_fields=["deputy", "accepted_at"])
    _audit(row, {"deputy": context.account_id})
    for account_id in _principal_accounts(row, today):
        _announce("delegation.accepted", row, account_id, name=row.deputy_name)
    return delegation_view(row, today)


@action("identity.accounts.delegation_revoke")
def delegation_revoke(delegation_id: int, *, now: datetime) -> None:
    """End a delegation (终止委托): the principal takes it back, or the deputy lays it down; the other is told."""
    context = context_get()
    row = own_row(delegation_id, rows=Delegation.objects.select_for_update())
    if row.revoked_at is not None:
        raise DelegationUnknown()
    row.revoked_at, row.revoked_by_id = now, context.account_id
    row.save(update_fields=["revoked_at", "revoked_by_id"])
    _audit(row, {"revoked": True})
    is_principal = row.principal_ref == context.subject_ref
    others = _principal_accounts(row, timezone.localdate(now))
    if is_principal:
        others = [row.deputy_id] if row.deputy_id else []
    name = row.principal_name if is_principal else row.deputy_name
    for account_id in others:
        _announce("delegation.revoked", row, account_id, name=name)


@action("identity.accounts.delegation_use")
def delegation_use_record(
    delegation_id: int,
    *,
    act: str,
    subject: str,
    title: Mapping[str, str],
    now: datetime,
    channel: str = "ONLINE",
) -> None:
    """Record that a deputy acted (委托使用记录); the caller has checked the delegation in this transaction."""
    row = Delegation.objects.get(pk=delegation_id)
    DelegationUse.objects.create(
        delegation=row,
        act=act,
        subject=subject[:80],
        title=dict(title),
        channel=channel,
        at=now,
    )
    _audit(row, {"act": act, "subject": subject})


def _principal_accounts(row: Delegation, today: date) -> list[int]:
    """Return who hears for the principal (委托人账户): the citizen, or the enterprise's agents."""
    if row.principal_ref.startswith("enterprise:"):
        return [one.id for one in agent_list(row.principal_ref, today)]
    found = account_list(subject_ref=row.principal_ref)
    return [one.id for one in found if one.population == "CITIZEN"][:1]


def _audit(row: Delegation, detail: dict) -> None:
    audit_record(f"delegation:{row.pk}", person_ref=person_ref_of(row.principal_ref), detail=detail)


def _announce(topic: str, row: Delegation, account_id: int | None, *, name: str) -> None:
    payload = {
        "account_id": account_id,
        "number": str(row.pk),
        "title": row.scope_title,
        "name": name,
    }
    event_publish(topic, {**payload, "delegation_id": row.pk}, key=f"delegation:{row.pk}")
