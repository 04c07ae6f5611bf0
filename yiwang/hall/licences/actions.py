"""Issuing licences (签发) and what may happen to them afterwards (暂扣、恢复、撤销)."""

import hashlib
import json
import secrets
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from yiwang.hall.licences.data import LicenceTypeView, LicenceView
from yiwang.hall.licences.errors import (
    LicenceHolderWrong,
    LicenceNotFound,
    LicenceStateWrong,
    ReasonMissing,
)
from yiwang.hall.licences.models import Licence, LicenceType
from yiwang.hall.licences.queries import (
    DEPARTMENT_RULE,
    REVOKE,
    TYPES,
    licence_type_get,
    licence_view,
    type_view,
)
from yiwang.hall.licences.rules import (
    CODE_LENGTH,
    CODE_LETTERS,
    face_make,
    last_day,
    licence_identifier_make,
    serial_make,
)
from yiwang.identity.api import data_scope, department_get
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import person_ref_of

_TYPE_FIELDS = (
    "title",
    "type_code",
    "holder",
    "validity_years",
    "fields",
    "template",
    "legal_basis",
)


@action("hall.licences.type_put", permission=TYPES)
def licence_type_put(key: str, definition: dict, *, source: str, now: datetime) -> LicenceTypeView:
    """Store a type of licence (证照类型); the same definition again is the same version.

    definition: exactly title, type_code, holder, validity_years, fields, template, legal_basis.
    """
    values = {name: definition[name] for name in _TYPE_FIELDS}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    newest = LicenceType.objects.filter(key=key).order_by("-version").first()
    audit_record(f"licence_type:{key}", detail={"digest": digest, "source": source})
    if newest is not None and newest.digest == digest:
        return type_view(newest)
    row = LicenceType.objects.create(
        key=key,
        version=newest.version + 1 if newest else 1,
        digest=digest,
        source=source,
        loaded_at=now,
        **values,
    )
    return type_view(row)


@action("hall.licences.issue")
def licence_issue(
    type_key: str,
    *,
    holder_ref: str,
    holder_name: str,
    holder_number: str,
    data: dict,
    area_code: str,
    department_id: int,
    source: str,
    now: datetime,
    account_id: int | None = None,
) -> LicenceView:
    """Issue a licence (签发证照) and return it; the same source and type give the same licence.

    data: {"form": {…}, "applicant": {…}}, from which the face is made; source: for example
    "application:<number>"; account_id: who is told. Called inside the act that decides.
    """
    kind = licence_type_get(type_key)
    _holder_check(kind, holder_ref)
    with data_scope(purpose="签发证照", reason=source):
        row = _issued(source, type_key)
        if row is None:
            row = _create(
                kind,
                {
                    "holder_ref": holder_ref,
                    "holder_name": holder_name,
                    "holder_number": holder_number,
                    "face": face_make(
                        list(kind.fields),
                        {**data, "holder": {"name": holder_name, "number": holder_number}},
                    ),
                    "area_code": area_code,
                    "department_id": department_id,
                    "source": source,
                    "account_id": account_id,
                },
                now=now,
            )
        audit_record(
            f"licence:{row.pk}",
            person_ref=person_ref_of(row.holder_ref),
            detail={"identifier": row.identifier, "source": source},
        )
        return licence_view(row)


@action("hall.licences.suspend", permission=REVOKE)
def licence_suspend(licence_id: int, *, reason: str, legal_basis: str, now: datetime) -> None:
    """Suspend a licence (暂扣证照) for a stated reason on a legal basis."""
    _state_change(licence_id, ("VALID",), "SUSPENDED", reason, legal_basis, now)


@action("hall.licences.resume", permission=REVOKE)
def licence_resume(licence_id: int, *, reason: str, legal_basis: str, now: datetime) -> None:
    """Give a suspended licence back (暂扣发还)."""
    _state_change(licence_id, ("SUSPENDED",), "VALID", reason, legal_basis, now)


@action("hall.licences.revoke", permission=REVOKE)
def licence_revoke(licence_id: int, *, reason: str, legal_basis: str, now: datetime) -> None:
    """Revoke a licence (撤销证照) for good, for a stated reason on a legal basis (行政许可法 69)."""
    _state_change(licence_id, ("VALID", "SUSPENDED"), "REVOKED", reason, legal_basis, now)


def _holder_check(kind: LicenceTypeView, holder_ref: str) -> None:
    expected = "person:" if kind.holder == "PERSON" else "enterprise:"
    if not holder_ref.startswith(expected):
        raise LicenceHolderWrong(key=kind.key, holder=holder_ref)


def _issued(source: str, type_key: str) -> Licence | None:
    rows = Licence.objects.select_related("licence_type")
    return rows.filter(source=source, type_key=type_key).first()


def _create(kind: LicenceTypeView, values: dict, *, now: datetime) -> Licence:
    issuer = department_get(values["department_id"])
    issued_date = timezone.localtime(now).date()
    try:
        with transaction.atomic():
            serial = serial_make(
                issued_date.year, serial_next(f"hall.licences:{kind.key}:{issued_date.year}")
            )
            row = Licence.objects.create(
                **values,
                licence_type_id=kind.id,
                type_key=kind.key,
                identifier=licence_identifier_make(
                    type_code=kind.type_code, issuer_uscc=issuer.uscc, serial=serial
                ),
                number=serial,
                issuer_name=issuer.name,
                issuer_uscc=issuer.uscc,
                issued_at=now,
                valid_from=issued_date,
                valid_to=last_day(issued_date, kind.validity_years),
                verify_code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
            )
    except IntegrityError:
        # Issued by another process since we looked: the constraint decides, not the look.
        row = _issued(values["source"], kind.key)
        if row is None:
            raise
        return row
    announce("licence.issued", row)
    return row


def reason_check(reason: str, legal_basis: str) -> None:
    """Refuse an act against a holder that does not say why (说明理由). Raises ReasonMissing."""
    given = {"reason": reason, "legal_basis": legal_basis}
    missing = [name for name, text in given.items() if not text.strip()]
    if missing:
        raise ReasonMissing(fields={name: [N_("Please fill this in.")] for name in missing})


def licence_lock(licence_id: int) -> Licence:
    """Lock a licence that the acting department issued (锁定证照). Raises LicenceNotFound."""
    context = context_get()
    with data_scope(purpose=context.purpose or "证照监管", reason=f"licence:{licence_id}"):
        rows = Licence.objects.select_for_update(of=("self",)).filter(pk=licence_id)
        row = rows.select_related("licence_type").first()
    is_own = row is not None and DEPARTMENT_RULE.permits(context, row)
    if row is None or not (context.population == "SYSTEM" or is_own):
        raise LicenceNotFound()
    return row


def _state_change(
    licence_id: int,
    before: tuple[str, ...],
    after: str,
    reason: str,
    legal_basis: str,
    now: datetime,
) -> None:
    reason_check(reason, legal_basis)
    row = licence_lock(licence_id)
    if row.state not in before:
        raise LicenceStateWrong()
    row.state, row.state_reason, row.state_basis = after, reason.strip(), legal_basis.strip()
    row.state_at = now
    row.save(update_fields=["state", "state_reason", "state_basis", "state_at"])
    audit_record(
        f"licence:{licence_id}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"state": after, "reason": reason.strip(), "legal_basis": legal_basis.strip()},
    )
    names = {"VALID": "licence.resumed", "SUSPENDED": "licence.suspended"}
    announce(names.get(after, "licence.revoked"), row)


def announce(topic: str, row: Licence) -> None:
    """Announce what happened to a licence (证照事件)."""
    event_publish(
        topic,
        {
            "licence_id": row.pk,
            "identifier": row.identifier,
            "type_key": row.type_key,
            "holder_ref": row.holder_ref,
            "department_id": row.department_id,
            "account_id": row.account_id,
            "number": row.number,
            "title": row.licence_type.title,
            "reason": row.state_reason,
            "legal_basis": row.state_basis,
        },
        key=row.identifier,
    )
