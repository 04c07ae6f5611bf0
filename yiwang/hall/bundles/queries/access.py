"""Who may see which case of a bundle (一件事可见范围): whose it is, and their deputy as long as the delegation holds."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.hall.bundles.errors import BundleNotFound
from yiwang.hall.bundles.models import BundleCase
from yiwang.identity.api import data_scope, delegation_ids_held, field_equals, of_context
from yiwang.kernel.api import context_get

OWN = field_equals("applicant_ref", of_context("subject_ref"))


def case_rows(purpose: str) -> QuerySet[BundleCase]:
    """Return the cases for a stated purpose (使用目的); the caller narrows them down."""
    with data_scope(purpose=purpose):
        return BundleCase.objects.all()


def own_case_rows() -> QuerySet[BundleCase]:
    """Return one's own cases and those one filed as a deputy (我的一件事), newest first."""
    context = context_get()
    rows = case_rows("查看本人一件事").select_related("version__bundle").order_by("-pk")
    if not context.subject_ref:
        return rows.none()
    return rows.filter(OWN.filter(context) | Q(delegation_id__in=_held()))


def _held() -> frozenset[int]:
    context = context_get()
    if context.population != "CITIZEN" or context.account_id is None:
        return frozenset()
    return delegation_ids_held(context.account_id, timezone.localdate())


def own_case_get(number: str) -> BundleCase:
    """Get one's own case, or answer as if it did not exist."""
    case = own_case_rows().filter(number=number).first()
    if case is None:
        raise BundleNotFound()
    return case
