"""Who may see which application (办件可见范围): the applicant, and the departments that take part.

The same rule objects give the filter of lists and the check of one row.
"""

from collections.abc import Collection

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.engines.api import work_item_case_list
from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.models import Application, ApplicationBranch, ApplicationMaterial
from yiwang.identity.api import (
    data_scope,
    delegation_ids_held,
    field_equals,
    field_in,
    of_context,
)
from yiwang.kernel.api import RequestContext, context_get

HANDLE = "hall.applications.handle"
OWN = field_equals("applicant_ref", of_context("subject_ref"))
PARTICIPATES = field_in("department_id", "department_ids")


def application_rows(purpose: str) -> QuerySet[Application]:
    """Return the applications for a stated purpose (使用目的); the caller narrows them down."""
    with data_scope(purpose=purpose):
        return Application.objects.all()


def visible_filter(context: RequestContext) -> Q:
    """Return the filter of the applications that the acting person may see.

    A deputy (受托人) sees what was filed under a delegation of theirs, on line or at a window, as long as it holds.
    """
    if context.subject_ref:
        return OWN.filter(context) | Q(delegation_id__in=_held(context))
    if context.population == "STAFF" and context.may(HANDLE):
        taking_part = ApplicationBranch.objects.filter(PARTICIPATES.filter(context))
        return Q(pk__in=taking_part.values("application_id"))
    return Q(pk__in=[])


def is_visible(context: RequestContext, application: Application) -> bool:
    """Tell whether the acting person may see this application: as the filter says, or a step of it is in their hands."""
    if context.subject_ref:
        if OWN.permits(context, application):
            return True
        return application.delegation_id is not None and application.delegation_id in _held(context)
    if context.population == "STAFF" and context.may(HANDLE):
        branches = application.branches.all()
        return any(PARTICIPATES.permits(context, row) for row in branches) or _is_asked(
            context, application
        )
    return False


def _is_asked(context: RequestContext, application: Application) -> bool:
    """Tell whether a step of it was given to this officer by name (被委派、转办), whatever their department."""
    steps = work_item_case_list(f"application:{application.number}")
    return any(one.assignee_id == context.account_id and one.closed_at is None for one in steps)


def _held(context: RequestContext) -> frozenset[int]:
    if context.population != "CITIZEN" or context.account_id is None:
        return frozenset()
    return delegation_ids_held(context.account_id, timezone.localdate())


def application_visible_get(number: str, *, purpose: str) -> Application:
    """Get an application that one may see, or answer as if it did not exist."""
    application = application_rows(purpose).filter(number=number).first()
    if application is None or not is_visible(context_get(), application):
        raise ApplicationNotFound()
    return application


def instance_is_visible(context: RequestContext, business_key: str) -> bool:
    """Tell whether the acting person may see the process of an application (流程图可见)."""
    number = business_key.removeprefix("application:")
    application = application_rows("查看流程图").filter(number=number).first()
    return application is not None and is_visible(context, application)


def attachment_is_visible(context: RequestContext, attachment_id: int) -> bool:
    """Tell whether an officer may open a document: it belongs to an application one takes part in."""
    of_it = ApplicationMaterial.objects.filter(attachment_id=attachment_id)
    rows = application_rows("查看申请材料").filter(pk__in=of_it.values("application_id"))
    return any(is_visible(context, application) for application in rows)


def application_numbers_visible(numbers: Collection[str]) -> frozenset[str]:
    """Return those of some numbers whose application the acting person may open (可见办件)."""
    rows = application_rows("查看关联办件").filter(number__in=list(numbers))
    return frozenset(rows.filter(visible_filter(context_get())).values_list("number", flat=True))
