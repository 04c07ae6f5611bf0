"""Branches: begun from their company's page, entered below it when granted (分支机构登记)."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from yiwang.engines.api import ServiceCall
from yiwang.hall.companies import rules
from yiwang.hall.companies.actions.changes import draft_filled
from yiwang.hall.companies.actions.filings import acting_under
from yiwang.hall.companies.actions.registration import (
    BRANCH_LICENCE,
    entry_announce,
    filing_granted,
    licence_write,
    uscc_next,
)
from yiwang.hall.companies.branching import branch_name
from yiwang.hall.companies.foundation import scope_of
from yiwang.hall.companies.history import entry_write
from yiwang.hall.companies.models import Company, Officer
from yiwang.hall.companies.parties import subject_of
from yiwang.hall.companies.queries import BRANCH, PURPOSE
from yiwang.hall.companies.standing import company_acted
from yiwang.kernel.api import action, context_system, context_use
from yiwang.sdk.identifiers import normalise


def branch_begin(uscc: str, *, now: datetime, delegation_id: int | None = None) -> int:
    """Begin to register a branch of a company (开始设立分公司); returns the draft.

    Raises CompanyNotFound, CompanyEnded, BranchFilesElsewhere, DelegationMissing.
    """
    with acting_under(delegation_id):
        company = company_acted(uscc)
    values = {"uscc": company.uscc, "company_name": company.name}
    return draft_filled(
        BRANCH, company=company, values=values, delegation_id=delegation_id, now=now
    )


@action("hall.companies.branch_register")
def branch_register(call: ServiceCall) -> dict:
    """Enter a granted branch below its company (分公司设立登记): own code, own licence, no capital of its own.

    Raises FilingUnconfirmed, CompanyEnded.
    """
    application, _filing, company = filing_granted(call)
    content = dict(application.form_data)
    with context_use(context_system(PURPOSE)):
        head = subject_of(normalise(content["head_number"]))
    codes = rules.scope_codes(content)
    branch = Company.objects.create(
        parent=company,
        uscc=uscc_next(content["area_code"][:6]),
        name=branch_name(company.name, content["branch_mark"]),
        kind="BRANCH",
        legal_representative=content["head_name"],
        legal_representative_ref=head,
        registered_capital=Decimal(0),
        address=content["premises_address"],
        area_code=content["area_code"],
        business_scope=scope_of(codes),
        scope_codes=codes,
        industry=company.industry,
        phone=content.get("company_phone", ""),
        department_id=application.department_id,
        established_date=timezone.localdate(call.now),
    )
    Officer.objects.create(company=branch, post="HEAD", name=content["head_name"], person_ref=head)
    form = {**content, "parent_name": company.name, "parent_uscc": company.uscc}
    licence = licence_write(application, branch, form, now=call.now, type_key=BRANCH_LICENCE)
    branch.licence_id = licence.id
    branch.save(update_fields=["licence_id"])
    entry_write(
        branch,
        "BRANCH",
        number=application.number,
        changes={"name": branch.name, "uscc": branch.uscc, "parent": company.uscc},
        now=call.now,
    )
    entry_announce(
        "company.branch_registered",
        branch,
        application,
        detail={"parent": company.uscc},
        key=branch.uscc,
        parent=company.uscc,
    )
    return {"uscc": branch.uscc, "parent": company.uscc}
