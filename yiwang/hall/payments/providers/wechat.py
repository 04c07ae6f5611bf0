"""WeChat Pay (微信支付), API v3, through the SDK `wechatpayv3` (MIT): orders shown as a QR code (Native).

The SDK checks signatures but not their age: that is done here. Keys come from the environment; see
`docs/areas/hall.md`. Written against the SDK's requests and answers; never run against the live service.
"""

import csv
import gzip
import io
import json
import os
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from django.utils import timezone

from yiwang.hall.payments import data
from yiwang.hall.payments.data import Checkout, Order, ProviderEvent, StatementLine
from yiwang.hall.payments.errors import (
    ProviderSilent,
    ProviderUnknown,
    SignatureWrong,
    StatementUnavailable,
)

FRESH_SECONDS = 300
CONFIRMED = {
    "SUCCESS": data.CAPTURE,
    "REFUND": data.CAPTURE,
    "CLOSED": data.EXPIRE,
    "REVOKED": data.EXPIRE,
    "PAYERROR": data.FAIL,
}
REFUND_ENDS = {"SUCCESS": data.REFUND, "CLOSED": data.FAIL, "ABNORMAL": data.FAIL}


class WeChat:
    """WeChat Pay of one merchant. client: a `wechatpayv3.WeChatPay`."""

    key = "wechat"
    title = {"zh": "微信支付", "en": "WeChat Pay"}
    answer = (200, "application/json", '{"code": "SUCCESS"}')

    def __init__(self, client: object) -> None:
        self.client = client

    def begin(self, order: Order) -> Checkout:
        """Open a Native order (下单); the link is what the QR code carries."""
        said = self._call(
            self.client.pay,
            description=order.title[:42],
            out_trade_no=order.number,
            amount={"total": order.amount_fen, "currency": "CNY"},
            time_expire=timezone.localtime(order.expires_at).isoformat(timespec="seconds"),
            notify_url=order.url_notify,
        )
        return Checkout(said["code_url"])

    def notification_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[ProviderEvent]:
        """Check and decrypt a notification (验签解密)."""
        stamp = headers.get("Wechatpay-Timestamp", "")
        if not stamp.isdigit() or abs(now.timestamp() - int(stamp)) > FRESH_SECONDS:
            raise SignatureWrong()
        try:
            said = self.client.callback(dict(headers), body)
        except Exception as error:  # the SDK raises bare exceptions for what it does not know
            raise SignatureWrong() from error
        if not said:
            raise SignatureWrong()
        found = said["resource"]
        if "refund_status" in found:
            return self._refund_events(found, found["refund_status"], event_id=said["id"])
        return self._order_events(found, event_id=said["id"])

    def ask(self, number: str) -> list[ProviderEvent]:
        """Say what became of an order (查单)."""
        return self._order_events(self._call(self.client.query, out_trade_no=number))

    def ask_refund(self, number: str) -> list[ProviderEvent]:
        """Say what became of a refund (查退款)."""
        said = self._call(self.client.query_refund, out_refund_no=number)
        return self._refund_events(said, said["status"])

    def close(self, number: str) -> None:
        """Close an order (关单)."""
        self._call(self.client.close, out_trade_no=number)

    def refund(
        self, number: str, *, refund_number: str, amount_fen: int, total_fen: int, reason: str
    ) -> list[ProviderEvent]:
        """Ask for a refund (退款); it may come through at once or later."""
        said = self._call(
            self.client.refund,
            out_trade_no=number,
            out_refund_no=refund_number,
            amount={"refund": amount_fen, "total": total_fen, "currency": "CNY"},
            reason=reason[:80],
        )
        return self._refund_events(said, said["status"])

    def statement(self, day: date) -> list[StatementLine]:
        """Fetch the day's bill (交易账单)."""
        try:
            said = self._call(self.client.trade_bill, bill_date=day.isoformat())
            code, content = self.client.download_bill(said["download_url"])
        except ProviderSilent as error:
            raise StatementUnavailable(day=day.isoformat()) from error
        if code != 200:
            raise StatementUnavailable(day=day.isoformat())
        raw = content if isinstance(content, bytes) else content.encode()
        return statement_read(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)

    def _call(self, function: object, **values: object) -> dict:
        try:
            code, text = function(**values)
        except Exception as error:  # network and signature failures of the SDK alike
            raise ProviderSilent() from error
        if not 200 <= code < 300:
            raise ProviderSilent()
        return json.loads(text) if text else {}

    def _order_events(self, said: Mapping, event_id: str = "") -> list[ProviderEvent]:
        kind = CONFIRMED.get(said["trade_state"])
        if kind is None:
            return []
        at = said.get("success_time")
        return [
            ProviderEvent(
                event_id=event_id or f"{said['out_trade_no']}-{kind}",
                kind=kind,
                number=said["out_trade_no"],
                provider_ref=said.get("transaction_id", ""),
                amount_fen=said.get("amount", {}).get("total", 0),
                at=datetime.fromisoformat(at) if at else timezone.now(),
            )
        ]

    def _refund_events(self, said: Mapping, status: str, event_id: str = "") -> list[ProviderEvent]:
        kind = REFUND_ENDS.get(status)
        if kind is None:
            return []
        at = said.get("success_time")
        return [
            ProviderEvent(
                event_id=event_id or f"{said['out_refund_no']}-{kind}",
                kind=kind,
                number=said["out_refund_no"],
                provider_ref=said.get("refund_id", ""),
                amount_fen=said["amount"]["refund"],
                at=datetime.fromisoformat(at) if at else timezone.now(),
            )
        ]


def statement_read(content: bytes) -> list[StatementLine]:
    """Read a trade bill (交易账单): CSV whose cells begin with a grave accent, summed up at the end."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    if not rows:
        return []
    place = {name.strip(): number for number, name in enumerate(rows[0])}
    lines = []
    for row in rows[1:]:
        if len(row) < len(place):
            break
        cells = [cell.strip().lstrip("`") for cell in row]
        state = cells[place["交易状态"]]
        at = timezone.make_aware(datetime.fromisoformat(cells[place["交易时间"]]))
        if state == "SUCCESS":
            number, kind, amount = "商户订单号", "PAY", "订单金额"
            amount = amount if amount in place else "应结订单金额"
            reference = "微信订单号"
        elif state == "REFUND":
            number, kind, amount, reference = "商户退款单号", "REFUND", "退款金额", "微信退款单号"
        else:
            continue
        lines.append(
            StatementLine(
                cells[place[number]],
                kind,
                fen_of(cells[place[amount]]),
                cells[place[reference]],
                at,
            )
        )
    return lines


def fen_of(yuan: str) -> int:
    """Read yuan as fen (元转分).

    >>> fen_of("12.30"), fen_of("-0.05"), fen_of("7")
    (1230, -5, 700)
    """
    sign = -1 if yuan.startswith("-") else 1
    whole, _, part = yuan.lstrip("+-").partition(".")
    return sign * (int(whole or "0") * 100 + int((part + "00")[:2]))


def wechat_from_environment() -> WeChat:
    """Make the client from YIWANG_WECHAT_* (微信支付配置). Raises ProviderUnknown without the SDK or the keys."""
    try:
        from wechatpayv3 import WeChatPay, WeChatPayType  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ProviderUnknown() from error
    values = {name: os.environ.get(f"YIWANG_WECHAT_{name.upper()}", "") for name in NAMES}
    if not all(values.values()):
        raise ProviderUnknown()
    return WeChat(
        WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=values["mchid"],
            appid=values["appid"],
            apiv3_key=values["apiv3_key"],
            cert_serial_no=values["cert_serial_no"],
            private_key=Path(values["private_key_file"]).read_text(),
            public_key=Path(values["public_key_file"]).read_text(),
            public_key_id=values["public_key_id"],
            timeout=(5, 15),
        )
    )


NAMES = (
    "mchid",
    "appid",
    "apiv3_key",
    "cert_serial_no",
    "private_key_file",
    "public_key_file",
    "public_key_id",
)
