"""A company moves to another district (跨区迁移): applied for there, the file is handed over, the code stays."""

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.engines.api import ServiceCall
from yiwang.hall.companies import change_rules
from yiwang.hall.companies.actions.changes import change_enter, draft_filled
from yiwang.hall.companies.actions.filings import acting_under
from yiwang.hall.companies.actions.registration import filing_granted
from yiwang.hall.companies.actions.takings import registrar_tell
from yiwang.hall.companies.errors import (
    FileHandOverObjected,
    FileNotHandedOver,
    FileTransferClosed,
    FileTransferNotFound,
    FileTransferRefused,
)
from yiwang.hall.companies.files import FROM, contents_of, digest_of
from yiwang.hall.companies.history import facts_of
from yiwang.hall.companies.models import Company, FileTransfer, Filing
from yiwang.hall.companies.queries import MAINTAIN, MOVE, registrar_of
from yiwang.hall.companies.standing import ANY, company_acted
from yiwang.hall.companies.tables import law_rules
from yiwang.identity.api import department_get
from yiwang.kernel.api import (
    CalendarNotPublished,
    action,
    audit_record,
    calendar_get,
    context_get,
    date_text,
    serial_next,
)
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

VOLUMES_WRONG = N_("Give the number of volumes on paper, 0 when there are none.")
WHY_MISSING = N_("Say why the file cannot be handed over.")


def move_begin(uscc: str, *, now: datetime, delegation_id: int | None = None) -> int:
    """Begin to move a company or a branch to another district (开始跨区迁移); returns the draft.

    Raises CompanyNotFound, CompanyEnded, RegisterUnchecked, DelegationMissing.
    """
    with acting_under(delegation_id):
        company = company_acted(uscc, sort=ANY)
    values = {
        "uscc": company.uscc,
        "company_name": company.name,
        "now_address": company.address,
        "now_registrar": department_get(company.department_id).name,
    }
    return draft_filled(MOVE, company=company, values=values, delegation_id=delegation_id, now=now)


# --- the file -----------------------------------------------------------------------------------


@action("hall.companies.file_ask")
def file_ask(filing: Filing, number: str, *, department_id: int, now: datetime) -> bool:
    """Ask the old registrar for the file of a company that moves (商请移交档案). Idempotent; returns whether it is new."""
    company = Company.objects.get(pk=filing.company_id)
    day = timezone.localdate(now)
    if FileTransfer.objects.filter(application_number=number).exists():
        audit_record(f"company:{company.uscc}", detail={"file_asked": False})
        return False
    row = FileTransfer.objects.create(
        number=f"DA{day:%Y%m%d}{serial_next(f'hall.companies:file:{day:%Y%m%d}'):05d}",
        company=company,
        application_number=number,
        from_department_id=company.department_id,
        to_department_id=department_id,
        asked_at=now,
        due_date=_due(day),
    )
    audit_record(f"company:{company.uscc}", detail={"file_asked": row.number})
    registrar_tell(
        "company.file_asked",
        row.from_department_id,
        {
            "number": row.number,
            "title": {"zh": company.name, "en": company.name},
            "to": department_get(department_id).name,
            "due": f"{row.due_date:%Y-%m-%d}",
        },
        key=row.number,
        now=now,
    )
    return True


def _due(day: date) -> date:
    days = law_rules()["move"]["hand_over_days"]
    try:
        return calendar_get().add_working_days(day, days)
    except CalendarNotPublished:
        return day + timedelta(days=round(days * 7 / 5))


def file_call_off(number: str, *, now: datetime) -> int:
    """Call a hand-over off whose application was not granted (撤销移交), inside the caller's act."""
    rows = FileTransfer.objects.filter(application_number=number).exclude(state="RECEIVED")
    return rows.update(state="CALLED_OFF", ended_at=now)


@action("hall.companies.file_hand_over", permission=MAINTAIN)
def file_hand_over(number: str, *, papers: str, note: str, now: datetime) -> FileTransfer:
    """Hand the file of a company over to its new registrar (移交档案), by the old one.

    The list of contents is kept with its digest. papers: volumes on paper that follow. Raises
    FileTransferNotFound, FileTransferClosed, FileTransferRefused.
    """
    row = _open(number)
    if not papers.strip().isdecimal() or int(papers) > 9999:
        raise FileTransferRefused(fields={"papers": [gettext(VOLUMES_WRONG)]})
    row.contents = contents_of(row.company)
    row.digest, row.papers = digest_of(row.contents), int(papers)
    row.note = clean(note)[:500]
    return _answer(row, "HANDED", now=now)


@action("hall.companies.file_object", permission=MAINTAIN)
def file_object(number: str, *, reason: str, now: datetime) -> FileTransfer:
    """Object to a move (提出异议) as the old registrar, with the reason; it may be handed over later all the same.

    Raises FileTransferNotFound, FileTransferClosed, FileTransferRefused without a reason.
    """
    row = _open(number)
    if not clean(reason):
        raise FileTransferRefused(fields={"reason": [gettext(WHY_MISSING)]})
    row.note = clean(reason)[:500]
    return _answer(row, "OBJECTED", now=now)


def _open(number: str) -> FileTransfer:
    rows = FileTransfer.objects.select_for_update(of=("self",)).select_related("company")
    row = rows.filter(FROM.filter(context_get()), number=number).first()
    if row is None:
        raise FileTransferNotFound()
    if row.state not in ("ASKED", "OBJECTED"):
        raise FileTransferClosed()
    return row


def _answer(row: FileTransfer, state: str, *, now: datetime) -> FileTransfer:
    row.state, row.answered_at, row.account_id = state, now, context_get().account_id
    row.save()
    detail = {"file": row.number, "state": state, "digest": row.digest, "note": row.note}
    audit_record(f"company:{row.company.uscc}", detail=detail)
    if state == "OBJECTED":
        registrar_tell(
            "company.file_objected",
            row.to_department_id,
            {
                "number": row.number,
                "title": {"zh": row.company.name, "en": row.company.name},
                "reason": row.note,
            },
            key=f"{row.number}:{now.isoformat()}",
            now=now,
        )
    return row


# --- the register -------------------------------------------------------------------------------


@action("hall.companies.move")
def company_move(call: ServiceCall) -> dict:
    """Enter a granted move (迁移登记): new registrar and address, the same code, the licence's next version.

    The file must have been handed over; where the time for it has run out the move is entered without, and the
    old registrar still owes the papers. Raises FilingUnconfirmed, CompanyEnded, FileNotHandedOver,
    FileHandOverObjected.
    """
    application, _filing, company = filing_granted(call)
    _file_take(application.number, now=call.now)
    before, content = facts_of(company), dict(application.form_data)
    moved = {**content, "changes": ["ADDRESS"]}
    company.address = change_rules.proposed(before, moved, scope="")["address"]
    company.area_code = content["area_code"]
    company.department_id = registrar_of(content["area_code"]).id
    company.delivered_at = None
    company.save()
    audit_record(f"company:{company.uscc}", detail={"moved_to": company.department_id})
    return change_enter(
        company,
        application,
        before=before,
        now=call.now,
        kind="MOVE",
        registrar_id=company.department_id,
    )


def _file_take(number: str, *, now: datetime) -> None:
    """Take the file that was handed over (接收档案); say who holds it up otherwise."""
    rows = FileTransfer.objects.select_for_update(of=("self",)).filter(application_number=number)
    row = rows.first()
    if row is None:
        department, due = "—", date_text(timezone.localdate(now))
        raise FileNotHandedOver(department=department, number="—", day=due)
    department = department_get(row.from_department_id).name
    if row.state == "OBJECTED":
        raise FileHandOverObjected(department=department, reason=row.note)
    if row.state == "ASKED" and timezone.localdate(now) <= row.due_date:
        due = date_text(row.due_date)
        raise FileNotHandedOver(department=department, number=row.number, day=due)
    if row.state == "HANDED":
        row.state = "RECEIVED"
        row.ended_at = now
        row.save(update_fields=["state", "ended_at"])
