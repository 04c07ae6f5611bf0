"""What an application costs (办件收费): billed when it is accepted, paid before anything is issued."""

from datetime import datetime

from django.utils import timezone

from yiwang.engines.api import decision_evaluate
from yiwang.hall.applications.errors import FeeUndecided, FeeUnpaid
from yiwang.hall.applications.models import Application
from yiwang.hall.matters.data import MatterView
from yiwang.hall.payments.actions import bill_cancel, bill_open
from yiwang.hall.payments.data import DUE, FeeLine
from yiwang.hall.payments.queries import bill_of
from yiwang.hall.payments.rules import money_text


def fee_bill(application: Application, matter: MatterView, *, now: datetime) -> None:
    """Bill what a matter costs (开单), by its amount or its decision table; free matters have no bill."""
    lines = fee_lines(matter, application.form_data, today=timezone.localdate(now).isoformat())
    if lines:
        bill_open(
            f"application:{application.number}",
            title=application.title,
            payer_ref=application.applicant_ref,
            payer_name=application.applicant_name,
            account_id=application.account_id,
            lines=lines,
            department_id=application.department_id,
            area_code=application.area_code,
            now=now,
        )


def fee_lines(matter: MatterView, form: dict, *, today: str) -> list[FeeLine]:
    """Work out the fee of a matter for what was entered (收费计算).

    A decision table is given the form's values by name and `today`; it answers an amount in fen. Raises
    FeeUndecided when no rule of it applies: such a case must not pass as free of charge.
    """
    fee = matter.spec.fee
    if fee is None:
        return []
    title = fee.title or matter.title
    if not fee.decision:
        return [FeeLine("fee", title, fee.amount_fen, fee.basis)]
    outcome = decision_evaluate(fee.decision, fee.question, {**form, "today": today})
    if not isinstance(outcome.value, int | float) or outcome.value < 0:
        raise FeeUndecided(title=matter.title)
    rules = "; ".join(
        f"{fired['table']} {','.join(str(number) for number in fired['rules'])}"
        for fired in outcome.fired
    )
    return [FeeLine("fee", title, round(outcome.value), fee.basis, rules)]


def fee_paid_check(application: Application) -> None:
    """Refuse to issue before the fee is paid (未缴费不得发证). Raises FeeUnpaid."""
    bill = bill_of(f"application:{application.number}")
    if bill is not None and bill.state == DUE:
        raise FeeUnpaid(amount=money_text(bill.amount_fen))


def fee_cancel(application: Application, *, reason: str, now: datetime) -> None:
    """Let the bill of an application that ended without a result fall away; what was paid goes back."""
    subject = f"application:{application.number}"
    if bill_of(subject) is not None:
        bill_cancel(subject, reason=reason, now=now)
