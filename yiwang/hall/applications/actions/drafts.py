"""Opening a draft and attaching documents (草稿)."""

from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import attachment_put, draft_discard, draft_open, form_get
from yiwang.hall.applications import rules
from yiwang.hall.applications.data import Applicant
from yiwang.hall.applications.errors import MatterNotOnline, NotEligible, WrongApplicant
from yiwang.hall.applications.models import DraftCase, DraftMaterial
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.queries import matter_get
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.resources.api import enterprise_values, person_values
from yiwang.sdk.errors import Forbidden, SignInNeeded
from yiwang.sdk.expressions import compile as expression_compile

# GB/T 39046-2020 A.4: 1 is the natural person, the others are organisations.
PERSON_OBJECT = "1"
ALWAYS_READ = {
    "person": ("name", "id_number", "birth_date", "sex", "area_code"),
    "enterprise": ("name", "uscc", "area_code", "legal_representative"),
}


@action("hall.applications.draft_begin")
def draft_begin(matter_code: str, *, now: datetime) -> int:
    """Open one's draft for a matter (开始填报), or go on with the open one; return its id.

    The registry is read once, under the matter as purpose; what it says is prefilled with source and
    date. Raises MatterNotOnline, WrongApplicant, NotEligible, SignInNeeded.
    """
    context = context_get()
    matter = matter_get(matter_code)
    if not matter.can_apply:
        raise MatterNotOnline(title=matter.title)
    kind = _kind_of_subject(matter)
    applicant = _applicant_read(matter, kind=kind)
    _eligibility_check(matter, applicant, now=now)
    draft = draft_open(
        account_id=context.account_id,
        purpose_key=f"matter:{matter.code}:{applicant.ref}",
        form_version_id=matter.form_version_id,
        prefill=_prefill(matter, applicant),
        now=now,
    )
    DraftCase.objects.update_or_create(
        draft_id=draft.id,
        defaults={
            "matter_version_id": matter.version_id,
            "applicant_ref": applicant.ref,
            "applicant_name": applicant.name,
            "applicant_number": applicant.number,
            "area_code": applicant.area_code,
            "facts": dict(applicant.facts),
            "read_at": now,
        },
    )
    audit_record(
        f"draft:{draft.id}",
        detail={"matter": matter.code},
        person_ref=rules.person_ref_of(applicant.ref),
    )
    return draft.id


def _kind_of_subject(matter: MatterView) -> str:
    context = context_get()
    if context.population == "ANONYMOUS":
        raise SignInNeeded()
    kind = context.subject_ref.partition(":")[0]
    wants_person = PERSON_OBJECT in matter.spec.service_objects
    wants_organisation = any(item != PERSON_OBJECT for item in matter.spec.service_objects)
    if (kind == "person" and wants_person) or (kind == "enterprise" and wants_organisation):
        return kind
    raise WrongApplicant(title=matter.title)


def _applicant_read(matter: MatterView, *, kind: str) -> Applicant:
    ref = context_get().subject_ref
    wanted = set(ALWAYS_READ[kind])
    for source in (
        *form_get(matter.form_version_id).prefills.values(),
        *(material.registry_field for material in matter.materials if material.registry_field),
    ):
        owner, _, name = source.partition(".")
        if owner == kind:
            wanted.add(name)
    read = person_values if kind == "person" else enterprise_values
    values = read(ref.partition(":")[2], sorted(wanted), purpose=f"办理{matter.title['zh']}")
    facts = {
        name: {
            "value": value.value,
            "source": value.source,
            "department_id": value.department_id,
            "as_of": value.as_of.isoformat(),
        }
        for name, value in values.items()
    }
    number = facts["id_number" if kind == "person" else "uscc"]["value"]
    return Applicant(
        kind=kind,
        ref=ref,
        name=facts["name"]["value"],
        number=number,
        area_code=facts["area_code"]["value"],
        facts=facts,
    )


def _prefill(matter: MatterView, applicant: Applicant) -> dict:
    prefill = {}
    for field, source in form_get(matter.form_version_id).prefills.items():
        owner, _, name = source.partition(".")
        fact = applicant.facts.get(name) if owner == applicant.kind else None
        if fact and fact["value"] not in (None, ""):
            prefill[field] = {**fact, "registry_field": name}
    return prefill


def _eligibility_check(matter: MatterView, applicant: Applicant, *, now: datetime) -> None:
    rule = matter.spec.eligibility
    if not rule.when:
        return
    names = applicant.names(timezone.localtime(now).date())
    if not expression_compile(rule.when).evaluate(names):
        raise NotEligible(title=matter.title, condition={"zh": rule.zh, "en": rule.en})


@action("hall.applications.material_attach")
def material_attach(draft_id: int, key: str, *, file, now: datetime) -> None:
    """Attach an uploaded document to a line of one's draft (上传材料), checked by its content."""
    context = draft_context_get(draft_id)
    material = next((m for m in context.matter.materials if m.key == key), None)
    if material is None:
        raise Forbidden()
    attachment = attachment_put(
        account_id=context.draft.account_id,
        file=file,
        accept=list(material.accept),
        max_bytes=material.max_mb * 1024 * 1024,
        now=now,
    )
    DraftMaterial.objects.update_or_create(
        draft_id=draft_id, key=key, defaults={"attachment_id": attachment.id}
    )
    audit_record(f"draft:{draft_id}", detail={"material": key, "sha256": attachment.sha256})


@action("hall.applications.material_detach")
def material_detach(draft_id: int, key: str) -> None:
    """Take a document off one's draft (移除材料)."""
    draft_context_get(draft_id)
    DraftMaterial.objects.filter(draft_id=draft_id, key=key).delete()
    audit_record(f"draft:{draft_id}", detail={"material_removed": key})


@action("hall.applications.draft_discard")
def draft_drop(draft_id: int, *, now: datetime) -> None:
    """Throw one's draft away (删除草稿)."""
    context = draft_context_get(draft_id)
    draft_forget(draft_id)
    audit_record(f"draft:{draft_id}", detail={"matter": context.matter.code})


def draft_forget(draft_id: int) -> None:
    """Delete a draft with all that was read and attached for it, dropped or submitted."""
    draft_discard(draft_id)
    DraftCase.objects.filter(draft_id=draft_id).delete()
    DraftMaterial.objects.filter(draft_id=draft_id).delete()
