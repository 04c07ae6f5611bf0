"""Reads of bills, payments and differences (缴费查询). The payer sees their own, officers their departments'."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from yiwang.hall.payments.data import (
    BillView,
    BookLine,
    DifferenceView,
    FeeLine,
    PaymentView,
    ReconciliationView,
    RefundView,
)
from yiwang.hall.payments.errors import BillNotFound
from yiwang.hall.payments.models import (
    Bill,
    Difference,
    Payment,
    PaymentEvent,
    Reconciliation,
    Refund,
)
from yiwang.identity.api import (
    Rule,
    data_scope,
    field_equals,
    field_in,
    of_context,
    rule_by_office,
)
from yiwang.kernel.api import RequestContext, audit_search, context_get

READ = "hall.payments.read"
REFUND = "hall.payments.refund"
APPROVE_REFUND = "hall.payments.approve_refund"
RECONCILE = "hall.payments.reconcile"
REFUSED_ACT = "hall.payments.notice_refused"
REFUSED_SHOWN = 200
PAYER_RULE: Rule = field_equals("payer_ref", of_context("subject_ref"))
DEPARTMENT_RULE: Rule = field_in("department_id", "department_ids")


def bill_rule(context: RequestContext) -> Rule:
    """Return the rule (行级规则) of the bills that a person may see."""
    return rule_by_office(context, READ, office=DEPARTMENT_RULE, others=PAYER_RULE)


def bill_rows(purpose: str) -> QuerySet[Bill]:
    """Return the bills that the acting person may see (可见缴费单)."""
    context = context_get()
    with data_scope(purpose=context.purpose or purpose, reason="缴费"):
        return Bill.objects.filter(bill_rule(context).filter(context))


def bill_get(bill_id: int) -> BillView:
    """Return a bill that the acting person may see. Raises `BillNotFound` for all others."""
    row = bill_rows("查看缴费单").filter(pk=bill_id).first()
    if row is None:
        raise BillNotFound()
    return bill_view(row)


def bill_of(subject: str) -> BillView | None:
    """Return the bill of a subject (缴费单), for whoever owns the subject."""
    with data_scope(purpose="查看办件缴费", reason=subject):
        row = Bill.objects.filter(subject=subject).first()
    return bill_view(row) if row else None


def bill_list(
    *, state: str = "", number: str = "", limit: int = 20, offset: int = 0
) -> list[BillView]:
    """List the bills that the acting person may see, newest first."""
    return [bill_view(row) for row in _bills(state, number)[offset : offset + limit]]


def bill_count(*, state: str = "", number: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _bills(state, number)[:cap].count()


def bill_due_count(context: RequestContext) -> int:
    """Count what a payer still has to pay (待缴费)."""
    if not context.subject_ref:
        return 0
    with data_scope(purpose="查看本人缴费", reason=context.subject_ref):
        return Bill.objects.filter(payer_ref=context.subject_ref, state="DUE").count()


def _bills(state: str, number: str) -> QuerySet[Bill]:
    rows = bill_rows("查看缴费单").order_by("-pk")
    if state:
        rows = rows.filter(state=state)
    text = number.strip()
    return rows.filter(Q(number=text) | Q(voucher=text)) if text else rows


def payment_list(bill_id: int) -> list[PaymentView]:
    """List the attempts to pay a bill, newest first; who may see the bill may see them."""
    bill_get(bill_id)
    return [payment_view(row) for row in Payment.objects.filter(bill=bill_id).order_by("-pk")]


def payment_find(number: str) -> PaymentView | None:
    """Find a payment of a bill that the acting person may see, by its number (支付单)."""
    row = Payment.objects.filter(number=number).first()
    if row is None or not bill_rows("查看支付单").filter(pk=row.bill_id).exists():
        return None
    return payment_view(row)


def event_list(bill_id: int) -> list[Mapping[str, object]]:
    """List what the providers said about a bill (渠道通知), in order of arrival."""
    bill_get(bill_id)
    rows = PaymentEvent.objects.filter(payment__bill=bill_id).order_by("pk")
    return list(
        rows.values("payment__number", "kind", "amount_fen", "at", "source", "result", "taken_at")
    )


def refund_list(*, bill_id: int | None = None, states: tuple[str, ...] = ()) -> list[RefundView]:
    """List refunds of bills that the acting person may see, newest first (退款)."""
    bills = bill_rows("查看退费")
    rows = Refund.objects.filter(payment__bill__in=bills.values("pk"))
    rows = rows.select_related("payment").order_by("-pk")
    if bill_id is not None:
        rows = rows.filter(payment__bill_id=bill_id)
    rows = rows.filter(state__in=states) if states else rows
    numbers = dict(bills.filter(payments__refunds__in=rows).values_list("pk", "number"))
    return [refund_view(row, numbers[row.payment.bill_id]) for row in rows[:200]]


def books_of(provider: str, day: date) -> list[BookLine]:
    """Return our settled entries of a day with a provider (当日账目), by the provider's time."""
    start = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    span = (start, start + timedelta(days=1))
    paid = Payment.objects.filter(
        provider=provider, settled_at__gte=span[0], settled_at__lt=span[1]
    )
    back = Refund.objects.filter(
        payment__provider=provider, settled_at__gte=span[0], settled_at__lt=span[1]
    )
    return [
        *(BookLine(number, "PAY", fen) for number, fen in paid.values_list("number", "amount_fen")),
        *(
            BookLine(number, "REFUND", fen)
            for number, fen in back.values_list("number", "amount_fen")
        ),
    ]


def reconciliation_list(*, limit: int = 60) -> list[ReconciliationView]:
    """List the compared days (日终对账), newest first, with how many differences are open."""
    rows = list(Reconciliation.objects.defer("statement").order_by("-day", "provider")[:limit])
    counts = {
        (one["provider"], one["day"]): one
        for one in Difference.objects.filter(day__in={row.day for row in rows})
        .values("provider", "day")
        .annotate(all=Count("pk"), open=Count("pk", filter=Q(state="OPEN")))
    }
    none = {"all": 0, "open": 0}
    return [
        ReconciliationView(
            row.provider,
            row.day,
            row.lines,
            row.pay_fen,
            row.refund_fen,
            counts.get((row.provider, row.day), none)["all"],
            counts.get((row.provider, row.day), none)["open"],
            row.at,
        )
        for row in rows
    ]


def refusal_counts(since: datetime) -> Counter[tuple[str, str]]:
    """Count the notifications refused for their signature since a moment (验签未通过), by provider and address."""
    rows = audit_search(act=REFUSED_ACT, since=since, limit=REFUSED_SHOWN)
    return Counter((row["subject"].partition(":")[2], row["detail"]["address"]) for row in rows)


def difference_list(*, state: str = "OPEN", limit: int = 20, offset: int = 0):
    """List differences (对账差异), oldest day first."""
    rows = _differences(state)[offset : offset + limit]
    return [difference_view(row) for row in rows]


def difference_count(*, state: str = "OPEN", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _differences(state)[:cap].count()


def _differences(state: str) -> QuerySet[Difference]:
    rows = Difference.objects.order_by("day", "pk")
    return rows.filter(state=state) if state else rows


def bill_view(row: Bill) -> BillView:
    """Turn a bill's row into what others see."""
    return BillView(
        id=row.pk,
        number=row.number,
        subject=row.subject,
        title=row.title,
        payer_ref=row.payer_ref,
        payer_name=row.payer_name,
        amount_fen=row.amount_fen,
        refunded_fen=row.refunded_fen,
        lines=tuple(FeeLine(**line) for line in row.lines),
        state=row.state,
        department_id=row.department_id,
        account_id=row.account_id,
        opened_at=row.opened_at,
        paid_at=row.paid_at,
        voucher=row.voucher,
    )


def payment_view(row: Payment) -> PaymentView:
    """Turn a payment's row into what others see."""
    return PaymentView(
        id=row.pk,
        number=row.number,
        bill_id=row.bill_id,
        provider=row.provider,
        provider_ref=row.provider_ref,
        amount_fen=row.amount_fen,
        refunded_fen=row.refunded_fen,
        state=row.state,
        checkout_url=row.checkout_url,
        created_at=row.created_at,
        expires_at=row.expires_at,
        settled_at=row.settled_at,
    )


def refund_view(row: Refund, bill_number: str) -> RefundView:
    """Turn a refund's row (with its payment) into what others see."""
    return RefundView(
        id=row.pk,
        number=row.number,
        payment_id=row.payment_id,
        payment_number=row.payment.number,
        bill_number=bill_number,
        amount_fen=row.amount_fen,
        reason=row.reason,
        state=row.state,
        requested_by=row.requested_by,
        decided_by=row.decided_by,
        requested_at=row.requested_at,
    )


def difference_view(row: Difference) -> DifferenceView:
    """Turn a difference's row into what others see."""
    return DifferenceView(
        id=row.pk,
        provider=row.provider,
        day=row.day,
        kind=row.kind,
        number=row.number,
        entry=row.entry,
        ours_fen=row.ours_fen,
        theirs_fen=row.theirs_fen,
        state=row.state,
        resolution=row.resolution,
        resolved_by=row.resolved_by,
    )
