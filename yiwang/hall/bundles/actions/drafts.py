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
from yiwang.hall.applications.filing import OWN, Filing, acting_for
from yiwang.hall.bundles.data import BundleView
from yiwang.hall.bundles.errors import BundleBegunElsewhere, BundleNotForYou, BundleNotFound
from yiwang.hall.bundles.models import BundleDocument, BundleDraft
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.bundles.queries.drafts import (
    bundle_draft_get,
    bundle_filing_of,
    bundle_sheet,
    covered_codes,
)
from yiwang.hall.bundles.rules import document_key
from yiwang.identity.api import delegation_use_record
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
    "project:<code>"; values: answers to begin with; filing: who types it in the applicant's context, a clerk at
    a window or a deputy. Raises BundleNotFound, BundleNotForYou,
    BundleBegunElsewhere, SignInNeeded.
    """
    context = context_get()
    bundle = bundle_get(key)
    if context.population == "ANONYMOUS":
        raise SignInNeeded()
    if context.subject_ref.partition(":")[0] != bundle.spec.kind:
        raise BundleNotForYou(title=bundle.title)
    if bundle.spec.context and not context_ref.startswith(f"{bundle.spec.context}:"):
        raise BundleBegunElsewhere(title=bundle.title)
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
            "delegation_id": filing.delegation_id,
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


@action("hall.bundles.draft_begin_for")
def bundle_draft_begin_for(key: str, *, applicant_ref: str, filing: Filing, now: datetime) -> int:
    """Open a draft of a bundle for who authorised one (代为填报一件事); return its id.

    Within the scope: of the matters, only those that the delegation covers are filed. Raises what
    `bundle_draft_begin` does, and DelegationMissing when it does not hold or covers none of them.
    """
    bundle = bundle_get(key)
    covered = covered_codes(bundle, filing, applicant_ref=applicant_ref)
    with acting_for(applicant_ref):
        draft_id = bundle_draft_begin(key, now=now, filing=filing)
    delegation_use_record(
        filing.delegation_id,
        act="DRAFT",
        subject=f"draft:{draft_id}",
        title=bundle.title,
        channel=filing.channel,
        now=now,
    )
    audit_record(
        f"draft:{draft_id}",
        person_ref=person_ref_of(applicant_ref),
        detail={"for": applicant_ref, "covered": sorted(covered), **filing.columns},
    )
    return draft_id


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


@action("hall.bundles.documents_reuse")
def bundle_documents_reuse(draft_id: int, found: Mapping[str, int], *, now: datetime) -> list[str]:
    """Attach documents that are there already (复用已有材料): by the keys of the matters' own materials.

    found: material key → attachment; what was uploaded for this draft stays. Returns the bundle's keys.
    """
    context = bundle_draft_get(draft_id)
    there = set(BundleDocument.objects.filter(draft_id=draft_id).values_list("key", flat=True))
    taken: dict[str, int] = {}
    for one in bundle_sheet(context, now=now).documents:
        wanted = {
            material.key
            for key in one.matters
            for material in context.bundle.matters[key].materials
            if material.source == "upload"
            and document_key(context.bundle.spec, key, material) == one.key
        }
        if one.key not in there and (known := sorted(wanted & found.keys())):
            taken[one.key] = found[known[0]]
    BundleDocument.objects.bulk_create(
        BundleDocument(draft_id=draft_id, key=key, attachment_id=attachment_id)
        for key, attachment_id in sorted(taken.items())
    )
    audit_record(f"draft:{draft_id}", detail={"documents_reused": sorted(taken)})
    return sorted(taken)


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


@action("hall.bundles.filed_drafts_drop")
def bundle_filed_drafts_drop(
    *, visit_id: int | None = None, delegation_id: int | None = None
) -> int:
    """Throw away what was begun for another and not submitted (清除代办草稿); returns how many drafts.

    Called when the visit or the delegation ends. The documents given no longer belong to who typed it. Give one.
    """
    wanted = {"visit_id": visit_id} if visit_id else {"delegation_id": delegation_id or 0}
    ids = list(BundleDraft.objects.filter(**wanted).values_list("draft_id", flat=True))
    with context_use(context_system("清除代办草稿")):
        for draft_id in ids:
            rows = BundleDocument.objects.filter(draft_id=draft_id)
            if held := list(rows.values_list("attachment_id", flat=True)):
                attachment_hand_over(held, account_id=None)
            bundle_draft_forget(draft_id)
    audit_record("drafts", detail={**wanted, "bundle_drafts": len(ids)})
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
