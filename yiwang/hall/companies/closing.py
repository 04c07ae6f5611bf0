"""The end of a company as a kind of filing (注销登记): conditions, who signs, the declaration or the report."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.companies import rules
from yiwang.hall.companies.changing import votes_needed
from yiwang.hall.companies.data import ENTRY_KINDS
from yiwang.hall.companies.kinds import FilingSubject, Kind
from yiwang.hall.companies.models import Company, Filing
from yiwang.hall.companies.notices import notice_row, notice_state
from yiwang.hall.companies.parties import Signatures, signatures_of
from yiwang.hall.companies.queries import CANCEL, PURPOSE
from yiwang.hall.companies.standing import Problems, company_named, company_row
from yiwang.identity.api import data_scope
from yiwang.kernel.api import date_text, localized
from yiwang.sdk.errors import N_

SIMPLE, ORDINARY = "SIMPLE", "ORDINARY"
RUNNING = ("SUBMITTED", "HANDLING", "CORRECTION", "SUSPENDED")
FILING_RUNS = N_("%(kind)s of this company is being handled (%(number)s).")
APPLICATION_RUNS = N_("“%(title)s” is being handled for this company (%(number)s).")
NOT_ANNOUNCED = N_(
    "The cancellation has not been announced yet. Announce it at “Let all parties confirm”."
)
ANNOUNCED_OTHERWISE = N_(
    "The notice says something else than this form. Take it back and announce anew."
)
STILL_ANNOUNCED = N_("The notice runs until %(day)s. Submit after that day.")
LAPSED = N_("The time to apply after the notice has run out. Announce it anew.")
CLAIMS_OPEN = N_(
    "Creditors wait for an answer: %(numbers)s. Answer them at the page of your company."
)
DEBTS_SIMPLE = N_("The simplified way is open only to a company that owes nobody anything.")

Obstacles = Callable[[str], list[str]]
_checks: dict[str, Obstacles] = {}


def closing_check_register(name: str, check: Obstacles) -> None:
    """Let a room say what stands in the way of the end of a company (注销障碍登记).

    check(uscc) answers whole sentences in the reader's language, none to let it pass; it only reads. Called
    when the parties are asked, at the notice, at the submission and at the decision.
    """
    _checks[name] = check


def obstacles_of(company: Company, *, number: str = "") -> list[str]:
    """Return what stands in the way, in words (注销障碍). number: the application that asks, which does not count."""
    return [
        *_filings_running(company, number),
        *_applications_running(company, number),
        *(sentence for check in _checks.values() for sentence in check(company.uscc)),
    ]


def _filings_running(company: Company, number: str) -> list[str]:
    with data_scope(purpose=PURPOSE, reason=f"company:{company.uscc}"):
        rows = Filing.objects.filter(
            Q(company=company) | Q(company__parent=company),
            filed_at__isnull=False,
            state__in=["SIGNING", "SIGNED"],
        )
        found = list(rows.values_list("kind", "number", "application_number"))
    return [
        gettext(FILING_RUNS) % {"kind": gettext(ENTRY_KINDS[kind]), "number": own}
        for kind, own, application in found
        if application != number or not number
    ]


def _applications_running(company: Company, number: str) -> list[str]:
    rows = application_rows(PURPOSE).filter(
        applicant_ref=f"enterprise:{company.uscc}", state__in=RUNNING
    )
    return [
        gettext(APPLICATION_RUNS) % {"title": localized(row["title"]), "number": row["number"]}
        for row in rows.exclude(number=number).order_by("number").values("title", "number")[:20]
    ]


def content_problems(content: Mapping, now: datetime) -> Problems:
    """Judge the end of a company (注销审查): it still stands, and nothing is being handled for it."""
    del now
    company, problems = company_named(content)
    if company is None:
        return problems
    if said := obstacles_of(company):
        return {"uscc": said}
    if content["way"] == SIMPLE and content.get("owes_nobody") is not True:
        return {"way": [gettext(DEBTS_SIMPLE)]}
    return signatures(content).problems


def facts_announced(content: Mapping) -> dict[str, object]:
    """Return what the notice says and the application must say too (公告内容)."""
    facts: dict[str, object] = {"way": content.get("way", "")}
    if facts["way"] == ORDINARY:
        rows = content.get("liquidators") or []
        facts |= {
            "resolved_date": content.get("resolved_date", ""),
            "liquidators": [row.get("liquidator_name", "") for row in rows],
            "head": content.get("liquidation_head_name", ""),
        }
    return facts


def signatures(content: Mapping) -> Signatures:
    """Return who confirms (注销签署方).

    Simplified: all shareholders and the representative, who answer for the declaration. After liquidation: the
    head of the group, and the shareholders by capital. Source: 公司法第二百三十条、第二百三十九条、第二百四十条 (memory).
    """
    company, is_simple = company_row(content), content["way"] == SIMPLE
    head = []
    if not is_simple:
        place, number = "liquidation_head_number", content["liquidation_head_number"]
        head = [(place, content["liquidation_head_name"], number, "LIQUIDATOR")]
    found = signatures_of(head)
    if is_simple:
        ref = company.legal_representative_ref
        found.add(ref, company.legal_representative, "LEGAL_REPRESENTATIVE")
    total = 0
    for row in company.shareholdings.order_by("pk"):
        party = found.add(row.holder_ref, row.holder_name, "SHAREHOLDER", must=is_simple)
        party.votes, total = row.capital_wan, total + row.capital_wan
    found.votes_needed = votes_needed(total)
    return found


def declaration_of(content: Mapping) -> str:
    """Write the investors' declaration, or the report of the liquidation (承诺书、清算报告)."""
    company = company_row(content)
    holders = list(company.shareholdings.order_by("pk").values_list("holder_name", flat=True))
    return rules.closing_document(content, name=company.name, uscc=company.uscc, holders=holders)


def _subject(content: Mapping) -> FilingSubject:
    company = company_row(content)
    changes = {"state": [company.state, "CANCELLED"]}
    return FilingSubject(company.name, company=company, changes=changes)


def notice_problems(content: Mapping, now: datetime) -> Problems:
    """Judge whether the cancellation was announced as it must be (公告审查), inside the submission."""
    notice, today = notice_row(company_row(content)), timezone.localdate(now)
    if notice is None:
        return {"way": [gettext(NOT_ANNOUNCED)]}
    if notice.facts != facts_announced(content):
        return {"way": [gettext(ANNOUNCED_OTHERWISE)]}
    state = notice_state(notice, today)
    if state == "OPEN":
        return {"way": [gettext(STILL_ANNOUNCED) % {"day": date_text(notice.ends_date)}]}
    if state == "LAPSED":
        return {"way": [gettext(LAPSED)]}
    with data_scope(purpose=PURPOSE, reason=f"notice:{notice.number}"):
        numbers = list(notice.claims.filter(state="OPEN").values_list("number", flat=True))
    if numbers:
        return {"way": [gettext(CLAIMS_OPEN) % {"numbers": "、".join(numbers)}]}
    return {}


CLOSING = Kind(
    kind="CANCEL",
    matter=CANCEL,
    problems=content_problems,
    signatures=signatures,
    document=declaration_of,
    subject=_subject,
    take=notice_problems,
)
