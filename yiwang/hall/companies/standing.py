"""Who may act for a company (代表公司): its representative, founders that still belong to it, its own agents."""

from collections.abc import Mapping

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from yiwang.hall.companies.data import CompanyView
from yiwang.hall.companies.errors import (
    BranchFilesElsewhere,
    CompanyEnded,
    CompanyNotFound,
    NoBranch,
    RegisterUnchecked,
)
from yiwang.hall.companies.models import (
    Company,
    Filing,
    Officer,
    RegisterDifference,
    Shareholding,
)
from yiwang.hall.companies.queries import PURPOSE, company_view
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_get, error_text
from yiwang.sdk.errors import N_

Problems = dict[str, list[str]]


def own_companies() -> QuerySet[Company]:
    """Return the companies for which the acting subject may speak (本人企业).

    The legal representative; the founder who filed for it as long as he holds shares or a post; the company
    itself, by its agents. A branch belongs to who may speak for its parent, and to its head.
    """
    ref = context_get().subject_ref
    if not ref:
        return Company.objects.none()
    with data_scope(purpose=PURPOSE, reason=ref):
        founded = Filing.objects.filter(applicant_ref=ref, kind="ESTABLISH", state="REGISTERED")
        ids = list(founded.values_list("company_id", flat=True))
    belongs = Q(pk__in=Shareholding.objects.filter(holder_ref=ref).values("company_id"))
    belongs |= Q(pk__in=Officer.objects.filter(person_ref=ref).values("company_id"))
    mine = Q(legal_representative_ref=ref) | Q(pk__in=ids) & belongs
    if ref.startswith("enterprise:"):
        mine |= Q(uscc=ref.removeprefix("enterprise:"))
    parents = Company.objects.filter(mine, parent__isnull=True)
    return Company.objects.filter(mine | Q(parent_id__in=parents.values("pk")))


def company_own_list() -> list[CompanyView]:
    """List the companies for which one may speak (我的公司), newest first."""
    return [company_view(row) for row in own_companies().order_by("-pk")]


def company_own_row(uscc: str) -> Company:
    """Return the row of a company for which one may speak. Raises CompanyNotFound."""
    row = own_companies().filter(uscc=uscc).first()
    if row is None:
        raise CompanyNotFound()
    return row


def company_own_get(uscc: str) -> CompanyView:
    """Return a company for which one may speak. Raises CompanyNotFound."""
    return company_view(company_own_row(uscc))


# --- the company that a form is about -----------------------------------------------------------

NOT_YOURS = N_("Begin at the page of your company: Company registration in your space.")
STALE = N_("The register has changed since you began. Begin again from the page of your company.")
ANY, HEAD_OFFICE, BRANCH_ALONE = "ANY", "COMPANY", "BRANCH"
"""Whom a filing is for: any body of the register, companies alone, branches alone."""


def company_row(content: Mapping) -> Company:
    """Return the company of a form that was judged before (登记主体)."""
    return Company.objects.get(uscc=content["uscc"])


def company_acted(uscc: str, *, sort: str = HEAD_OFFICE) -> Company:
    """Return the company that one may file for now (可申报主体).

    Raises CompanyNotFound, CompanyEnded, BranchFilesElsewhere, NoBranch, RegisterUnchecked while its registrar
    has not settled what the registry and the company say differently.
    """
    company = company_own_row(uscc)
    if company.state != "ACTIVE":
        raise CompanyEnded(name=company.name)
    if sort == HEAD_OFFICE and company.parent_id:
        raise BranchFilesElsewhere()
    if sort == BRANCH_ALONE and not company.parent_id:
        raise NoBranch()
    whole = [company.pk, company.parent_id] if company.parent_id else [company.pk]
    if RegisterDifference.objects.filter(company__in=whole, state="OPEN").exists():
        raise RegisterUnchecked()
    return company


def company_of(content: Mapping, *, sort: str = HEAD_OFFICE) -> tuple[Company | None, Problems]:
    """Return the company a form is about, if one may file for it now (核对主体), else what is wrong by field."""
    try:
        return company_acted(str(content.get("uscc", "")), sort=sort), {}
    except CompanyNotFound:
        return None, {"uscc": [gettext(NOT_YOURS)]}
    except (CompanyEnded, BranchFilesElsewhere, NoBranch, RegisterUnchecked) as error:
        return None, {"uscc": [error_text(error)]}


def company_named(content: Mapping, *, sort: str = HEAD_OFFICE) -> tuple[Company | None, Problems]:
    """Return the company a form is about, and refuse a form that shows another name than it has now (核对主体名称)."""
    company, problems = company_of(content, sort=sort)
    if company is not None and content.get("company_name") != company.name:
        return None, {"uscc": [gettext(STALE)]}
    return company, problems
