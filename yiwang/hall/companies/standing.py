"""Who may act for a company (代表公司): its representative, founders that still belong to it, its own agents."""

from django.db.models import Q, QuerySet

from yiwang.hall.companies.data import CompanyView
from yiwang.hall.companies.errors import CompanyNotFound
from yiwang.hall.companies.models import Company, Filing, Officer, Shareholding
from yiwang.hall.companies.queries import PURPOSE, company_view
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_get


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
