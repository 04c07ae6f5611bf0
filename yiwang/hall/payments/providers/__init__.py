"""Payment providers (支付渠道): what each must be able to do, and those the city offers.

A provider never touches our tables: it says what it knows as `ProviderEvent`s, and `actions.py` takes them.
Every network error becomes `ProviderSilent`; every signature that does not hold `SignatureWrong`.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from yiwang.hall.payments.data import Checkout, Order, ProviderEvent, StatementLine
from yiwang.hall.payments.errors import ProviderUnknown


class Provider(Protocol):
    """A way to pay (支付渠道). Amounts are fen; numbers are ours."""

    key: str
    title: Mapping[str, str]
    answer: tuple[int, str, str]
    """Status, content type and text by which a notification is acknowledged."""

    def begin(self, order: Order) -> Checkout:
        """Open an order (下单); the same number again is the same order."""

    def notification_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[ProviderEvent]:
        """Check and read a notification (验签). Raises SignatureWrong."""

    def ask(self, number: str) -> list[ProviderEvent]:
        """Say what became of an order (查单); nothing while it is open or unknown."""

    def ask_refund(self, number: str) -> list[ProviderEvent]:
        """Say what became of a refund (查退款); nothing while it is under way."""

    def close(self, number: str) -> None:
        """Close an order so that nobody can pay it any more (关单)."""

    def refund(
        self, number: str, *, refund_number: str, amount_fen: int, total_fen: int, reason: str
    ) -> list[ProviderEvent]:
        """Send money back (退款); the same refund number again is the same refund."""

    def statement(self, day: date) -> list[StatementLine]:
        """Return the settled entries of a day (对账单). Raises StatementUnavailable."""


FACTORIES: dict[str, str] = {
    "sandbox": "yiwang.hall.payments.providers.sandbox.Sandbox",
    "wechat": "yiwang.hall.payments.providers.wechat.wechat_from_environment",
    "alipay": "yiwang.hall.payments.providers.alipay.alipay_from_environment",
}


@cache
def provider_get(key: str) -> Provider:
    """Return a provider that the city offers (支付渠道). Raises ProviderUnknown."""
    if key not in settings.PAYMENT_PROVIDERS:
        raise ProviderUnknown()
    make: Callable[[], Provider] = import_string(FACTORIES[key])
    return make()


def provider_list() -> list[Provider]:
    """List the providers the city offers, in the order of the settings."""
    return [provider_get(key) for key in settings.PAYMENT_PROVIDERS]
