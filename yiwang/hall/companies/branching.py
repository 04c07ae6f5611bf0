"""A branch as a kind of filing (分公司设立登记): its name follows its company's, its trade lies within it."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext

from yiwang.hall.companies import rules
from yiwang.hall.companies.foundation import scope_of
from yiwang.hall.companies.kinds import FilingSubject, Kind, nothing_taken
from yiwang.hall.companies.models import Company
from yiwang.hall.companies.parties import Signatures, signatures_of
from yiwang.hall.companies.queries import BRANCH, scope_items
from yiwang.hall.companies.standing import Problems, company_named, company_row
from yiwang.sdk.errors import N_

NAME_TAKEN = N_("The company has a branch of this name already.")
MARK_WRONG = N_("Give the place or the number in the name of the branch in Chinese characters.")
SCOPE_WIDER = N_("A branch does what its company may do. Not in its company's scope: %(names)s.")


def branch_name(company_name: str, mark: str) -> str:
    """Return the name of a branch (分公司名称).

    >>> branch_name("苏州明月软件有限公司", "园区")
    '苏州明月软件有限公司园区分公司'
    """
    return f"{company_name}{mark.removesuffix('分公司')}分公司"


def content_problems(content: Mapping, now: datetime) -> Problems:
    """Judge a branch (分公司审查): its company stands, its name is new, its scope lies within its company's."""
    del now
    company, problems = company_named(content)
    if company is None:
        return problems
    problems = mark_problems(company, content["branch_mark"], place="branch_mark")
    problems = problems or scope_problems(company, rules.scope_codes(content), place="scope")
    return problems or signatures(content).problems


def mark_problems(company: Company, mark: str, *, place: str) -> Problems:
    """Judge what tells a branch from the others of its company (分公司名称审查)."""
    mark = mark.removesuffix("分公司")
    if not mark or not all("\u3400" <= letter <= "\u9fff" for letter in mark):
        return {place: [gettext(MARK_WRONG)]}
    name = branch_name(company.name, mark)
    if Company.objects.filter(name=name, state="ACTIVE").exists():
        return {place: [gettext(NAME_TAKEN)]}
    return {}


def scope_problems(company: Company, codes: list[str], *, place: str) -> Problems:
    """Judge whether a branch stays within what its company may do (分公司经营范围审查).

    A company taken from the registry has a wording and perhaps no items: then the wording counts.
    """
    items = scope_items()
    wider = [
        items[code].name if code in items else code
        for code in codes
        if code not in company.scope_codes
        and (code not in items or items[code].name not in company.business_scope)
    ]
    if wider or len(set(codes)) < len(codes):
        return {place: [gettext(SCOPE_WIDER) % {"names": "、".join(wider) or "—"}]}
    return {}


def signatures(content: Mapping) -> Signatures:
    """Return who confirms a branch (分公司签署方): the representative of the company and the head of the branch."""
    company = company_row(content)
    found = signatures_of([("head_number", content["head_name"], content["head_number"], "HEAD")])
    ref = company.legal_representative_ref
    found.add(ref, company.legal_representative, "LEGAL_REPRESENTATIVE")
    return found


def decision_of(content: Mapping) -> str:
    """Write the decision to open a branch (设立分公司决定)."""
    company = company_row(content)
    name = branch_name(company.name, content["branch_mark"])
    return "\n".join(
        [
            f"{company.name}设立分公司的决定",
            "",
            f"1. 设立{name}，营业场所：{content['premises_address']}。",
            f"2. 任命{content['head_name']}为分公司负责人。",
            f"3. 分公司经营范围：{scope_of(rules.scope_codes(content))}",
            "4. 分公司不具有法人资格，其民事责任由公司承担。",
        ]
    )


def _subject(content: Mapping) -> FilingSubject:
    company = company_row(content)
    return FilingSubject(branch_name(company.name, content["branch_mark"]), company=company)


BRANCHING = Kind(
    kind="BRANCH",
    matter=BRANCH,
    problems=content_problems,
    signatures=signatures,
    document=decision_of,
    subject=_subject,
    take=nothing_taken,
)
