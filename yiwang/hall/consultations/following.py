"""What time does to requests for opinions (征求意见催办): reminders a working day before, overdue told once."""

from datetime import date, datetime

from django.db import transaction

from yiwang.engines.api import clock_due_map
from yiwang.hall.consultations import data
from yiwang.hall.consultations.actions import consultation_announce
from yiwang.hall.consultations.models import Consultation
from yiwang.identity.api import account_list_by_department
from yiwang.kernel.api import audit_record, context_system, context_use

AT_ONCE = 500
REMINDED_ROLE = "DEPARTMENT_HEAD"


def consultations_follow(*, now: datetime) -> int:
    """Remind those who have not answered, tell who asked what is overdue (催办、逾期提示); each once. Counts."""
    with context_use(context_system("征求意见催办")), transaction.atomic():
        rows = Consultation.objects.select_for_update().filter(state=data.OPEN)
        _dues_follow(rows.filter(overdue_at=None).order_by("pk")[:AT_ONCE])
        warned = list(rows.filter(warned_at=None, warn_at__lte=now).order_by("pk")[:AT_ONCE])
        late = list(rows.filter(overdue_at=None, due_at__lt=now).order_by("pk")[:AT_ONCE])
        for row in warned:
            _remind(row, now=now)
        for row in late:
            consultation_announce("consultation.overdue", row, account_id=row.asked_by_id)
        Consultation.objects.filter(pk__in=[row.pk for row in warned]).update(warned_at=now)
        Consultation.objects.filter(pk__in=[row.pk for row in late]).update(overdue_at=now)
        if warned or late:
            audit_record(
                "consultations",
                act="hall.consultations.follow",
                detail={"reminded": len(warned), "overdue": len(late)},
            )
        return len(warned) + len(late)


def _dues_follow(rows) -> None:
    """Take over the due dates that the clocks have now: a calendar may have moved them."""
    rows = list(rows)
    dues = clock_due_map([f"consultation:{row.number}" for row in rows])
    changed = []
    for row in rows:
        due = dues.get(f"consultation:{row.number}", (None, None))
        if (row.due_at, row.warn_at) != due:
            row.due_at, row.warn_at = due
            changed.append(row)
    Consultation.objects.bulk_update(changed, ["due_at", "warn_at"])


def _remind(row: Consultation, *, now: datetime) -> None:
    for account_id in waiting_accounts(row, on=now.date()):
        consultation_announce("consultation.due_soon", row, account_id=account_id)


def waiting_accounts(row: Consultation, *, on: date) -> list[int]:
    """Return who is to hear about a request that waits for them (待答复人员): the experts, the heads of departments."""
    accounts: list[int] = []
    for party in row.parties.filter(state=data.WAITING).order_by("pk"):
        if party.account_id:
            accounts.append(party.account_id)
        else:
            heads = account_list_by_department(party.department_id, role=REMINDED_ROLE, on=on)
            accounts += [one.id for one in heads]
    return accounts
