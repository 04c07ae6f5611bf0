"""Channels to practise with (演练渠道): they write the same files as the folder, and report back later, signed.

An address decides what becomes of a letter: `perm-fail@…` and numbers that end in 0002 cannot be reached, `temp-fail@…` and
those in 0003 not for now, all others are. Every seventh report is lost, every fifth comes twice.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from yiwang.hall.messages.channels.folder import FolderEmail, FolderSms
from yiwang.hall.messages.data import Letter, Receipt
from yiwang.hall.messages.errors import ReceiptRefused
from yiwang.hall.messages.models import PracticeReceipt
from yiwang.kernel.api import practice_signer
from yiwang.sdk.signed import Signer

LOST_EVERY, TWICE_EVERY = 7, 5
FATES = {
    ("EMAIL", "perm-fail"): ("PERMANENT_FAILURE", "550 5.1.1 no such mailbox"),
    ("EMAIL", "temp-fail"): ("TEMPORARY_FAILURE", "452 4.2.2 mailbox full"),
    ("SMS", "0002"): ("PERMANENT_FAILURE", "invalid_number"),
    ("SMS", "0003"): ("TEMPORARY_FAILURE", "phone off"),
}


class Practice:
    """What the practice channels share: a report follows each letter."""

    channel: str
    reports = True

    def send(self, letter: Letter) -> str:
        """Write the letter; a report follows within half a minute, or never."""
        name = super().send(letter)  # type: ignore[misc]
        lot = int(letter.key[:8], 16)
        state, detail = fate_of(self.channel, letter.address)
        is_bad = state != "DELIVERED"
        times = 1 if is_bad else 0 if lot % LOST_EVERY == 0 else 2 if lot % TWICE_EVERY == 0 else 1
        if not PracticeReceipt.objects.filter(channel=self.channel, key=letter.key).exists():
            PracticeReceipt.objects.bulk_create(
                PracticeReceipt(
                    channel=self.channel,
                    key=letter.key,
                    state=state,
                    detail=detail,
                    due_at=letter.sent_at + timedelta(seconds=10 + 20 * n),
                )
                for n in range(times)
            )
        return name

    def receipts_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[Receipt]:
        """Check signature and age of a report. Raises `ReceiptRefused`."""
        if not signer().holds(headers, body, now=now):
            raise ReceiptRefused()
        return [
            Receipt(one["key"], one["state"], datetime.fromisoformat(one["at"]), one["detail"])
            for one in json.loads(body)["receipts"]
        ]


class PracticeEmail(Practice, FolderEmail):
    """E-mail to practise with (演练邮件)."""

    channel = "EMAIL"


class PracticeSms(Practice, FolderSms):
    """Text messages to practise with (演练短信)."""

    channel = "SMS"


def fate_of(channel: str, address: str) -> tuple[str, str]:
    """Return what becomes of a letter to an address (演练结局): state and detail.

    >>> fate_of("EMAIL", "perm-fail@example.org")[0], fate_of("SMS", "13900000001")
    ('PERMANENT_FAILURE', ('DELIVERED', ''))
    """
    mark = address.partition("@")[0].lower() if channel == "EMAIL" else address[-4:]
    return FATES.get((channel, mark), ("DELIVERED", ""))


def receipts_signed(rows: list[PracticeReceipt], *, now: datetime) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a report as it goes over the wire (签名回执)."""
    said = [
        {"key": row.key, "state": row.state, "at": row.due_at.isoformat(), "detail": row.detail}
        for row in rows
    ]
    body = json.dumps({"receipts": said}).encode()
    return signer().headers(body, now=now), body


def signer() -> Signer:
    """Return what the practice channels sign by (演练签名)."""
    return practice_signer("messages.practice", "Practice")
