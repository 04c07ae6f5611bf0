"""Letting another citizen act in one's name (委托代办): offered, accepted, used, ended."""

from collections.abc import Mapping
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
from yiwang.identity.accounts.queries import account_get, account_list
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound
from yiwang.sdk.identifiers import normalise, person_ref_of, spoken_code


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
) -> DelegationView:
    """Offer somebody to act in one's name (委托): within a matter or a theme, until a day (inclusive).

    The caller has checked that the scope exists. Only citizens for themselves. Raises Forbidden, Invalid.
    """
    context = context_get()
    if context.population != "CITIZEN" or not context.subject_ref:
        raise Forbidden()
    today = timezone.localdate(now)
    name = deputy_name.strip()
    errors: dict[str, list[str]] = {}
    if not 2 <= len(name) <= 80 or name == context.name:
        errors["deputy_name"] = [N_("Write the full name of another person.")]
    if scope not in Delegation.Scope.values or not scope_value:
        errors["scope_value"] = [N_("Choose what the other person may do.")]
    if not today <= to_date <= today + timedelta(days=MAX_DAYS):
        errors["to_date"] = [N_("Choose a day from today on, within a year.")]
    if errors:
        raise Invalid(fields=errors)
    row = Delegation.objects.create(
        principal_ref=context.subject_ref,
        principal_name=context.name,
        deputy_name=name,
        scope=scope,
        scope_value=scope_value,
        scope_title=dict(scope_title),
        code=spoken_code(),
        to_date=to_date,
        offered_at=now,
    )
    _audit(row, {"scope": f"{scope}:{scope_value}", "until": to_date.isoformat()})
    return delegation_view(row, today)


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
    _announce("delegation.accepted", row, _principal_account(row), name=row.deputy_name)
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
    other = row.deputy_id if is_principal else _principal_account(row)
    name = row.principal_name if is_principal else row.deputy_name
    if other:
        _announce("delegation.revoked", row, other, name=name)


@action("identity.accounts.delegation_use")
def delegation_use_record(
    delegation_id: int, *, act: str, subject: str, title: Mapping[str, str], now: datetime
) -> None:
    """Record that a deputy acted (委托使用记录); the caller has checked the delegation in this transaction."""
    row = Delegation.objects.get(pk=delegation_id)
    DelegationUse.objects.create(
        delegation=row, act=act, subject=subject[:80], title=dict(title), at=now
    )
    _audit(row, {"act": act, "subject": subject})


def _principal_account(row: Delegation) -> int | None:
    found = account_list(subject_ref=row.principal_ref)
    return next((one.id for one in found if one.population == "CITIZEN"), None)


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
