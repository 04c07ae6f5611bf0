"""What an officer sees of the company around an application (登记申请办理): who confirmed, whether the file has come."""

from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.companies.files import transfer_of_application
from yiwang.hall.companies.kinds import kind_of
from yiwang.hall.companies.models import Company
from yiwang.hall.companies.queries import DEPARTMENT_RULE, filing_of_application
from yiwang.hall.matters.parts import PagePart
from yiwang.kernel.api import context_get


def company_part(detail: ApplicationDetail) -> PagePart | None:
    """Show the filing behind an application, and the hand-over of the file when it moves (办理页面)."""
    number = detail.application.number
    if kind_of(detail.application.matter_code) is None:
        return None
    filing = filing_of_application(number)
    if filing is None:
        return None
    own = Company.objects.filter(DEPARTMENT_RULE.filter(context_get()), uscc=filing.uscc or "-")
    names = {
        "filing": filing,
        "transfer": transfer_of_application(number),
        "may_open": own.exists(),
    }
    return PagePart("hall/companies/case_part.html", names)
