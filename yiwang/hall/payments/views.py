"""Pages of payments: the payer's bills and checkout, the officers' refunds and books, the providers' door."""

import io
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.payments.actions import payment_begin, refund_decide, refund_request
from yiwang.hall.payments.data import BILL_STATES, BillView, PaymentView
from yiwang.hall.payments.errors import BillNotFound, RefundTooLarge
from yiwang.hall.payments.following import (
    difference_resolve,
    notification_receive,
    payment_refresh,
    sandbox_notices_send,
)
from yiwang.hall.payments.models import SandboxOrder
from yiwang.hall.payments.providers import provider_list
from yiwang.hall.payments.providers.sandbox import sandbox_answer
from yiwang.hall.payments.queries import (
    APPROVE_REFUND,
    READ,
    RECONCILE,
    REFUND,
    bill_count,
    bill_get,
    bill_list,
    difference_count,
    difference_list,
    event_list,
    payment_find,
    payment_list,
    reconciliation_list,
    refund_list,
    refusal_counts,
)
from yiwang.hall.payments.rules import money_text
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    datetime_text,
    error_text,
    flash,
    localized,
    page_of,
    pushed,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, NotFound

PAYERS = {"CITIZEN", "AGENT"}
PAYMENT_STATES = {
    "CREATED": N_("Waiting for payment"),
    "AUTHORISED": N_("Authorised"),
    "CAPTURED": N_("Paid"),
    "FAILED": N_("Payment failed"),
    "EXPIRED": N_("Ran out"),
}
REFUND_STATES = {
    "REQUESTED": N_("Waits for approval"),
    "REJECTED": N_("Rejected"),
    "APPROVED": N_("Refund approved"),
    "SENT": N_("The refund is on its way"),
    "SUCCEEDED": N_("Money is back"),
    "FAILED": N_("Failed at the provider"),
}
SAID = {
    "AUTHORISE": N_("Authorised"),
    "CAPTURE": N_("Paid"),
    "FAIL": N_("Payment failed"),
    "EXPIRE": N_("Ran out"),
    "REFUND": N_("Refunded"),
}
SOURCES = {
    "NOTICE": N_("Notified"),
    "ASKED": N_("We asked"),
    "STATEMENT": N_("Daily statement"),
    "CLOSED": N_("Closed by us"),
}
RESULTS = {
    "APPLIED": N_("Entered"),
    "NO_CHANGE": N_("Changed nothing"),
    "AMOUNT_DIFFERS": N_("The amounts differ"),
}
DIFFERENCES = {
    "MISSING_HERE": N_("The provider has it, our books do not"),
    "MISSING_THERE": N_("Our books have it, the provider does not"),
    "AMOUNT": N_("The amounts differ"),
    "REPEATED": N_("It stands in the statement more than once"),
}
COLUMNS = (
    Column("number", N_("Bill number")),
    Column("title", N_("For what")),
    Column("payer_name", N_("Payer")),
    Column("amount", N_("Amount (yuan)"), text=lambda row: money_text(row.amount_fen), align="end"),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
    Column("opened_at", N_("Billed"), text=lambda row: datetime_text(row.opened_at)),
)


def _bills(request: HttpRequest, columns: tuple[Column, ...]):
    source = source_of(bill_list, bill_count, ("state", "number"))
    choices = choices_of(BILL_STATES)
    filters = [
        Filter("state", N_("State"), "select", choices=choices),
        Filter("number", N_("Bill or voucher number")),
    ]
    return page_of(request, source, columns=columns, filters=filters)


@require_GET
@allow(populations=PAYERS, purpose="查看本人缴费")
def mine(request: HttpRequest) -> HttpResponse:
    """List one's bills (我的缴费)."""
    columns = tuple(column for column in COLUMNS if column.key != "payer_name")
    page = _bills(request, columns)
    return render(request, "hall/payments/mine.html", {"page": page, "bill_href": _bill_href})


def _bill_href(row: BillView) -> str:
    return reverse("hall_payments:detail", args=[row.id])


@require_GET
@allow(populations=PAYERS, purpose="查看本人缴费")
def detail(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Show a bill with its items, how to pay it, and what became of it (缴费单)."""
    bill = bill_get(bill_id)
    names = {
        "bill": bill,
        "providers": provider_list(),
        "payments": payment_list(bill_id),
        "payment_states": PAYMENT_STATES,
        "provider_title": provider_title,
        "refunds": refund_list(bill_id=bill_id),
        "refund_states": REFUND_STATES,
        "key": secrets.token_urlsafe(12),
    }
    return render(request, "hall/payments/detail.html", names)


@require_POST
@allow(populations=PAYERS, purpose="缴费")
def pay(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Begin to pay with the chosen provider and go to its checkout (去支付)."""
    payment = payment_begin(
        bill_id,
        provider=request.POST.get("provider", ""),
        idempotency_key=request.POST.get("key", "") or secrets.token_urlsafe(12),
        now=timezone.now(),
    )
    if payment.provider == "wechat":
        return redirect("hall_payments:scan", payment.number)
    return redirect(payment.checkout_url or f"/hall/payments/{bill_id}/")


@require_GET
@allow(populations=PAYERS, purpose="缴费")
def scan(request: HttpRequest, number: str) -> HttpResponse:
    """Show the QR code of an order that is paid by scanning (扫码支付); asks again by itself."""
    payment = _payment(number)
    if payment.state not in ("CREATED", "AUTHORISED"):
        return redirect("hall_payments:detail", payment.bill_id)
    names = {"payment": payment, "bill": bill_get(payment.bill_id)}
    return render(request, "hall/payments/scan.html", names)


@require_GET
@allow(populations=PAYERS, purpose="缴费")
def code(request: HttpRequest, number: str) -> HttpResponse:
    """Draw the QR code (二维码) of an order."""
    drawn = io.BytesIO()
    segno.make(_payment(number).checkout_url, error="m").save(drawn, kind="svg", scale=6, border=2)
    response = HttpResponse(drawn.getvalue(), content_type="image/svg+xml")
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@allow(populations=PAYERS, purpose="缴费")
def returned(request: HttpRequest, number: str) -> HttpResponse:
    """Receive the payer back from a checkout (支付返回): ask the provider at once, then show the bill."""
    payment = _payment(number)
    payment_refresh(number, now=timezone.now())
    payment = _payment(number)
    if payment.state == "CAPTURED":
        flash(request, "success", _("Your payment has arrived. Thank you."))
    elif payment.state == "FAILED":
        flash(request, "warning", _("The payment did not go through. Nothing was charged."))
    else:
        flash(
            request, "info", _("The payment is not confirmed yet. This page shows it when it is.")
        )
    return redirect("hall_payments:detail", payment.bill_id)


def _payment(number: str) -> PaymentView:
    payment = payment_find(number)
    if payment is None:
        raise BillNotFound()
    return payment


@pushed()
def notification(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a provider's notification (支付结果通知); its signature is its credential."""
    status, kind, text = notification_receive(
        provider, request.headers, request.body, now=timezone.now()
    )
    return HttpResponse(text, content_type=kind, status=status)


@require_http_methods(["GET", "POST"])
@allow(populations=PAYERS, purpose="缴费")
def sandbox(request: HttpRequest, number: str) -> HttpResponse:
    """The checkout of the practice provider (演练收银台)."""
    payment = _payment(number)
    now = timezone.now()
    if request.method == "POST":
        row = sandbox_answer(number, is_paid=request.POST.get("answer") == "pay", now=now)
        if row is None:
            raise NotFound()
        sandbox_notices_send(now)
        return redirect(urlsplit(row.url_back).path)
    order = SandboxOrder.objects.filter(number=number).first()
    if order is None:
        raise NotFound()
    names = {"payment": payment, "order": order, "amount": money_text(order.amount_fen)}
    return render(request, "hall/payments/sandbox.html", names)


@require_GET
@allow(populations={"STAFF"}, permission=READ, purpose="收费管理")
def desk(request: HttpRequest) -> HttpResponse:
    """List the bills of my departments (本部门缴费单)."""
    page = _bills(request, COLUMNS)
    if page.wants_export:
        return page.export("bills")
    return render(request, "hall/payments/desk.html", {"page": page})


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=READ, purpose="收费管理")
def bill(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Show an officer a bill with everything the providers said; ask for a refund (申请退费)."""
    found = bill_get(bill_id)
    errors: dict[str, list[str]] = {}
    typed = {name: request.POST.get(name, "")[:500] for name in ("amount", "reason")}
    if request.method == "POST":
        errors = _refund_asked(bill_id, typed)
        if not errors:
            flash(request, "success", _("Asked for. Somebody else approves it now."))
            return redirect("hall_payments:bill", bill_id)
    names = {
        "bill": found,
        "payments": payment_list(bill_id),
        "payment_states": PAYMENT_STATES,
        "provider_title": provider_title,
        "events": event_list(bill_id),
        "said": SAID,
        "sources": SOURCES,
        "results": RESULTS,
        "refunds": refund_list(bill_id=bill_id),
        "refund_states": REFUND_STATES,
        "typed": typed,
        "errors": errors,
        "may_refund": context_get().may(REFUND),
    }
    return render(request, "hall/payments/bill.html", names, status=422 if errors else 200)


def _refund_asked(bill_id: int, typed: dict[str, str]) -> dict[str, list[str]]:
    fen = fen_read(typed["amount"])
    errors = {}
    if fen is None:
        errors["amount"] = [_("Write an amount in yuan, such as 12.50.")]
    if not typed["reason"].strip():
        errors["reason"] = [_("State the reason; the payer reads it.")]
    if errors:
        return errors
    try:
        refund_request(bill_id, amount_fen=fen, reason=typed["reason"], now=timezone.now())
    except RefundTooLarge as error:
        return {"amount": [error_text(error)]}
    return {}


def fen_read(text: str) -> int | None:
    """Read an amount in yuan (金额); None when it is not one.

    >>> fen_read("12.5"), fen_read(" 0.01 "), fen_read("1.234"), fen_read("-1")
    (1250, 1, None, None)
    """
    whole, _dot, part = text.strip().partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 12 and len(part) <= 2):
        return None
    if part and not (part.isascii() and part.isdigit()):
        return None
    return int(whole) * 100 + int((part + "00")[:2])


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=APPROVE_REFUND, purpose="审核退费")
def refunds(request: HttpRequest) -> HttpResponse:
    """Approve or reject refunds that others asked for (退费审核)."""
    if request.method == "POST":
        refund_decide(
            _id(request.POST.get("refund", "")),
            is_approved=request.POST.get("decision") == "approve",
            note=request.POST.get("note", "")[:500],
            now=timezone.now(),
        )
        flash(request, "success", _("Decided. An approved refund is sent by itself."))
        return redirect("hall_payments:refunds")
    names = {
        "waiting": refund_list(states=("REQUESTED", "FAILED")),
        "others": refund_list(states=("APPROVED", "SENT", "SUCCEEDED", "REJECTED")),
        "refund_states": REFUND_STATES,
    }
    return render(request, "hall/payments/refunds.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=RECONCILE, purpose="对账")
def books(request: HttpRequest) -> HttpResponse:
    """Show the days compared with the providers and the differences to settle (日终对账)."""
    if request.method == "POST":
        text = request.POST.get("resolution", "").strip()[:500]
        if text:
            key = _id(request.POST.get("difference", ""))
            difference_resolve(key, resolution=text, now=timezone.now())
            flash(request, "success", _("Noted. The difference is settled."))
            return redirect("hall_payments:books")
        flash(request, "warning", _("Say how it was settled."))
    source = source_of(difference_list, difference_count, ("state",), unset={"state": "OPEN"})
    states = [("OPEN", _("Unsettled")), ("RESOLVED", _("Cleared up"))]
    columns = (
        Column("day", N_("Day")),
        Column("provider", N_("Payment provider"), text=lambda row: provider_title(row.provider)),
        Column("kind", N_("What is wrong"), text=lambda row: _(DIFFERENCES[row.kind])),
        Column("number", N_("Payment number")),
        Column("ours", N_("Ours (yuan)"), text=lambda row: _yuan(row.ours_fen), align="end"),
        Column("theirs", N_("Theirs (yuan)"), text=lambda row: _yuan(row.theirs_fen), align="end"),
        Column("resolution", N_("How it was settled")),
    )
    filters = [Filter("state", N_("State"), "select", choices=states, unset=_("Unsettled"))]
    page = page_of(request, source, columns=columns, filters=filters)
    if page.wants_export:
        return page.export("differences")
    names = {
        "page": page,
        "days": reconciliation_list(),
        "refused": sorted(refusal_counts(timezone.now() - timedelta(days=1)).items()),
        "money": money_text,
        "provider_title": provider_title,
    }
    return render(request, "hall/payments/books.html", names)


def provider_title(key: str) -> str:
    """Name a provider for people (支付渠道名称), also one the city no longer offers."""
    titles = {one.key: localized(one.title) for one in provider_list()}
    return titles.get(key, key)


def _yuan(fen: int | None) -> str:
    return "—" if fen is None else money_text(fen)


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
