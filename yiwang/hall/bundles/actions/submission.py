"""From the one form to a case and its applications (一件事提交): one transaction writes all, or nothing."""

from datetime import datetime

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from yiwang.engines.api import (
    attachment_get,
    attachment_hand_over,
    draft_difference_errors,
)
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.filing import account_of_applicant
from yiwang.hall.bundles import rules
from yiwang.hall.bundles.actions.drafts import bundle_draft_forget
from yiwang.hall.bundles.actions.items import deputy_tell, items_advance
from yiwang.hall.bundles.data import BundleReceipt
from yiwang.hall.bundles.errors import BundleIncomplete, NothingApplies
from yiwang.hall.bundles.models import BundleCase, BundleDocument, BundleItem
from yiwang.hall.bundles.queries.access import case_rows
from yiwang.hall.bundles.queries.drafts import (
    BundleDraftContext,
    BundleSheet,
    bundle_draft_get,
    bundle_sheet,
)
from yiwang.hall.receipts.actions import submission_keep
from yiwang.hall.receipts.rules import moment_text
from yiwang.identity.api import delegation_use_record
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next
from yiwang.sdk.errors import YiwangError
from yiwang.sdk.identifiers import person_ref_of


def bundle_submit(draft_id: int, *, now: datetime) -> BundleReceipt:
    """Submit a bundle (提交一件事) and return the receipt; again and again gives the same receipt.

    The matters that wait for nothing are filed at once, in the same transaction; the others when those
    they wait for are decided. Raises BundleIncomplete (fields), NothingApplies, NoDepartment.
    """
    existing = _receipt_of(draft_id)
    if existing is not None:
        return existing
    try:
        return _bundle_submit(draft_id, now=now)
    except (IntegrityError, YiwangError):
        existing = _receipt_of(draft_id)
        if existing is None:
            raise
        return existing


def _receipt_of(draft_id: int) -> BundleReceipt | None:
    account_id = context_get().account_id
    mine = Q(account_id=account_id) | Q(filed_by_id=account_id)
    case = case_rows("查看本人提交回执").filter(mine, submission_key=f"draft:{draft_id}").first()
    return _receipt(case, is_new=False) if case else None


def _receipt(case: BundleCase, *, is_new: bool) -> BundleReceipt:
    numbers = case.items.exclude(application_number="").order_by("pk")
    return BundleReceipt(
        number=case.number,
        sha256=case.sha256,
        submitted_at=case.submitted_at,
        applications=tuple(numbers.values_list("application_number", flat=True)),
        is_new=is_new,
    )


@action("hall.bundles.submit")
def _bundle_submit(draft_id: int, *, now: datetime) -> BundleReceipt:
    context = bundle_draft_get(draft_id)
    sheet = bundle_sheet(context, now=now)
    errors = sheet.errors | draft_difference_errors(context.draft)
    if errors:
        raise BundleIncomplete(fields=errors)
    if not sheet.plan:
        raise NothingApplies()
    case = _case_write(context, sheet, now=now)
    try:
        items_advance(case, now=now)
    except SubmissionIncomplete as error:
        raise BundleIncomplete(fields=error.fields) from error
    _receipt_keep(case, context)
    _filing_finish(case, context, now=now)
    bundle_draft_forget(draft_id)
    event_publish(
        "bundle.submitted",
        {
            "number": case.number,
            "key": context.bundle.key,
            "context_ref": case.context_ref,
            "account_id": case.account_id,
            "title": context.bundle.title,
            "count": len(sheet.plan),
        },
        key=case.number,
    )
    audit_record(
        f"bundle:{case.number}",
        person_ref=person_ref_of(case.applicant_ref),
        detail={"bundle": context.bundle.key, "matters": list(sheet.plan)},
    )
    return _receipt(case, is_new=True)


def _case_write(context: BundleDraftContext, sheet: BundleSheet, *, now: datetime) -> BundleCase:
    day = timezone.localtime(now).date()
    case = case_rows("提交一件事").create(
        number=rules.number_make(day, serial_next(f"hall.bundles:{day:%Y%m%d}")),
        submission_key=f"draft:{context.draft.id}",
        version_id=context.bundle.version_id,
        **_filed_columns(context, now=now),
        context_ref=context.context_ref,
        applicant_ref=context.applicant.ref,
        applicant_name=context.applicant.name,
        form_data=dict(sheet.state.values),
        documents=_documents_of(context, sheet),
        submitted_at=now,
    )
    BundleItem.objects.bulk_create(
        BundleItem(
            case=case,
            key=key,
            matter_code=context.bundle.matters[key].code,
            title=context.bundle.matters[key].title,
        )
        for key in sheet.plan
    )
    return case


def _filed_columns(context: BundleDraftContext, *, now: datetime) -> dict[str, object]:
    """Return what a case keeps of how it was filed (申报方式): channel, who typed, whose it is."""
    filing, account_id = context.filing, context.draft.account_id
    if filing.is_own:
        return {"account_id": account_id, "channel": filing.channel}
    told = account_of_applicant(context.applicant.ref, on=timezone.localdate(now))
    return {
        "account_id": told,
        "channel": filing.channel,
        "filed_by_id": account_id,
        "filed_by_name": filing.by_name,
        "delegation_id": filing.delegation_id,
        "visit_id": filing.visit_id,
    }


def _filing_finish(case: BundleCase, context: BundleDraftContext, *, now: datetime) -> None:
    """Let the documents belong to the applicant, so that clerk or deputy keep nothing; note the use (代办收尾)."""
    held = [kept["attachment"] for kept in case.documents.values()]
    if case.filed_by_id is not None and held:
        attachment_hand_over(held, account_id=case.account_id)
    if case.delegation_id is not None:
        delegation_use_record(
            case.delegation_id,
            act="SUBMIT",
            subject=f"bundle:{case.number}",
            title=context.bundle.title,
            channel=case.channel,
            now=now,
        )
        deputy_tell(case, "bundle.filed_for", title=context.bundle.title)


def _documents_of(context: BundleDraftContext, sheet: BundleSheet) -> dict[str, dict]:
    """Return the uploads that some matter needs (共用材料), with the digests that the receipt covers."""
    needed = {one.key for one in sheet.documents}
    rows = BundleDocument.objects.filter(draft_id=context.draft.id, key__in=needed)
    return {
        key: {"attachment": attachment_id, "sha256": attachment_get(attachment_id).sha256}
        for key, attachment_id in rows.order_by("key").values_list("key", "attachment_id")
    }


def _receipt_keep(case: BundleCase, context: BundleDraftContext) -> None:
    case.sha256 = submission_keep(
        case.number,
        title=context.bundle.title,
        content=receipt_content(case),
        holder_ref=case.applicant_ref,
        now=case.submitted_at,
    )
    case.save(update_fields=["sha256"])


def receipt_content(case: BundleCase) -> dict:
    """Gather what the receipt proves (回执内容): answers, documents by digest, matters; not what came later."""
    return {
        "number": case.number,
        "bundle": case.version.bundle.key,
        "version": case.version.number,
        "form": case.form_data,
        "materials": {key: kept["sha256"] for key, kept in case.documents.items()},
        "matters": list(case.items.order_by("pk").values_list("matter_code", flat=True)),
        "submitted_at": moment_text(case.submitted_at),
    }


def receipt_rebuild(number: str) -> dict | None:
    """Say what the case's own rows have (提交内容还原), None for a number that is no bundle's."""
    rows = case_rows("查验提交回执").select_related("version__bundle")
    case = rows.filter(number=number).first()
    return receipt_content(case) if case else None
