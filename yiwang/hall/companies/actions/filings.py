"""Filings: from a reserved name to a draft, all parties confirm, then it may be submitted (登记申请与签署)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from yiwang.engines.api import draft_get, draft_save, draft_state
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.filing import draft_begin_for
from yiwang.hall.applications.checks import SubmissionCase
from yiwang.hall.applications.filing import Filing as FilingWay
from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.queries.drafts import DraftContext, draft_context_get
from yiwang.hall.companies import rules
from yiwang.hall.companies.data import FilingView
from yiwang.hall.companies.errors import (
    FilingChanged,
    FilingIncomplete,
    FilingNotFound,
    FilingSettled,
    ReservationEnded,
)
from yiwang.hall.companies.kinds import Kind, kind_named, kind_of
from yiwang.hall.companies.models import Filing, FilingParty
from yiwang.hall.companies.parties import Signatures
from yiwang.hall.companies.queries import (
    ESTABLISH,
    PURPOSE,
    filing_get,
    filing_of_draft,
    reservation_get,
)
from yiwang.identity.api import account_list, data_scope, delegation_get, delegation_ids_held
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import person_ref_of

NOT_ASKED = N_("Ask all parties to confirm first: open Company registration in your space.")
NOT_CONFIRMED = N_("Not all parties have confirmed yet: %(names)s.")
CHANGED = N_("You changed the form after the parties were asked. Ask them again.")
ALREADY_FILED = N_("Another filing of this company is being handled. Wait until it is decided.")
PLACE = {
    "ESTABLISH": "shareholders",
    "CHANGE": "changes",
    "CANCEL": "way",
    "BRANCH": "head_name",
    "BR_CHANGE": "changes",
    "BR_CANCEL": "end_reason",
    "MOVE": "area_code",
}
"""The field beside which is said that somebody has not confirmed."""


def registration_begin(number: str, *, now: datetime, delegation_id: int | None = None) -> int:
    """Begin the registration of a company for a reserved name (开始设立登记); returns the draft.

    Again and again gives the same draft, with the name filled in. delegation_id: for who reserved the name,
    under their power of attorney. Raises ReservationNotFound, ReservationEnded, DelegationMissing.
    """
    with acting_under(delegation_id):
        view = reservation_get(number, today=timezone.localdate(now))
    if view.state != "HELD":
        raise ReservationEnded()
    draft_id = draft_of(ESTABLISH, slot=f"name:{view.number}", delegation_id=delegation_id, now=now)
    draft = draft_get(draft_id)
    values = {
        **draft.values,
        "reservation_number": view.number,
        "company_name": view.name,
        "company_kind": view.kind,
        "area_code": view.area_code[:6],
    }
    draft_save(draft_id, values=values, page=draft.page, revision=draft.revision, now=now)
    return draft_id


@contextmanager
def acting_under(delegation_id: int | None) -> Iterator[None]:
    """Run a block for who gave a power of attorney (代理人身份), for oneself when there is none.

    Only reads stand inside: what one may begin is judged with the matter, when the draft is opened.
    """
    if delegation_id is None:
        yield
        return
    held = delegation_get(delegation_id)
    if delegation_id not in delegation_ids_held(
        context_get().account_id or 0, timezone.localdate()
    ):
        raise FilingNotFound()
    with acting_for(held.principal_ref):
        yield


def draft_of(matter_code: str, *, slot: str, delegation_id: int | None, now: datetime) -> int:
    """Open the draft of a filing, one's own or a principal's (登记草稿)."""
    if delegation_id is None:
        return draft_begin(matter_code, now=now, filing=FilingWay(slot=slot))
    held = delegation_get(delegation_id)
    way = FilingWay(by_name=context_get().name, delegation_id=delegation_id, slot=slot)
    return draft_begin_for(matter_code, applicant_ref=held.principal_ref, filing=way, now=now)


@action("hall.companies.confirmation_ask")
def confirmation_ask(draft_id: int, *, now: datetime) -> FilingView:
    """Ask all parties of one's draft to confirm what stands in it (发起签署).

    What changed since needs everybody's word anew; what did not keeps the words given. Raises
    FilingIncomplete with what is missing, ApplicationNotFound (somebody else's draft).
    """
    context = draft_context_get(draft_id)
    today = timezone.localtime(now).date()
    state = draft_state(context.draft, names=context.applicant.names(today))
    content = dict(state.values)
    problems = {key: list(said) for key, said in state.errors.items()}
    kind = kind_of(context.matter.code)
    problems = problems or kind.problems(content, now)
    wanted = Signatures(problems=problems) if problems else kind.signatures(content)
    if wanted.problems:
        raise FilingIncomplete(fields=wanted.problems)
    row = _filing_put(context, kind, content, now=now)
    row.votes_needed = wanted.votes_needed
    _parties_put(row, wanted.parties)
    _state_settle(row)
    audit_record(
        f"filing:{row.number}",
        person_ref=person_ref_of(row.applicant_ref),
        detail={"kind": row.kind, "digest": row.digest, "parties": len(wanted.parties)},
    )
    _ask(row)
    return filing_of_draft(draft_id)


def _filing_put(context: DraftContext, kind: Kind, content: dict, *, now: datetime) -> Filing:
    document, subject = kind.document(content), kind.subject(content)
    digest = rules.filing_digest(content, document)
    with data_scope(purpose=PURPOSE, reason=f"draft:{context.draft.id}"):
        row = Filing.objects.select_for_update().filter(draft_id=context.draft.id).first()
        if row is None:
            day = timezone.localdate(now)
            serial = serial_next(f"hall.companies:filing:{day:%Y%m%d}")
            row = Filing(number=f"DJ{day:%Y%m%d}{serial:05d}", draft_id=context.draft.id)
        row.kind, row.reservation, row.company = kind.kind, subject.reservation, subject.company
        row.company_name, row.changes = subject.name, dict(subject.changes or {})
        row.applicant_ref = context.applicant.ref
        row.account_id = context_get().account_id
        row.delegation_id = context.filing.delegation_id
        row.prepared_by = context.filing.by_name[:160]
        row.form_version_id = context.draft.form_version_id
        row.content, row.articles, row.digest = content, document, digest
        row.state, row.opened_at = "SIGNING", now
        row.save()
    return row


def _parties_put(row: Filing, parties: list) -> None:
    """Keep the words that were given for the same content, ask everybody else (同步签署方)."""
    with data_scope(purpose=PURPOSE, reason=f"filing:{row.number}"):
        row.parties.exclude(subject_ref__in=[one.subject_ref for one in parties]).delete()
        row.parties.exclude(digest=row.digest, state="CONFIRMED").delete()
        kept = {one.subject_ref: one for one in row.parties.all()}
        FilingParty.objects.bulk_create(
            FilingParty(
                filing=row,
                subject_ref=one.subject_ref,
                name=one.name,
                roles=one.roles,
                must=one.must,
                votes=one.votes,
            )
            for one in parties
            if one.subject_ref not in kept
        )


def _state_settle(row: Filing) -> None:
    """Say whether everybody confirmed whom the law asks for (签署完成)."""
    with data_scope(purpose=PURPOSE, reason=f"filing:{row.number}"):
        parties = list(row.parties.values_list("must", "votes", "state"))
    row.state = "SIGNED" if rules.signed_enough(parties, row.votes_needed) else "SIGNING"
    row.save(update_fields=["state", "votes_needed"])


def _ask(row: Filing) -> None:
    """Tell every party that has an account and has not answered (通知签署方)."""
    with data_scope(purpose=PURPOSE, reason=f"filing:{row.number}"):
        refs = list(row.parties.filter(state="WAITING").values_list("subject_ref", flat=True))
    for ref in refs:
        for account in account_list(subject_ref=ref) if ref.startswith("person:") else []:
            event_publish(
                "company.confirmation_asked",
                {
                    "number": row.number,
                    "title": {"zh": row.company_name, "en": row.company_name},
                    "account_id": account.id,
                },
                key=f"{row.number}:{ref}:{row.digest[:12]}",
            )


@action("hall.companies.confirmation_again")
def filings_ask_again(key: int, content: dict, *, now: datetime) -> None:
    """Ask the parties anew after a correction changed what they confirmed (补正后重新签署)."""
    with data_scope(purpose=PURPOSE, reason=f"filing:{key}"):
        row = Filing.objects.select_for_update().get(pk=key)
        articles = kind_named(row.kind).document(content)
        digest = rules.filing_digest(content, articles)
        audit_record(f"filing:{row.number}", detail={"changed": digest != row.digest})
        if digest == row.digest:
            return
        row.content, row.articles, row.digest, row.state = content, articles, digest, "SIGNING"
        row.opened_at = now
        row.save()
        row.parties.update(state="WAITING", digest="", note="", at=None)
    _ask(row)


@action("hall.companies.confirm")
def filing_confirm(number: str, *, digest: str, now: datetime) -> FilingView:
    """Confirm a registration in one's own name (确认签署): exactly what one has read, told by its digest.

    Raises FilingNotFound (no party), FilingChanged (something else stands there now), FilingSettled.
    """
    return _answer(number, digest=digest, state="CONFIRMED", note="", now=now)


@action("hall.companies.decline")
def filing_decline(number: str, *, digest: str, note: str, now: datetime) -> FilingView:
    """Decline to take part (拒绝签署), with a word on why; the applicant sees it."""
    return _answer(number, digest=digest, state="DECLINED", note=note.strip()[:500], now=now)


def _answer(number: str, *, digest: str, state: str, note: str, now: datetime) -> FilingView:
    context = context_get()
    with data_scope(purpose=PURPOSE, reason=f"filing:{number}"):
        row = Filing.objects.select_for_update().filter(number=number).first()
        party = row.parties.filter(subject_ref=context.subject_ref).first() if row else None
        if party is None or not context.subject_ref:
            raise FilingNotFound()
        if row.state not in ("SIGNING", "SIGNED") or party.state == "CONFIRMED":
            raise FilingSettled()
        if digest != row.digest:
            raise FilingChanged()
        party.state, party.note, party.at = state, note, now
        party.digest = row.digest if state == "CONFIRMED" else ""
        party.signed_by, party.signed_name = context.account_id, context.name[:160]
        party.save()
    before = row.state
    _state_settle(row)
    audit_record(
        f"filing:{number}",
        person_ref=person_ref_of(party.subject_ref),
        detail={"party": party.pk, "state": state, "digest": digest},
    )
    is_complete = row.state == "SIGNED" != before
    if is_complete or state == "DECLINED":
        topic = "company.confirmed" if is_complete else "company.declined"
        event_publish(
            topic,
            {
                "number": number,
                "title": {"zh": row.company_name, "en": row.company_name},
                "account_id": row.account_id,
                "reason": note,
            },
            key=number,
        )
    return filing_get(number)


# --- submission ---------------------------------------------------------------------------------


def submission_check(case: SubmissionCase) -> dict[str, list[str]]:
    """Let a filing be submitted only when those the law asks for confirmed what stands in it now (提交前校验)."""
    content, kind = dict(case.form_data), kind_of(case.matter_code)
    problems = kind.problems(content, case.now)
    if problems:
        return problems
    filing = filing_of_draft(case.draft_id)
    if filing is None:
        return {PLACE[kind.kind]: [gettext(NOT_ASKED)]}
    if rules.filing_digest(content, kind.document(content)) != filing.digest:
        return {PLACE[kind.kind]: [gettext(CHANGED)]}
    if filing.waiting:
        names = "、".join(one.name for one in filing.waiting)
        return {PLACE[kind.kind]: [gettext(NOT_CONFIRMED) % {"names": names}]}
    return kind.take(content, case.now) or _company_take(filing.number, now=case.now)


def _company_take(number: str, *, now: datetime) -> dict[str, list[str]]:
    """Let the filing be the one of its company that runs (占用企业): the database lets one have it."""
    try:
        with transaction.atomic(), data_scope(purpose=PURPOSE, reason=f"filing:{number}"):
            Filing.objects.filter(number=number).update(filed_at=now)
    except IntegrityError:
        return {"uscc": [gettext(ALREADY_FILED)]}
    return {}
