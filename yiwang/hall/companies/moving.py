"""A move to another district as a kind of filing (跨区迁移登记): applied for where it goes, the code stays.

Source: 市场主体登记管理条例第二十七条 (memory): applied for at the registrar of the new place, before the move; the
old one hands the file over and may not refuse without a reason.
"""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.companies import branch_filing, change_rules, changing
from yiwang.hall.companies.history import differences, facts_of
from yiwang.hall.companies.kinds import FilingSubject, Kind, nothing_taken
from yiwang.hall.companies.models import Company
from yiwang.hall.companies.notices import notice_row, notice_state
from yiwang.hall.companies.parties import Signatures
from yiwang.hall.companies.queries import MOVE, registrar_of
from yiwang.hall.companies.standing import ANY, STALE, Problems, company_of, company_row
from yiwang.sdk.errors import N_

SAME_DISTRICT = N_("This is the district of its present registrar. Change the address instead.")
NO_REGISTRAR = N_("No registrar is known for this district.")
BEING_ENDED = N_("The end of this company is announced. Take the notice back before it moves.")
UNCHANGED = N_("This is its present address.")


def as_change(content: Mapping) -> dict:
    """Read a move as the change of address that it is too (迁移视同住所变更)."""
    return {**content, "changes": ["ADDRESS"]}


def content_problems(content: Mapping, now: datetime) -> Problems:
    """Judge a move (迁移审查): it stands, its address is what the form shows, the registrar is another one."""
    company, problems = company_of(content, sort=ANY)
    if company is None:
        return problems
    if change_rules.is_stale(as_change(content), facts_of(company)):
        return {"uscc": [gettext(STALE)]}
    registrar = registrar_of(content["area_code"])
    if registrar is None:
        return {"area_code": [gettext(NO_REGISTRAR)]}
    if registrar.id == company.department_id:
        return {"area_code": [gettext(SAME_DISTRICT)]}
    if content["new_address"] == company.address:
        return {"new_address": [gettext(UNCHANGED)]}
    notice = notice_row(company)
    if notice is not None and notice_state(notice, timezone.localdate(now)) in ("OPEN", "ENDED"):
        return {"uscc": [gettext(BEING_ENDED)]}
    return signatures(content).problems


def signatures(content: Mapping) -> Signatures:
    """Return who confirms a move (签署方): as for a change of address; of a branch its company."""
    if company_row(content).parent_id:
        return branch_filing.change_signatures(as_change(content))
    return changing.signatures(as_change(content))


def changed_of(company: Company, content: Mapping) -> dict[str, list]:
    """Return what a move changes (迁移事项): item → [old, new]."""
    before = facts_of(company)
    after = change_rules.proposed(before, as_change(content), scope="")
    registrar = registrar_of(content["area_code"])
    return differences(before, {**after, "registrar": registrar.name})


def resolution_of(content: Mapping) -> str:
    """Write the resolution to move (迁移决议)."""
    company = company_row(content)
    changed = changed_of(company, content)
    if company.parent_id:
        return branch_filing.decision_make(
            f"{company.parent.name}迁移{company.name}的决定", changed
        )
    return change_rules.resolution_make(company.name, changed, single=company.kind == "SINGLE")


def _subject(content: Mapping) -> FilingSubject:
    company = company_row(content)
    return FilingSubject(company.name, company=company, changes=changed_of(company, content))


MOVING = Kind(
    kind="MOVE",
    matter=MOVE,
    problems=content_problems,
    signatures=signatures,
    document=resolution_of,
    subject=_subject,
    take=nothing_taken,
)
