"""Keeping up with the providers (跟踪支付渠道): notifications, asking about silence, refunds, daily comparison.

Everything here may run twice, be killed between two steps and start again: what a provider says is taken once
(`event_take`), what we want from it carries a number that it answers once.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.utils import timezone

from yiwang.hall.payments import data, rules
from yiwang.hall.payments.actions import event_take
from yiwang.hall.payments.data import ProviderEvent, StatementLine
from yiwang.hall.payments.errors import (
    DifferenceClosed,
    ProviderSilent,
    ProviderUnknown,
    SignatureWrong,
    StatementUnavailable,
)
from yiwang.hall.payments.models import (
    Difference,
    Payment,
    PaymentEvent,
    Reconciliation,
    Refund,
    SandboxNotice,
)
from yiwang.hall.payments.providers import Provider, provider_get, provider_list
from yiwang.hall.payments.providers.sandbox import notice_signed
from yiwang.hall.payments.queries import RECONCILE, REFUSED_ACT, books_of
from yiwang.kernel.api import action, audit_record, context_get, context_system, context_use

AT_ONCE = 200
STATEMENT_HOUR = 10
"""Statements of a day are asked for from this hour of the next day on."""

DAYS_BACK = 7
_log = logging.getLogger(__name__)


def notification_receive(
    provider: str, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> tuple[int, str, str]:
    """Take a notification (接收渠道通知) and return the answer the provider expects: status, type, text.

    Raises ProviderUnknown, SignatureWrong.
    """
    way = provider_get(provider)
    try:
        events = way.notification_read(headers, body, now=now)
    except SignatureWrong:
        _refusal_record(provider)
        raise
    _take(way, events, source="NOTICE", now=now)
    return way.answer


@action(REFUSED_ACT)
def _refusal_record(provider: str) -> None:
    """Keep a trace of a notification whose signature did not hold, and of where it came from."""
    audit_record(
        f"payment_provider:{provider}",
        outcome="FAILED",
        detail={"address": context_get().address},
    )


def payment_refresh(number: str, *, now: datetime) -> None:
    """Ask about one open payment at once (查单): the payer has just come back from the checkout."""
    payment = Payment.objects.filter(number=number, ask_at__isnull=False).first()
    if payment is not None:
        _payment_ask(payment, now=now)


def payments_follow(now: datetime) -> int:
    """Ask about payments and refunds of which nothing was heard (掉单补查); return how many were asked about."""
    payments = list(Payment.objects.filter(ask_at__lte=now).order_by("ask_at")[:AT_ONCE])
    for payment in payments:
        _payment_ask(payment, now=now)
    refunds = list(
        Refund.objects.filter(ask_at__lte=now)
        .select_related("payment")
        .order_by("ask_at")[:AT_ONCE]
    )
    for refund in refunds:
        _refund_ask(refund, now=now)
    return len(payments) + len(refunds)


def _payment_ask(payment: Payment, *, now: datetime) -> None:
    try:
        way = provider_get(payment.provider)
        events = way.ask(payment.number)
        if not events and payment.expires_at <= now:
            way.close(payment.number)
            # It may have been paid between the two calls: ask once more, then give it up.
            events = way.ask(payment.number) or [_expired(payment, now=now)]
    except (ProviderSilent, ProviderUnknown):
        events = []
    _take_all(payment.provider, events, source="ASKED", now=now)
    _ask_again(Payment, payment.pk, payment.asked, is_over=bool(events), now=now)


def _refund_ask(refund: Refund, *, now: datetime) -> None:
    payment = refund.payment
    try:
        way = provider_get(payment.provider)
        events = way.ask_refund(refund.number) if refund.state == "SENT" else []
        if not events:
            events = way.refund(
                payment.number,
                refund_number=refund.number,
                amount_fen=refund.amount_fen,
                total_fen=payment.amount_fen,
                reason=refund.reason,
            )
        Refund.objects.filter(pk=refund.pk, state="APPROVED").update(state="SENT")
    except (ProviderSilent, ProviderUnknown):
        events = []
    _take_all(payment.provider, events, source="ASKED", now=now)
    _ask_again(Refund, refund.pk, refund.asked, is_over=bool(events), now=now)


def _ask_again(
    model: type[Payment] | type[Refund], key: int, asked: int, *, is_over: bool, now: datetime
) -> None:
    """Plan the next asking; after the last the row is left to the statement and to people."""
    is_last = is_over or asked + 1 >= rules.ASK_AT_MOST
    at = None if is_last else rules.ask_again_at(now, asked + 1)
    model.objects.filter(pk=key, ask_at__isnull=False).update(asked=asked + 1, ask_at=at)


def _expired(payment: Payment, *, now: datetime) -> ProviderEvent:
    return ProviderEvent(
        f"{payment.number}-{data.EXPIRE}", data.EXPIRE, payment.number, "", payment.amount_fen, now
    )


def _take(way: Provider, events: list[ProviderEvent], *, source: str, now: datetime) -> None:
    _take_all(way.key, events, source=source, now=now)


def _take_all(provider: str, events: list[ProviderEvent], *, source: str, now: datetime) -> None:
    if not events:
        return
    # What was taken before costs one read, however often it is said again.
    ids = [event.event_id for event in events]
    known = set(
        PaymentEvent.objects.filter(provider=provider, event_id__in=ids).values_list(
            "event_id", flat=True
        )
    )
    with context_use(context_system("支付入账")):
        for event in events:
            if event.event_id not in known:
                event_take(event, provider=provider, source=source, now=now)


def sandbox_notices_send(now: datetime) -> int:
    """Let the practice provider send what is due (演练渠道发送通知), signed, through the same door as all."""
    notices = list(SandboxNotice.objects.filter(due_at__lte=now).select_related("order")[:AT_ONCE])
    for notice in notices:
        headers, body = notice_signed(notice, now=now)
        notification_receive("sandbox", headers, body, now=now)
        notice.delete()
    return len(notices)


def reconcile_due(now: datetime) -> int:
    """Compare the days whose statements should be there (日终对账); return how many were compared."""
    local = timezone.localtime(now)
    newest = local.date() - timedelta(days=1 if local.hour >= STATEMENT_HOUR else 2)
    days = [newest - timedelta(days=back) for back in range(DAYS_BACK)]
    done = set(Reconciliation.objects.filter(day__in=days).values_list("provider", "day"))
    # A day with money that the provider has and could not yet explain is compared again.
    unknown = Difference.objects.filter(day__in=days, state="OPEN", kind="MISSING_HERE")
    done -= set(unknown.values_list("provider", "day"))
    count = 0
    for way in provider_list():
        for day in sorted(days):
            if (way.key, day) in done:
                continue
            try:
                reconcile(way.key, day, now=now)
                count += 1
            except (ProviderSilent, StatementUnavailable) as error:
                _log.warning("reconciliation of %s %s: %s", way.key, day, error)
    return count


def reconcile(provider: str, day: date, *, now: datetime) -> list[Difference]:
    """Compare a day with a provider (对账) and return the differences still open.

    Money the provider has and we do not know is asked about and taken before it is called a difference.
    Raises StatementUnavailable, ProviderSilent.
    """
    way = provider_get(provider)
    statement = way.statement(day)
    for one in rules.books_compare(statement, books_of(provider, day)):
        if one.kind == "MISSING_HERE":
            ask = way.ask if one.entry == "PAY" else way.ask_refund
            try:
                events = ask(one.number)
            except ProviderSilent:
                continue  # silent about one entry: a difference meanwhile, the others are settled
            _take_all(provider, events, source="STATEMENT", now=now)
    with context_use(context_system("日终对账")):
        return _reconcile(provider, day, statement, now=now)


@action("hall.payments.reconcile")
def _reconcile(
    provider: str, day: date, statement: list[StatementLine], *, now: datetime
) -> list[Difference]:
    kept = [[one.number, one.kind, one.amount_fen, one.provider_ref] for one in statement]
    sums = rules.totals(statement)
    Reconciliation.objects.update_or_create(
        provider=provider,
        day=day,
        defaults={
            "statement": kept,
            "digest": hashlib.sha256(json.dumps(kept).encode()).hexdigest(),
            "lines": len(statement),
            "pay_fen": sums["PAY"],
            "refund_fen": sums["REFUND"],
            "at": now,
        },
    )
    found = rules.books_compare(statement, books_of(provider, day))
    keys = {(one.kind, one.number, one.entry): one for one in found}
    across = _across_midnight(provider, day, keys, now=now)
    stored = {
        (row.kind, row.number, row.entry): row
        for row in Difference.objects.filter(provider=provider, day=day)
    }
    for key, row in stored.items():
        if key not in keys and row.state == "OPEN" and row.kind != "AMOUNT":
            _close(row, "再次对账一致", "系统", now)
    new = [
        Difference(
            provider=provider,
            day=day,
            kind=one.kind,
            number=one.number,
            entry=one.entry,
            ours_fen=one.ours_fen,
            theirs_fen=one.theirs_fen,
        )
        for key, one in keys.items()
        if key not in stored and key not in across
    ]
    Difference.objects.bulk_create(new)
    audit_record(
        f"reconciliation:{provider}:{day}",
        detail={"lines": len(statement), "differences": len(found), "new": len(new)},
    )
    return list(Difference.objects.filter(provider=provider, day=day, state="OPEN"))


def _across_midnight(
    provider: str, day: date, found: Mapping[tuple[str, str, str], object], *, now: datetime
) -> set[tuple[str, str, str]]:
    """Settle entries that one side has a day later than the other (跨日): here today, there yesterday."""
    settled = set()
    others = {"MISSING_HERE": "MISSING_THERE", "MISSING_THERE": "MISSING_HERE"}
    near = Difference.objects.filter(
        provider=provider,
        state="OPEN",
        day__in=[day - timedelta(days=1), day + timedelta(days=1)],
    )
    for row in near:
        key = (others.get(row.kind, ""), row.number, row.entry)
        one = found.get(key)
        if one is not None and (row.ours_fen or row.theirs_fen) == (one.ours_fen or one.theirs_fen):
            _close(row, f"跨日入账，见 {day}", "系统", now)
            settled.add(key)
    return settled


@action("hall.payments.difference_resolve", permission=RECONCILE)
def difference_resolve(difference_id: int, *, resolution: str, now: datetime) -> None:
    """Say how a difference ended (处理差异). Raises DifferenceClosed."""
    row = Difference.objects.select_for_update().filter(pk=difference_id, state="OPEN").first()
    if row is None:
        raise DifferenceClosed()
    _close(row, resolution.strip(), context_get().name, now)
    audit_record(
        f"difference:{row.pk}",
        detail={"kind": row.kind, "number": row.number, "resolution": row.resolution},
    )


def _close(row: Difference, resolution: str, name: str, now: datetime) -> None:
    row.state, row.resolution = "RESOLVED", resolution
    row.resolved_by, row.resolved_at = name, now
    row.save(update_fields=["state", "resolution", "resolved_by", "resolved_at"])
