"""What a branch does by itself: changes and ends (分公司变更、注销), begun from the branch's own page."""

from collections.abc import Mapping
from datetime import datetime

from yiwang.engines.api import ServiceCall
from yiwang.hall.companies import change_rules, rules
from yiwang.hall.companies.actions.cancellation import company_end
from yiwang.hall.companies.actions.changes import change_enter, draft_filled
from yiwang.hall.companies.actions.filings import acting_under
from yiwang.hall.companies.actions.registration import entry_announce, filing_granted
from yiwang.hall.companies.branch_filing import branch_after
from yiwang.hall.companies.closing import obstacles_of
from yiwang.hall.companies.errors import CompanyBusy
from yiwang.hall.companies.history import facts_of
from yiwang.hall.companies.models import Company
from yiwang.hall.companies.parties import subject_of
from yiwang.hall.companies.queries import BRANCH_CANCEL, BRANCH_CHANGE, PURPOSE
from yiwang.hall.companies.standing import BRANCH_ALONE, company_acted
from yiwang.kernel.api import action, audit_record, context_system, context_use
from yiwang.sdk.identifiers import normalise


def branch_change_begin(uscc: str, *, now: datetime, delegation_id: int | None = None) -> int:
    """Begin to change a branch (开始变更分公司); returns the draft.

    Raises CompanyNotFound, CompanyEnded, NoBranch, RegisterUnchecked, DelegationMissing.
    """
    with acting_under(delegation_id):
        branch = company_acted(uscc, sort=BRANCH_ALONE)
    shown = change_rules.now_values(facts_of(branch))
    wanted = ("company_name", "now_address", "now_representative", "now_scope")
    values = {name: shown[name] for name in wanted} | _around(branch)
    return draft_filled(
        BRANCH_CHANGE, company=branch, values=values, delegation_id=delegation_id, now=now
    )


def branch_cancel_begin(uscc: str, *, now: datetime, delegation_id: int | None = None) -> int:
    """Begin to end a branch alone (开始注销分公司); returns the draft. Raises as `branch_change_begin`."""
    with acting_under(delegation_id):
        branch = company_acted(uscc, sort=BRANCH_ALONE)
    values = {"company_name": branch.name} | _around(branch)
    return draft_filled(
        BRANCH_CANCEL, company=branch, values=values, delegation_id=delegation_id, now=now
    )


def _around(branch: Company) -> dict[str, object]:
    return {
        "uscc": branch.uscc,
        "parent_name": branch.parent.name,
        "area_code": branch.area_code[:6],
    }


@action("hall.companies.branch_change")
def branch_change(call: ServiceCall) -> dict:
    """Enter a granted change of a branch (分公司变更登记): register and licence at once.

    Raises FilingUnconfirmed, CompanyEnded.
    """
    application, _filing, branch = filing_granted(call)
    before, content = facts_of(branch), dict(application.form_data)
    _branch_write(branch, content)
    audit_record(f"company:{branch.uscc}", detail={"parent": branch.parent.uscc})
    return change_enter(branch, application, before=before, now=call.now)


def _branch_write(branch: Company, content: Mapping) -> None:
    """Write the new values of the chosen items, and of no others."""
    items, after = change_rules.chosen(content), branch_after(branch, content)
    branch.name, branch.address = after["name"], after["address"]
    branch.business_scope = after["business_scope"]
    if "SCOPE" in items:
        branch.scope_codes = rules.scope_codes({"scope": content["new_scope"]})
    if "REPRESENTATIVE" in items:
        name = after["legal_representative"]
        with context_use(context_system(PURPOSE)):
            ref = subject_of(normalise(content["new_representative_id"]))
        branch.legal_representative, branch.legal_representative_ref = name, ref
        branch.officers.filter(post="HEAD").delete()
        branch.officers.create(post="HEAD", name=name, person_ref=ref)
    branch.delivered_at = None
    branch.save()


@action("hall.companies.branch_cancel")
def branch_cancel(call: ServiceCall) -> dict:
    """Strike a branch off alone (分公司注销登记): its licence ends, its company goes on.

    Raises FilingUnconfirmed, CompanyEnded, CompanyBusy with what stands in the way.
    """
    application, _filing, branch = filing_granted(call)
    if said := obstacles_of(branch, number=application.number):
        raise CompanyBusy(reasons="；".join(said))
    company_end(branch, number=application.number, now=call.now, is_alone=True)
    parent = branch.parent.uscc
    detail = {"parent": parent}
    entry_announce("company.branch_cancelled", branch, application, detail=detail, parent=parent)
    return {"uscc": branch.uscc, "state": "CANCELLED"}
