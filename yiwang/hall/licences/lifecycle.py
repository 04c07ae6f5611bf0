"""What happens to a licence between issue and end (证照变更、年检、亮证、到期): each an audited act."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from yiwang.hall.licences.actions import announce, licence_lock, reason_check
from yiwang.hall.licences.data import LicenceView, PresentationView
from yiwang.hall.licences.errors import (
    LicenceChecked,
    LicenceFieldUnknown,
    LicenceNotFound,
    LicenceStateWrong,
    PresentationGone,
    ReasonMissing,
)
from yiwang.hall.licences.models import Licence, LicenceCheck, LicenceUse, Presentation
from yiwang.hall.licences.queries import REVOKE, licence_view
from yiwang.hall.licences.rules import (
    CODE_LENGTH,
    CODE_LETTERS,
    EXPIRING_DAYS,
    code_normalise,
    licence_identifier_make,
)
from yiwang.identity.api import data_scope, department_get
from yiwang.kernel.api import action, audit_record, context_get, context_system, context_use
from yiwang.sdk.identifiers import person_ref_of

SHOW_MINUTES, SHOW_LOOKS = (5, 30, 1440), 3
AT_ONCE = 500


@action("hall.licences.change", permission=REVOKE)
def licence_change(
    licence_id: int,
    *,
    changes: Mapping[str, object],
    reason: str,
    legal_basis: str,
    now: datetime,
    valid_to: date | None = None,
    holder_name: str = "",
    department_id: int | None = None,
) -> LicenceView:
    """Change what stands on a licence (变更证照): the next version with the same number replaces this one.

    changes: new values by field name; valid_to: a new last day (延续); holder_name: the holder's new name, ""
    for the same; department_id: who issues and keeps it from now on, None for the same. Raises
    LicenceNotFound, LicenceStateWrong, LicenceFieldUnknown, ReasonMissing.
    """
    reason_check(reason, legal_basis)
    row = licence_lock(licence_id)
    if row.state != "VALID":
        raise LicenceStateWrong()
    unknown = changes.keys() - {entry["name"] for entry in row.face}
    if unknown or not (changes or valid_to):
        raise LicenceFieldUnknown(names=", ".join(sorted(unknown)) or "—")
    with data_scope(purpose="变更证照", reason=f"licence:{licence_id}"):
        row.holder_name = holder_name or row.holder_name
        if department_id is not None:
            issuer = department_get(department_id)
            row.department_id, row.area_code = department_id, issuer.area_code
            row.issuer_name, row.issuer_uscc = issuer.name, issuer.uscc
        new = _next_version(row, changes=changes, valid_to=valid_to, now=now)
        row.state, row.state_reason, row.state_basis = (
            "REPLACED",
            reason.strip(),
            legal_basis.strip(),
        )
        row.state_at = now
        row.save(update_fields=["state", "state_reason", "state_basis", "state_at"])
    audit_record(
        f"licence:{row.pk}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"replaced_by": new.identifier, "fields": sorted(changes), "reason": reason.strip()},
    )
    announce("licence.changed", new)
    return licence_view(new)


def _next_version(
    row: Licence, *, changes: Mapping[str, object], valid_to: date | None, now: datetime
) -> Licence:
    kept = (
        "licence_type_id",
        "type_key",
        "number",
        "holder_ref",
        "holder_name",
        "holder_number",
        "area_code",
        "department_id",
        "issuer_name",
        "issuer_uscc",
        "account_id",
        "is_made",
    )
    version = row.version + 1
    return Licence.objects.create(
        **{name: getattr(row, name) for name in kept},
        version=version,
        previous=row,
        identifier=licence_identifier_make(
            type_code=row.licence_type.type_code,
            issuer_uscc=row.issuer_uscc,
            serial=row.number,
            version=f"{version:03}",
        ),
        face=[{**entry, "value": changes.get(entry["name"], entry["value"])} for entry in row.face],
        issued_at=now,
        valid_from=timezone.localtime(now).date(),
        valid_to=valid_to or row.valid_to,
        source=f"licence:{row.pk}",
        verify_code=_code(),
    )


@action("hall.licences.cancel", permission=REVOKE)
def licence_cancel(licence_id: int, *, reason: str, legal_basis: str, now: datetime) -> None:
    """End a licence whose holder gave it up or ceased to be (注销, 行政许可法第七十条)."""
    reason_check(reason, legal_basis)
    row = licence_lock(licence_id)
    if row.state not in ("VALID", "SUSPENDED"):
        raise LicenceStateWrong()
    row.state, row.state_reason, row.state_basis = "CANCELLED", reason.strip(), legal_basis.strip()
    row.state_at = now
    row.save(update_fields=["state", "state_reason", "state_basis", "state_at"])
    audit_record(
        f"licence:{row.pk}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"state": row.state, "reason": row.state_reason},
    )
    announce("licence.cancelled", row)


@action("hall.licences.check", permission=REVOKE)
def licence_check(licence_id: int, *, year: int, is_passed: bool, note: str, now: datetime) -> None:
    """Record the yearly check of a licence (年检), once a year; one that failed says why."""
    if not is_passed and not note.strip():
        raise ReasonMissing()
    row = licence_lock(licence_id)
    if row.state not in ("VALID", "SUSPENDED"):
        raise LicenceStateWrong()
    try:
        with transaction.atomic():
            LicenceCheck.objects.create(
                licence=row,
                year=year,
                is_passed=is_passed,
                note=note.strip()[:2000],
                officer_name=context_get().name[:80],
                at=now,
            )
    except IntegrityError:
        raise LicenceChecked(year=year) from None
    audit_record(f"licence:{row.pk}", detail={"year": year, "is_passed": is_passed})


@action("hall.licences.present")
def licence_present(
    licence_id: int, *, purpose: str, fields: Iterable[str], minutes: int, now: datetime
) -> str:
    """Show one's licence to somebody (亮证) and return the code under which they see it.

    fields: names of what may be seen beside title, number and state; minutes: one of `SHOW_MINUTES`.
    """
    with data_scope(purpose="亮证", reason=f"licence:{licence_id}"):
        row = Licence.objects.filter(pk=licence_id).first()
    if row is None or row.holder_ref != context_get().subject_ref:
        raise LicenceNotFound()
    if not purpose.strip():
        raise ReasonMissing()
    known = {entry["name"] for entry in row.face} | {"holder_name"}
    made = Presentation.objects.create(
        licence=row,
        code=_code(),
        purpose=purpose.strip()[:120],
        fields=sorted(known & set(fields)),
        looks_left=SHOW_LOOKS,
        made_at=now,
        expires_at=now + timedelta(minutes=minutes if minutes in SHOW_MINUTES else SHOW_MINUTES[0]),
    )
    audit_record(
        f"licence:{row.pk}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"purpose": made.purpose, "fields": made.fields},
    )
    return made.code


@action("hall.licences.presentation_open")
def presentation_open(code: str, *, now: datetime) -> PresentationView:
    """Look at a licence that is being shown (查看亮证); the holder sees that somebody did. Raises PresentationGone."""
    made = Presentation.objects.select_for_update().filter(code=code_normalise(code)).first()
    if made is None or made.expires_at <= now or not made.looks_left:
        raise PresentationGone()
    made.looks_left -= 1
    made.save(update_fields=["looks_left"])
    with data_scope(purpose=made.purpose, reason="亮证"):
        row = Licence.objects.select_related("licence_type").get(pk=made.licence_id)
        view = licence_view(row)
    use_add(row.pk, kind="SHOWN", purpose=made.purpose, by=context_get().name, now=now)
    audit_record(
        f"licence:{row.pk}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"shown": made.purpose},
    )
    return PresentationView(
        title=view.title,
        number=view.number,
        purpose=made.purpose,
        holder_name=view.holder_name if "holder_name" in made.fields else "",
        issuer_name=view.issuer_name,
        face=tuple(entry for entry in view.face if entry["name"] in made.fields),
        state=view.state,
        is_good=view.is_good,
        expires_at=made.expires_at,
        looks_left=made.looks_left,
    )


@action("hall.licences.verify")
def licence_verified(licence_id: int, *, now: datetime) -> None:
    """Keep that somebody verified a licence by its code (查验记录); who did is not asked."""
    use_add(licence_id, kind="VERIFIED", purpose="", by="", now=now)
    audit_record(f"licence:{licence_id}", detail={"use": "VERIFIED"})


@action("hall.licences.read")
def licence_viewed(licence: LicenceView, *, now: datetime) -> None:
    """Keep that an officer looked at a licence (阅览记录), for its holder to see."""
    context = context_get()
    use_add(licence.id, kind="VIEWED", purpose=context.purpose, by=context.name, now=now)
    audit_record(
        f"licence:{licence.id}",
        person_ref=person_ref_of(licence.holder_ref),
        detail={"fields": ["licence"]},
    )


def use_add(licence_id: int, *, kind: str, purpose: str, by: str, now: datetime) -> None:
    """Add to what the holder sees of a licence's use (用证记录); part of the act that uses it."""
    LicenceUse.objects.create(
        licence_id=licence_id, kind=kind, purpose=purpose[:200], by=by[:160], at=now
    )


def licences_expire(now: datetime) -> int:
    """Tell the holders of licences that will run out (到期提醒), once each; return how many."""
    today = timezone.localtime(now).date()
    with context_use(context_system("证照到期提醒")), data_scope(purpose="证照到期提醒"):
        rows = Licence.objects.filter(
            state="VALID",
            expiry_told_at__isnull=True,
            valid_to__gte=today,
            valid_to__lte=today + timedelta(days=EXPIRING_DAYS),
        ).order_by("pk")
        keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        for key in keys:
            _expiry_tell(key, now=now)
    return len(keys)


@action("hall.licences.expiry_tell")
def _expiry_tell(licence_id: int, *, now: datetime) -> None:
    rows = Licence.objects.select_related("licence_type").filter(pk=licence_id)
    audit_record(f"licence:{licence_id}", detail={"told": "EXPIRING"})
    if rows.filter(expiry_told_at__isnull=True).update(expiry_told_at=now):
        announce("licence.expiring", rows.get())


def _code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
