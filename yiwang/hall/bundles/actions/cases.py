"""What happens to a case after its submission (一件事跟进): decisions come in, the whole may be withdrawn."""

from datetime import datetime

from yiwang.hall.applications.actions.applicant import application_withdraw
from yiwang.hall.applications.models import Decision
from yiwang.hall.bundles import data
from yiwang.hall.bundles.actions.items import bundle_ended_publish, item_filed, items_advance
from yiwang.hall.bundles.errors import BundleEnded, BundleNotFound
from yiwang.hall.bundles.models import BundleCase, BundleItem
from yiwang.hall.bundles.queries.access import case_rows
from yiwang.hall.bundles.queries.bundles import bundle_view
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.identifiers import person_ref_of


@action("hall.bundles.item_decide")
def item_decided(number: str, *, state: str, now: datetime) -> bool:
    """Take in that an application was decided (事项办结): what waited for it goes on or stops.

    state: APPROVED, REFUSED or WITHDRAWN. Told twice it happens once. Returns whether anything changed.
    """
    item = BundleItem.objects.filter(application_number=number).first()
    if item is None:
        audit_record(f"application:{number}", detail={"bundle": None})
        return False
    case = _case_lock(item.case_id)
    item = BundleItem.objects.get(pk=item.pk)
    if item.state != data.FILED:
        audit_record(f"bundle:{case.number}", detail={"item": item.key, "state": item.state})
        return False
    item.state, item.ended_at = state, now
    item.reasons = _reasons(number) if state == data.REFUSED else []
    item.save(update_fields=["state", "ended_at", "reasons"])
    items_advance(case, now=now)
    audit_record(f"bundle:{case.number}", detail={"item": item.key, "state": state})
    return True


def _reasons(number: str) -> list[dict]:
    decision = Decision.objects.filter(application__number=number).first()
    return [
        {"text": {"zh": one["text"], "en": one["text"]}, "department": one["department"]}
        for one in (decision.reasons if decision else ())
    ]


@action("hall.bundles.item_link")
def item_draft_submitted(draft_id: int, number: str, *, now: datetime) -> bool:
    """Take in that the applicant completed a matter that had needed them (补充提交)."""
    item = BundleItem.objects.filter(draft_id=draft_id, state=data.ATTENTION).first()
    if item is None:
        audit_record(f"application:{number}", detail={"bundle": None})
        return False
    case = _case_lock(item.case_id)
    item_filed(case, BundleItem.objects.get(pk=item.pk), number=number, now=now)
    audit_record(f"bundle:{case.number}", detail={"item": item.key, "application": number})
    return True


def _case_lock(case_id: int) -> BundleCase:
    return (
        case_rows("一件事办理")
        .select_related("version__bundle")
        .select_for_update(of=("self",))
        .get(pk=case_id)
    )


@action("hall.bundles.withdraw")
def bundle_withdraw(number: str, *, reason: str = "", now: datetime) -> None:
    """Withdraw a whole bundle (撤回一件事): open applications are withdrawn, what waits is not filed.

    What has been decided stays decided. Raises BundleNotFound, BundleEnded.
    """
    rows = case_rows("撤回一件事").select_related("version__bundle")
    rows = rows.select_for_update(of=("self",)).filter(number=number)
    case = rows.filter(applicant_ref=context_get().subject_ref or "-").first()
    if case is None:
        raise BundleNotFound()
    if case.state != data.OPEN:
        raise BundleEnded()
    open_items = list(case.items.filter(state__in=data.ITEM_OPEN).order_by("pk"))
    case.items.filter(pk__in=[one.pk for one in open_items]).update(
        state=data.WITHDRAWN, ended_at=now, draft_id=None
    )
    for item in open_items:
        if item.state == data.FILED:
            application_withdraw(item.application_number, reason=reason, now=now)
    case.state, case.ended_at = data.WITHDRAWN, now
    case.save(update_fields=["state", "ended_at"])
    bundle_ended_publish(case, bundle_view(case.version))
    audit_record(
        f"bundle:{number}",
        person_ref=person_ref_of(case.applicant_ref),
        detail={"reason": reason, "items": [one.key for one in open_items]},
    )
