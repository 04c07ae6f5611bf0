"""Reads of names, filings and the register (商事登记查询). Parties see their own filings, officers their register."""

from datetime import date

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.hall.companies.data import (
    CompanyView,
    FilingView,
    FollowUpView,
    PartyView,
    ReservationView,
)
from yiwang.hall.companies.errors import (
    CompanyNotFound,
    CompanyUnknown,
    FilingNotFound,
    ReservationNotFound,
)
from yiwang.hall.companies.models import (
    Company,
    Filing,
    FilingParty,
    FollowUp,
    NameReservation,
)
from yiwang.hall.companies.tables import naming_tables
from yiwang.identity.api import (
    DepartmentView,
    Rule,
    data_scope,
    delegation_ids_held,
    department_find,
    department_get,
    field_in,
)
from yiwang.kernel.api import CodeView, code_list, context_get

ESTABLISH, CHANGE, CANCEL, BRANCH = (
    "320731031000", "320731032000", "320731033000", "320731034000"
)  # fmt: skip
BRANCH_CHANGE, BRANCH_CANCEL, MOVE = "320731035000", "320731036000", "320731037000"
"""The matters of the pack company_registration, by which companies and branches come, change, move and go."""
SCOPES = "business_scopes"
REGISTER = "hall.companies.register"
MAINTAIN = "hall.companies.maintain"
PURPOSE = "公司登记"
DEPARTMENT_RULE: Rule = field_in("department_id", "department_ids")


# --- names --------------------------------------------------------------------------------------


def reservation_list(*, today: date, limit: int = 50) -> list[ReservationView]:
    """List one's own reserved names (我的名称保留), newest first."""
    rows = NameReservation.objects.filter(applicant_ref=context_get().subject_ref)
    return [reservation_view(row, today=today) for row in rows.order_by("-pk")[:limit]]


def reservation_get(number: str, *, today: date) -> ReservationView:
    """Return one's own reservation (名称保留). Raises ReservationNotFound."""
    return reservation_view(reservation_row(number), today=today)


def reservation_row(number: str) -> NameReservation:
    """Return the row of one's own reservation. Raises ReservationNotFound."""
    rows = NameReservation.objects.filter(number=number, applicant_ref=context_get().subject_ref)
    row = rows.first()
    if row is None or not row.applicant_ref:
        raise ReservationNotFound()
    return row


def reservation_view(row: NameReservation, *, today: date) -> ReservationView:
    """Turn a row into what others see; what ran out says so before the sweep has been there."""
    state = "EXPIRED" if row.state == "HELD" and row.expires_date < today else row.state
    rules = naming_tables().reservation
    return ReservationView(
        number=row.number,
        name=row.name,
        kind=row.kind,
        area_code=row.area_code,
        state=state,
        reserved_at=row.reserved_at,
        expires_date=row.expires_date,
        extensions=row.extensions,
        may_extend=state == "HELD" and row.extensions < rules["extensions"],
        findings=tuple(row.findings),
        uscc=row.uscc,
    )


def scope_items() -> dict[str, CodeView]:
    """Return the standard items of business scopes by code (经营范围规范条目)."""
    return {row.code: row for row in code_list(SCOPES)}


# --- filings ------------------------------------------------------------------------------------


def filing_list(*, limit: int = 50) -> list[FilingView]:
    """List the filings that one began or has to confirm (我的登记申请), newest first."""
    ref = context_get().subject_ref
    with data_scope(purpose=PURPOSE, reason=ref):
        wanted = Q(applicant_ref=ref) | Q(parties__subject_ref=ref) | _prepared()
        rows = Filing.objects.filter(wanted).distinct()
        return [_filing(row) for row in rows.order_by("-pk")[:limit]] if ref else []


def _prepared() -> Q:
    """Return the filter of what one prepares for others, as long as they let one."""
    account_id = context_get().account_id
    if context_get().population != "CITIZEN" or account_id is None:
        return Q(pk__in=[])
    held = delegation_ids_held(account_id, timezone.localdate())
    return Q(account_id=account_id, delegation_id__in=held)


def confirmation_count(subject_ref: str) -> int:
    """Count what one still has to answer (待签署)."""
    with data_scope(purpose=PURPOSE, reason=subject_ref):
        rows = FilingParty.objects.filter(subject_ref=subject_ref, state="WAITING")
        return rows.filter(filing__state="SIGNING").count() if subject_ref else 0


def filing_get(number: str) -> FilingView:
    """Return a filing that the acting person may read (登记申请): a party, or the registrar's officer."""
    context = context_get()
    with data_scope(purpose=context.purpose or PURPOSE, reason=f"filing:{number}"):
        row = Filing.objects.filter(number=number).first()
        view = _filing(row) if row else None
    if view is None or not _may_read(view):
        raise FilingNotFound()
    return view


def _may_read(view: FilingView) -> bool:
    context = context_get()
    if context.population == "STAFF":
        return context.may(REGISTER) and _handles(view.application_number)
    refs = {view.applicant_ref, *(one.subject_ref for one in view.parties)}
    return bool(context.subject_ref) and (context.subject_ref in refs or _prepares(view))


def _prepares(view: FilingView) -> bool:
    """Tell whether the acting person prepares the filing for another, and may still (代办人)."""
    account_id = context_get().account_id
    if view.delegation_id is None or view.account_id != account_id:
        return False
    return view.delegation_id in delegation_ids_held(account_id, timezone.localdate())


def _handles(application_number: str) -> bool:
    """Tell whether the officer's departments handle the application of a filing."""
    from yiwang.hall.applications.queries.access import (  # noqa: PLC0415 - read only here
        application_rows,
        is_visible,
    )

    row = application_rows(PURPOSE).filter(number=application_number).first()
    return row is not None and is_visible(context_get(), row)


def filing_of_draft(draft_id: int) -> FilingView | None:
    """Return the filing of one's draft (草稿对应的登记申请), None before the parties were asked."""
    with data_scope(purpose=PURPOSE, reason=f"draft:{draft_id}"):
        row = Filing.objects.filter(draft_id=draft_id).first()
        return _filing(row) if row else None


def filing_of_application(number: str) -> FilingView | None:
    """Return the filing behind an application (办件对应的登记申请)."""
    with data_scope(purpose=PURPOSE, reason=f"application:{number}"):
        row = Filing.objects.filter(application_number=number).first() if number else None
        return _filing(row) if row else None


def _filing(row: Filing) -> FilingView:
    return FilingView(
        number=row.number,
        draft_id=row.draft_id,
        company_name=row.company_name,
        reservation_number=row.reservation.number if row.reservation else "",
        applicant_ref=row.applicant_ref,
        form_version_id=row.form_version_id,
        content=row.content,
        articles=row.articles,
        digest=row.digest,
        state=row.state,
        application_number=row.application_number,
        opened_at=row.opened_at,
        parties=tuple(
            PartyView(
                id=one.pk,
                subject_ref=one.subject_ref,
                name=one.name,
                roles=tuple(one.roles),
                state=one.state,
                signed_name=one.signed_name,
                note=one.note,
                at=one.at,
                must=one.must,
                votes=one.votes,
            )
            for one in row.parties.order_by("pk")
        ),
        kind=row.kind,
        uscc=row.company.uscc if row.company else "",
        changes=row.changes,
        votes_needed=row.votes_needed,
        account_id=row.account_id,
        delegation_id=row.delegation_id,
        prepared_by=row.prepared_by,
    )


# --- the register -------------------------------------------------------------------------------


def _companies(*, name: str = "", uscc: str = "", state: str = "") -> QuerySet[Company]:
    rows = Company.objects.filter(DEPARTMENT_RULE.filter(context_get()))
    if name:
        rows = rows.filter(name__contains=name)
    if uscc:
        rows = rows.filter(uscc=uscc.strip().upper())
    return rows.filter(state=state) if state else rows


def company_list(*, limit: int = 20, offset: int = 0, **wanted: str) -> list[CompanyView]:
    """List the companies of one's register (商事登记簿), newest first."""
    rows = _companies(**wanted).order_by("-pk")[offset : offset + limit]
    return [company_view(row) for row in rows]


def company_count(*, cap: int = 100_000, **wanted: str) -> int:
    """Count them, up to `cap`."""
    return _companies(**wanted)[:cap].count()


def company_get(uscc: str) -> Company:
    """Return a company of one's register with what belongs to it. Raises CompanyNotFound."""
    row = _companies(uscc=uscc).first()
    if row is None:
        raise CompanyNotFound()
    return row


def company_view(row: Company) -> CompanyView:
    """Turn a row into what others see."""
    return CompanyView(
        id=row.pk,
        uscc=row.uscc,
        name=row.name,
        kind=row.kind,
        legal_representative=row.legal_representative,
        registered_capital=row.registered_capital,
        address=row.address,
        area_code=row.area_code,
        business_scope=row.business_scope,
        state=row.state,
        established_date=row.established_date,
        licence_id=row.licence_id,
        department_id=row.department_id,
        delivered_at=row.delivered_at,
        cancelled_date=row.cancelled_date,
        parent_id=row.parent_id,
        registrar=department_get(row.department_id).name,
    )


def registrar_of(area_code: str) -> DepartmentView | None:
    """Return who registers the companies of a district (登记机关)."""
    return department_find("market_supervision", area_code, "DISTRICT")


def branch_list(company_id: int) -> list[CompanyView]:
    """List the branches of a company (分支机构), the oldest first."""
    return [
        company_view(row) for row in Company.objects.filter(parent_id=company_id).order_by("pk")
    ]


# --- what anybody may see -----------------------------------------------------------------------

FOUND_MAX = 50


def company_find(text: str) -> list[CompanyView]:
    """Find companies by a part of the name or the whole code (登记信息查询), those in business first."""
    if len(text) < 2:
        return []
    rows = Company.objects.filter(Q(name__contains=text) | Q(uscc=text.upper()))
    return [company_view(row) for row in rows.order_by("state", "name", "pk")[:FOUND_MAX]]


def company_known_get(uscc: str) -> CompanyView:
    """Return a company as anybody may see it (登记信息公示). Raises CompanyUnknown."""
    row = Company.objects.filter(uscc=uscc.upper()).first()
    if row is None:
        raise CompanyUnknown()
    return company_view(row)


def company_parent(view: CompanyView) -> CompanyView | None:
    """Return the company that a branch belongs to (所属公司), None for a company."""
    row = Company.objects.filter(pk=view.parent_id).first() if view.parent_id else None
    return company_view(row) if row else None


# --- what comes with a company ------------------------------------------------------------------


def follow_up_list(*, state: str = "", limit: int = 20, offset: int = 0) -> list[FollowUpView]:
    """List what new companies brought to one's department (多证合一事项), open ones first."""
    rows = _follow_ups(state).order_by("-state", "-pk").select_related("company")
    return [follow_up_view(row) for row in rows[offset : offset + limit]]


def follow_up_count(*, state: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _follow_ups(state)[:cap].count()


def _follow_ups(state: str) -> QuerySet[FollowUp]:
    rows = FollowUp.objects.filter(DEPARTMENT_RULE.filter(context_get()))
    return rows.filter(state=state) if state else rows


def follow_up_of(company_id: int) -> list[FollowUpView]:
    """List what came with a company, in the order it was sent."""
    rows = FollowUp.objects.filter(company_id=company_id).select_related("company")
    return [follow_up_view(row) for row in rows.order_by("pk")]


def follow_up_view(row: FollowUp) -> FollowUpView:
    """Turn a row (with its company) into what others see."""
    return FollowUpView(
        id=row.pk,
        company_name=row.company.name,
        uscc=row.company.uscc,
        kind=row.kind,
        state=row.state,
        department_id=row.department_id,
        department=department_get(row.department_id).name,
        opened_at=row.opened_at,
        done_at=row.done_at,
        note=row.note,
    )
