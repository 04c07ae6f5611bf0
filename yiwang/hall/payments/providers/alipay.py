"""Alipay (支付宝), open platform, through `python-alipay-sdk` (MIT): the page checkout.

Alipay's own SDK has 36,604 files; this one signs, sends and verifies the same. Keys come from the environment; see
`docs/areas/hall.md`. Written against published requests and answers; never run against the live service.
"""

import csv
import io
import os
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from django.utils import timezone

from yiwang.hall.payments import data
from yiwang.hall.payments.data import Checkout, Order, ProviderEvent, StatementLine
from yiwang.hall.payments.errors import (
    ProviderSilent,
    ProviderUnknown,
    SignatureWrong,
    StatementUnavailable,
)
from yiwang.hall.payments.providers.wechat import fen_of
from yiwang.hall.payments.rules import money_text

STATES = {
    "TRADE_SUCCESS": data.CAPTURE,
    "TRADE_FINISHED": data.CAPTURE,
    "TRADE_CLOSED": data.EXPIRE,
}
MAX_STATEMENT = 200 << 20


class Alipay:
    """Alipay of one merchant. client: the SDK's `AliPay`; fetch: downloads a statement."""

    key = "alipay"
    title = {"zh": "支付宝", "en": "Alipay"}
    answer = (200, "text/plain", "success")

    def __init__(self, client: object, *, fetch: Callable[[str], bytes]) -> None:
        self.client, self.fetch = client, fetch

    def begin(self, order: Order) -> Checkout:
        """Make the signed link of the checkout page (收银台); no request is sent."""
        query = self.client.client_api(
            "alipay.trade.page.pay",
            {
                "out_trade_no": order.number,
                "product_code": "FAST_INSTANT_TRADE_PAY",
                "total_amount": money_text(order.amount_fen),
                "subject": order.title[:128],
                "time_expire": _time_text(order.expires_at),
            },
            return_url=order.url_back,
            notify_url=order.url_notify,
        )
        return Checkout(f"{self.client._gateway}?{query}")

    def notification_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[ProviderEvent]:
        """Check a notification (异步通知验签): a form whose sorted fields are signed."""
        fields = dict(parse_qsl(body.decode("utf-8", "replace")))
        signature = fields.pop("sign", "")
        try:
            holds = self.client.verify(dict(fields), signature)
        except Exception as error:  # the SDK lets through whatever its parts raise
            raise SignatureWrong() from error
        if not holds or fields.get("app_id") != self.client.appid:
            raise SignatureWrong()
        return self._order_events(fields, event_id=fields["notify_id"])

    def ask(self, number: str) -> list[ProviderEvent]:
        """Say what became of an order (查单)."""
        said = self._execute("alipay.trade.query", {"out_trade_no": number})
        return self._order_events(said) if said.get("code") == "10000" else []

    def ask_refund(self, number: str) -> list[ProviderEvent]:
        """Say what became of a refund (查退款). number: ours; the paid order's stands before its dash."""
        asked = {"out_trade_no": number.partition("-")[0], "out_request_no": number}
        said = self._execute("alipay.trade.fastpay.refund.query", asked)
        if said.get("refund_status") != "REFUND_SUCCESS":
            return []
        return [_refund_event(number, said)]

    def close(self, number: str) -> None:
        """Close an order (关单)."""
        self._execute("alipay.trade.close", {"out_trade_no": number})

    def refund(
        self, number: str, *, refund_number: str, amount_fen: int, total_fen: int, reason: str
    ) -> list[ProviderEvent]:
        """Ask for a refund (退款)."""
        asked = {
            "out_trade_no": number,
            "out_request_no": refund_number,
            "refund_amount": money_text(amount_fen),
            "refund_reason": reason[:256],
        }
        said = self._execute("alipay.trade.refund", asked)
        if said.get("code") != "10000":
            raise ProviderSilent()
        # fund_change N: this request moved nothing, it was a repeat or is still under way; asked about later.
        is_done = said.get("fund_change") == "Y"
        return [_refund_event(refund_number, asked | dict(said))] if is_done else []

    def statement(self, day: date) -> list[StatementLine]:
        """Fetch the day's bill (业务明细账单)."""
        asked = {"bill_type": "trade", "bill_date": day.isoformat()}
        said = self._execute("alipay.data.dataservice.bill.downloadurl.query", asked)
        if said.get("code") != "10000":
            raise StatementUnavailable(day=day.isoformat())
        return statement_read(self.fetch(said["bill_download_url"]))

    def _execute(self, name: str, content: dict) -> dict:
        try:
            return self.client.server_api(name, content)
        except Exception as error:  # network and signature failures of the SDK alike
            raise ProviderSilent() from error

    def _order_events(self, said: Mapping, event_id: str = "") -> list[ProviderEvent]:
        kind = STATES.get(said.get("trade_status", ""))
        if kind is None:
            return []
        at = said.get("gmt_payment") or said.get("send_pay_date")
        return [
            ProviderEvent(
                event_id=event_id or f"{said['out_trade_no']}-{kind}",
                kind=kind,
                number=said["out_trade_no"],
                provider_ref=said.get("trade_no", ""),
                amount_fen=fen_of(said["total_amount"]),
                at=_time_read(at) if at else timezone.now(),
            )
        ]


def _refund_event(number: str, said: Mapping) -> ProviderEvent:
    kind, amount = data.REFUND, fen_of(said["refund_amount"])
    reference = said.get("trade_no", "")
    return ProviderEvent(f"{number}-{kind}", kind, number, reference, amount, timezone.now())


def statement_read(content: bytes) -> list[StatementLine]:
    """Read a bill (业务明细): a ZIP with GB18030 CSV files; remarks begin with #."""
    lines: list[StatementLine] = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".csv") and entry.file_size <= MAX_STATEMENT:
                lines += _lines_read(archive.read(entry).decode("gb18030"))
    return lines


def _lines_read(text: str) -> list[StatementLine]:
    rows = [row for row in csv.reader(io.StringIO(text)) if row and not row[0].startswith("#")]
    if not rows or "商户订单号" not in [name.strip() for name in rows[0]]:
        return []
    place = {name.strip(): number for number, name in enumerate(rows[0])}
    lines = []
    for row in rows[1:]:
        cells = [cell.strip() for cell in row]
        is_refund = cells[place["业务类型"]] == "退款"
        amount = fen_of(cells[place["订单金额（元）"]])
        number = cells[place["退款批次号/请求号"]] if is_refund else cells[place["商户订单号"]]
        lines.append(
            StatementLine(
                number,
                "REFUND" if is_refund else "PAY",
                abs(amount),
                cells[place["支付宝交易号"]],
                _time_read(cells[place["完成时间"]]),
            )
        )
    return lines


def _time_text(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


def _time_read(text: str) -> datetime:
    return timezone.make_aware(datetime.fromisoformat(text))


def alipay_from_environment() -> Alipay:
    """Make the client from YIWANG_ALIPAY_* (支付宝配置). Raises ProviderUnknown without the SDK or the keys."""
    try:
        from alipay import AliPay  # noqa: PLC0415 - an extra
        from alipay.utils import AliPayConfig  # noqa: PLC0415
    except ImportError as error:
        raise ProviderUnknown() from error
    names = ("app_id", "private_key_file", "public_key_file")
    values = {name: os.environ.get(f"YIWANG_ALIPAY_{name.upper()}", "") for name in names}
    if not all(values.values()):
        raise ProviderUnknown()
    client = AliPay(
        appid=values["app_id"],
        app_private_key_string=Path(values["private_key_file"]).read_text(),
        alipay_public_key_string=Path(values["public_key_file"]).read_text(),
        config=AliPayConfig(timeout=15),
    )
    return Alipay(client, fetch=_fetch)


def _fetch(url: str) -> bytes:
    import requests  # noqa: PLC0415 - comes with the extra

    try:
        response = requests.get(url, timeout=(5, 60))
        response.raise_for_status()
    except requests.RequestException as error:
        raise ProviderSilent() from error
    return response.content
