"""What is said later of letters that did not arrive (退信与失败回执), pure: delivery reports, and whose fault it was.

Source: RFC 3464 (delivery status notifications), RFC 3463 (enhanced status codes), RFC 5321 §4.2.
"""

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from yiwang.hall.messages.data import Receipt

# "<key@domain>": the key is a UUID, with the number of the resend behind it.
_KEY = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-\d{1,4})?)@")
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_BASIC = re.compile(r"\b([245]\d\d)\b")
# No such mailbox, no such domain, moved away, closed: RFC 3463 X.1.* but the sender's own, and X.2.1.
_DEAD = {("1", one) for one in ("0", "1", "2", "3", "6", "10")} | {("2", "0"), ("2", "1")}
_DEAD_BASIC = {"550", "551", "553"}
_SMS_ALIVE = ("blocked", "rejected", "content")


def bounce_read(mail: bytes, *, now: datetime) -> list[Receipt]:
    """Read a delivery report that a mail server sent back (解析退信); [] for any other mail.

    It is known again by the Message-ID of the letter that it brings back.
    """
    report = message_from_bytes(mail, policy=policy.default)
    if report.get_content_type() != "multipart/report":
        return []
    key, facts = "", []
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            facts += [one for one in part.get_payload() if one["Action"]]
        elif part.get_content_type() in ("text/rfc822-headers", "message/rfc822"):
            found = _KEY.search(_original(part))
            key = found[1] if found else key
    if not key:
        return []
    receipts = (_receipt(key, one, now=now) for one in facts)
    return [one for one in receipts if one is not None]


def _original(part: EmailMessage) -> str:
    """Return the Message-ID of the letter that came back."""
    if part.get_content_type() == "message/rfc822":
        (letter,) = part.get_payload()
        return str(letter["Message-ID"] or "")
    found = re.search(r"^Message-ID:\s*(\S+)", part.get_content(), re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""


def _receipt(key: str, facts: EmailMessage, *, now: datetime) -> Receipt | None:
    action = str(facts["Action"]).strip().lower()
    status = str(facts["Status"] or "").strip()
    said = re.sub(r"\s+", " ", str(facts["Diagnostic-Code"] or "")).removeprefix("smtp; ")
    if action == "delivered":
        return Receipt(key, "DELIVERED", now)
    if action != "failed":  # delayed, relayed, expanded: not the end of it
        return None
    state = "PERMANENT_FAILURE" if status.startswith("5") else "TEMPORARY_FAILURE"
    if status.startswith("5.2.2"):  # a full mailbox may be emptied
        state = "TEMPORARY_FAILURE"
    detail = said if status in said else f"{status} {said}"
    return Receipt(key, state, now, detail.strip()[:200])


def is_dead(channel: str, detail: str) -> bool:
    """Tell whether a final failure says that the address itself does not exist (地址失效).

    What was refused for its content or its sender says nothing of the address.

    >>> is_dead("EMAIL", "550 5.1.1 no such user"), is_dead("EMAIL", "550 5.7.1 looks like spam")
    (True, False)
    >>> is_dead("EMAIL", "550 unknown"), is_dead("SMS", "invalid_number"), is_dead("SMS", "blocked")
    (True, True, False)
    """
    if channel == "SMS":
        return not any(word in detail.lower() for word in _SMS_ALIVE)
    if channel != "EMAIL":
        return False
    if found := _ENHANCED.search(detail):
        return found[1] == "5" and (found[2], found[3]) in _DEAD
    basic = _BASIC.search(detail)
    return basic is not None and basic[1] in _DEAD_BASIC
