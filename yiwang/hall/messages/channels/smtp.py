"""E-mail over SMTP (邮件服务器).

`YIWANG_EMAIL_CHANNEL=smtp`, `YIWANG_SMTP=smtp://name:word@host:25` (smtps:// for TLS from the first byte; smtp:// asks
for STARTTLS and goes on without only for localhost), `YIWANG_MAIL_FROM` the sender's address. What cannot be delivered comes back to that mailbox as a delivery report: its server
hands each mail to `yw bounce` on this machine, or posts it to /hall/messages/receipts/EMAIL/ with the two headers of
`yiwang.sdk.signed` (prefix X-Yiwang) under the secret `YIWANG_MAIL_SECRET`.
"""

import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote, urlsplit

from django.conf import settings

from yiwang.hall.messages.bounces import bounce_read
from yiwang.hall.messages.channels.folder import mail_make
from yiwang.hall.messages.data import Letter, Receipt
from yiwang.hall.messages.errors import (
    ChannelDown,
    ReceiptRefused,
    RecipientBusy,
    RecipientRefused,
)
from yiwang.sdk.signed import Signer

TIMEOUT_SECONDS = 20
LOCAL = {"localhost", "127.0.0.1", "::1"}


class Smtp:
    """Hands e-mail to the city's mail server. A server that answered has it; what comes back is told later."""

    reports = False

    def send(self, letter: Letter) -> str:
        """Send one letter. Its Message-ID is the key: a mail store that has it shows it once."""
        mail = mail_make(letter)
        try:
            with _connection() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise _of_code(code)(f"{code} {_text(text)}") from error
        except smtplib.SMTPDataError as error:
            raise _of_code(error.smtp_code)(
                f"{error.smtp_code} {_text(error.smtp_error)}"
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(f"{type(error).__name__}: {error}") from error
        return mail["Message-ID"]

    def receipts_read(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> list[Receipt]:
        """Check the signature of a delivery report and read it (退信). Raises `ReceiptRefused`."""
        secret = settings.MAIL_SECRET.encode()
        if not secret or not Signer(secret, "X-Yiwang").holds(headers, body, now=now):
            raise ReceiptRefused()
        return bounce_read(body, now=now)


def _connection() -> smtplib.SMTP:
    place = urlsplit(settings.SMTP_SERVER)
    host = place.hostname or "localhost"
    tls = ssl.create_default_context()
    if place.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, place.port or 465, timeout=TIMEOUT_SECONDS, context=tls
        )
    else:
        server = smtplib.SMTP(host, place.port or 25, timeout=TIMEOUT_SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=tls)
        elif host not in LOCAL:
            server.close()
            raise ChannelDown(f"{host} offers no encryption")
    if place.username:
        server.login(unquote(place.username), unquote(place.password or ""))
    return server


def _of_code(code: int) -> type[Exception]:
    """4xx: not now; 5xx: never (RFC 5321 §4.2.1)."""
    return RecipientRefused if code >= 500 else RecipientBusy


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
