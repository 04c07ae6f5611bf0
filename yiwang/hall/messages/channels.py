"""Channels (渠道): how a message leaves the house. A city puts its own in `settings.MESSAGE_CHANNELS`.

The default writes files, so that an installation works, and can be looked at, without a gateway.
"""

import os
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from yiwang.hall.messages.data import Letter

DEFAULTS = {
    "EMAIL": "yiwang.hall.messages.channels.FolderEmail",
    "SMS": "yiwang.hall.messages.channels.FolderSms",
}


class Channel(Protocol):
    """Sends letters. Raises when it could not: the outbox tries again. Must have a time-out."""

    def send(self, letter: Letter) -> None:
        """Send one letter; sending it twice must be harmless or rare."""


class FolderEmail:
    """Writes e-mail (邮件) as .eml files, one a message, under DATA_DIR/outbox/email."""

    def send(self, letter: Letter) -> None:
        """Write the letter; a second time replaces the same file."""
        mail = EmailMessage()
        mail["Message-ID"] = f"<{letter.message_id}@yiwang.example>"
        mail["From"] = f"{settings.CITY['name']['zh']} <no-reply@yiwang.example>"
        mail["To"] = letter.address
        mail["Subject"] = letter.title
        mail["Date"] = letter.sent_at
        mail.set_content(letter.text)
        _write("email", f"{letter.message_id}.eml", mail.as_bytes())


class FolderSms:
    """Writes text messages (短信) as .txt files under DATA_DIR/outbox/sms."""

    def send(self, letter: Letter) -> None:
        """Write number, signature and text."""
        text = f"{letter.address}\n【{settings.CITY['name']['zh']}】{letter.text}\n"
        _write("sms", f"{letter.message_id}.txt", text.encode())


def channel_get(name: str) -> Channel:
    """Return the adapter of a channel: EMAIL or SMS."""
    paths = {**DEFAULTS, **getattr(settings, "MESSAGE_CHANNELS", {})}
    return import_string(paths[name])()


def _write(folder: str, name: str, content: bytes) -> None:
    target = Path(settings.DATA_DIR) / "outbox" / folder
    target.mkdir(parents=True, exist_ok=True)
    part = target / f".{name}.part"
    part.write_bytes(content)
    os.replace(part, target / name)
