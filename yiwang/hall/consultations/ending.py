"""Requests for opinions whose case has come to its end (征求意见随办件终结): nobody need answer any more, and all see why."""

from datetime import datetime

from django.utils.translation import ngettext

from yiwang.hall.consultations import data
from yiwang.hall.consultations.actions import consultation_announce, consultation_close
from yiwang.hall.consultations.following import waiting_accounts
from yiwang.hall.consultations.models import Consultation
from yiwang.kernel.api import action, audit_record


def consultations_end(number: str, state: str, now: datetime) -> None:
    """Close the open requests about an application that has ended (办件终结), in the act that ends it.

    state: the one in which it ended, the reason that those who were asked read.
    """
    rows = Consultation.objects.filter(subject=f"application:{number}", state=data.OPEN)
    found = list(rows.select_for_update().order_by("pk"))
    if found:
        _end(f"application:{number}", found, state=state, now=now)


@action("hall.consultations.end")
def _end(subject: str, rows: list[Consultation], *, state: str, now: datetime) -> None:
    for row in rows:
        told = waiting_accounts(row, on=now.date())
        row.ending = state
        consultation_close(row, state=data.CLOSED, now=now)
        for account_id in told:
            consultation_announce(
                "consultation.closed", row, account_id=account_id, reason=ENDED[state]
            )
    audit_record(subject, detail={"closed": [row.number for row in rows], "state": state})


def consultations_effects(number: str) -> list[str]:
    """Say how many requests close when an application ends (征求意见的后果)."""
    count = Consultation.objects.filter(subject=f"application:{number}", state=data.OPEN).count()
    if not count:
        return []
    text = ngettext(
        "%(n)s open request for opinions is closed; who was asked is told.",
        "%(n)s open requests for opinions are closed; who was asked is told.",
        count,
    )
    return [text % {"n": count}]


ENDED = {
    "APPROVED": {"zh": "办件已决定准予办理", "en": "it was granted"},
    "REFUSED": {"zh": "办件已决定不予办理", "en": "it was refused"},
    "NOT_ACCEPTED": {"zh": "办件未予受理", "en": "it was not accepted"},
    "WITHDRAWN": {"zh": "申请人已撤回申请", "en": "the applicant withdrew it"},
    "TERMINATED": {"zh": "办件已终止办理", "en": "its handling was terminated"},
}
"""The reason in the message, by the state in which the application ended."""
