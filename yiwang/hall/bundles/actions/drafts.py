"""Beginning the one form, attaching documents once for all (一件事填报)."""

from collections.abc import Mapping
from datetime import datetime

from yiwang.engines.api import (
    attachment_hand_over,
    attachment_put,
    draft_discard,
    draft_open,
    draft_save,
    form_get,
)
from yiwang.hall.applications.actions.drafts import applicant_read, prefill_of
from yiwang.hall.applications.filing import OWN, Filing
from yiwang.hall.bundles.data import BundleView
from yiwang.hall.bundles.errors import BundleNotForYou, BundleNotFound
from yiwang.hall.bundles.models import BundleDocument, BundleDraft
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_filing_of, bundle_sheet
from yiwang.kernel.api import action, audit_record, context_get, context_system, context_use
from yiwang.sdk.errors import SignInNeeded
from yiwang.sdk.identifiers import person_ref_of


@action("hall.bundles.draft_begin")
def bundle_draft_begin(
    key: str,
    *,
    now: datetime,
    context_ref: str = "",
    values: Mapping[str, object] | None = None,
    filing: Filing = OWN,
) -> int:
    """Open one's draft of a bundle's one form (开始填报一件事), or go on with it; return its id.

    The registry is read once for all matters. context_ref: what the case will belong to, such as
    "project:<code>"; values: answers to begin with; filing: at a window, the clerk's in the applicant's
    context. Raises BundleNotFound, BundleNotForYou, SignInNeeded.
    """
    context = context_get()
    bundle = bundle_get(key)
    if context.population == "ANONYMOUS":
        raise SignInNeeded()
    if context.subject_ref.partition(":")[0] != bundle.spec.kind:
        raise BundleNotForYou(title=bundle.title)
    purpose = f"办理一件事：{bundle.title['zh']}"
    applicant = applicant_read(bundle.spec.kind, sources=_sources(bundle), purpose=purpose)
    draft = draft_open(
        account_id=context.account_id,
        purpose_key=":".join(("bundle", bundle.key, applicant.ref, context_ref)).rstrip(":")
        + filing.suffix,
        form_version_id=bundle.form_version_id,
        prefill=prefill_of(bundle.form_version_id, applicant),
        now=now,
    )
    if values:
        given = {**values, **draft.values}
        draft_save(draft.id, values=given, page="", revision=draft.revision, now=now)
    BundleDraft.objects.update_or_create(
        draft_id=draft.id,
        defaults={
            "version_id": bundle.version_id,
            "context_ref": context_ref,
            "applicant_ref": applicant.ref,
            "applicant_name": applicant.name,
            "applicant_number": applicant.number,
            "area_code": applicant.area_code,
            "facts": dict(applicant.facts),
            "channel": filing.channel,
            "filed_by_name": filing.by_name,
            "visit_id": filing.visit_id,
            "read_at": now,
        },
    )
    audit_record(
        f"draft:{draft.id}",
        detail={"bundle": bundle.key, "version": bundle.number, "channel": filing.channel},
        person_ref=person_ref_of(applicant.ref),
    )
    return draft.id


def _sources(bundle: BundleView) -> list[str]:
    found = list(form_get(bundle.form_version_id).prefills.values())
    for matter in bundle.matters.values():
        found += [one.registry_field for one in matter.materials if one.registry_field]
    return found


@action("hall.bundles.document_attach")
def bundle_document_attach(draft_id: int, key: str, *, file, now: datetime) -> None:
    """Attach a document once for all matters that need it (上传共用材料). Raises AttachmentRefused."""
    context = bundle_draft_get(draft_id)
    sheet = bundle_sheet(context, now=now)
    found = next((one for one in sheet.documents if one.key == key), None)
    if found is None:
        raise BundleNotFound()
    attachment = attachment_put(
        account_id=context.draft.account_id,
        file=file,
        accept=list(found.line.accept),
        max_bytes=found.line.max_mb * 1024 * 1024,
        now=now,
    )
    BundleDocument.objects.update_or_create(
        draft_id=draft_id, key=key, defaults={"attachment_id": attachment.id}
    )
    audit_record(f"draft:{draft_id}", detail={"document": key, "sha256": attachment.sha256})


@action("hall.bundles.document_detach")
def bundle_document_detach(draft_id: int, key: str) -> None:
    """Take a document off one's draft (移除材料)."""
    bundle_draft_get(draft_id)
    BundleDocument.objects.filter(draft_id=draft_id, key=key).delete()
    audit_record(f"draft:{draft_id}", detail={"document_removed": key})


@action("hall.bundles.draft_discard")
def bundle_draft_drop(draft_id: int) -> None:
    """Throw one's draft of a bundle away (删除草稿)."""
    context = bundle_draft_get(draft_id)
    bundle_draft_forget(draft_id)
    audit_record(f"draft:{draft_id}", detail={"bundle": context.bundle.key})


@action("hall.bundles.visit_drafts_drop")
def bundle_visit_drafts_drop(*, visit_id: int) -> int:
    """Throw away what was begun at a visit and not submitted (清除来访草稿); returns how many drafts.

    The documents given no longer belong to the clerk.
    """
    ids = list(BundleDraft.objects.filter(visit_id=visit_id).values_list("draft_id", flat=True))
    with context_use(context_system("清除来访草稿")):
        for draft_id in ids:
            rows = BundleDocument.objects.filter(draft_id=draft_id)
            if held := list(rows.values_list("attachment_id", flat=True)):
                attachment_hand_over(held, account_id=None)
            bundle_draft_forget(draft_id)
    audit_record("drafts", detail={"visit": visit_id, "bundle_drafts": len(ids)})
    return len(ids)


def bundle_draft_filing(draft_id: int) -> tuple[Filing, str] | None:
    """Return how a draft is filed and for whom (草稿的申报方式), None for what is no draft any more."""
    row = BundleDraft.objects.filter(draft_id=draft_id).first()
    return (bundle_filing_of(row), row.applicant_ref) if row else None


def bundle_draft_forget(draft_id: int) -> None:
    """Delete a draft with what was read and attached for it, dropped or submitted."""
    draft_discard(draft_id)
    BundleDraft.objects.filter(draft_id=draft_id).delete()
    BundleDocument.objects.filter(draft_id=draft_id).delete()
