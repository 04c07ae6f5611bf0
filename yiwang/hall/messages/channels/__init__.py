"""Channels (渠道): how a message leaves the house, and what each must be able to do.

`settings.MESSAGE_CHANNELS` names an adapter for each: one of ADAPTERS, or the path of a class of the city's own. The
default writes files, so that an installation works, and can be looked at, without a gateway.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from yiwang.hall.messages.data import Letter, Receipt
from yiwang.hall.messages.errors import ChannelUnknown

ADAPTERS: dict[str, dict[str, str]] = {
    "EMAIL": {
        "folder": "yiwang.hall.messages.channels.folder.FolderEmail",
        "practice": "yiwang.hall.messages.channels.practice.PracticeEmail",
        "smtp": "yiwang.hall.messages.channels.smtp.Smtp",
    },
    "SMS": {
        "folder": "yiwang.hall.messages.channels.folder.FolderSms",
        "practice": "yiwang.hall.messages.channels.practice.PracticeSms",
        "http": "yiwang.hall.messages.channels.http_sms.HttpSms",
    },
    "LETTER": {"folder": "yiwang.hall.messages.channels.folder.FolderLetter"},
}


class Channel(Protocol):
    """Sends letters. Must have a time-out on everything it asks of the network."""

    reports: bool
    """Whether the provider says later what became of a letter; else handed over is the end."""

    def send(self, letter: Letter) -> str:
        """Send one letter and return the provider's number for it.

        A second time with the same key must be harmless or rare. Raises `ChannelDown` (or any OSError),
        `RecipientBusy`, `RecipientRefused`; anything else is a technical fault.
        """

    def receipts_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[Receipt]:
        """Check and read a pushed receipt (回执验签). Raises `ReceiptRefused`."""


def channel_get(name: str) -> Channel:
    """Return the adapter of a channel: EMAIL, SMS or LETTER. Raises `ChannelUnknown`."""
    known = ADAPTERS.get(name)
    if known is None:
        raise ChannelUnknown()
    chosen = settings.MESSAGE_CHANNELS.get(name, "folder")
    return import_string(known.get(chosen, chosen))()
