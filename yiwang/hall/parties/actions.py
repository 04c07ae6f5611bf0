"""What several parties do (多方申请): invite, join as oneself, fill in, confirm; submission binds them all."""

from datetime import datetime

from django.db import IntegrityError, transaction

from yiwang.engines.api import draft_discard, draft_get, draft_open, form_get
from yiwang.hall.parties.data import JointDraft, OwnPart, PartView
from yiwang.hall.parties.errors import (
    PartiesFull,
    PartyClosed,
    PartyCodeWrong,
    PartyIncomplete,
    PartyNameMissing,
    PartyTwice,
    PartyUnknown,
)
from yiwang.hall.parties.models import PartyCase, PartyPart
from yiwang.hall.parties.queries import (
    PURPOSE,
    case_rows,
    digest_now,
    fields_of,
    first_values,
    own_part_view,
    own_row,
    own_state,
    own_values,
    part_rows,
    part_view,
    party_of,
)
from yiwang.identity.api import account_get
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    event_publish,
)
from yiwang.resources.api import enterprise_get, enterprise_values, person_values
from yiwang.sdk.identifiers import normalise, person_ref_of, spoken_code
from yiwang.sdk.packs import Party

ENDS = frozenset({"APPROVED", "REFUSED", "NOT_ACCEPTED", "WITHDRAWN"})


@action("hall.parties.invite")
def party_invite(draft: JointDraft, *, key: str, name: str, now: datetime) -> PartView:
    """Invite a party to one's draft (邀请当事人) by a code told to them; the caller has checked the draft.

    Raises PartyUnknown (no such party), PartiesFull, PartyNameMissing.
    """
    party = next((one for one in draft.parties if one.key == key), None)
    if party is None:
        raise PartyUnknown()
    name = name.strip()[:160]
    if len(name) < 2:  # noqa: PLR2004 - the shortest name
        raise PartyNameMissing(fields={"name": [str(PartyNameMissing())]})
    case, _is_new = case_rows().get_or_create(
        draft_id=draft.draft_id,
        defaults={
            "matter_version_id": draft.matter.version_id,
            "form_version_id": draft.form_version_id,
            "title": draft.matter.title,
            "applicant_ref": draft.applicant_ref,
            "applicant_name": draft.applicant_name,
        },
    )
    case_rows().select_for_update().get(pk=case.pk)
    if part_rows().filter(case=case, key=key).count() >= party.max:
        raise PartiesFull(title=draft.matter.title)
    part = part_rows().create(
        case=case,
        key=key,
        title=party.title,
        kind=party.kind,
        name=name,
        code=spoken_code(),
        invited_at=now,
    )
    audit_record(f"draft:{draft.draft_id}", detail={"party": key, "part": part.pk})
    return part_view(part, party)


@action("hall.parties.remove")
def party_remove(draft: JointDraft, part_id: int) -> None:
    """Take a party off one's draft (移除当事人); what they entered is deleted. Raises PartyUnknown."""
    part = part_rows().filter(case__draft_id=draft.draft_id, pk=part_id).first()
    if part is None:
        raise PartyUnknown()
    _part_forget(part)
    part.delete()
    audit_record(f"draft:{draft.draft_id}", detail={"part_removed": part_id})


@action("hall.parties.join")
def party_join(code: str, *, now: datetime) -> OwnPart:
    """Join an application as oneself (加入申请), with the code one was told; the registry fills in what it knows.

    Raises PartyCodeWrong, PartyTwice.
    """
    context = context_get()
    rows = part_rows().select_for_update(of=("self",)).filter(code=normalise(code)[:12], ref="")
    part = rows.first()
    if part is None or part.case.state != "DRAFT" or not _is_meant(part):
        raise PartyCodeWrong()
    if part.case.applicant_ref == context.subject_ref:
        raise PartyTwice()
    party = party_of(part.case.matter_version_id, part.key)
    part.ref, part.account_id, part.joined_at = context.subject_ref, context.account_id, now
    draft = draft_open(
        account_id=context.account_id,
        purpose_key=f"party:{part.pk}",
        form_version_id=part.case.form_version_id,
        prefill=_prefill(part, party),
        now=now,
    )
    part.draft_id = draft.id
    try:
        with transaction.atomic():
            part.save(update_fields=["ref", "account_id", "joined_at", "draft_id"])
    except IntegrityError:
        raise PartyTwice() from None
    _audit(part, {"joined": True})
    return own_part_view(part)


def _is_meant(part: PartyPart) -> bool:
    """Tell whether the acting subject is of the kind and name that the invitation says (是否受邀人)."""
    context = context_get()
    kind, _sep, key = context.subject_ref.partition(":")
    if kind != part.kind:
        return False
    if kind == "enterprise":
        return enterprise_get(key).name == part.name
    return account_get(context.account_id).name == part.name


def _prefill(part: PartyPart, party: Party) -> dict:
    kind, _sep, key = part.ref.partition(":")
    fields = fields_of(part.case.form_version_id, (party,))
    wanted = {
        field: source.partition(".")[2]
        for field, source in form_get(part.case.form_version_id).prefills.items()
        if field in fields and source.partition(".")[0] == kind
    }
    if not wanted:
        return {}
    read = person_values if kind == "person" else enterprise_values
    found = read(key, sorted(set(wanted.values())), purpose=f"办理{part.case.title['zh']}")
    return {
        field: {
            "value": found[name].value,
            "source": found[name].source,
            "department_id": found[name].department_id,
            "as_of": found[name].as_of.isoformat(),
            "registry_field": name,
        }
        for field, name in wanted.items()
        if found[name].value not in (None, "")
    }


@action("hall.parties.confirm")
def party_confirm(part_id: int, *, now: datetime) -> PartView:
    """Confirm one's part and what the applicant entered (确认): the digest of both is kept.

    Whatever is changed afterwards, by either, makes the confirmation void. Raises PartyIncomplete, PartyClosed.
    """
    part = own_row(part_id, lock=True)
    if part.case.state != "DRAFT":
        raise PartyClosed()
    party = party_of(part.case.matter_version_id, part.key)
    state = own_state(own_part_view(part), draft_get(part.draft_id))
    if state.errors:
        raise PartyIncomplete(fields=state.errors)
    first = first_values(part.case)
    part.digest = digest_now(part, party, first=first)
    part.confirmed_at = now
    part.save(update_fields=["digest", "confirmed_at"])
    _audit(part, {"digest": part.digest})
    return part_view(part, party, first=first)


# --- called by the application -------------------------------------------------------------------


def parties_submitted(draft_id: int, number: str) -> None:
    """Bind the parties to the submitted application (提交), in its transaction: what they confirmed is kept."""
    case = case_rows().select_for_update().filter(draft_id=draft_id).first()
    if case is None:
        return
    for part in part_rows().filter(case=case):
        party = party_of(case.matter_version_id, part.key)
        part.values = own_values(part, party)
        _part_forget(part)
        part.save(update_fields=["values", "draft_id"])
    case.draft_id, case.number, case.state = None, number, PartyCase.State.SUBMITTED
    case.save(update_fields=["draft_id", "number", "state"])


def parties_forget(draft_id: int) -> None:
    """Delete what the parties of a dropped draft entered (清除多方草稿), in the same transaction."""
    for part in part_rows().filter(case__draft_id=draft_id):
        _part_forget(part)
    case_rows().filter(draft_id=draft_id).delete()


def _part_forget(part: PartyPart) -> None:
    if part.draft_id is not None:
        with context_use(context_system(PURPOSE)):
            draft_discard(part.draft_id)
        part.draft_id = None


@action("hall.parties.follow")
def parties_follow(number: str, *, state: str, document_number: str = "") -> None:
    """Let the parties see where the application stands (办理进度), and tell them of its end."""
    case = case_rows().filter(number=number).first()
    if case is None or case.state == state:
        audit_record(f"application:{number}", detail={"parties": 0})
        return
    case.state, case.document_number = state, document_number or case.document_number
    case.save(update_fields=["state", "document_number"])
    parts = list(part_rows().filter(case=case, account_id__isnull=False))
    for part in parts:
        if state in ENDS:
            event_publish(
                "party.ended",
                {
                    "account_id": part.account_id,
                    "number": number,
                    "title": case.title,
                    "part_id": part.pk,
                },
                key=f"party:{part.pk}",
            )
    audit_record(f"application:{number}", detail={"parties": len(parts), "state": state})


def _audit(part: PartyPart, detail: dict) -> None:
    audit_record(f"party:{part.pk}", person_ref=person_ref_of(part.ref), detail=detail)
