"""Writes of the registries (基础库): objections and their answers, and the sample loader."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, event_publish, purpose_use
from yiwang.resources.registries.corrections import value_correct
from yiwang.resources.registries.data import (
    PERSON_FIELDS,
    ChecksTooMany,
    Lineage,
    NotInRegistry,
    ObjectionAlreadyOpen,
    ObjectionAnswered,
    ObjectionView,
    SubjectView,
)
from yiwang.resources.registries.loading import (
    organisations_load,
    population_load,
    rows_amend,
)
from yiwang.resources.registries.models import (
    CheckCount,
    Enterprise,
    Household,
    Person,
    RegistryObjection,
)
from yiwang.resources.registries.queries import (
    OBJECTION,
    objection_get,
    objection_view,
    reads_own,
    supplier_find,
)
from yiwang.resources.registries.rules import (
    fields_check,
    fields_of,
    lineage_read,
    registry_of,
    source_of,
)
from yiwang.resources.registries.store import enterprise_row, master_current, person_row
from yiwang.resources.registries.subjects import MASKED_LEVEL, person_check, subject_get
from yiwang.sdk.errors import N_, Forbidden, Invalid
from yiwang.sdk.identifiers import person_ref_of

CLAIMED_MAX = 1000
# Verifications of one account in a minute; more is a search in disguise.
CHECKS_A_MINUTE, CHECKS_KEPT = 60, 60
NOTE_MAX = 4000


@action("resources.registries.objection_add")
def objection_add(
    subject_ref: str, field: str, *, shown: str, claimed: str, note: str, now: datetime
) -> ObjectionView:
    """Record that a value is wrong (数据异议) and send it to the department that supplied it.

    Only the subject itself may object. Raises UnknownField, Forbidden, Invalid (nothing claimed, too
    long), ObjectionAlreadyOpen, NotInRegistry. Announces `registries.objected`.
    """
    fields_check([field], fields_of(subject_ref))
    context = context_get()
    if not reads_own(context, subject_ref):
        raise Forbidden()
    claimed, note = _texts_check(claimed, note)
    row = _subject_row(subject_ref)
    function, _ = source_of(_lineage(row, subject_ref), fields_of(subject_ref)[field])
    department = supplier_find(function, row.area_code)
    objection = RegistryObjection(
        subject_ref=subject_ref,
        field=field,
        shown=shown[:CLAIMED_MAX],
        claimed=claimed,
        note=note,
        department_id=department.id if department else None,
        account_id=context.account_id,
        created_at=now,
    )
    with data_scope(purpose=OBJECTION, reason=subject_ref):
        try:
            with transaction.atomic():
                objection.save()
        except IntegrityError:
            raise ObjectionAlreadyOpen() from None
        objection.number = f"YY{timezone.localdate(now):%Y%m%d}{objection.pk:06d}"
        objection.save(update_fields=["number"])
    with purpose_use(OBJECTION):
        audit_record(
            f"objection:{objection.number}",
            person_ref=person_ref_of(subject_ref),
            detail={"fields": [field], "department_id": objection.department_id},
        )
    event_publish(
        "registries.objected",
        {
            "number": objection.number,
            "subject_ref": subject_ref,
            "field": field,
            "department_id": objection.department_id,
        },
        key=subject_ref,
    )
    return objection_view(objection)


@action("resources.registries.objection_answer", permission="resources.registries.objections")
def objection_answer(
    number: str, *, outcome: str, answer: str, corrected: str = "", now: datetime
) -> ObjectionView:
    """Answer an objection (答复异议) as data steward of the supplying department.

    outcome: CORRECTED sends `corrected` on its way, see `corrections`; it shows with the next version.
    KEPT leaves the value. Raises NotFound (another department's), Invalid, ObjectionAnswered.
    """
    view = objection_get(number)
    answer, corrected = answer.strip(), corrected.strip()
    problems = _answer_problems(view, outcome, answer, corrected)
    if problems:
        raise Invalid(fields=problems)
    with data_scope(purpose=OBJECTION, reason=number):
        changed = RegistryObjection.objects.filter(
            pk=view.id, state=RegistryObjection.State.OPEN
        ).update(
            state=RegistryObjection.State.ANSWERED,
            outcome=outcome,
            answer=answer,
            answered_at=now,
            answered_by=context_get().account_id,
        )
    if not changed:
        raise ObjectionAnswered()
    batch = None
    if outcome == RegistryObjection.Outcome.CORRECTED:
        batch = value_correct(view, _subject_row(view.subject_ref), corrected, now=now)
        with data_scope(purpose=OBJECTION, reason=number):
            RegistryObjection.objects.filter(pk=view.id).update(
                corrected=corrected[:CLAIMED_MAX],
                batch_number=batch,
                answered_master=master_current(registry_of(view.subject_ref)),
            )
    audit_record(
        f"objection:{number}",
        person_ref=person_ref_of(view.subject_ref),
        detail={"fields": [view.field], "outcome": outcome, "batch": batch},
    )
    event_publish(
        "registries.objection_answered",
        {
            "number": number,
            "subject_ref": view.subject_ref,
            "account_id": view.account_id,
            "title": view.title,
            "outcome": outcome,
        },
        key=view.subject_ref,
    )
    return objection_get(number)


@action("resources.registries.load")
def registries_load(
    *,
    households: Iterable[dict] = (),
    persons: Iterable[dict] = (),
    ties: Iterable[dict] = (),
    enterprises: Iterable[dict] = (),
    now: datetime,
) -> dict[str, int]:
    """Load registry rows in bulk (装载基础库): dicts of the models' columns; returns counts.

    For tests and samples; a city's registries come from `registry_publish`. People and ties make one
    version, legal persons another. References are given as `household_id`, `person_id`, `relative_id`;
    `sources`: see `rules.source_of`.
    """
    households, persons, ties, enterprises = map(list, (households, persons, ties, enterprises))
    with data_scope(purpose="REGISTRY_LOAD", reason="bulk load"):
        Household.objects.bulk_create([Household(**row) for row in households], batch_size=1000)
        population_load(persons, ties, now=now)
        organisations_load(enterprises, now=now)
    counts = {
        "households": len(households),
        "persons": len(persons),
        "ties": len(ties),
        "enterprises": len(enterprises),
    }
    audit_record("registries", detail={**counts, "at": now.isoformat()})
    return counts


@action("resources.registries.enterprise_amend")
def enterprise_amend(uscc: str, *, changes: dict, now: datetime) -> None:
    """Write what its registrar changed of an enterprise as a version of its own (登记变更入库).

    For cities where nothing feeds the registry; the version before keeps the old values. changes: column →
    value. Raises NotInRegistry.
    """
    row = enterprise_row(uscc)
    if row is None:
        raise NotInRegistry()
    with data_scope(purpose="REGISTRY_LOAD", reason=f"enterprise:{uscc}"):
        rows_amend([row], {**changes, "sources": {}}, now=now)
    audit_record(f"enterprise:{uscc}", detail={"fields": sorted(changes), "at": now.isoformat()})


@action("resources.registries.objection_read", permission="resources.registries.objections")
def objection_open(number: str) -> ObjectionView:
    """Open an objection as data steward (查看异议): the person sees that somebody did."""
    view = objection_get(number)
    audit_record(
        f"objection:{number}",
        person_ref=person_ref_of(view.subject_ref),
        detail={"fields": [view.field]},
    )
    return view


@action("registries.check", permission="resources.registries.check")
def person_verify(
    id_number: str, claims: dict[str, str], *, purpose: str, now: datetime
) -> dict[str, bool]:
    """Tell of each claim whether the registry says the same (核验): yes or no, never a value.

    claims: field → what somebody says, empty ones left out. Counted by account and minute. Raises
    ChecksTooMany, PurposeNeeded, UnknownField, Invalid (nothing to verify).
    """
    claims = {name: text for name, text in claims.items() if text.strip()}
    fields_check(list(claims), PERSON_FIELDS)
    if not id_number.strip() or not claims:
        raise Invalid(
            fields={"id_number": [N_("Give the identity number and at least one thing to verify.")]}
        )
    context = context_get()
    if context.population != "PROGRAM":  # the door has counted a system's calls already
        _check_count(context.account_id or 0, now)
    return person_check(id_number, claims, purpose=purpose)


@action("resources.registries.unmask", permission="resources.registries.unmask")
def subject_unmask(kind: str, key: str, *, reason: str, purpose: str) -> SubjectView:
    """Show one subject in full for a stated reason (查看明文); the person concerned sees that it happened.

    Raises Invalid without a reason, NotInRegistry, PurposeNeeded.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid(fields={"reason": [N_("Say why you need the full values.")]})
    view = subject_get(kind, key, purpose=purpose, unmasked=True)
    with purpose_use(purpose):
        audit_record(
            f"{kind}:{view.key}",
            person_ref=view.ref if kind == "person" else "",
            detail={
                "fields": [field.name for field in view.fields if field.level >= MASKED_LEVEL],
                "reason": reason[:500],
                "unmasked": True,
            },
        )
    return view


def _check_count(account_id: int, now: datetime) -> None:
    """Count a verification; refuse the next when an account has used up its minute."""
    limit = getattr(settings, "REGISTRY_CHECKS_A_MINUTE", CHECKS_A_MINUTE)
    minute = int(now.timestamp()) // 60
    row, _ = CheckCount.objects.get_or_create(account_id=account_id, minute=minute)
    if not CheckCount.objects.filter(pk=row.pk, count__lt=limit).update(count=F("count") + 1):
        raise ChecksTooMany(limit=limit)
    CheckCount.objects.filter(minute__lt=minute - CHECKS_KEPT).delete()


def _texts_check(claimed: str, note: str) -> tuple[str, str]:
    claimed, note = claimed.strip(), note.strip()
    problems = {}
    if not claimed:
        problems["claimed"] = [N_("Write what it should be.")]
    elif len(claimed) > CLAIMED_MAX:
        problems["claimed"] = [N_("This is longer than 1,000 characters. Please shorten it.")]
    if len(note) > NOTE_MAX:
        problems["note"] = [N_("This is longer than 4,000 characters. Please shorten it.")]
    if problems:
        raise Invalid(fields=problems)
    return claimed, note


def _answer_problems(
    view: ObjectionView, outcome: str, answer: str, corrected: str
) -> dict[str, list[str]]:
    problems = {}
    if outcome not in RegistryObjection.Outcome.values:
        problems["outcome"] = [N_("Choose a result.")]
    if not answer:
        problems["answer"] = [N_("Write the answer that the person will read.")]
    if outcome == RegistryObjection.Outcome.CORRECTED:
        if not view.correctable:
            problems["outcome"] = [
                N_("This field is corrected at its source only. Correct it there, then answer.")
            ]
        elif not corrected:
            problems["corrected"] = [N_("Write the corrected value.")]
    return problems


def _subject_row(subject_ref: str) -> Person | Enterprise:
    kind, _, key = subject_ref.partition(":")
    if kind == "enterprise":
        row = enterprise_row(key)
    else:
        with data_scope(purpose=OBJECTION, reason=subject_ref):
            row = person_row(key)
    if row is None:
        raise NotInRegistry()
    return row


def _lineage(row: Person | Enterprise, subject_ref: str) -> Lineage:
    return lineage_read(row.lineage, registry_of(subject_ref))
