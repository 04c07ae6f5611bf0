"""Reads of licences. The holder sees their own, staff those of their departments."""

from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from yiwang.hall.licences.data import (
    LicenceCheckView,
    LicenceTypeView,
    LicenceUseView,
    LicenceView,
    VerificationView,
)
from yiwang.hall.licences.errors import LicenceNotFound, LicenceTypeUnknown
from yiwang.hall.licences.models import Licence, LicenceCheck, LicenceType, LicenceUse
from yiwang.hall.licences.rules import code_group, code_normalise, state_on
from yiwang.identity.api import Rule, data_scope, field_equals, field_in, of_context
from yiwang.kernel.api import RequestContext, context_get
from yiwang.sdk.masking import mask_name

REVOKE = "hall.licences.revoke"
TYPES = "hall.licences.types"
HOLDER_RULE: Rule = field_equals("holder_ref", of_context("subject_ref"))
DEPARTMENT_RULE: Rule = field_in("department_id", "department_ids")


def licence_type_get(key: str) -> LicenceTypeView:
    """Return the newest version of a type of licence (证照类型). Raises `LicenceTypeUnknown`."""
    row = LicenceType.objects.filter(key=key).order_by("-version").first()
    if row is None:
        raise LicenceTypeUnknown(key=key)
    return type_view(row)


def licence_type_list() -> list[LicenceTypeView]:
    """List all types of licence in their newest versions, by key."""
    newest = {row.key: row for row in LicenceType.objects.order_by("key", "version")}
    return [type_view(row) for row in newest.values()]


def licence_rule(context: RequestContext) -> Rule:
    """Return the rule (行级规则) of the licences that a person may see.

    Citizens and agents: those whose holder they are or act for. Staff who may revoke: those that
    their department, or one below it, issued. The system: all, through the functions made for it.
    """
    if context.population == "STAFF" and context.may(REVOKE):
        return DEPARTMENT_RULE
    return HOLDER_RULE


def licence_list(holder_ref: str) -> list[LicenceView]:
    """List the licences (证照) of a holder, newest first. holder_ref: "person:…", "enterprise:…"."""
    if not holder_ref:
        return []
    with data_scope(purpose="查询本人证照", reason=holder_ref):
        rows = Licence.objects.filter(holder_ref=holder_ref).select_related("licence_type")
        return [licence_view(row) for row in rows.order_by("-pk")]


def licence_count(holder_ref: str) -> int:
    """Count a holder's licences."""
    with data_scope(purpose="查询本人证照", reason=holder_ref):
        return Licence.objects.filter(holder_ref=holder_ref).count() if holder_ref else 0


def licence_list_by_source(source: str) -> list[LicenceView]:
    """List the licences that came out of one source (来源), such as "application:<number>"."""
    with data_scope(purpose="查看办件结果", reason=source):
        rows = Licence.objects.filter(source=source).select_related("licence_type")
        return [licence_view(row) for row in rows.order_by("pk")]


def licence_issued_list(*, number: str = "", limit: int = 20, offset: int = 0) -> list[LicenceView]:
    """List what the acting person's departments issued (本部门签发的证照), newest first."""
    rows = _issued(number).select_related("licence_type").order_by("-pk")
    return [licence_view(row) for row in rows[offset : offset + limit]]


def licence_issued_count(*, number: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _issued(number)[:cap].count()


def _issued(number: str) -> QuerySet[Licence]:
    rows = Licence.objects.scoped(DEPARTMENT_RULE)
    return rows.filter(number=number.strip()) if number.strip() else rows


def licence_get(licence_id: int) -> LicenceView:
    """Return a licence that the acting person may see. Raises `LicenceNotFound` for all others.

    The system sees every licence: jobs and other areas' actions ask on somebody's behalf.
    """
    context = context_get()
    with data_scope(purpose=context.purpose or "查看证照", reason=f"licence:{licence_id}"):
        row = Licence.objects.select_related("licence_type").filter(pk=licence_id).first()
    if row is None:
        raise LicenceNotFound()
    if context.population != "SYSTEM" and not licence_rule(context).permits(context, row):
        raise LicenceNotFound()
    return licence_view(row)


def licence_verify(code: str) -> VerificationView | None:
    """Look a licence up by the code on it (公开查验); None when no licence has that code."""
    normal = code_normalise(code)
    if not normal:
        return None
    with data_scope(purpose="公开查验证照", reason="verification code"):
        row = Licence.objects.select_related("licence_type").filter(verify_code=normal).first()
    if row is None:
        return None
    view = licence_view(row)
    # An enterprise's name is public (企业信息公示暂行条例); a person's is not.
    holder = view.holder_name if view.holder_kind == "ENTERPRISE" else mask_name(view.holder_name)
    return VerificationView(
        id=row.pk,
        title=view.title,
        number=view.number,
        identifier=view.identifier,
        holder_name=holder,
        issuer_name=view.issuer_name,
        issued_date=timezone.localtime(view.issued_at).date(),
        valid_from=view.valid_from,
        valid_to=view.valid_to,
        state=view.state,
        is_good=view.is_good,
        state_at=view.state_at,
        code=view.code,
    )


def licence_view(row: Licence, *, today: date | None = None) -> LicenceView:
    """Turn a row (with its type) into what others see, with its state as of today."""
    kind = row.licence_type
    return LicenceView(
        id=row.pk,
        identifier=row.identifier,
        number=row.number,
        type_key=row.type_key,
        type_code=kind.type_code,
        title=kind.title,
        template=kind.template,
        holder_kind=kind.holder,
        holder_ref=row.holder_ref,
        holder_name=row.holder_name,
        holder_number=row.holder_number,
        issuer_name=row.issuer_name,
        issuer_uscc=row.issuer_uscc,
        department_id=row.department_id,
        area_code=row.area_code,
        issued_at=row.issued_at,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        state=state_on(
            row.state,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            today=today or timezone.localdate(),
        ),
        verify_code=row.verify_code,
        code=code_group(row.verify_code),
        source=row.source,
        face=tuple(row.face),
        legal_basis=tuple(kind.legal_basis),
        state_reason=row.state_reason,
        state_basis=row.state_basis,
        state_at=row.state_at,
        document_sha256=row.document_sha256,
        version=row.version,
    )


def type_view(row: LicenceType) -> LicenceTypeView:
    """Turn a type's row into what others see."""
    return LicenceTypeView(
        id=row.pk,
        key=row.key,
        version=row.version,
        title=row.title,
        type_code=row.type_code,
        holder=row.holder,
        validity_years=row.validity_years,
        fields=tuple(row.fields),
        template=row.template,
        legal_basis=tuple(row.legal_basis),
    )


def licence_use_list(licence_id: int, *, limit: int = 100) -> list[LicenceUseView]:
    """List who used a licence (用证记录), newest first; who may see the licence may see it."""
    licence_get(licence_id)
    rows = LicenceUse.objects.filter(licence=licence_id).order_by("-pk")[:limit]
    return [LicenceUseView(row.kind, row.purpose, row.by, row.at) for row in rows]


def licence_check_list(licence_id: int) -> list[LicenceCheckView]:
    """List the yearly checks of a licence (年检记录), newest first."""
    licence_get(licence_id)
    rows = LicenceCheck.objects.filter(licence=licence_id).order_by("-year")
    return [
        LicenceCheckView(row.year, row.is_passed, row.note, row.officer_name, row.at)
        for row in rows
    ]


def licence_version_list(licence_id: int) -> list[LicenceView]:
    """List the versions of a licence (历次版本), newest first; who may see one may see all."""
    view = licence_get(licence_id)
    with data_scope(purpose="查看证照", reason=f"licence:{licence_id}"):
        rows = Licence.objects.filter(type_key=view.type_key, number=view.number)
        rows = rows.select_related("licence_type").order_by("-version")
        return [licence_view(row) for row in rows]


def licence_find(identifier: str) -> int | None:
    """Find a licence by its identifier (证照标识) and return its id, for who reuses it."""
    with data_scope(purpose="办事复用证照", reason=identifier):
        return Licence.objects.filter(identifier=identifier).values_list("pk", flat=True).first()
