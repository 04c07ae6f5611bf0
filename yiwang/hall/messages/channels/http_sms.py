"""Text messages over HTTP (短信网关): one small protocol, for a gateway of the city's own or a bridge to an operator's.

`YIWANG_SMS_CHANNEL=http`, `YIWANG_SMS_URL=https://…`, `YIWANG_SMS_SECRET=…` (shared). We POST JSON

    {"key": "…", "to": "13900000001", "text": "【苏州市】…", "receipts": "https://our.address/hall/messages/receipts/SMS/"}

with `Idempotency-Key`, `X-Yiwang-Time` (Unix seconds) and `X-Yiwang-Signature`, the hexadecimal HMAC-SHA256 of
`time + "." + body`. The gateway answers 200, 201 or 202 with {"id": "…"}, 409 with the same for a key it has already, 422
with {"error": "invalid_number" | "blocked"} for good, 423 for a receiver out of reach now; 429, 5xx or nothing: it is
down. It pushes {"receipts": [{"key", "state": "delivered" | "expired" | "failed", "at": ISO 8601, "detail"}]} back with
the same two headers.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.messages.channels.folder import sms_signed
from yiwang.hall.messages.data import Letter, Receipt
from yiwang.hall.messages.errors import (
    ChannelDown,
    ReceiptRefused,
    RecipientBusy,
    RecipientRefused,
)
from yiwang.sdk.signed import Signer

TIMEOUT_SECONDS = 15
ANSWER_MAX = 64 << 10
STATES = {
    "delivered": "DELIVERED",
    "expired": "TEMPORARY_FAILURE",
    "failed": "PERMANENT_FAILURE",
}


class HttpSms:
    """Hands text messages to a gateway, which says later what became of each."""

    reports = True

    def send(self, letter: Letter) -> str:
        """Send one letter; the gateway takes a key once."""
        said = {
            "key": letter.key,
            "to": letter.address,
            "text": sms_signed(letter),
            "receipts": settings.SITE_ADDRESS + reverse("hall_messages:receipts", args=["SMS"]),
        }
        body = json.dumps(said, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": letter.key,
            **signer().headers(body, now=timezone.now()),
        }
        # The address is the city's own setting, never anything that came from outside.
        request = urllib.request.Request(settings.SMS_GATEWAY["url"], body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return _number(answer.read(ANSWER_MAX))
        except urllib.error.HTTPError as error:
            with error:
                return _refused(error.code, error.read(ANSWER_MAX))
        except OSError as error:
            raise ChannelDown(f"{type(error).__name__}: {error}") from error

    def receipts_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[Receipt]:
        """Check signature and age of pushed receipts. Raises `ReceiptRefused`."""
        if not signer().holds(headers, body, now=now):
            raise ReceiptRefused()
        return [
            Receipt(
                one["key"],
                STATES.get(one["state"], "PERMANENT_FAILURE"),
                datetime.fromisoformat(one["at"]),
                str(one.get("detail", ""))[:200],
            )
            for one in json.loads(body)["receipts"]
        ]


def signer() -> Signer:
    """Return what we and the gateway sign by (共享密钥)."""
    if not settings.SMS_GATEWAY["secret"]:
        raise ChannelDown("YIWANG_SMS_SECRET is not set")
    return Signer(settings.SMS_GATEWAY["secret"].encode(), "X-Yiwang")


def _number(body: bytes) -> str:
    try:
        return str(json.loads(body).get("id", ""))[:120]
    except (ValueError, AttributeError):
        return ""


def _refused(code: int, body: bytes) -> str:
    if code == 409:
        return _number(body)
    if code == 422:
        raise RecipientRefused(body.decode("utf-8", "replace")[:200])
    if code == 423:
        raise RecipientBusy(body.decode("utf-8", "replace")[:200])
    if code == 429 or code >= 500:
        raise ChannelDown(f"HTTP {code}")
    raise ValueError(f"HTTP {code}: {body.decode('utf-8', 'replace')[:200]}")
