"""Who may see which case of a bundle (一件事可见范围): who filed it."""

from django.db.models import QuerySet

from yiwang.hall.bundles.errors import BundleNotFound
from yiwang.hall.bundles.models import BundleCase
from yiwang.identity.api import data_scope, field_equals, of_context
from yiwang.kernel.api import context_get

OWN = field_equals("applicant_ref", of_context("subject_ref"))


def case_rows(purpose: str) -> QuerySet[BundleCase]:
    """Return the cases for a stated purpose (使用目的); the caller narrows them down."""
    with data_scope(purpose=purpose):
        return BundleCase.objects.all()


def own_case_rows() -> QuerySet[BundleCase]:
    """Return one's own cases (我的一件事), newest first."""
    context = context_get()
    rows = case_rows("查看本人一件事").select_related("version__bundle").order_by("-pk")
    return rows.filter(OWN.filter(context)) if context.subject_ref else rows.none()


def own_case_get(number: str) -> BundleCase:
    """Get one's own case, or answer as if it did not exist."""
    case = own_case_rows().filter(number=number).first()
    if case is None:
        raise BundleNotFound()
    return case
