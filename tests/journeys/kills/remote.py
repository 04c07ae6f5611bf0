"""The city's adapter to the provider outside (外部支付渠道适配): what a real one's adapter does, over plain HTTP."""

import http.client
import json
import os
import urllib.error
import urllib.request
from datetime import date, datetime

from yiwang.hall.payments.data import Checkout, Order, ProviderEvent, StatementLine
from yiwang.hall.payments.errors import ProviderSilent, SignatureWrong
from yiwang.sdk.signed import Signer

TIMEOUT_SECONDS = 2


def signer() -> Signer:
    """Return what provider and city share."""
    return Signer(os.environ["YIWANG_KILLS_SECRET"].encode(), "Outside")


class Remote:
    """A way to pay whose books lie in another process, which is killed like all others."""

    key = "remote"
    title = {"zh": "外部演练支付", "en": "Practice payment outside"}
    answer = (200, "application/json", '{"code": "SUCCESS"}')

    def begin(self, order: Order) -> Checkout:
        """Open an order (下单)."""
        said = _say(
            "/orders",
            number=order.number,
            amount_fen=order.amount_fen,
            url_back=order.url_back,
            url_notify=order.url_notify,
        )
        return Checkout(said["url"], provider_ref=said["ref"])

    def notification_read(self, headers, body: bytes, *, now: datetime) -> list[ProviderEvent]:
        """Check and read a notification (验签)."""
        if not signer().holds(headers, body, now=now):
            raise SignatureWrong()
        return [_event(json.loads(body))]

    def ask(self, number: str) -> list[ProviderEvent]:
        """Say what became of an order (查单)."""
        return [_event(one) for one in _say(f"/orders/{number}")["events"]]

    ask_refund = ask

    def close(self, number: str) -> None:
        """Close an order (关单)."""
        _say(f"/orders/{number}/close", number=number)

    def refund(
        self, number: str, *, refund_number: str, amount_fen: int, total_fen: int, reason: str
    ) -> list[ProviderEvent]:
        """Send money back (退款)."""
        said = _say(
            f"/orders/{number}/refund",
            number=refund_number,
            amount_fen=amount_fen,
            total_fen=total_fen,
        )
        return [_event(one) for one in said["events"]]

    def statement(self, day: date) -> list[StatementLine]:
        """Return the settled entries of a day (对账单)."""
        lines = _say(f"/statements/{day}")["lines"]
        return [
            StatementLine(number, kind, fen, ref, datetime.fromisoformat(at))
            for number, kind, fen, ref, at in lines
        ]


def _event(said: dict) -> ProviderEvent:
    return ProviderEvent(**{**said, "at": datetime.fromisoformat(said["at"])})


def _say(path: str, **body: object) -> dict:
    address = os.environ["YIWANG_KILLS_PROVIDER"] + path
    content = json.dumps(body).encode() if body else None
    request = urllib.request.Request(address, content, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ProviderSilent() from error
