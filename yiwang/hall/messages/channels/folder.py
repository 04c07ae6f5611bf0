"""Channels that write files (文件渠道) under DATA_DIR/outbox: to look at, and for a city that carries them on itself."""

import os
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

from yiwang.hall.messages.data import Letter, Receipt
from yiwang.hall.messages.errors import ReceiptRefused


class _Folder:
    reports = False

    def receipts_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[Receipt]:
        """A file says nothing later."""
        raise ReceiptRefused()


class FolderEmail(_Folder):
    """Writes e-mail (邮件) as .eml files, one a sending, under DATA_DIR/outbox/email."""

    def send(self, letter: Letter) -> str:
        """Write the letter; a second time replaces the same file."""
        return _write("email", f"{letter.key}.eml", mail_make(letter).as_bytes())


class FolderSms(_Folder):
    """Writes text messages (短信) as .txt files under DATA_DIR/outbox/sms."""

    def send(self, letter: Letter) -> str:
        """Write number, signature and text."""
        return _write(
            "sms", f"{letter.key}.txt", f"{letter.address}\n{sms_signed(letter)}\n".encode()
        )


class FolderLetter(_Folder):
    """Lays letters on paper (信函) into DATA_DIR/outbox/letter for whoever prints and posts them."""

    def send(self, letter: Letter) -> str:
        """Write the address and the text."""
        text = f"{letter.address}\n\n{letter.title}\n\n{letter.text}\n"
        return _write("letter", f"{letter.key}.txt", text.encode())


def mail_make(letter: Letter) -> EmailMessage:
    """Make the e-mail (组织邮件) of a letter. Its Message-ID is the key, by which mail stores know it again."""
    city = settings.CITY["name"]["zh"]
    mail = EmailMessage()
    mail["Message-ID"] = f"<{letter.key}@{settings.MAIL_FROM.partition('@')[2]}>"
    mail["From"] = f"{letter.sender or city} <{settings.MAIL_FROM}>"
    mail["To"] = letter.address
    mail["Subject"] = letter.title
    mail["Date"] = letter.sent_at
    if letter.reply_to:
        mail["Reply-To"] = letter.reply_to
    for name, value in letter.headers.items():
        mail[name] = value
    mail.set_content(letter.text)
    return mail


def sms_signed(letter: Letter) -> str:
    """Return a text message with its signature (短信签名) in front, as the operators demand."""
    return f"【{letter.sender or settings.CITY['name']['zh']}】{letter.text}"


def _write(folder: str, name: str, content: bytes) -> str:
    target = Path(settings.DATA_DIR) / "outbox" / folder
    target.mkdir(parents=True, exist_ok=True)
    part = target / f".{name}.part"
    part.write_bytes(content)
    os.replace(part, target / name)
    return name
