"""The adapters of WeChat Pay and Alipay against a gateway of our own that signs as they do, on loopback."""

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3 import WeChatPay, WeChatPayType

from yiwang.hall.payments.data import Order
from yiwang.hall.payments.errors import ProviderSilent, SignatureWrong, StatementUnavailable
from yiwang.hall.payments.providers.alipay import Alipay
from yiwang.hall.payments.providers.wechat import WeChat

ORDER = Order(
    number="P20261120000000019",
    title="身份证补领",
    amount_fen=2250,
    expires_at=datetime(2026, 11, 20, 2, 30, tzinfo=UTC),
    url_back="https://city.example/back",
    url_notify="https://city.example/notify",
)
API_KEY = "k" * 32
PAID_AT = datetime(2026, 11, 20, 10, 1, tzinfo=UTC) - timedelta(hours=8)


class Key:
    """An RSA key as both sides write it down."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.private = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        self.public = (
            self.key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    def sign(self, text: str) -> str:
        signed = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signed).decode()


@pytest.fixture(scope="module")
def merchant():
    return Key()


@pytest.fixture(scope="module")
def platform():
    return Key()


class Gateway:
    """Answers on loopback with what a test says; keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.answers: list[tuple[int, str | bytes]] = []
        self.headers: Callable[[str], dict] = lambda body: {}
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                gateway.asked.append((self.command, self.path, body))
                status, text = gateway.answers.pop(0)
                raw = text if isinstance(text, bytes) else text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                for name, value in gateway.headers(raw.decode("utf-8", "replace")).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = _answer

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.server.shutdown()
    made.server.server_close()


def wechat_headers(platform, body, *, at=None):
    stamp, nonce = str(int(at or time.time())), "nonce"
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": "PUB_KEY_ID_1",
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature": platform.sign(f"{stamp}\n{nonce}\n{body}\n"),
    }


@pytest.fixture
def wechat(gateway, merchant, platform):
    client = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid="1900000001",
        private_key=merchant.private,
        cert_serial_no="ABCDEF",
        appid="wx1",
        apiv3_key=API_KEY,
        public_key=platform.public,
        public_key_id="PUB_KEY_ID_1",
        timeout=(2, 2),
    )
    client._core._gate_way = gateway.address
    gateway.headers = lambda body: wechat_headers(platform, body)
    return WeChat(client)


def wechat_notice(platform, resource, *, at=None, key=API_KEY):
    sealed = AESGCM(key.encode()).encrypt(b"nonce1234567", json.dumps(resource).encode(), b"a")
    body = json.dumps(
        {
            "id": "EV-1",
            "resource_type": "encrypt-resource",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "nonce": "nonce1234567",
                "associated_data": "a",
            },
        }
    )
    return wechat_headers(platform, body, at=at), body.encode()


PAID = {
    "out_trade_no": ORDER.number,
    "transaction_id": "42000",
    "trade_state": "SUCCESS",
    "success_time": "2026-11-20T10:01:00+08:00",
    "amount": {"total": 2250, "currency": "CNY"},
}


def facts(events):
    return [(e.event_id, e.kind, e.number, e.provider_ref, e.amount_fen, e.at) for e in events]


def test_wechat_opens_an_order_and_asks_about_it(wechat, gateway):
    gateway.answers += [
        (200, json.dumps({"code_url": "weixin://wxpay/bizpayurl?pr=1"})),
        (200, json.dumps({**PAID, "trade_state": "NOTPAY"})),
        (200, json.dumps(PAID)),
    ]
    assert wechat.begin(ORDER).url == "weixin://wxpay/bizpayurl?pr=1"
    method, path, body = gateway.asked[0]
    sent = json.loads(body)
    assert (method, path) == ("POST", "/v3/pay/transactions/native")
    assert sent["amount"] == {"total": 2250, "currency": "CNY"}
    assert (sent["out_trade_no"], sent["time_expire"]) == (
        ORDER.number,
        "2026-11-20T10:30:00+08:00",
    )
    assert wechat.ask(ORDER.number) == []
    assert facts(wechat.ask(ORDER.number)) == [
        (f"{ORDER.number}-CAPTURE", "CAPTURE", ORDER.number, "42000", 2250, PAID_AT)
    ]


def test_wechat_that_fails_or_signs_wrongly_counts_as_silent(wechat, gateway, merchant):
    gateway.answers += [(500, "{}"), (200, json.dumps(PAID)), (200, "{}")]
    with pytest.raises(ProviderSilent):
        wechat.ask(ORDER.number)
    gateway.headers = lambda body: wechat_headers(merchant, body)
    with pytest.raises(ProviderSilent):
        wechat.ask(ORDER.number)
    with pytest.raises(StatementUnavailable):
        wechat.statement(date(2026, 11, 20))


def test_wechat_notices_are_decrypted_when_signature_and_age_hold(wechat, platform, merchant):
    now = datetime.now(UTC)
    headers, body = wechat_notice(platform, PAID)
    assert facts(wechat.notification_read(headers, body, now=now)) == [
        ("EV-1", "CAPTURE", ORDER.number, "42000", 2250, PAID_AT)
    ]
    refund = {
        "out_trade_no": ORDER.number,
        "out_refund_no": "R1",
        "refund_id": "50000",
        "refund_status": "SUCCESS",
        "success_time": "2026-11-20T10:01:00+08:00",
        "amount": {"total": 2250, "refund": 50},
    }
    headers, body = wechat_notice(platform, refund)
    assert facts(wechat.notification_read(headers, body, now=now)) == [
        ("EV-1", "REFUND", "R1", "50000", 50, PAID_AT)
    ]
    wrong = [
        wechat_notice(merchant, PAID),
        wechat_notice(platform, PAID, at=time.time() - 400),
        wechat_notice(platform, PAID, key="z" * 32),
        (headers, body.replace(b"EV-1", b"EV-2")),
        ({}, b""),
    ]
    for headers, body in wrong:
        with pytest.raises(SignatureWrong):
            wechat.notification_read(headers, body, now=now)


def test_wechat_refunds_and_statements_are_read(wechat, gateway):
    bill = (
        "﻿交易时间,公众账号ID,微信订单号,商户订单号,交易状态,应结订单金额,微信退款单号,商户退款单号,退款金额,订单金额\n"
        "`2026-11-20 10:01:00,`wx1,`42000,`P1,`SUCCESS,`22.50,`0,`0,`0.00,`22.50\n"
        "`2026-11-20 11:00:00,`wx1,`42000,`P1,`REFUND,`0.00,`50000,`P1-1,`0.50,`22.50\n"
        "总交易单数,应结订单总金额\n`2,`22.50\n"
    )
    refund = {
        "out_refund_no": "P1-1",
        "refund_id": "50000",
        "status": "PROCESSING",
        "amount": {"refund": 50},
    }
    gateway.answers += [
        (200, json.dumps(refund)),
        (200, json.dumps({**refund, "status": "SUCCESS"})),
        (200, json.dumps({"download_url": f"{gateway.address}/bill"})),
        (200, bill),
    ]
    asked = {"refund_number": "P1-1", "amount_fen": 50, "total_fen": 2250, "reason": "多收"}
    assert wechat.refund("P1", **asked) == []
    assert [event.kind for event in wechat.ask_refund("P1-1")] == ["REFUND"]
    assert [
        (line.number, line.kind, line.amount_fen) for line in wechat.statement(date(2026, 11, 20))
    ] == [("P1", "PAY", 2250), ("P1-1", "REFUND", 50)]


@pytest.fixture
def alipay(gateway, merchant, platform):
    from alipay import AliPay

    client = AliPay(
        appid="2026",
        app_private_key_string=merchant.private,
        alipay_public_key_string=platform.public,
    )
    client._gateway = f"{gateway.address}/gateway.do"

    def fetch(url):
        files = io.BytesIO()
        with zipfile.ZipFile(files, "w") as archive:
            archive.writestr("明细.csv", STATEMENT.encode("gb18030"))
            archive.writestr("汇总.csv", "#汇总\n门店编号,门店名称\n合计,\n".encode("gb18030"))
        return files.getvalue()

    return Alipay(client, fetch=fetch)


STATEMENT = """#支付宝业务明细查询
支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,订单金额（元）,退款批次号/请求号
2026A\t,P1\t,交易,身份证,2026-11-20 10:00:00,2026-11-20 10:01:00,,22.50,
2026A\t,P1\t,退款,身份证,2026-11-20 11:00:00,2026-11-20 11:01:00,,-0.50,P1-1
#合计
"""


def alipay_answer(platform, name, said):
    text = json.dumps(said, ensure_ascii=False)
    return f'{{"{name}":{text},"sign":"{platform.sign(text)}"}}'


@pytest.mark.payments
def test_alipay_signs_the_link_of_its_checkout(alipay, merchant):
    link = urlsplit(alipay.begin(ORDER).url)
    sent = dict(parse_qsl(link.query))
    content = json.loads(sent["biz_content"])
    assert (content["total_amount"], content["out_trade_no"]) == ("22.50", ORDER.number)
    assert content["time_expire"] == "2026-11-20 10:30:00"
    assert (sent["notify_url"], sent["return_url"]) == (ORDER.url_notify, ORDER.url_back)
    signature = base64.b64decode(sent.pop("sign"))
    signed = "&".join(f"{name}={value}" for name, value in sorted(sent.items()))
    merchant.key.public_key().verify(
        signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


@pytest.mark.payments
def test_alipay_says_what_became_of_orders_and_refunds(alipay, gateway, platform):
    trade = {
        "code": "10000",
        "out_trade_no": ORDER.number,
        "trade_no": "2026A",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "22.50",
        "send_pay_date": "2026-11-20 10:01:00",
    }
    gateway.answers += [
        (200, alipay_answer(platform, "alipay_trade_query_response", trade)),
        (200, alipay_answer(platform, "alipay_trade_query_response", {"code": "40004"})),
        (200, alipay_answer(Key(), "alipay_trade_query_response", trade)),
        (
            200,
            alipay_answer(
                platform,
                "alipay_trade_refund_response",
                {"code": "10000", "fund_change": "Y", "trade_no": "2026A"},
            ),
        ),
        (200, alipay_answer(platform, "alipay_trade_refund_response", {"code": "40004"})),
        (
            200,
            alipay_answer(
                platform,
                "alipay_trade_fastpay_refund_query_response",
                {"code": "10000", "refund_status": "REFUND_SUCCESS", "refund_amount": "0.50"},
            ),
        ),
    ]
    assert facts(alipay.ask(ORDER.number)) == [
        (f"{ORDER.number}-CAPTURE", "CAPTURE", ORDER.number, "2026A", 2250, PAID_AT)
    ]
    assert alipay.ask(ORDER.number) == []
    with pytest.raises(ProviderSilent):
        alipay.ask(ORDER.number)
    asked = {"refund_number": "P1-1", "amount_fen": 50, "total_fen": 2250, "reason": "多收"}
    assert [(e.kind, e.number, e.amount_fen) for e in alipay.refund("P1", **asked)] == [
        ("REFUND", "P1-1", 50)
    ]
    with pytest.raises(ProviderSilent):
        alipay.refund("P1", **asked)
    assert [(e.kind, e.amount_fen) for e in alipay.ask_refund("P1-1")] == [("REFUND", 50)]
    sent = parse_qs(gateway.asked[-1][2] or urlsplit(gateway.asked[-1][1]).query)
    assert json.loads(sent["biz_content"][0]) == {"out_trade_no": "P1", "out_request_no": "P1-1"}


@pytest.mark.payments
def test_alipay_notices_are_taken_when_the_signature_and_the_receiver_hold(
    alipay, platform, merchant
):
    def notice(key=platform, **changes):
        fields = {
            "app_id": "2026",
            "notify_id": "N1",
            "out_trade_no": ORDER.number,
            "trade_no": "2026A",
            "trade_status": "TRADE_SUCCESS",
            "total_amount": "22.50",
            "gmt_payment": "2026-11-20 10:01:00",
            **changes,
        }
        text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
        fields |= {"sign": key.sign(text), "sign_type": "RSA2"}
        return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()

    now = datetime.now(UTC)
    assert facts(alipay.notification_read({}, notice(), now=now)) == [
        ("N1", "CAPTURE", ORDER.number, "2026A", 2250, PAID_AT)
    ]
    assert alipay.notification_read({}, notice(trade_status="WAIT_BUYER_PAY"), now=now) == []
    for body in (notice(merchant), notice(app_id="1"), notice().replace(b"22.50", b"0.01"), b""):
        with pytest.raises(SignatureWrong):
            alipay.notification_read({}, body, now=now)


@pytest.mark.payments
def test_alipay_statements_are_read_from_their_archive(alipay, gateway, platform):
    name = "alipay_data_dataservice_bill_downloadurl_query_response"
    gateway.answers += [
        (200, alipay_answer(platform, name, {"code": "10000", "bill_download_url": "x"})),
        (200, alipay_answer(platform, name, {"code": "40004"})),
    ]
    assert [
        (line.number, line.kind, line.amount_fen) for line in alipay.statement(date(2026, 11, 20))
    ] == [("P1", "PAY", 2250), ("P1-1", "REFUND", 50)]
    with pytest.raises(StatementUnavailable):
        alipay.statement(date(2026, 11, 21))
