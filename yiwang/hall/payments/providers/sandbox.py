"""A payment provider to practise with (演练支付渠道): signed notifications, some lost, late, or sent twice.

It keeps books of its own (`SandboxOrder`), so that reconciliation compares two things. What goes wrong is decided
by the order's number, so a run can be repeated: of a hundred orders about ten are never notified, twenty are
notified twice, ten only after ten minutes. No money moves.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from yiwang.hall.payments import data
from yiwang.hall.payments.data import Checkout, Order, ProviderEvent, StatementLine
from yiwang.hall.payments.errors import ProviderSilent, SignatureWrong
from yiwang.hall.payments.models import SandboxNotice, SandboxOrder
from yiwang.kernel.api import practice_signer
from yiwang.sdk.signed import Signer

OPEN, PAID, DECLINED, CLOSED, SENT_BACK = "OPEN", "PAID", "DECLINED", "CLOSED", "BACK"
KINDS = {PAID: data.CAPTURE, DECLINED: data.FAIL, CLOSED: data.EXPIRE, SENT_BACK: data.REFUND}


class Sandbox:
    """The practice provider; its checkout is a page of our own."""

    key = "sandbox"
    title = {"zh": "演练支付（不扣款）", "en": "Practice payment (no money moves)"}
    answer = (200, "application/json", '{"code": "SUCCESS"}')

    def begin(self, order: Order) -> Checkout:
        """Open an order (下单)."""
        row, _ = SandboxOrder.objects.get_or_create(
            number=order.number,
            defaults={
                "kind": "PAY",
                "title": order.title[:200],
                "amount_fen": order.amount_fen,
                "state": OPEN,
                "url_back": order.url_back,
                "expires_at": order.expires_at,
            },
        )
        url = reverse("hall_payments:sandbox", args=[order.number])
        return Checkout(url, provider_ref=f"SB{row.pk:010}")

    def notification_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[ProviderEvent]:
        """Check the signature and its age, then read the notification."""
        if not signer().holds(headers, body, now=now):
            raise SignatureWrong()
        said = json.loads(body)
        return [_event(SandboxOrder.objects.get(number=said["number"]), said["event_id"])]

    def ask(self, number: str) -> list[ProviderEvent]:
        """Say what became of an order (查单)."""
        row = SandboxOrder.objects.filter(number=number).exclude(state=OPEN).first()
        return [_event(row)] if row else []

    ask_refund = ask

    def close(self, number: str) -> None:
        """Close an order (关单); one that was paid stays paid."""
        SandboxOrder.objects.filter(number=number, state=OPEN).update(state=CLOSED)

    def refund(
        self, number: str, *, refund_number: str, amount_fen: int, total_fen: int, reason: str
    ) -> list[ProviderEvent]:
        """Send money back (退款); refuses more than was paid."""
        paid = SandboxOrder.objects.filter(number=number, state=PAID).first()
        if paid is None or paid.amount_fen != total_fen:
            raise ProviderSilent()
        row, _ = SandboxOrder.objects.get_or_create(
            number=refund_number,
            defaults={
                "kind": "REFUND",
                "paid_number": number,
                "amount_fen": amount_fen,
                "state": SENT_BACK,
                "settled_at": timezone.now(),
            },
        )
        return [_event(row)]

    def statement(self, day: date) -> list[StatementLine]:
        """Return what was settled on a day (对账单)."""
        start = timezone.make_aware(datetime.combine(day, datetime.min.time()))
        rows = SandboxOrder.objects.filter(
            settled_at__gte=start, settled_at__lt=start + timedelta(days=1)
        )
        return [
            StatementLine(row.number, row.kind, row.amount_fen, f"SB{row.pk:010}", row.settled_at)
            for row in rows.order_by("pk")
        ]


def sandbox_answer(number: str, *, is_paid: bool, now: datetime) -> SandboxOrder | None:
    """Let the payer pay or decline at the practice checkout; plan what is said about it (支付结果)."""
    row = SandboxOrder.objects.filter(number=number, kind="PAY").first()
    if row is None:
        return None
    state = PAID if is_paid else DECLINED
    open_rows = SandboxOrder.objects.filter(pk=row.pk, state=OPEN, expires_at__gt=now)
    if open_rows.update(state=state, settled_at=now if is_paid else None):
        SandboxNotice.objects.bulk_create(
            SandboxNotice(order=row, event_id=f"{number}-{KINDS[state]}", due_at=now + wait)
            for wait in faults_of(number)
        )
    row.refresh_from_db()
    return row


def faults_of(number: str) -> list[timedelta]:
    """Return after which waits an order is notified (通知计划): none, one, or two of them."""
    kind = hashlib.sha256(number.encode()).digest()[0] * 100 // 256
    if kind < 10:
        return []
    if kind < 30:
        return [timedelta(0), timedelta(seconds=20)]
    return [timedelta(minutes=10)] if kind < 40 else [timedelta(0)]


def notice_signed(notice: SandboxNotice, *, now: datetime) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a notification as it goes over the wire (签名通知)."""
    body = json.dumps({"number": notice.order.number, "event_id": notice.event_id}).encode()
    return signer().headers(body, now=now), body


def signer() -> Signer:
    """Return what the practice provider signs by (演练签名)."""
    return practice_signer("payments.sandbox", "Sandbox")


def _event(row: SandboxOrder, event_id: str = "") -> ProviderEvent:
    kind = KINDS[row.state]
    return ProviderEvent(
        event_id=event_id or f"{row.number}-{kind}",
        kind=kind,
        number=row.number,
        provider_ref=f"SB{row.pk:010}",
        amount_fen=row.amount_fen,
        at=row.settled_at or timezone.now(),
    )
