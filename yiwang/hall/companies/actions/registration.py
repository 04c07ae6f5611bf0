"""Entering a company in the register (核准登记): code, register, licence and what comes with it, in one transaction."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from yiwang.engines.api import ServiceCall, form_display
from yiwang.hall.applications.actions.work import application_lock
from yiwang.hall.applications.models import Application
from yiwang.hall.companies import rules
from yiwang.hall.companies.data import COMPANY_KINDS, FOLLOW_UPS
from yiwang.hall.companies.errors import (
    CompanyEnded,
    CompanyNotFound,
    FilingNotFound,
    FilingUnconfirmed,
    FollowUpSettled,
    ReservationEnded,
)
from yiwang.hall.companies.foundation import scope_of
from yiwang.hall.companies.history import entry_write
from yiwang.hall.companies.models import (
    Company,
    Filing,
    FollowUp,
    NameReservation,
    Officer,
    Shareholding,
)
from yiwang.hall.companies.parties import subject_of
from yiwang.hall.companies.queries import DEPARTMENT_RULE, PURPOSE, scope_items
from yiwang.hall.licences.actions import licence_issue
from yiwang.hall.licences.data import LicenceView
from yiwang.identity.api import data_scope, department_find
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    event_publish,
    serial_next,
)
from yiwang.resources.api import NotInRegistry, enterprise_get
from yiwang.sdk.identifiers import person_ref_of

LICENCE = "company_registration.business_licence"
BRANCH_LICENCE = "company_registration.branch_licence"
FUNCTIONS = {
    "TAX": "tax",
    "SEAL": "public_security",
    "SOCIAL_INSURANCE": "human_resources",
    "HOUSING_FUND": "housing_fund",
}
KINDS_ZH = {
    "LIMITED": "有限责任公司",
    "SINGLE": "有限责任公司（自然人独资）",
    "JOINT_STOCK": "股份有限公司",
    "BRANCH": "分公司",
}


@action("hall.companies.register")
def company_register(call: ServiceCall) -> dict:
    """Enter a granted foundation in the register (设立登记): the company exists from here on.

    Raises FilingUnconfirmed when what stands in the application now is not what all parties confirmed.
    """
    application = application_lock(call.business_key)
    filing = filing_take(application)
    content, day = dict(application.form_data), timezone.localdate(call.now)
    reserved = name_use(filing)
    company = _company_write(application, reserved, content, day=day)
    _people_write(company, content)
    licence = licence_write(application, company, content, now=call.now)
    company.licence_id = licence.id
    company.save(update_fields=["licence_id"])
    filing.company = company
    filing.save(update_fields=["company"])
    entry_write(
        company,
        "ESTABLISH",
        number=application.number,
        changes={"name": company.name, "uscc": company.uscc, "digest": filing.digest},
        now=call.now,
    )
    _follow_ups_write(company, content, now=call.now)
    detail = {"digest": filing.digest}
    entry_announce("company.registered", company, application, detail=detail, key=company.uscc)
    return {"uscc": company.uscc}


def filing_take(application: Application) -> Filing:
    """Lock the filing and compare what was confirmed with what stands there now (核对签署内容).

    Raises FilingUnconfirmed when those the law asks for did not confirm exactly that.
    """
    draft_id = application.submission_key.removeprefix("draft:")
    with data_scope(purpose=PURPOSE, reason=f"application:{application.number}"):
        filing = Filing.objects.select_for_update().filter(draft_id=draft_id).first()
        if filing is None:
            raise FilingNotFound()
        digest = rules.filing_digest(dict(application.form_data), filing.articles)
        rows = list(filing.parties.values_list("must", "votes", "state", "digest", "name"))
        parties = [
            (must, votes, state if signed == digest else "WAITING")
            for must, votes, state, signed, _name in rows
        ]
        if not rules.signed_enough(parties, filing.votes_needed):
            waiting = [row[-1] for row in rows if row[2:4] != ("CONFIRMED", digest)]
            raise FilingUnconfirmed(names="、".join(waiting) or "—")
        filing.state, filing.application_number = "REGISTERED", application.number
        filing.save(update_fields=["state", "application_number"])
    return filing


def filing_granted(call: ServiceCall) -> tuple[Application, Filing, Company]:
    """Lock the company of a granted filing (锁定登记主体): what was confirmed stands there, and the company stands.

    Raises FilingUnconfirmed, CompanyEnded.
    """
    application = application_lock(call.business_key)
    filing = filing_take(application)
    company = Company.objects.select_for_update(of=("self",)).get(pk=filing.company_id)
    if company.state != "ACTIVE":
        raise CompanyEnded(name=company.name)
    return application, filing, company


def entry_announce(
    topic: str,
    company: Company,
    application: Application,
    *,
    detail: Mapping[str, object],
    key: str = "",
    **more: object,
) -> None:
    """Audit what was entered for an application, and announce it (登记公告): once for an application, or for `key`."""
    audit_record(
        f"company:{company.uscc}",
        person_ref=person_ref_of(application.applicant_ref),
        detail={"application": application.number, **detail},
    )
    event_publish(
        topic,
        {
            "uscc": company.uscc,
            "number": application.number,
            "title": {"zh": company.name, "en": company.name},
            "account_id": application.account_id,
            "department_id": company.department_id,
            **more,
        },
        key=key or application.number,
    )


def name_use(filing: Filing) -> NameReservation:
    """Turn the reserved name into the company's (启用名称). Raises ReservationEnded."""
    rows = NameReservation.objects.select_for_update().filter(pk=filing.reservation_id)
    reserved = rows.get()
    if reserved.state != "FILED":
        raise ReservationEnded()
    reserved.state = "USED"
    reserved.save(update_fields=["state"])
    return reserved


def _company_write(
    application: Application, reserved: NameReservation, content: Mapping, *, day: date
) -> Company:
    codes = rules.scope_codes(content)
    main = scope_items()[codes[0]]
    with context_use(context_system(PURPOSE)):
        representative = subject_of(content["legal_representative_id"])
    return Company.objects.create(
        uscc=uscc_next(content["area_code"][:6]),
        name=reserved.name,
        kind=content["company_kind"],
        legal_representative=content["legal_representative_name"],
        legal_representative_ref=representative,
        registered_capital=Decimal(str(content["capital_wan"])),
        address=content["premises_address"],
        area_code=content["area_code"],
        business_scope=scope_of(codes),
        scope_codes=codes,
        industry=main.attributes.get("section", ""),
        phone=content.get("company_phone", ""),
        department_id=application.department_id,
        established_date=day,
    )


def uscc_next(area_code: str) -> str:
    """Give out the next unified social credit code of this registrar (赋码).

    One after the other: the counter's row is ours until the transaction ends, and a transaction that fails
    gives its number back. A body that the registry has from elsewhere is passed over.
    """
    while True:
        code = rules.uscc_of(area_code, serial_next("hall.companies:uscc"))
        try:
            enterprise_get(code[8:17])
        except NotInRegistry:
            return code


def _people_write(company: Company, content: Mapping) -> None:
    with context_use(context_system(PURPOSE)):
        Shareholding.objects.bulk_create(
            Shareholding(
                company=company,
                holder_ref=subject_of(row["holder_number"]),
                holder_name=row["holder_name"],
                capital_wan=Decimal(str(row["capital_wan"])),
                paid_until=row.get("paid_until") or None,
            )
            for row in content["shareholders"]
        )
        Officer.objects.bulk_create(
            Officer(
                company=company,
                post=row["post"],
                name=row["officer_name"],
                person_ref=subject_of(row["officer_number"]),
            )
            for row in content["officers"]
        )


def licence_write(
    application: Application,
    company: Company,
    content: Mapping,
    *,
    now: datetime,
    type_key: str = LICENCE,
) -> LicenceView:
    """Issue the e-business licence to the company itself (核发电子营业执照)."""
    form = dict(form_display(application.form_version_id, dict(content)))
    form |= {
        "company_kind": {"zh": KINDS_ZH[company.kind], "en": COMPANY_KINDS[company.kind]},
        "uscc": company.uscc,
        "capital": f"{company.registered_capital.normalize():f}万元人民币",
        "established_date": company.established_date.isoformat(),
        "business_scope": company.business_scope,
        "premises_address": company.address,
        "legal_representative_name": company.legal_representative,
        "head_name": company.legal_representative,
    }
    return licence_issue(
        type_key,
        holder_ref=f"enterprise:{company.uscc}",
        holder_name=company.name,
        holder_number=company.uscc,
        data={"form": form, "applicant": {}},
        area_code=application.area_code,
        department_id=application.department_id,
        source=f"application:{application.number}",
        account_id=application.account_id,
        now=now,
    )


def licence_first(application: Application, company: Company, *, now: datetime) -> LicenceView:
    """Issue the first e-licence of a body that had none here (首次核发电子营业执照), as the register has it."""
    if company.parent is None:
        return licence_write(application, company, {}, now=now)
    form = {"parent_name": company.parent.name, "parent_uscc": company.parent.uscc}
    return licence_write(application, company, form, now=now, type_key=BRANCH_LICENCE)


def _follow_ups_write(company: Company, content: Mapping, *, now: datetime) -> None:
    """Hand the company to who needs it, without another form (多证合一推送)."""
    facts = {
        "capital_wan": str(company.registered_capital),
        "staff": content.get("staff_count"),
        "seals": content.get("seals") or [],
    }
    for kind in FOLLOW_UPS:
        department = department_find(FUNCTIONS[kind], company.area_code, "DISTRICT")
        if department is not None:
            FollowUp.objects.create(
                company=company,
                kind=kind,
                department_id=department.id,
                facts=facts if kind != "SEAL" else {"seals": facts["seals"]},
                opened_at=now,
            )


@action("hall.companies.follow_up_settle")
def follow_up_settle(follow_up_id: int, *, note: str, now: datetime) -> None:
    """Note that an item was settled (多证合一事项办结), by the department it was sent to."""
    rows = FollowUp.objects.select_for_update().filter(DEPARTMENT_RULE.filter(context_get()))
    row = rows.filter(pk=follow_up_id).first()
    if row is None:
        raise CompanyNotFound()
    if row.state == "DONE":
        raise FollowUpSettled()
    row.state, row.done_at, row.note = "DONE", now, note.strip()[:200]
    row.save(update_fields=["state", "done_at", "note"])
    audit_record(f"company_follow_up:{row.pk}", detail={"kind": row.kind, "state": "DONE"})
