"""Filings: from a reserved name to a draft, all parties confirm, then it may be submitted (登记申请与签署)."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.engines.api import draft_get, draft_save, draft_state
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.checks import SubmissionCase
from yiwang.hall.applications.filing import Filing as FilingWay
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.companies import rules
from yiwang.hall.companies.data import FilingView
from yiwang.hall.companies.errors import (
    FilingChanged,
    FilingIncomplete,
    FilingNotFound,
    FilingSettled,
    ReservationEnded,
)
from yiwang.hall.companies.models import Filing, FilingParty, NameReservation
from yiwang.hall.companies.parties import parties_of
from yiwang.hall.companies.queries import (
    ESTABLISH,
    PURPOSE,
    filing_get,
    filing_of_draft,
    reservation_get,
    reservation_row,
    scope_items,
)
from yiwang.identity.api import account_list, data_scope
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import person_ref_of

NAME_DIFFERS = N_("This is not the name that you reserved under this number.")
NOT_RESERVED = N_("You hold no reserved name under this number.")
NOT_ASKED = N_("Ask all parties to confirm first: open Company registration in your space.")
NOT_CONFIRMED = N_("Not all parties have confirmed yet: %(names)s.")
CHANGED = N_("You changed the form after the parties were asked. Ask them again.")


def registration_begin(number: str, *, now: datetime) -> int:
    """Begin the registration of a company for a reserved name (开始设立登记); returns the draft.

    Again and again gives the same draft, with the name filled in. Raises ReservationNotFound, ReservationEnded.
    """
    view = reservation_get(number, today=timezone.localdate(now))
    if view.state != "HELD":
        raise ReservationEnded()
    draft_id = draft_begin(ESTABLISH, now=now, filing=FilingWay(slot=f"name:{view.number}"))
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
    if not problems:
        problems = content_problems(content, now=now)
    parties, unknown = ([], {}) if problems else parties_of(content)
    if problems or unknown:
        raise FilingIncomplete(fields=problems or unknown)
    row = _filing_put(context, content, now=now)
    _parties_put(row, parties)
    _state_settle(row)
    audit_record(
        f"filing:{row.number}",
        person_ref=person_ref_of(row.applicant_ref),
        detail={"digest": row.digest, "parties": len(parties)},
    )
    _ask(row)
    return filing_of_draft(draft_id)


def content_problems(content: Mapping, *, now: datetime) -> dict[str, list[str]]:
    """Judge what was typed against the reserved name and company law; sentences in the reader's language."""
    try:
        reserved = reservation_row(str(content.get("reservation_number", "")))
    except Exception as error:  # noqa: BLE001 - any refusal is the same to the reader
        del error
        return {"reservation_number": [gettext(NOT_RESERVED)]}
    today = timezone.localdate(now)
    if reserved.state != "HELD" or reserved.expires_date < today:
        return {"reservation_number": [gettext(ReservationEnded.message)]}
    if (reserved.name, reserved.kind) != (content["company_name"], content["company_kind"]):
        return {"company_name": [gettext(NAME_DIFFERS)]}
    scopes = {code: row.attributes for code, row in scope_items().items()}
    found = rules.establishment_problems(
        content, today=today, scopes=scopes, trade_group=reserved.trade_group
    )
    return {field: [gettext(one) for one in said] for field, said in found.items()}


def articles_of(content: Mapping) -> str:
    """Write the articles for what was typed (生成章程)."""
    return rules.articles_make(content, scope=scope_of(content))


def scope_of(content: Mapping) -> str:
    """Write the scope of business from its chosen items (经营范围表述)."""
    items = scope_items()
    licensed = {code for code, row in items.items() if row.attributes.get("kind") == "LICENSED"}
    titles = {code: row.name for code, row in items.items()}
    return rules.scope_text(rules.scope_codes(content), titles, licensed)


def _filing_put(context, content: dict, *, now: datetime) -> Filing:  # noqa: ANN001 - a DraftContext
    articles = articles_of(content)
    digest = rules.filing_digest(content, articles)
    with data_scope(purpose=PURPOSE, reason=f"draft:{context.draft.id}"):
        row = Filing.objects.select_for_update().filter(draft_id=context.draft.id).first()
        if row is None:
            day = timezone.localdate(now)
            serial = serial_next(f"hall.companies:filing:{day:%Y%m%d}")
            row = Filing(number=f"DJ{day:%Y%m%d}{serial:05d}", draft_id=context.draft.id)
        row.reservation = reservation_row(content["reservation_number"])
        row.applicant_ref = context.applicant.ref
        row.account_id = context_get().account_id
        row.company_name = content["company_name"]
        row.form_version_id = context.draft.form_version_id
        row.content, row.articles, row.digest = content, articles, digest
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
            FilingParty(filing=row, subject_ref=one.subject_ref, name=one.name, roles=one.roles)
            for one in parties
            if one.subject_ref not in kept
        )


def _state_settle(row: Filing) -> None:
    with data_scope(purpose=PURPOSE, reason=f"filing:{row.number}"):
        states = set(row.parties.values_list("state", flat=True))
    row.state = "SIGNED" if states == {"CONFIRMED"} else "SIGNING"
    row.save(update_fields=["state"])


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
        articles = articles_of(content)
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
    _state_settle(row)
    audit_record(
        f"filing:{number}",
        person_ref=person_ref_of(party.subject_ref),
        detail={"party": party.pk, "state": state, "digest": digest},
    )
    if row.state == "SIGNED" or state == "DECLINED":
        topic = "company.confirmed" if row.state == "SIGNED" else "company.declined"
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
    """Let a foundation be submitted only when all have confirmed what stands in it now (提交前校验)."""
    content = dict(case.form_data)
    problems = content_problems(content, now=case.now)
    if problems:
        return problems
    filing = filing_of_draft(case.draft_id)
    if filing is None:
        return {"shareholders": [gettext(NOT_ASKED)]}
    if rules.filing_digest(content, articles_of(content)) != filing.digest:
        return {"shareholders": [gettext(CHANGED)]}
    if filing.waiting:
        names = "、".join(one.name for one in filing.waiting)
        return {"shareholders": [gettext(NOT_CONFIRMED) % {"names": names}]}
    held = NameReservation.objects.filter(number=filing.reservation_number, state="HELD")
    if not held.update(state="FILED"):
        return {"reservation_number": [gettext(ReservationEnded.message)]}
    return {}
