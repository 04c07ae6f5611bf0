"""Opening a draft and throwing it away (草稿)."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import DraftView, draft_close, draft_discard, draft_open, form_get
from yiwang.hall.applications import rules
from yiwang.hall.applications.actions.materials import reads_record
from yiwang.hall.applications.data import Applicant
from yiwang.hall.applications.errors import MatterNotOnline, NotEligible, WrongApplicant
from yiwang.hall.applications.filing import OWN, Filing
from yiwang.hall.applications.models import DraftCase, DraftMaterial, MaterialChoice
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.applications.queries.prefill import reuse_prefill
from yiwang.hall.applications.rulings import eligibility_require
from yiwang.hall.matters.data import MatterView
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.matters.rules import applicant_kinds
from yiwang.hall.parties.actions import parties_forget
from yiwang.hall.parties.queries import fields_of
from yiwang.hall.parties.rules import without
from yiwang.kernel.api import action, audit_record, context_get, rows_delete
from yiwang.resources.api import enterprise_values, person_values
from yiwang.sdk.errors import SignInNeeded
from yiwang.sdk.expressions import compile as expression_compile

# GB/T 39046-2020 A.4: 1 is the natural person, the others are organisations.
ALWAYS_READ = {
    "person": ("name", "id_number", "birth_date", "sex", "area_code"),
    "enterprise": ("name", "uscc", "area_code", "legal_representative"),
}


@action("hall.applications.draft_begin")
def draft_begin(matter_code: str, *, now: datetime, filing: Filing = OWN) -> int:
    """Open a draft for a matter (开始填报), or go on with the open one; return its id.

    The applicant is the context's subject; who files for another calls `draft_begin_for`. The registry is
    read once, under the matter as purpose; what it says is prefilled with source and date, and so is what licences and
    the last granted case say, but not on pages of other parties. Raises MatterNotOnline, WrongApplicant, NotEligible, SignInNeeded.
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
        purpose_key=f"matter:{matter.code}:{applicant.ref}{filing.suffix}",
        form_version_id=matter.form_version_id,
        prefill=without(
            {
                **prefill_of(matter.form_version_id, applicant),
                **reuse_prefill(matter, applicant.ref, filing=filing, now=now),
            },
            fields_of(matter.form_version_id, matter.spec.parties),
        ),
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
            **filing.columns,
            "read_at": now,
        },
    )
    reads_record(matter, applicant.ref)
    audit_record(
        f"draft:{draft.id}",
        detail={"matter": matter.code, "channel": filing.channel},
        person_ref=rules.person_ref_of(applicant.ref),
    )
    return draft.id


def _kind_of_subject(matter: MatterView) -> str:
    context = context_get()
    if context.population == "ANONYMOUS":
        raise SignInNeeded()
    kind = context.subject_ref.partition(":")[0]
    if kind in applicant_kinds(matter.spec.service_objects):
        return kind
    raise WrongApplicant(title=matter.title)


def _applicant_read(matter: MatterView, *, kind: str) -> Applicant:
    sources = [
        *form_get(matter.form_version_id).prefills.values(),
        *(material.registry_field for material in matter.materials if material.registry_field),
    ]
    return applicant_read(kind, sources=sources, purpose=f"办理{matter.title['zh']}")


def applicant_read(kind: str, *, sources: Iterable[str], purpose: str) -> Applicant:
    """Read the acting subject from the registry (读取申请人), audited with its purpose.

    kind: person or enterprise; sources: registry fields such as "person.phone", others are passed over.
    """
    ref = context_get().subject_ref
    wanted = set(ALWAYS_READ[kind])
    for source in sources:
        owner, _, name = source.partition(".")
        if owner == kind:
            wanted.add(name)
    read = person_values if kind == "person" else enterprise_values
    values = read(ref.partition(":")[2], sorted(wanted), purpose=purpose)
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


def prefill_of(form_version_id: int, applicant: Applicant) -> dict:
    """Return what the registry fills into a form (预填): field → value with source and date."""
    prefill = {}
    for field, source in form_get(form_version_id).prefills.items():
        owner, _, name = source.partition(".")
        fact = applicant.facts.get(name) if owner == applicant.kind else None
        if fact and fact["value"] not in (None, ""):
            prefill[field] = {**fact, "registry_field": name}
    return prefill


def _eligibility_check(matter: MatterView, applicant: Applicant, *, now: datetime) -> None:
    rule = matter.spec.eligibility
    names = applicant.names(timezone.localtime(now).date())
    if rule.when and not expression_compile(rule.when).evaluate(names):
        raise NotEligible(title=matter.title, condition={"zh": rule.zh, "en": rule.en})
    eligibility_require(matter, applicant, now=now)


@action("hall.applications.draft_discard")
def draft_drop(draft_id: int, *, now: datetime) -> None:
    """Throw one's draft away (删除草稿)."""
    context = draft_context_get(draft_id)
    draft_forget(draft_id)
    audit_record(f"draft:{draft_id}", detail={"matter": context.matter.code})


def draft_forget(draft_id: int) -> None:
    """Delete a draft that is dropped (清除草稿), with all that was read and attached for it."""
    parties_forget(draft_id)
    draft_discard(draft_id)
    _case_delete(draft_id)


def draft_submitted(draft: DraftView) -> None:
    """Delete a draft that has become an application (草稿转申请); `Conflict` when it was typed in since it was read."""
    draft_close(draft)
    _case_delete(draft.id)


def _case_delete(draft_id: int) -> None:
    for model in (DraftCase, DraftMaterial, MaterialChoice):
        rows_delete(model, known={"draft_id": draft_id})
