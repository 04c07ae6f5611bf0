"""Documents of a draft and of an application (材料): uploaded, refused to be reused, promised, handed in later."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import attachment_get, attachment_put
from yiwang.hall.applications.data import MaterialLine
from yiwang.hall.applications.models import ApplicationMaterial, DraftMaterial, MaterialChoice
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import DraftContext, draft_context_get
from yiwang.hall.applications.queries.materials import CHOICE_KINDS, choice_text
from yiwang.hall.applications.rules import person_ref_of
from yiwang.hall.matters.data import MatterView
from yiwang.hall.promises.actions import promise_allowed, promises_begin, promises_make
from yiwang.hall.promises.data import (
    COMMITMENT,
    TOLERANT,
    BarTerms,
    Pledge,
    PromiseCase,
    PromiseView,
)
from yiwang.hall.promises.queries import bar_terms
from yiwang.hall.promises.rules import text_digest
from yiwang.kernel.api import action, audit_record, rows_insert
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.packs import Material

MB = 1024 * 1024
PROMISES = {"PROMISED": TOLERANT, "COMMITTED": COMMITMENT}


@dataclass(frozen=True, slots=True)
class Attached:
    """What became of an upload (上传结果). is_repeated: this very file stands on the line already.

    also_on: names of other lines of the draft that have the same file.
    """

    sha256: str
    is_repeated: bool
    also_on: tuple[dict, ...]


@action("hall.applications.material_attach")
def material_attach(draft_id: int, key: str, *, file, now: datetime) -> Attached:
    """Attach an uploaded document to a line of one's draft (上传材料), checked by its content.

    The same file twice on one line is kept once. Raises AttachmentRefused with what to do.
    """
    context = draft_context_get(draft_id)
    material = _material(context.matter, key)
    digest = _digest(file)
    same = _lines_with(draft_id, digest)
    titles = {one.key: one.title for one in context.matter.materials}
    also_on = tuple(titles[one] for one in same if one != key and one in titles)
    if key in same:
        audit_record(f"draft:{draft_id}", detail={"material": key, "repeated": digest})
        return Attached(digest, True, also_on)
    attachment = attachment_put(
        account_id=context.draft.account_id,
        file=file,
        accept=list(material.accept),
        max_bytes=material.max_mb * MB,
        now=now,
    )
    DraftMaterial.objects.update_or_create(
        draft_id=draft_id, key=key, defaults={"attachment_id": attachment.id}
    )
    audit_record(f"draft:{draft_id}", detail={"material": key, "sha256": attachment.sha256})
    return Attached(attachment.sha256, False, also_on)


def _material(matter: MatterView, key: str) -> Material:
    material = next((one for one in matter.materials if one.key == key), None)
    if material is None:
        raise Forbidden()
    return material


def _digest(file) -> str:
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def _lines_with(draft_id: int, digest: str) -> set[str]:
    """Find the lines of a draft that have a file with this content (重复文件)."""
    rows = DraftMaterial.objects.filter(draft_id=draft_id).values_list("key", "attachment_id")
    return {key for key, attachment_id in rows if attachment_get(attachment_id).sha256 == digest}


@action("hall.applications.material_detach")
def material_detach(draft_id: int, key: str) -> None:
    """Take a document off one's draft (移除材料)."""
    draft_context_get(draft_id)
    DraftMaterial.objects.filter(draft_id=draft_id, key=key).delete()
    audit_record(f"draft:{draft_id}", detail={"material_removed": key})


@action("hall.applications.material_choose")
def material_choose(draft_id: int, key: str, *, kind: str, now: datetime) -> None:
    """Choose for a line of one's draft (选择材料提供方式), or take the choice back.

    kind: UPLOAD (do not use what the city has), PROMISE (hand it in later, 容缺受理), COMMIT (a
    commitment instead, 告知承诺), "" to take it back. The words agreed to are kept with their digest.
    Raises ChoiceNotOffered, CommitmentBarred, PromiseBarred.
    """
    context = draft_context_get(draft_id)
    material = _material(context.matter, key)
    if not kind:
        MaterialChoice.objects.filter(draft_id=draft_id, key=key).delete()
        audit_record(f"draft:{draft_id}", detail={"material": key, "choice": ""})
        return
    text = choice_text(material, kind)
    if kind in CHOICE_KINDS:
        promise_allowed(CHOICE_KINDS[kind], context.applicant.ref, context.matter.code, now=now)
    digest = text_digest(text) if text else ""
    MaterialChoice.objects.update_or_create(
        draft_id=draft_id,
        key=key,
        defaults={"kind": kind, "text": text, "sha256": digest, "made_at": now},
    )
    audit_record(
        f"draft:{draft_id}",
        person_ref=person_ref_of(context.applicant.ref),
        detail={"material": key, "choice": kind, "sha256": digest},
    )


def reads_record(matter: MatterView, applicant_ref: str) -> None:
    """Write down that licences and earlier cases are looked through for a matter (材料核对读取).

    Once when the draft is opened, under the matter as purpose, as for the registry.
    """
    types = sorted({one.licence_type for one in matter.materials if one.licence_type})
    earlier = sorted(one.key for one in matter.materials if one.valid_days)
    if types or earlier:
        audit_record(
            f"materials:{applicant_ref}",
            act="hall.applications.materials_read",
            person_ref=person_ref_of(applicant_ref),
            detail={
                "purpose": f"办理{matter.title['zh']}",
                "licence_types": types,
                "earlier": earlier,
                "fields": [*types, *earlier],
            },
        )


def materials_keep(application, lines: list[MaterialLine]) -> None:
    """Write the documents of a submission with where each came from (登记申请材料)."""
    rows_insert(
        [
            ApplicationMaterial(
                application=application,
                key=line.key,
                title=line.title,
                source=line.source,
                attachment_id=line.attachment_id,
                digest=line.digest,
                source_ref=line.source_ref,
                document=line.document,
                as_of=line.as_of,
                why=line.why,
            )
            for line in lines
            if line.source != "MISSING"
        ]
    )


def promises_of_lines(
    application, context: DraftContext, lines: list[MaterialLine], *, now: datetime
) -> None:
    """Turn the promised lines of a submission into promises (登记承诺)."""
    if not any(line.source in PROMISES for line in lines):
        return
    materials = {one.key: one for one in context.matter.materials}
    chosen = {one.key: one for one in MaterialChoice.objects.filter(draft_id=context.draft.id)}
    terms = bar_terms()
    pledges = [
        _pledge(materials[line.key], PROMISES[line.source], chosen[line.key], terms)
        for line in lines
        if line.source in PROMISES
    ]
    subject = f"application:{application.number}"
    promises_make(
        PromiseCase(
            subject=subject,
            number=application.number,
            matter_code=application.matter_code,
            title=application.title,
            holder_ref=application.applicant_ref,
            holder_name=application.applicant_name,
            account_id=application.account_id,
            department_id=application.department_id,
        ),
        pledges,
        now=now,
    )
    if context.matter.spec.project_type == "1":  # accepted by being decided: the time runs at once
        promises_begin(subject, kinds=[TOLERANT], now=now)


def _pledge(
    material: Material, kind: str, choice: MaterialChoice, terms: Mapping[str, BarTerms]
) -> Pledge:
    follow, commitment = material.may_follow, material.commitment
    is_follow = kind == TOLERANT
    return Pledge(
        kind=kind,
        key=material.key,
        title=material.title,
        text=choice.text,
        sha256=choice.sha256,
        days=follow.days if is_follow else commitment.check_days,
        consequence=follow.consequence if is_follow else "REVOKE",
        made_at=choice.made_at,
        legal_basis="" if is_follow else commitment.legal_basis,
        accept=material.accept,
        max_mb=material.max_mb,
        bar=terms.get(kind),
    )


def material_follow(promise: PromiseView, attachment_id: int, sha256: str, now: datetime) -> None:
    """Add a document that followed to its application (补交材料入件); part of the act of handing in."""
    application = application_rows("补交材料").get(number=promise.number)
    rows = ApplicationMaterial.objects.filter(application=application, key=promise.key)
    previous = rows.order_by("-version").first()
    ApplicationMaterial.objects.create(
        application=application,
        key=promise.key,
        title=promise.item,
        source="UPLOAD",
        attachment_id=attachment_id,
        digest=sha256,
        document=previous.document if previous else "",
        as_of=timezone.localtime(now).date(),
        why={"zh": "承诺后补交", "en": "Handed in later, as promised"},
        version=previous.version + 1 if previous else 1,
    )
