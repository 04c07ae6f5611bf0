"""What several parties do (多方申请): invite, join as oneself, fill in, confirm; submission binds them all."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from yiwang.engines.api import (
    attachment_hand_over,
    draft_difference_errors,
    draft_discard,
    draft_get,
    draft_open,
    draft_save,
    form_get,
)
from yiwang.hall.parties.data import JointDraft, OwnPart, PartView, Presence
from yiwang.hall.parties.errors import (
    PartiesFull,
    PartyClosed,
    PartyCodeWrong,
    PartyDisputed,
    PartyIncomplete,
    PartyNameMissing,
    PartyNumberWrong,
    PartyTwice,
    PartyUnknown,
)
from yiwang.hall.parties.identifying import number_is_sound, subject_identify
from yiwang.hall.parties.links import link_make, link_rows, links_end_tell
from yiwang.hall.parties.models import PartyCase, PartyPart
from yiwang.hall.parties.queries import (
    PURPOSE,
    around_values,
    case_rows,
    digest_now,
    fields_of,
    first_values,
    is_typed_at,
    own_part_view,
    own_row,
    own_state,
    own_values,
    part_rows,
    part_view,
    party_of,
    taking_part,
)
from yiwang.identity.api import account_get, account_list, agent_list, delegation_use_record
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

INVITING = "邀请共同办理核验身份"
ENDS = frozenset({"APPROVED", "REFUSED", "NOT_ACCEPTED", "WITHDRAWN", "TERMINATED"})


@action("hall.parties.invite")
def party_invite(
    draft: JointDraft,
    *,
    key: str,
    name: str,
    now: datetime,
    number: str = "",
    phone: str = "",
    by_link: bool = False,
) -> PartView:
    """Invite a party to one's draft (邀请当事人) by a code told to them; the caller has checked the draft.

    number: of their identity document or their credit code. With it whoever it is, and nobody else, may take
    part, finds the invitation in their space and is told; the applicant sees the same whether or not such a
    person exists or has an account. phone: a link is sent there; by_link: to the phone of the enterprise's registry
    entry. Raises PartyUnknown (no such party), PartiesFull, PartyNameMissing, PartyNumberWrong, PartyPhoneWrong,
    PartyPhoneUnknown, ChecksTooMany.
    """
    party = next((one for one in draft.parties if one.key == key), None)
    if party is None:
        raise PartyUnknown()
    name, number = name.strip()[:160], normalise(number)
    if len(name) < 2:  # noqa: PLR2004 - the shortest name
        raise PartyNameMissing(fields={"name": [str(PartyNameMissing())]})
    if number and not number_is_sound(party.kind, number):
        raise PartyNumberWrong(fields={"number": [str(PartyNumberWrong())]})
    case = _case_of(draft)
    if taking_part(case).filter(key=key).count() >= party.max:
        raise PartiesFull(title=draft.matter.title)
    meant = ""
    if number:
        meant = subject_identify(party.kind, number, name, purpose=INVITING, now=now)
    part = part_rows().create(
        case=case,
        key=key,
        title=party.title,
        kind=party.kind,
        name=name,
        code=spoken_code(),
        by_number=bool(number),
        meant_ref=meant,
        invited_at=now,
    )
    _invited_tell(part, now=now)
    link = link_make(part, phone=phone, now=now) if phone or by_link else None
    detail = {"party": key, "part": part.pk, "link": link and link.pk}
    audit_record(f"draft:{draft.draft_id}", detail=detail)
    return part_view(part, party)


def _case_of(draft: JointDraft) -> PartyCase:
    """Return the locked case of a draft (多方申请), made with the first invitation."""
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
    return case_rows().select_for_update().get(pk=case.pk)


def _invited_tell(part: PartyPart, *, now: datetime) -> None:
    """Tell who was invited by number, where they have an account (邀请通知)."""
    for account_id in _accounts_of(part.meant_ref, now=now):
        event_publish(
            "party.invited",
            {
                "account_id": account_id,
                "part_id": part.pk,
                "title": part.case.title,
                "name": part.case.applicant_name,
                "link": reverse("hall_parties:mine"),
            },
            key=f"party:{part.pk}",
        )


def _accounts_of(ref: str, *, now: datetime) -> list[int]:
    if not ref:
        return []
    if ref.startswith("enterprise:"):
        return [one.id for one in agent_list(ref, timezone.localdate(now))]
    return [one.id for one in account_list(subject_ref=ref) if one.population == "CITIZEN"]


@action("hall.parties.link_send")
def party_link_send(draft: JointDraft, part_id: int, *, now: datetime, phone: str = "") -> None:
    """Send a party of one's draft a link to their phone (发送短信链接), or another one; those before hold no longer.

    Raises PartyUnknown, PartyPhoneWrong, PartyPhoneUnknown, PartyLinkNeedless, PartyLinksTooMany.
    """
    rows = part_rows().select_for_update(of=("self",))
    part = rows.filter(case__draft_id=draft.draft_id, pk=part_id).first()
    if part is None:
        raise PartyUnknown()
    link = link_make(part, phone=phone, now=now)
    audit_record(f"draft:{draft.draft_id}", detail={"part": part_id, "link": link.pk})


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
def party_join(code: str, *, now: datetime, at: Presence | None = None) -> OwnPart:
    """Join an application as oneself (加入申请), with the code one was told; the registry fills in what it knows.

    at: at a window, where a clerk has identified the party and acts for them. Raises PartyCodeWrong, PartyTwice.
    """
    return _join(_open_invitations().filter(code=normalise(code)[:12]).first(), at=at, now=now)


@action("hall.parties.accept")
def party_accept(part_id: int, *, now: datetime, at: Presence | None = None) -> OwnPart:
    """Accept an invitation that was meant for oneself by number (接受邀请); no code is needed.

    Raises PartyCodeWrong, PartyTwice.
    """
    return _join(_open_invitations().filter(pk=part_id, by_number=True).first(), at=at, now=now)


@action("hall.parties.join_by_link")
def party_join_meant(part_id: int, *, now: datetime, at: Presence) -> OwnPart:
    """Join as who came by the link that was sent for this part (凭链接加入); the caller has identified them.

    Raises PartyCodeWrong, PartyTwice.
    """
    return _join(_open_invitations().filter(pk=part_id).first(), at=at, now=now)


def _open_invitations():  # noqa: ANN202 - a queryset of this room
    rows = part_rows().select_for_update(of=("self",))
    return rows.filter(ref="", declined_at__isnull=True)


def _join(part: PartyPart | None, *, at: Presence | None, now: datetime) -> OwnPart:
    context = context_get()
    if part is None or part.case.state != "DRAFT" or not _is_meant(part, at):
        raise PartyCodeWrong()
    if part.case.applicant_ref == context.subject_ref:
        raise PartyTwice()
    part.ref, part.joined_at = context.subject_ref, now
    _part_open(part, at=at, now=now)
    try:
        with transaction.atomic():
            part.save(
                update_fields=["ref", "account_id", "joined_at", "draft_id", "visit_id", "link_id"]
            )
    except IntegrityError:
        raise PartyTwice() from None
    _audit(part, {"joined": True, "visit": part.visit_id})
    return own_part_view(part, at=at)


def _part_open(part: PartyPart, *, at: Presence | None, now: datetime) -> None:
    """Open the draft of a part for who types it (打开当事人草稿): the party, the clerk at the window, nobody's account."""
    account_id = context_get().account_id
    party = party_of(part.case.matter_version_id, part.key)
    draft = draft_open(
        account_id=account_id,
        purpose_key=f"party:{part.pk}",
        form_version_id=part.case.form_version_id,
        prefill=_prefill(part, party),
        now=now,
    )
    if part.values:
        given = {**draft.values, **part.values}
        draft_save(draft.id, values=given, page="", revision=draft.revision, now=now)
    part.account_id = at.account_id if at else account_id
    part.visit_id = at.visit_id if at else None
    part.link_id = at.link_id if at else None
    part.draft_id = draft.id


@action("hall.parties.resume")
def party_resume(part_id: int, *, now: datetime, at: Presence | None = None) -> OwnPart:
    """Open one's part again to change it (修改我的部分): on line, by link, or at another visit to a window.

    What is confirmed stands until something is changed. Raises PartyUnknown, PartyClosed.
    """
    part = own_row(part_id, lock=True)
    if part.case.state != "DRAFT":
        raise PartyClosed()
    if part.draft_id is not None and not is_typed_at(part, at):
        part.values = own_values(part, party_of(part.case.matter_version_id, part.key))
        _part_forget(part)
    if part.draft_id is None:
        _part_open(part, at=at, now=now)
        part.save(update_fields=["account_id", "draft_id", "visit_id", "link_id", "values"])
    _audit(part, {"resumed": True, "visit": part.visit_id, "link": part.link_id})
    return own_part_view(part, at=at)


def _is_meant(part: PartyPart, at: Presence | None) -> bool:
    """Tell whether the acting subject is of the kind and name that the invitation says (是否受邀人)."""
    context = context_get()
    kind, _sep, key = context.subject_ref.partition(":")
    if kind != part.kind:
        return False
    if part.by_number:
        return part.meant_ref == context.subject_ref
    if kind == "enterprise":
        return enterprise_get(key).name == part.name
    name = at.name if at else account_get(context.account_id).name
    return name == part.name


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
def party_confirm(part_id: int, *, now: datetime, at: Presence | None = None) -> PartView:
    """Confirm one's part and what the applicant entered (确认): the digest of both is kept.

    It is judged with what of the other pages decides on it. Whatever is changed afterwards, by either, makes the
    confirmation void. At a window the clerk has read it
    back; then the clerk's draft is gone and what was confirmed stays with the part. Raises PartyIncomplete,
    PartyDisputed while what two devices typed differs, PartyClosed.
    """
    part = own_row(part_id, lock=True)
    if part.case.state != "DRAFT":
        raise PartyClosed()
    party = party_of(part.case.matter_version_id, part.key)
    own = own_part_view(part, at=at, around=around_values(part))
    draft = draft_get(own.draft_id) if own.draft_id else None
    if draft and (differing := draft_difference_errors(draft)):
        raise PartyDisputed(fields=differing)
    state = own_state(own, draft)
    if state.errors:
        raise PartyIncomplete(fields=state.errors)
    first = first_values(part.case)
    part.digest = digest_now(part, party, first=first)
    part.confirmed_at = now
    part.confirmed_by = context_get().name if at and at.is_window else ""
    part.confirmed_link_id = at.link_id if at else None
    part.signed_name, part.signed_as = (
        (at.by_name, at.capacity) if at and at.by_name else (None, None)
    )
    if at and at.is_window:
        part.values = own_values(part, party)
        _files_hand_over(part)
        _part_forget(part)
    part.save(
        update_fields=[
            "digest",
            "confirmed_at",
            "confirmed_by",
            "confirmed_link_id",
            "signed_name",
            "signed_as",
            "values",
            "draft_id",
        ]
    )
    detail = {"at_window": part.confirmed_by, "link": part.confirmed_link_id}
    if at and at.delegation_id:
        delegation_use_record(
            at.delegation_id,
            act="CONFIRM",
            subject=f"party:{part.pk}",
            title=part.case.title,
            now=now,
        )
    _audit(part, {"digest": part.digest, **detail})
    return part_view(part, party, first=first)


def _files_hand_over(part: PartyPart) -> None:
    """Let the files of a part belong to the party, not to the clerk who took them in (移交附件)."""
    texts = [one for one in part.values.values() if isinstance(one, str)]
    found = [text.partition(":")[2] for text in texts if text.startswith("attachment:")]
    if held := [int(one) for one in found if one.isdecimal()]:
        attachment_hand_over(held, account_id=part.account_id)


@action("hall.parties.withdraw")
def party_withdraw(part_id: int, *, now: datetime) -> None:
    """Take no part, or no longer (退出共同办理): what one entered is deleted, and the applicant is told.

    As long as the application is a draft. Raises PartyUnknown, PartyClosed.
    """
    part = own_row(part_id, lock=True)
    if part.case.state != "DRAFT":
        raise PartyClosed()
    _audit(part, {"withdrawn": True})
    party_withdraw_row(part, now=now)


def party_withdraw_row(part: PartyPart, *, now: datetime) -> None:
    """Note that a party takes no part (退出), in the caller's act; the invitation and its links end."""
    part_clear(part)
    part.declined_at = now
    part.save()
    link_rows().filter(part=part, ended_at__isnull=True).update(ended_at=now, entry_digest="")
    for account_id in _accounts_of(part.case.applicant_ref, now=now):
        event_publish(
            "party.declined",
            {
                "account_id": account_id,
                "draft_id": part.case.draft_id,
                "title": part.case.title,
                "party": part.title,
                "name": part.name,
            },
            key=f"party:{part.pk}",
        )


def part_clear(part: PartyPart) -> None:
    """Delete what a party entered and confirmed (清除当事人内容): an invitation again; the caller saves it."""
    _part_forget(part)
    part.ref, part.account_id, part.joined_at = "", None, None
    part.visit_id, part.link_id, part.values = None, None, {}
    part.digest, part.confirmed_at = "", None
    part.confirmed_by, part.confirmed_link_id = "", None
    part.signed_name, part.signed_as = None, None


def parties_leave(visit_ids: list[int]) -> None:
    """Throw away what was typed at visits that end and not confirmed (来访结束清除); the invitations hold on."""
    for part in part_rows().filter(visit_id__in=visit_ids, draft_id__isnull=False):
        if part.case.state != "DRAFT":
            continue
        _part_forget(part)
        if not part.values:  # begun at this visit
            part.ref, part.account_id, part.joined_at = "", None, None
        part.visit_id = None
        part.save(update_fields=["draft_id", "ref", "account_id", "joined_at", "visit_id"])


# --- called by the application -------------------------------------------------------------------


def parties_submitted(draft_id: int, number: str) -> None:
    """Bind the parties to the submitted application (提交), in its transaction: what they confirmed is kept."""
    case = case_rows().select_for_update().filter(draft_id=draft_id).first()
    if case is None:
        return
    parts = list(taking_part(case))
    around = {str(part.pk): around_values(part) for part in parts}
    for part in parts:
        party = party_of(case.matter_version_id, part.key)
        part.values = own_values(part, party)
        _part_forget(part)
        part.save(update_fields=["values", "draft_id"])
    case.draft_id, case.number, case.state = None, number, PartyCase.State.SUBMITTED
    case.around = around
    case.save(update_fields=["draft_id", "number", "state", "around"])


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
def parties_follow(number: str, *, state: str, now: datetime, document_number: str = "") -> None:
    """Let the parties see where the application stands (办理进度), and tell them of its end: also by their link's phone."""
    case = case_rows().filter(number=number).first()
    if case is None or case.state == state:
        audit_record(f"application:{number}", detail={"parties": 0})
        return
    case.state, case.document_number = state, document_number or case.document_number
    case.save(update_fields=["state", "document_number"])
    taken = list(taking_part(case))
    parts = [part for part in taken if part.account_id is not None]
    if state in ENDS:
        links_end_tell([part for part in taken if part.account_id is None], now=now)
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
