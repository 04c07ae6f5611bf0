"""Reads around a draft: its matter, its applicant, its material list (草稿)."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import AttachmentView, DraftView, attachment_get, draft_get, draft_list
from yiwang.hall.applications.data import Applicant, MaterialLine
from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.models import DraftCase, DraftMaterial
from yiwang.hall.licences.queries import licence_list
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.queries import matter_get, matter_version_get
from yiwang.kernel.api import context_get
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.packs import Material


@dataclass(frozen=True, slots=True)
class DraftContext:
    """A draft with everything a page or the submission needs."""

    draft: DraftView
    matter: MatterView
    applicant: Applicant
    read_at: datetime


def draft_context_get(draft_id: int) -> DraftContext:
    """Get one's own draft with its matter and applicant, or ApplicationNotFound."""
    draft = draft_get(draft_id)
    row = DraftCase.objects.filter(draft_id=draft_id).first()
    context = context_get()
    if row is None or draft.account_id != context.account_id:
        raise ApplicationNotFound()
    return DraftContext(
        draft=draft,
        matter=matter_version_get(row.matter_version_id),
        applicant=applicant_of(row),
        read_at=row.read_at,
    )


def applicant_of(row: DraftCase) -> Applicant:
    """Build the applicant from what was read when the draft was opened."""
    return Applicant(
        kind=row.applicant_ref.split(":", 1)[0],
        ref=row.applicant_ref,
        name=row.applicant_name,
        number=row.applicant_number,
        area_code=row.area_code,
        facts=row.facts,
    )


def draft_open_list() -> list[dict]:
    """List the signed-in account's drafts (我的草稿): id, title, code, updated_at."""
    drafts = {d.id: d for d in draft_list(account_id=context_get().account_id)}
    cases = DraftCase.objects.filter(draft_id__in=drafts).values(
        "draft_id", "matter_version__matter__code"
    )
    rows = [
        {
            "id": case["draft_id"],
            "title": matter_get(case["matter_version__matter__code"]).title,
            "code": case["matter_version__matter__code"],
            "updated_at": drafts[case["draft_id"]].updated_at,
        }
        for case in cases
    ]
    return sorted(rows, key=lambda row: row["updated_at"], reverse=True)


def material_line_list(
    context: DraftContext, *, form_data: dict, now: datetime
) -> list[MaterialLine]:
    """Resolve each material (材料): registry, then licence, then upload; say why one must upload."""
    names = {**context.applicant.names(timezone.localtime(now).date()), "form": form_data}
    uploads = dict(
        DraftMaterial.objects.filter(draft_id=context.draft.id).values_list("key", "attachment_id")
    )
    lines = []
    for material in context.matter.materials:
        if material.when and not expression_compile(material.when).evaluate(names):
            continue
        lines.append(_line_resolve(material, context=context, uploads=uploads))
    return lines


def _line_resolve(material: Material, *, context: DraftContext, uploads: dict) -> MaterialLine:
    base = {
        "key": material.key,
        "title": material.title,
        "required": material.required,
        "accept": material.accept,
        "max_mb": material.max_mb,
        "note": material.note or {},
    }
    if material.key in uploads:
        return _uploaded(base, attachment_get(uploads[material.key]))
    if material.registry_field:
        fact = context.applicant.facts.get(material.registry_field.split(".")[-1])
        if fact and fact.get("value"):
            return MaterialLine(
                **base,
                source="REGISTRY",
                why={
                    "zh": f"由{fact['source']['zh']}提供（{fact['as_of']}），无需上传",
                    "en": f"Provided by {fact['source']['en']} ({fact['as_of']}); no upload needed",
                },
                source_ref=f"registry:{material.registry_field}@{fact['as_of']}",
            )
    if material.licence_type:
        licence = _licence_held(context.applicant.ref, material.licence_type)
        if licence is not None:
            return MaterialLine(
                **base,
                source="LICENCE",
                why={
                    "zh": f"使用您已有的电子证照 {licence.identifier}，无需上传",
                    "en": f"Your electronic licence {licence.identifier} is used; no upload needed",
                },
                source_ref=f"licence:{licence.identifier}",
            )
    return MaterialLine(**base, source="MISSING", why=_why_upload(material))


def _uploaded(base: dict, attachment: AttachmentView) -> MaterialLine:
    return MaterialLine(
        **base,
        source="UPLOAD",
        why={"zh": "您已上传", "en": "Uploaded by you"},
        attachment_id=attachment.id,
        attachment_name=attachment.name,
        digest=attachment.sha256,
    )


def _licence_held(holder_ref: str, type_key: str):
    held = [item for item in licence_list(holder_ref) if item.type_key == type_key]
    return next((item for item in held if item.state in ("VALID", "EXPIRING")), None)


def _why_upload(material: Material) -> dict:
    if material.registry_field:
        return {
            "zh": "基础库中没有这份材料，请上传",
            "en": "The registry does not hold this document; please upload it",
        }
    if material.licence_type:
        return {
            "zh": "您的证照库中没有有效的这类证照，请上传",
            "en": "You hold no valid licence of this kind; please upload it",
        }
    return {
        "zh": "这份材料市里没有，请上传",
        "en": "The city does not hold this document; please upload it",
    }
