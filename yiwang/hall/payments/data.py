"""What payments speak of (缴费的值): bills, payments, what a provider says, differences. Amounts are fen (分)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from yiwang.sdk.errors import N_

DUE, PAID, CANCELLED, REFUNDED = "DUE", "PAID", "CANCELLED", "REFUNDED"
CREATED, AUTHORISED, CAPTURED = "CREATED", "AUTHORISED", "CAPTURED"
FAILED, EXPIRED = "FAILED", "EXPIRED"

BILL_STATES = {
    DUE: N_("To be paid"),
    PAID: N_("Paid"),
    CANCELLED: N_("Cancelled"),
    REFUNDED: N_("Refunded"),
}
AUTHORISE, CAPTURE, FAIL, EXPIRE, REFUND = "AUTHORISE", "CAPTURE", "FAIL", "EXPIRE", "REFUND"


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One item of a bill (收费项目). basis: the price document (收费依据); rule: the table row that gave it."""

    key: str
    title: Mapping[str, str]
    amount_fen: int
    basis: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What a payment provider says about one of our orders (渠道通知), after its signature held.

    event_id: the provider's own, the same in repeats. kind: AUTHORISE, CAPTURE, FAIL, EXPIRE, REFUND.
    number: our payment number, or our refund number for REFUND. at: when money moved, by the provider.
    """

    event_id: str
    kind: str
    number: str
    provider_ref: str
    amount_fen: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """What a provider is asked to collect (支付单). url_back: where the payer returns to."""

    number: str
    title: str
    amount_fen: int
    expires_at: datetime
    url_back: str
    url_notify: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where the payer pays (收银台). provider_ref may still be empty: some give it with the notification."""

    url: str
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a provider's daily statement (对账单行). kind: PAY or REFUND; number is ours."""

    number: str
    kind: str
    amount_fen: int
    provider_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BookLine:
    """One of our own settled entries of a day (我方账目), as the statement should have it."""

    number: str
    kind: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference between statement and books (对账差异).

    kind: MISSING_HERE (they moved money, our books do not have it), MISSING_THERE (our books have it, they do not),
    AMOUNT, REPEATED (one entry stands there more than once).
    """

    kind: str
    number: str
    entry: str
    ours_fen: int | None
    theirs_fen: int | None


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill (缴费单) as its payer and the officers see it. state: DUE, PAID, CANCELLED, REFUNDED."""

    id: int
    number: str
    subject: str
    title: Mapping[str, str]
    payer_ref: str
    payer_name: str
    amount_fen: int
    refunded_fen: int
    lines: tuple[FeeLine, ...]
    state: str
    department_id: int
    account_id: int | None
    opened_at: datetime
    paid_at: datetime | None
    voucher: str

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return BILL_STATES[self.state]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One attempt to pay a bill (支付单) with its events."""

    id: int
    number: str
    bill_id: int
    provider: str
    provider_ref: str
    amount_fen: int
    refunded_fen: int
    state: str
    checkout_url: str
    created_at: datetime
    expires_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundView:
    """Money on its way back (退款). state: REQUESTED, APPROVED, SENT, SUCCEEDED, FAILED, REJECTED."""

    id: int
    number: str
    payment_id: int
    payment_number: str
    bill_number: str
    amount_fen: int
    reason: str
    state: str
    requested_by: str
    decided_by: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A difference on the desk (对账差异). state: OPEN, RESOLVED."""

    id: int
    provider: str
    day: date
    kind: str
    number: str
    entry: str
    ours_fen: int | None
    theirs_fen: int | None
    state: str
    resolution: str
    resolved_by: str


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """The comparison of one day with one provider (日终对账)."""

    provider: str
    day: date
    lines: int
    pay_fen: int
    refund_fen: int
    differences: int
    open: int
    at: datetime
