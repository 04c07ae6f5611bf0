"""Changes of registration: begun from the company's page, entered in the register when granted (变更登记)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from yiwang.engines.api import ServiceCall, ValueSource, draft_get, draft_open
from yiwang.hall.applications.models import Application
from yiwang.hall.companies import change_rules
from yiwang.hall.companies.actions.filings import acting_under, draft_of
from yiwang.hall.companies.actions.registration import (
    entry_announce,
    filing_granted,
    licence_first,
    name_use,
)
from yiwang.hall.companies.changing import after_of, people_of, scope_codes
from yiwang.hall.companies.history import differences, entry_write, facts_of
from yiwang.hall.companies.models import Company, Officer, Shareholding
from yiwang.hall.companies.queries import CHANGE, PURPOSE, reservation_get
from yiwang.hall.companies.standing import company_acted
from yiwang.hall.companies.tables import law_rules
from yiwang.hall.companies.taken import SHOWN_AS, taken_facts
from yiwang.hall.licences.lifecycle import licence_change
from yiwang.kernel.api import action, context_system, context_use

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
    CompanyEnded, BranchFilesElsewhere, RegisterUnchecked, ReservationNotFound, DelegationMissing.
    """
    with acting_under(delegation_id):
        company = company_acted(uscc)
        values = change_rules.now_values(facts_of(company))
        values |= {"uscc": company.uscc, "area_code": company.area_code[:6]}
        if reservation_number:
            held = reservation_get(reservation_number, today=timezone.localdate(now))
            values |= {"reservation_number": held.number, "new_name": held.name}
    return draft_filled(
        CHANGE, company=company, values=values, delegation_id=delegation_id, now=now
    )


def draft_filled(
    matter_code: str,
    *,
    company: Company,
    values: Mapping[str, object],
    delegation_id: int | None,
    now: datetime,
) -> int:
    """Open the draft of a filing of a company, with what the register says locked in it (登记草稿).

    What stands there as the registry had it comes with the registry's source and date.
    """
    slot = f"company:{company.uscc}"
    draft_id = draft_of(matter_code, slot=slot, delegation_id=delegation_id, now=now)
    draft = draft_get(draft_id)
    taken = {SHOWN_AS[one.field]: one for one in taken_facts(company) if one.is_present}
    known = {}
    for name, value in values.items():
        source, as_of, kind = REGISTER_SOURCE, timezone.localdate(now), "EARLIER"
        if name in taken and taken[name].as_of:
            source, as_of, kind = taken[name].source, taken[name].as_of, "REGISTRY"
        known[name] = ValueSource(value, source, as_of, kind=kind)
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
    application, filing, company = filing_granted(call)
    content = dict(application.form_data)
    if filing.reservation_id:
        name_use(filing)
    before = facts_of(company)
    _company_write(company, content)
    old_name, number = before["name"], application.number
    branches = _branches_rename(company, old_name, number=number, now=call.now)
    return change_enter(company, application, before=before, now=call.now, branches=branches)


def change_enter(
    company: Company,
    application: Application,
    *,
    before: Mapping,
    now: datetime,
    kind: str = "CHANGE",
    branches: Sequence[str] = (),
    registrar_id: int | None = None,
) -> dict:
    """Write the entry of a change that is made, renew the licence, and announce it (记载变更).

    before: `facts_of` before it; registrar_id: the registrar that issues from now on, None for the same. A
    company that was taken from the registry gets its first e-licence with it.
    """
    changed = differences(before, facts_of(company))
    entry_write(company, kind, number=application.number, changes=changed, now=now)
    if company.licence_id is None:
        company.licence_id = licence_first(application, company, now=now).id
        company.save(update_fields=["licence_id"])
    else:
        with context_use(context_system(PURPOSE)):
            _licence_renew(company, changed, registrar_id=registrar_id, now=now)
    items = sorted(changed)
    entry_announce(
        "company.changed",
        company,
        application,
        detail={"items": items},
        items=items,
        branches=list(branches),
    )
    return {"uscc": company.uscc, "changed": items}


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


def _licence_renew(
    company: Company,
    changed: Mapping[str, list],
    *,
    now: datetime,
    registrar_id: int | None = None,
) -> None:
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
        department_id=registrar_id,
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
