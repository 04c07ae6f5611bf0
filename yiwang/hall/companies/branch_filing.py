"""What a branch files by itself (分公司变更、注销登记): its own name, place, head and trade change; it ends alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext

from yiwang.hall.companies import change_rules, rules
from yiwang.hall.companies.branching import branch_name, mark_problems, scope_problems
from yiwang.hall.companies.closing import obstacles_of
from yiwang.hall.companies.foundation import scope_of
from yiwang.hall.companies.history import differences, facts_of
from yiwang.hall.companies.kinds import FilingSubject, Kind, nothing_taken
from yiwang.hall.companies.models import Company
from yiwang.hall.companies.parties import Signatures, signatures_of
from yiwang.hall.companies.queries import BRANCH_CANCEL, BRANCH_CHANGE
from yiwang.hall.companies.standing import (
    BRANCH_ALONE,
    STALE,
    Problems,
    company_named,
    company_of,
    company_row,
)

TITLES_ZH = {
    "name": "分公司名称",
    "address": "营业场所",
    "legal_representative": "负责人",
    "business_scope": "经营范围",
    "registrar": "登记机关",
}


def change_problems(content: Mapping, now: datetime) -> Problems:
    """Judge a change of a branch (分公司变更审查): by the same items as its company's, within its company's limits."""
    del now
    branch, problems = company_of(content, sort=BRANCH_ALONE)
    if branch is None:
        return problems
    facts, items = facts_of(branch), change_rules.chosen(content)
    if change_rules.is_stale(content, facts):
        return {"changes": [gettext(STALE)]}
    if "NAME" in items:
        problems = mark_problems(branch.parent, content["new_mark"], place="new_mark")
    if "SCOPE" in items:
        codes = rules.scope_codes({"scope": content.get("new_scope")})
        problems |= scope_problems(branch.parent, codes, place="new_scope")
    if problems:
        return problems
    said = change_rules.unchanged(items, facts, branch_after(branch, content))
    if said:
        return {"changes": [gettext(said)]}
    return change_signatures(content).problems


def branch_after(branch: Company, content: Mapping) -> dict:
    """Return how a branch would stand (变更后内容)."""
    if "NAME" in change_rules.chosen(content):
        content = {**content, "new_name": branch_name(branch.parent.name, content["new_mark"])}
    codes = rules.scope_codes({"scope": content.get("new_scope")})
    return change_rules.proposed(facts_of(branch), content, scope=scope_of(codes))


def change_signatures(content: Mapping) -> Signatures:
    """Return who confirms a change of a branch (签署方): its company's representative, and the head it will have."""
    named = []
    if "REPRESENTATIVE" in change_rules.chosen(content):
        name, number = content["new_representative_name"], content["new_representative_id"]
        named = [("new_representative_id", name, number, "HEAD")]
    return _with_company(signatures_of(named), content)


def _with_company(found: Signatures, content: Mapping) -> Signatures:
    company = company_row(content).parent
    ref = company.legal_representative_ref
    found.add(ref, company.legal_representative, "LEGAL_REPRESENTATIVE")
    return found


def change_decision(content: Mapping) -> str:
    """Write the company's decision on a change of its branch (变更分公司决定)."""
    branch = company_row(content)
    changed = differences(facts_of(branch), branch_after(branch, content))
    return decision_make(f"{branch.parent.name}变更{branch.name}登记事项的决定", changed)


def decision_make(heading: str, changed: Mapping[str, Sequence]) -> str:
    """Write a company's decision on what changes of its branch (公司决定): item → [old, new]."""
    return "\n".join([heading, "", *change_rules.changed_lines(changed, TITLES_ZH)])


def _change_subject(content: Mapping) -> FilingSubject:
    branch = company_row(content)
    changed = differences(facts_of(branch), branch_after(branch, content))
    return FilingSubject(branch.name, company=branch, changes=changed)


def end_problems(content: Mapping, now: datetime) -> Problems:
    """Judge the end of a branch (分公司注销审查): nothing is being handled for it; its company goes on."""
    del now
    branch, problems = company_named(content, sort=BRANCH_ALONE)
    if branch is None:
        return problems
    if said := obstacles_of(branch):
        return {"uscc": said}
    return end_signatures(content).problems


def end_signatures(content: Mapping) -> Signatures:
    """Return who confirms the end of a branch (签署方): its company, by its representative."""
    return _with_company(Signatures(), content)


def end_decision(content: Mapping) -> str:
    """Write the company's decision to end its branch (注销分公司决定)."""
    branch = company_row(content)
    return "\n".join(
        [
            f"{branch.parent.name}注销{branch.name}的决定",
            "",
            f"1. 注销{branch.name}（统一社会信用代码：{branch.uscc}）。原因：{content['end_reason']}",
            "2. 分公司的税款、职工工资、社会保险费用已经结清，营业执照交回登记机关作废。",
            "3. 分公司的民事责任由公司承担，注销后未了结的债务由公司清偿。",
        ]
    )


def _end_subject(content: Mapping) -> FilingSubject:
    branch = company_row(content)
    changes = {"state": [branch.state, "CANCELLED"]}
    return FilingSubject(branch.name, company=branch, changes=changes)


BRANCH_CHANGING = Kind(
    kind="BR_CHANGE",
    matter=BRANCH_CHANGE,
    problems=change_problems,
    signatures=change_signatures,
    document=change_decision,
    subject=_change_subject,
    take=nothing_taken,
)
BRANCH_CLOSING = Kind(
    kind="BR_CANCEL",
    matter=BRANCH_CANCEL,
    problems=end_problems,
    signatures=end_signatures,
    document=end_decision,
    subject=_end_subject,
    take=nothing_taken,
)
