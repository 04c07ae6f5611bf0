"""Changes of registration: begun from the company's page, entered in the register when granted (变更登记)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from yiwang.engines.api import ServiceCall, ValueSource, draft_get, draft_open
from yiwang.hall.applications.actions.work import application_lock
from yiwang.hall.companies import change_rules
from yiwang.hall.companies.actions.filings import acting_under, draft_of
from yiwang.hall.companies.actions.registration import filing_take, name_use
from yiwang.hall.companies.changing import after_of, people_of, scope_codes
from yiwang.hall.companies.errors import BranchFilesElsewhere, CompanyEnded
from yiwang.hall.companies.history import differences, entry_write, facts_of
from yiwang.hall.companies.models import Company, Officer, Shareholding
from yiwang.hall.companies.queries import CHANGE, PURPOSE, reservation_get
from yiwang.hall.companies.standing import company_own_row
from yiwang.hall.companies.tables import law_rules
from yiwang.hall.licences.lifecycle import licence_change
from yiwang.kernel.api import action, audit_record, context_system, context_use, event_publish
from yiwang.sdk.identifiers import person_ref_of

REGISTER_SOURCE = {"zh": "登记机关登记簿", "en": "Register of companies"}


def change_begin(
    uscc: str,
    *,
    now: datetime,
    reservation_number: str = "",
    delegation_id: int | None = None,
) -> int:
    """Begin to change the registration of a company (开始变更登记); returns the draft.

    Again and again gives the same draft, with what the register says today. reservation_number: of the new
    name; delegation_id: a power of attorney of who may speak for the company. Raises CompanyNotFound,
    CompanyEnded, BranchFilesElsewhere, ReservationNotFound, DelegationMissing.
    """
    with acting_under(delegation_id):
        company = company_acted(uscc)
        values = change_rules.now_values(facts_of(company))
        values |= {"uscc": company.uscc, "area_code": company.area_code[:6]}
        if reservation_number:
            held = reservation_get(reservation_number, today=timezone.localdate(now))
            values |= {"reservation_number": held.number, "new_name": held.name}
    return draft_filled(CHANGE, uscc=uscc, values=values, delegation_id=delegation_id, now=now)


def company_acted(uscc: str) -> Company:
    """Return the company that one may file for (可申报主体). Raises CompanyNotFound, CompanyEnded, BranchFilesElsewhere."""
    company = company_own_row(uscc)
    if company.state != "ACTIVE":
        raise CompanyEnded(name=company.name)
    if company.parent_id:
        raise BranchFilesElsewhere()
    return company


def draft_filled(
    matter_code: str,
    *,
    uscc: str,
    values: Mapping[str, object],
    delegation_id: int | None,
    now: datetime,
) -> int:
    """Open the draft of a filing of a company, with what the register says locked in it (登记草稿)."""
    draft_id = draft_of(matter_code, slot=f"company:{uscc}", delegation_id=delegation_id, now=now)
    draft = draft_get(draft_id)
    known = {
        name: ValueSource(value, REGISTER_SOURCE, timezone.localdate(now), kind="EARLIER")
        for name, value in values.items()
    }
    draft_open(
        account_id=draft.account_id,
        purpose_key=draft.purpose_key,
        form_version_id=draft.form_version_id,
        prefill=known,
        now=now,
    )
    return draft_id


@action("hall.companies.change")
def company_change(call: ServiceCall) -> dict:
    """Enter a granted change in the register (变更登记): the register, the licence and the branches, at once.

    The old values stay in the entry, the old licence stays as a version. Raises FilingUnconfirmed, CompanyEnded.
    """
    application = application_lock(call.business_key)
    content = dict(application.form_data)
    filing = filing_take(application)
    company = Company.objects.select_for_update().get(pk=filing.company_id)
    if company.state != "ACTIVE":
        raise CompanyEnded(name=company.name)
    if filing.reservation_id:
        name_use(filing)
    before = facts_of(company)
    _company_write(company, content)
    changed = differences(before, facts_of(company))
    entry_write(company, "CHANGE", number=application.number, changes=changed, now=call.now)
    with context_use(context_system(PURPOSE)):
        _licence_renew(company, changed, now=call.now)
    branches = _branches_rename(company, before["name"], number=application.number, now=call.now)
    audit_record(
        f"company:{company.uscc}",
        person_ref=person_ref_of(application.applicant_ref),
        detail={"application": application.number, "items": sorted(changed)},
    )
    event_publish(
        "company.changed",
        {
            "uscc": company.uscc,
            "number": application.number,
            "items": sorted(changed),
            "title": {"zh": company.name, "en": company.name},
            "account_id": application.account_id,
            "department_id": company.department_id,
            "branches": branches,
        },
        key=application.number,
    )
    return {"uscc": company.uscc, "changed": sorted(changed)}


def _company_write(company: Company, content: Mapping) -> None:
    """Write the new values of the chosen items, and of no others."""
    items, after = set(change_rules.chosen(content)), after_of(company, content)
    people = people_of(company, content)
    company.name, company.address = after["name"], after["address"]
    company.legal_representative = after["legal_representative"]
    company.legal_representative_ref = people.representative[0]
    company.registered_capital = Decimal(after["registered_capital"])
    company.business_scope = after["business_scope"]
    if "SCOPE" in items:
        company.scope_codes = scope_codes(content)
    company.delivered_at = None
    company.save()
    if items & {"CAPITAL", "SHAREHOLDERS"}:
        company.shareholdings.all().delete()
        Shareholding.objects.bulk_create(
            Shareholding(
                company=company,
                holder_ref=row["holder_number"],
                holder_name=row["holder_name"],
                capital_wan=row["capital_wan"],
                paid_until=row.get("paid_until") or None,
            )
            for row in people.holders
        )
    if "OFFICERS" in items:
        company.officers.all().delete()
        Officer.objects.bulk_create(
            Officer(
                company=company,
                post=row["post"],
                name=row["officer_name"],
                person_ref=row["officer_number"],
            )
            for row in people.officers
        )


LICENCE_FIELDS = {
    "name": "name",
    "legal_representative": "legal_representative",
    "registered_capital": "capital",
    "address": "address",
    "business_scope": "business_scope",
}


def _licence_renew(company: Company, changed: Mapping[str, list], *, now: datetime) -> None:
    """Let the next version of the licence say what changed (换发电子营业执照); what it does not show changes nothing."""
    face = {
        LICENCE_FIELDS[fact]: pair[1] for fact, pair in changed.items() if fact in LICENCE_FIELDS
    }
    if "capital" in face:
        face["capital"] = f"{face['capital']}万元人民币"
    if not face or company.licence_id is None:
        return
    renewed = licence_change(
        company.licence_id,
        changes=face,
        holder_name=company.name,
        reason="变更登记",
        legal_basis=law_rules()["change"]["licence_basis"],
        now=now,
    )
    Company.objects.filter(pk=company.pk).update(licence_id=renewed.id)


def _branches_rename(company: Company, old_name: str, *, number: str, now: datetime) -> list[str]:
    """Let the branches follow the name of their company (分支机构名称随同变更); returns their codes."""
    if company.name == old_name:
        return []
    renamed = []
    for branch in company.branches.select_for_update().filter(state="ACTIVE").order_by("pk"):
        before = facts_of(branch)
        branch.name = company.name + branch.name.removeprefix(old_name)
        branch.delivered_at = None
        branch.save(update_fields=["name", "delivered_at"])
        changed = differences(before, facts_of(branch))
        entry_write(branch, "CHANGE", number=number, changes=changed, now=now)
        with context_use(context_system(PURPOSE)):
            _licence_renew(branch, changed, now=now)
        renamed.append(branch.uscc)
    return renamed
