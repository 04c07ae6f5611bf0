"""What may happen to bills, payments and refunds (缴费操作). Each is one short transaction.

No provider is spoken to inside a transaction: an act first writes what is wanted, then the provider is asked, then
its answer is taken like any other notification. Locks are taken bill first, payment second.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.payments import data, rules
from yiwang.hall.payments.data import BillView, FeeLine, Order, PaymentView, ProviderEvent
from yiwang.hall.payments.errors import (
    BillNotDue,
    BillNotFound,
    RefundOwn,
    RefundStateWrong,
    RefundTooLarge,
)
from yiwang.hall.payments.models import (
    Bill,
    Difference,
    Payment,
    PaymentEvent,
    Refund,
)
from yiwang.hall.payments.providers import provider_get
from yiwang.hall.payments.queries import (
    APPROVE_REFUND,
    REFUND,
    bill_rows,
    bill_view,
    payment_view,
)
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next
from yiwang.sdk.identifiers import person_ref_of

PAY_WITHIN = timedelta(minutes=30)
MONEY = {data.CAPTURE: "PAY", data.REFUND: "REFUND"}
REFUND_OPEN = ("REQUESTED", "APPROVED", "SENT", "FAILED")


@action("hall.payments.bill_open")
def bill_open(
    subject: str,
    *,
    title: Mapping[str, str],
    payer_ref: str,
    payer_name: str,
    account_id: int | None,
    lines: Iterable[FeeLine],
    department_id: int,
    area_code: str,
    now: datetime,
) -> BillView | None:
    """Bill a subject (开具缴费单); the same subject again is the same bill, nothing to pay is no bill.

    Called inside the act that makes the fee due. Announces `payment.bill_opened`.
    """
    lines = [line for line in lines if line.amount_fen > 0]
    audit_record(subject, person_ref=person_ref_of(payer_ref), detail={"lines": len(lines)})
    if not lines:
        return None
    with data_scope(purpose="开具缴费单", reason=subject):
        row, is_new = Bill.objects.get_or_create(
            subject=subject,
            defaults={
                "number": _number("B", now=now),
                "title": dict(title),
                "payer_ref": payer_ref,
                "payer_name": payer_name,
                "account_id": account_id,
                "department_id": department_id,
                "area_code": area_code,
                "lines": [asdict(line) for line in lines],
                "amount_fen": sum(line.amount_fen for line in lines),
                "opened_at": now,
            },
        )
    if is_new:
        _announce("payment.bill_opened", row)
    return bill_view(row)


@action("hall.payments.bill_cancel")
def bill_cancel(subject: str, *, reason: str, now: datetime) -> None:
    """Cancel the bill of a subject that fell away (取消缴费单); what was paid goes back by itself."""
    with data_scope(purpose="取消缴费单", reason=subject):
        row = Bill.objects.select_for_update().filter(subject=subject).first()
        audit_record(subject, detail={"reason": reason, "state": row.state if row else None})
        if row is None or row.state in (data.CANCELLED, data.REFUNDED):
            return
        if row.state == data.DUE:
            row.state = data.CANCELLED
            row.save(update_fields=["state"])
            return
    for payment in row.payments.select_for_update().filter(state=data.CAPTURED):
        _refund_by_itself(payment, reason=reason, is_correction=False, now=now)


def payment_begin(
    bill_id: int, *, provider: str, idempotency_key: str, now: datetime
) -> PaymentView:
    """Begin to pay (发起支付) and return where; asked 32 times at once it is one payment.

    Raises BillNotFound, BillNotDue, ProviderUnknown, ProviderSilent.
    """
    way = provider_get(provider)
    try:
        payment = _payment_put(bill_id, provider=provider, key=idempotency_key, now=now)
    except IntegrityError:
        payment = _payment_put(bill_id, provider=provider, key=idempotency_key, now=now)
    if payment.checkout_url or payment.state not in rules.OPEN_STATES:
        return payment_view(payment)
    checkout = way.begin(
        Order(
            number=payment.number,
            title=payment.bill.title["zh"],
            amount_fen=payment.amount_fen,
            expires_at=payment.expires_at,
            url_back=settings.SITE_ADDRESS
            + reverse("hall_payments:returned", args=[payment.number]),
            url_notify=settings.SITE_ADDRESS
            + reverse("hall_payments:notification", args=[provider]),
        )
    )
    payment.checkout_url, payment.provider_ref = checkout.url, checkout.provider_ref
    Payment.objects.filter(pk=payment.pk).update(
        checkout_url=checkout.url, provider_ref=checkout.provider_ref
    )
    return payment_view(payment)


@action("hall.payments.begin")
def _payment_put(bill_id: int, *, provider: str, key: str, now: datetime) -> Payment:
    bill = bill_rows("缴费").select_for_update().filter(pk=bill_id).first()
    if bill is None:
        raise BillNotFound()
    if bill.state != data.DUE:
        raise BillNotDue()
    own = bill.payments.filter(provider=provider)
    row = own.filter(idempotency_key=key).first()
    row = row or own.filter(state__in=rules.OPEN_STATES, expires_at__gt=now).first()
    if row is None:
        for old in own.select_for_update().filter(state__in=rules.OPEN_STATES):
            _run_out(old, now=now)
        row = bill.payments.create(
            number=_number("P", now=now),
            idempotency_key=key[:64],
            provider=provider,
            amount_fen=bill.amount_fen,
            created_at=now,
            expires_at=now + PAY_WITHIN,
            ask_at=rules.ask_again_at(now, 0),
        )
    audit_record(
        f"bill:{bill.number}",
        person_ref=person_ref_of(bill.payer_ref),
        detail={"payment": row.number, "provider": provider},
    )
    return row


def _run_out(payment: Payment, *, now: datetime) -> None:
    """Give up a payment that ran out before the provider closed it; money that comes for it is still taken."""
    payment.state = data.EXPIRED
    payment.save(update_fields=["state"])
    PaymentEvent.objects.create(
        payment=payment,
        provider=payment.provider,
        event_id=f"{payment.number}-RUN-OUT",
        kind=data.EXPIRE,
        amount_fen=0,
        at=now,
        source="CLOSED",
        result="APPLIED",
        taken_at=now,
    )


@action("hall.payments.take")
def event_take(event: ProviderEvent, *, provider: str, source: str, now: datetime) -> str:
    """Take what a provider said into the books (入账): once, whatever the order and however often.

    source: NOTICE, ASKED, STATEMENT or CLOSED. Returns APPLIED, NO_CHANGE, AMOUNT_DIFFERS, REPEATED or UNKNOWN.
    """
    found = Payment.objects.filter(provider=provider)
    refund = Refund.objects.filter(number=event.number).first()
    number = found.filter(pk=refund.payment_id) if refund else found.filter(number=event.number)
    payment = number.first()
    if payment is None:
        _unknown_note(event, provider)
        return "UNKNOWN"
    with data_scope(purpose="支付入账", reason=payment.number):
        bill = Bill.objects.select_for_update().get(pk=payment.bill_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    said = PaymentEvent.objects.filter(provider=provider, event_id=event.event_id)
    if said.exists():
        audit_record(f"payment:{payment.number}", detail={"result": "REPEATED"})
        return "REPEATED"
    if refund is not None:
        result = _refund_take(bill, payment, refund, event, now=now)
    else:
        result = _payment_take(bill, payment, event, now=now)
    PaymentEvent.objects.create(
        payment=payment,
        provider=provider,
        event_id=event.event_id,
        kind=event.kind,
        amount_fen=event.amount_fen,
        at=event.at,
        source=source,
        result=result,
        taken_at=now,
    )
    audit_record(
        f"payment:{payment.number}",
        person_ref=person_ref_of(bill.payer_ref),
        detail={"kind": event.kind, "source": source, "result": result},
    )
    return result


def _unknown_note(event: ProviderEvent, provider: str) -> None:
    """Put money that moved under a number we never gave onto the desk (未知单号)."""
    if event.kind in MONEY:
        _difference_note("MISSING_HERE", event, provider, ours_fen=None)
    audit_record(f"payment:{event.number}", detail={"result": "UNKNOWN", "kind": event.kind})


def _difference_note(
    kind: str, event: ProviderEvent, provider: str, *, ours_fen: int | None
) -> None:
    Difference.objects.get_or_create(
        provider=provider,
        day=timezone.localtime(event.at).date(),
        kind=kind,
        number=event.number,
        entry=MONEY[event.kind],
        defaults={"ours_fen": ours_fen, "theirs_fen": event.amount_fen},
    )


def _payment_take(bill: Bill, payment: Payment, event: ProviderEvent, *, now: datetime) -> str:
    if event.kind == data.CAPTURE and event.amount_fen != payment.amount_fen:
        _difference_note("AMOUNT", event, payment.provider, ours_fen=payment.amount_fen)
        return "AMOUNT_DIFFERS"
    after = rules.state_after(payment.state, event.kind)
    if after == payment.state:
        return "NO_CHANGE"
    payment.state = after
    payment.provider_ref = event.provider_ref or payment.provider_ref
    if after not in rules.OPEN_STATES:
        payment.ask_at = None
    if after == data.CAPTURED:
        payment.settled_at = event.at
    payment.save(update_fields=["state", "provider_ref", "ask_at", "settled_at"])
    if after != data.CAPTURED:
        return "APPLIED"
    if bill.state == data.DUE:
        _bill_pay(bill, at=event.at)
    else:
        reason = f"缴费单 {bill.number} 已缴清或已取消，重复支付自动退回"
        _refund_by_itself(payment, reason=reason, is_correction=True, now=now)
    return "APPLIED"


def _bill_pay(bill: Bill, *, at: datetime) -> None:
    year = timezone.localtime(at).year
    bill.state, bill.paid_at = data.PAID, at
    serial = serial_next(f"hall.payments:voucher:{bill.area_code[:6]}:{year}")
    bill.voucher = rules.voucher_make(bill.area_code, year, serial)
    bill.save(update_fields=["state", "paid_at", "voucher"])
    _announce("payment.paid", bill)


def _refund_take(
    bill: Bill, payment: Payment, refund: Refund, event: ProviderEvent, *, now: datetime
) -> str:
    if refund.state in ("SUCCEEDED", "REJECTED"):
        return "NO_CHANGE"
    if event.kind == data.FAIL:
        refund.state, refund.ask_at = "FAILED", None
        refund.save(update_fields=["state", "ask_at"])
        return "APPLIED"
    if event.kind != data.REFUND:
        return "NO_CHANGE"
    if event.amount_fen != refund.amount_fen:
        _difference_note("AMOUNT", event, payment.provider, ours_fen=refund.amount_fen)
        return "AMOUNT_DIFFERS"
    refund.state, refund.settled_at, refund.ask_at = "SUCCEEDED", event.at, None
    refund.save(update_fields=["state", "settled_at", "ask_at"])
    payment.refunded_fen += refund.amount_fen
    payment.save(update_fields=["refunded_fen"])
    if not refund.is_correction:
        bill.refunded_fen += refund.amount_fen
        bill.state = data.REFUNDED if bill.refunded_fen == bill.amount_fen else bill.state
        bill.save(update_fields=["refunded_fen", "state"])
        _announce("payment.refunded", bill)
    return "APPLIED"


@action("hall.payments.refund_request", permission=REFUND)
def refund_request(bill_id: int, *, amount_fen: int, reason: str, now: datetime) -> int:
    """Ask for a refund (申请退费) of all or a part; somebody else approves it. Returns its id."""
    bill = bill_rows("退费").select_for_update().filter(pk=bill_id).first()
    if bill is None:
        raise BillNotFound()
    payments = bill.payments.select_for_update().filter(state=data.CAPTURED)
    payment = payments.exclude(refunds__is_correction=True).first()
    left = _refundable(payment) if payment else 0
    if not 0 < amount_fen <= left:
        raise RefundTooLarge(amount=rules.money_text(left))
    context = context_get()
    row = _refund_put(
        payment,
        amount_fen=amount_fen,
        reason=reason.strip(),
        state="REQUESTED",
        requested_by_id=context.account_id,
        requested_by=context.name,
        requested_at=now,
    )
    audit_record(
        f"bill:{bill.number}",
        person_ref=person_ref_of(bill.payer_ref),
        detail={"refund": row.number, "amount_fen": amount_fen, "reason": row.reason},
    )
    return row.pk


@action("hall.payments.refund_decide", permission=APPROVE_REFUND)
def refund_decide(refund_id: int, *, is_approved: bool, note: str, now: datetime) -> None:
    """Approve or reject a refund (审核退费) that somebody else asked for."""
    row = Refund.objects.select_for_update().filter(pk=refund_id).first()
    if row is None or not bill_rows("退费").filter(payments=row.payment_id).exists():
        raise BillNotFound()
    if row.state not in ("REQUESTED", "FAILED"):
        raise RefundStateWrong()
    context = context_get()
    if row.requested_by_id is not None and row.requested_by_id == context.account_id:
        raise RefundOwn()
    row.state = "APPROVED" if is_approved else "REJECTED"
    row.decided_by, row.decision_note = context.name, note.strip()
    row.ask_at = now if is_approved else None
    row.save(update_fields=["state", "decided_by", "decision_note", "ask_at"])
    audit_record(f"refund:{row.number}", detail={"state": row.state, "note": row.decision_note})


def _refund_by_itself(payment: Payment, *, reason: str, is_correction: bool, now: datetime) -> None:
    left = _refundable(payment)
    if left:
        _refund_put(
            payment,
            amount_fen=left,
            reason=reason,
            is_correction=is_correction,
            state="APPROVED",
            requested_by="系统",
            decided_by="系统",
            requested_at=now,
            ask_at=now,
        )


def _refundable(payment: Payment) -> int:
    pending = payment.refunds.filter(state__in=REFUND_OPEN).aggregate(sum=Sum("amount_fen"))["sum"]
    return payment.amount_fen - payment.refunded_fen - (pending or 0)


def _refund_put(payment: Payment, **values: object) -> Refund:
    place = payment.refunds.count() + 1
    return payment.refunds.create(number=f"{payment.number}-{place}", **values)


def _announce(topic: str, bill: Bill) -> None:
    event_publish(
        topic,
        {
            "subject": bill.subject,
            "number": bill.number,
            "bill_id": bill.pk,
            "title": bill.title,
            "amount": rules.money_text(bill.amount_fen),
            "amount_fen": bill.amount_fen,
            "refunded_fen": bill.refunded_fen,
            "account_id": bill.account_id,
            "department_id": bill.department_id,
        },
        key=bill.subject,
    )


def _number(letter: str, *, now: datetime) -> str:
    """Number a bill or a payment (编号): letter, local day, serial of the day, check digit."""
    day = f"{timezone.localtime(now):%Y%m%d}"
    body = f"{day}{serial_next(f'hall.payments:{letter}:{day}'):08}"
    return f"{settings.PAYMENT_NUMBER_PREFIX}{letter}{body}{rules.luhn_check(body)}"
