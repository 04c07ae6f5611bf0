"""The end of a company: announced, objected to, answered, and entered when granted (注销登记)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from yiwang.engines.api import ServiceCall, draft_state
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.companies import rules
from yiwang.hall.companies.actions.changes import draft_filled
from yiwang.hall.companies.actions.filings import CHANGED, NOT_CONFIRMED, acting_under
from yiwang.hall.companies.actions.registration import entry_announce, filing_granted
from yiwang.hall.companies.closing import (
    ORDINARY,
    SIMPLE,
    declaration_of,
    facts_announced,
    obstacles_of,
)
from yiwang.hall.companies.data import NoticeView
from yiwang.hall.companies.errors import (
    ClaimIncomplete,
    ClaimSettled,
    CompanyBusy,
    NoticeClosed,
    NoticeNotFound,
    NoticeRefused,
    NoticeRunning,
)
from yiwang.hall.companies.history import differences, entry_write, facts_of
from yiwang.hall.companies.models import CancellationNotice, Company, CreditorClaim
from yiwang.hall.companies.notices import notice_get, notice_row, notice_state
from yiwang.hall.companies.queries import CANCEL, PURPOSE, filing_of_draft
from yiwang.hall.companies.standing import company_acted, company_of, own_companies
from yiwang.hall.companies.tables import law_rules
from yiwang.hall.licences.lifecycle import licence_cancel
from yiwang.identity.api import data_scope
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    event_publish,
    serial_next,
)
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

GROUP_MISSING = N_("Name the liquidation group and its head, and the day of the resolution, first.")
ASK_FIRST = N_("All shareholders confirm the declaration before it is announced.")


def cancellation_begin(uscc: str, *, now: datetime, delegation_id: int | None = None) -> int:
    """Begin to cancel a company (开始注销); returns the draft.

    Raises CompanyNotFound, CompanyEnded, BranchFilesElsewhere, DelegationMissing.
    """
    with acting_under(delegation_id):
        company = company_acted(uscc)
    values = {
        "uscc": company.uscc,
        "company_name": company.name,
        "area_code": company.area_code[:6],
    }
    return draft_filled(
        CANCEL, company=company, values=values, delegation_id=delegation_id, now=now
    )


# --- the notice ---------------------------------------------------------------------------------


@action("hall.companies.notice_publish")
def notice_publish(draft_id: int, *, now: datetime) -> NoticeView:
    """Announce the end of a company as its draft says (发布注销公告), for as long as the law asks.

    The simplified way needs everybody's confirmation first; the ordinary way the liquidation group. Raises
    NoticeRefused with what is missing, NoticeRunning.
    """
    context, today = draft_context_get(draft_id), timezone.localdate(now)
    state = draft_state(context.draft, names=context.applicant.names(today))
    content = dict(state.values)
    company, problems = company_of(content)
    problems = problems or _unready(company, draft_id, content)
    if problems:
        raise NoticeRefused(fields=problems)
    law = law_rules()["cancellation"][content["way"]]
    before = notice_row(company)
    if before is not None and notice_state(before, today) == "LAPSED":
        CancellationNotice.objects.filter(pk=before.pk).update(state="WITHDRAWN")
    serial = serial_next(f"hall.companies:notice:{today:%Y%m%d}")
    try:
        with transaction.atomic():
            row = CancellationNotice.objects.create(
                number=f"ZX{today:%Y%m%d}{serial:05d}",
                company=company,
                way=content["way"],
                facts=facts_announced(content),
                account_id=context_get().account_id,
                published_at=now,
                ends_date=today + timedelta(days=law["days"]),
            )
    except IntegrityError:
        raise NoticeRunning() from None
    audit_record(f"company:{company.uscc}", detail={"notice": row.number, "way": row.way})
    return notice_get(row.number, today=today)


def _unready(company: Company, draft_id: int, content: Mapping) -> dict[str, list[str]]:
    """Say what keeps a draft from being announced (公告前审查)."""
    if said := obstacles_of(company):
        return {"uscc": said}
    if content.get("way") == ORDINARY:
        facts = facts_announced(content)
        is_named = (
            facts["head"] and facts["resolved_date"] and facts["head"] in facts["liquidators"]
        )
        return {} if is_named else {"liquidators": [gettext(GROUP_MISSING)]}
    filing = filing_of_draft(draft_id)
    if content.get("way") != SIMPLE or filing is None:
        return {"way": [gettext(ASK_FIRST)]}
    if rules.filing_digest(content, declaration_of(content)) != filing.digest:
        return {"way": [gettext(CHANGED)]}
    if filing.waiting:
        names = "、".join(one.name for one in filing.waiting)
        return {"way": [gettext(NOT_CONFIRMED) % {"names": names}]}
    return {}


@action("hall.companies.notice_withdraw")
def notice_withdraw(number: str, *, now: datetime) -> None:
    """Take a notice back (撤回注销公告), by who may speak for the company. Raises NoticeNotFound, NoticeClosed."""
    rows = CancellationNotice.objects.select_for_update(of=("self",))
    row = rows.filter(number=number, company__in=own_companies()).first()
    if row is None:
        raise NoticeNotFound()
    if row.state != "OPEN":
        raise NoticeClosed()
    row.state = "WITHDRAWN"
    row.save(update_fields=["state"])
    audit_record(f"company_notice:{number}", detail={"state": row.state, "at": now.isoformat()})


# --- creditors ----------------------------------------------------------------------------------


@action("hall.companies.claim_make")
def claim_make(
    number: str, *, creditor: str, contact: str, amount: str, grounds: str, now: datetime
) -> str:
    """Speak up as a creditor while a notice runs (债权人异议、债权申报); returns the number of the claim.

    Anybody may, without an account. In the simplified way the objection ends the notice. Raises NoticeNotFound,
    NoticeClosed, ClaimIncomplete.
    """
    given = {"creditor": clean(creditor), "contact": clean(contact), "grounds": clean(grounds)}
    problems = {name: [N_("Please fill this in.")] for name, text in given.items() if not text}
    wan = _amount(amount, problems)
    if problems:
        raise ClaimIncomplete(fields=problems)
    rows = CancellationNotice.objects.select_for_update(of=("self",)).select_related("company")
    row = rows.filter(number=number).first()
    if row is None:
        raise NoticeNotFound()
    today = timezone.localdate(now)
    if notice_state(row, today) != "OPEN":
        raise NoticeClosed()
    serial = serial_next(f"hall.companies:claim:{today:%Y%m%d}")
    with data_scope(purpose=PURPOSE, reason=f"notice:{number}"):
        claim = CreditorClaim.objects.create(
            notice=row,
            number=f"YY{today:%Y%m%d}{serial:05d}",
            creditor=given["creditor"][:120],
            contact=given["contact"][:120],
            amount_wan=wan,
            grounds=given["grounds"][:2000],
            received_at=now,
        )
    if law_rules()["cancellation"][row.way]["objection_ends"]:
        row.state = "OBJECTED"
        row.save(update_fields=["state"])
    audit_record(f"company_notice:{number}", detail={"claim": claim.number, "state": row.state})
    event_publish(
        "company.claim_made",
        {
            "number": claim.number,
            "uscc": row.company.uscc,
            "title": {"zh": row.company.name, "en": row.company.name},
            "account_id": row.account_id,
        },
        key=claim.number,
    )
    return claim.number


def _amount(text: str, problems: dict[str, list[str]]) -> Decimal | None:
    if not text.strip():
        return None
    try:
        amount = Decimal(clean(text)).quantize(Decimal("0.01"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not 0 <= amount < 10**12:
        problems["amount"] = [N_("Give an amount in 10,000 yuan, for example 12.5.")]
    return amount


@action("hall.companies.claim_answer")
def claim_answer(number: str, *, state: str, answer: str, now: datetime) -> None:
    """Answer a creditor (答复债权人): settled, or in dispute and why; by who may speak for the company.

    Raises ClaimSettled when it was answered or is not there, ClaimIncomplete without a word.
    """
    if state not in ("SETTLED", "DISPUTED") or not clean(answer):
        raise ClaimIncomplete(fields={"answer": [N_("Please fill this in.")]})
    with data_scope(purpose=PURPOSE, reason=f"claim:{number}"):
        rows = CreditorClaim.objects.select_for_update(of=("self",)).filter(number=number)
        row = rows.filter(notice__company__in=own_companies(), state="OPEN").first()
        if row is None:
            raise ClaimSettled()
        row.state, row.answer, row.answered_at = state, clean(answer)[:2000], now
        row.save(update_fields=["state", "answer", "answered_at"])
    audit_record(f"company_claim:{number}", detail={"state": state})


# --- the register -------------------------------------------------------------------------------


@action("hall.companies.cancel")
def company_cancel(call: ServiceCall) -> dict:
    """Strike a company off (注销登记): the company, its branches and their licences end at once.

    Raises FilingUnconfirmed, CompanyEnded, CompanyBusy with what is being handled for it, NoticeClosed.
    """
    application, _filing, company = filing_granted(call)
    content = dict(application.form_data)
    if said := obstacles_of(company, number=application.number):
        raise CompanyBusy(reasons="；".join(said))
    _notice_use(company, content)
    ended = [company, *company.branches.select_for_update().filter(state="ACTIVE").order_by("pk")]
    for one in ended:
        company_end(one, number=application.number, now=call.now)
    codes = [one.uscc for one in ended]
    entry_announce(
        "company.cancelled", company, application, detail={"ended": codes}, branches=codes[1:]
    )
    return {"uscc": company.uscc, "state": "CANCELLED"}


def _notice_use(company: Company, content: Mapping) -> None:
    rows = CancellationNotice.objects.select_for_update().filter(company=company, state="OPEN")
    row = rows.first()
    if row is None or row.facts != facts_announced(content):
        raise NoticeClosed()
    row.state = "USED"
    row.save(update_fields=["state"])


def company_end(company: Company, *, number: str, now: datetime, is_alone: bool = False) -> None:
    """Let the register say that a body has ended, and end its licence (注销记载). is_alone: a branch without its company."""
    before = facts_of(company)
    company.state, company.cancelled_date = "CANCELLED", timezone.localdate(now)
    company.delivered_at = None
    company.save(update_fields=["state", "cancelled_date", "delivered_at"])
    changes = differences(before, facts_of(company))
    entry_write(company, "CANCEL", number=number, changes=changes, now=now)
    if company.licence_id is None:
        return
    basis = law_rules()["branch"]["cancelled_with_parent"]
    if company.parent_id is None or is_alone:
        basis = law_rules()["cancellation"]["licence_basis"]
    with context_use(context_system(PURPOSE)):
        licence_cancel(company.licence_id, reason="注销登记", legal_basis=basis, now=now)
