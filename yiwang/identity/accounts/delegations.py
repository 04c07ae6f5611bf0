"""Reads of delegations (委托代办): who lets whom act, in what, until when."""

from collections.abc import Mapping
from datetime import date

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.identity.accounts.data import (
    DelegationUseView,
    DelegationView,
    DeputyFiling,
    scope_covers,
)
from yiwang.identity.accounts.models import Delegation, DelegationUse
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import N_, Forbidden, NotFound

MAX_DAYS = 366
USES = {
    "DRAFT": N_("Began an application"),
    "SUBMIT": N_("Submitted an application"),
    "CORRECT": N_("Answered a correction"),
    "CONFIRM": N_("Confirmed a part in an application of others"),
}
STATES = {
    "OFFERED": N_("Waits to be accepted"),
    "RUNNING": N_("May be used"),
    "EXPIRED": N_("Expired"),
    "REVOKED": N_("Ended"),
}


class DelegationMissing(Forbidden):
    """The deputy may not act for the principal in this matter, or no longer."""

    code = "delegation_missing"
    message = N_(
        "You are not authorised to do this for somebody else, or no longer. Ask them to authorise you."
    )


class DelegationUnknown(NotFound):
    """No such delegation, or neither given by nor to the asker."""

    code = "delegation_unknown"
    message = N_("This authorisation does not exist or is not yours.")


def state_of(row: Delegation, on: date) -> str:
    """Tell where a delegation stands on a day (委托状态)."""
    if row.revoked_at is not None:
        return "REVOKED"
    if row.to_date < on:
        return "EXPIRED"
    return "RUNNING" if row.accepted_at else "OFFERED"


def in_force(on: date) -> Q:
    """Return the filter of the delegations in force on a day (有效委托); `to_date` is the last one."""
    return Q(accepted_at__isnull=False, revoked_at__isnull=True, to_date__gte=on)


def delegation_given_list(on: date) -> list[DelegationView]:
    """List what the acting citizen or enterprise lets others do (我委托的), newest first."""
    subject_ref = context_get().subject_ref
    return _views(Delegation.objects.filter(principal_ref=subject_ref), on) if subject_ref else []


def delegation_held_list(on: date) -> list[DelegationView]:
    """List what others let the acting citizen do (委托我的), newest first; without the codes."""
    account_id = context_get().account_id
    return _views(Delegation.objects.filter(deputy_id=account_id), on) if account_id else []


def delegation_of_deputy_list(account_id: int | None, *, on: date) -> list[DelegationView]:
    """List what others let somebody do (受托清单) and they accepted, newest first, without the codes.

    For who has identified the deputy in person, such as a clerk at a window. Ended ones are in it, so that
    the reason can be said.
    """
    rows = Delegation.objects.filter(deputy_id=account_id, accepted_at__isnull=False)
    return _views(rows, on) if account_id else []


def delegation_get(delegation_id: int) -> DelegationView:
    """Return a delegation that the acting citizen or enterprise gave or holds. Raises DelegationUnknown."""
    return delegation_view(own_row(delegation_id), timezone.localdate())


def own_row(delegation_id: int, *, rows: QuerySet | None = None) -> Delegation:
    """Return the row of a delegation of the acting citizen's, either way; for this area's acts."""
    context = context_get()
    mine = Q(deputy_id=context.account_id) if context.account_id else Q(pk__in=[])
    if context.subject_ref:
        mine |= Q(principal_ref=context.subject_ref)
    row = (rows or Delegation.objects.all()).filter(mine, pk=delegation_id).first()
    if row is None:
        raise DelegationUnknown()
    return row


def delegation_use_list(delegation_id: int, *, limit: int = 100) -> list[DelegationUseView]:
    """List what was done under a delegation (委托使用记录), newest first, to either of the two."""
    rows = DelegationUse.objects.filter(delegation=own_row(delegation_id)).order_by("-pk")[:limit]
    return [DelegationUseView(row.act, row.subject, row.title, row.at) for row in rows]


def delegation_deputy_of(delegation_id: int) -> int | None:
    """Return the account of who holds a delegation (受托账户), None before it was accepted."""
    return Delegation.objects.filter(pk=delegation_id).values_list("deputy_id", flat=True).first()


def delegation_ids_held(account_id: int, on: date) -> frozenset[int]:
    """Return the delegations that an account may use on a day (可用委托)."""
    rows = Delegation.objects.filter(in_force(on), deputy_id=account_id)
    return frozenset(rows.values_list("pk", flat=True))


def delegation_require(
    delegation_id: int,
    *,
    account_id: int | None,
    principal_ref: str,
    matter_code: str,
    themes: tuple[str, ...],
    on: date | None = None,
) -> None:
    """Raise `DelegationMissing` unless the account may do this matter for the principal (能否代办)."""
    row = Delegation.objects.filter(
        in_force(on or timezone.localdate()),
        pk=delegation_id,
        deputy_id=account_id,
        principal_ref=principal_ref,
    ).first()
    if row is None or not _covers(row, matter_code, themes):
        raise DelegationMissing()


def delegation_covered(
    delegation_id: int,
    *,
    account_id: int | None,
    principal_ref: str,
    matters: Mapping[str, tuple[str, ...]],
    on: date | None = None,
) -> frozenset[str]:
    """Return which of some matters (code → themes) the account may do for the principal (委托范围内事项).

    Raises `DelegationMissing` when the delegation does not hold, or covers none of them.
    """
    row = Delegation.objects.filter(
        in_force(on or timezone.localdate()),
        pk=delegation_id,
        deputy_id=account_id,
        principal_ref=principal_ref,
    ).first()
    found = [code for code, themes in matters.items() if row and _covers(row, code, themes)]
    if not found:
        raise DelegationMissing()
    return frozenset(found)


def _covers(row: Delegation, matter_code: str, themes: tuple[str, ...]) -> bool:
    return scope_covers(row.scope, row.scope_value, row.matters or (), matter_code, themes)


def delegation_view(row: Delegation, on: date) -> DelegationView:
    """Turn a row into what both see; only the principal gets the code."""
    is_principal = context_get().subject_ref == row.principal_ref
    return DelegationView(
        id=row.pk,
        principal_ref=row.principal_ref,
        principal_name=row.principal_name,
        deputy_name=row.deputy_name,
        deputy_account_id=row.deputy_id,
        scope=row.scope,
        scope_value=row.scope_value,
        scope_title=row.scope_title,
        code=row.code if is_principal else "",
        to_date=row.to_date,
        offered_at=row.offered_at,
        accepted_at=row.accepted_at,
        revoked_at=row.revoked_at,
        state=state_of(row, on),
        matters=tuple(row.matters or ()),
    )


def _views(rows: QuerySet, on: date) -> list[DelegationView]:
    return [delegation_view(row, on) for row in rows.order_by("-pk")[:200]]


# --- what a deputy filed -------------------------------------------------------------------------


def _filed(*, principal: str = "", channel: str = "") -> QuerySet[DelegationUse]:
    account_id = context_get().account_id
    rows = DelegationUse.objects.filter(delegation__deputy_id=account_id, act="SUBMIT")
    rows = rows.filter(delegation__principal_name=principal) if principal else rows
    rows = rows.filter(channel=channel) if channel else rows
    return rows if account_id else rows.none()


def deputy_filing_list(
    *, principal: str = "", channel: str = "", limit: int, offset: int = 0
) -> list[DeputyFiling]:
    """List what the acting citizen filed as a deputy (代办记录), on line and at windows, newest first."""
    rows = _filed(principal=principal, channel=channel).select_related("delegation")
    today = timezone.localdate()
    return [
        DeputyFiling(
            delegation_id=row.delegation_id,
            principal_name=row.delegation.principal_name,
            subject=row.subject,
            title=row.title,
            channel=row.channel or "",
            at=row.at,
            holds=state_of(row.delegation, today) == "RUNNING",
        )
        for row in rows.order_by("-pk")[offset : offset + limit]
    ]


def deputy_filing_count(*, principal: str = "", channel: str = "", cap: int) -> int:
    """Count what the acting citizen filed as a deputy (代办记录数), up to a cap."""
    return _filed(principal=principal, channel=channel)[:cap].count()


def deputy_principal_list() -> list[str]:
    """List for whom the acting citizen filed something (代办对象), by name."""
    return sorted(set(_filed().values_list("delegation__principal_name", flat=True)[:1000]))
