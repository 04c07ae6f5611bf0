"""What the API takes (接口入参), pure: each body's fields, and the sentences for what is wrong with one."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from yiwang.hall.messages.notify.answers import Unvalid

_MAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
# Numbers that Notify's documentation gives for trying things out; nothing is ever sent to them.
PRACTICE_SMS = {
    "07700900000": "delivered",
    "07700900111": "delivered",
    "07700900222": "delivered",
    "07700900003": "temporary-failure",
    "07700900002": "permanent-failure",
}
PRACTICE_EMAIL = {
    "simulate-delivered@notifications.service.gov.uk": "delivered",
    "simulate-delivered-2@notifications.service.gov.uk": "delivered",
    "simulate-delivered-3@notifications.service.gov.uk": "delivered",
    "temp-fail@simulator.notify": "temporary-failure",
    "perm-fail@simulator.notify": "permanent-failure",
}
STATES = (
    "cancelled", "created", "sending", "sent", "delivered", "pending", "failed", "technical-failure", "temporary-failure",
    "permanent-failure", "pending-virus-check", "validation-failed", "virus-scan-failed", "returned-letter", "accepted",
    "received",
)  # fmt: skip
KINDS = ("sms", "email", "letter")
# Notify itself lets services that it invited schedule for 24 hours; its documentation names no limit.
SCHEDULE_AT_MOST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Field:
    """A field: of which JSON type, and what says what is wrong with a value of that type ("" nothing)."""

    types: tuple[type, ...]
    check: Callable[[object], str] = lambda _value: ""
    is_needed: bool = False


def _is_uuid(value: object) -> str:
    try:
        uuid.UUID(str(value))
    except ValueError:
        return "is not a valid UUID"
    return ""


def _is_phone(value: object) -> str:
    return phone_fault(str(value))


def _is_email(value: object) -> str:
    return "" if _MAIL.fullmatch(str(value).strip()) else "Not a valid email address"


def _is_https(value: object) -> str:
    return "" if str(value).startswith("https") else "is not a valid https url"


def _is_reference(value: object) -> str:
    return f"{value} is too long" if len(str(value)) > 1000 else ""


TEXT, OBJECT, LIST, NULL = str, dict, list, type(None)
COMMON = {
    "reference": Field((TEXT,), _is_reference),
    "template_id": Field((TEXT,), _is_uuid, is_needed=True),
    "personalisation": Field((OBJECT,)),
}
BODIES: dict[str, dict[str, Field]] = {
    "sms": {
        "phone_number": Field((TEXT,), _is_phone, is_needed=True),
        **COMMON,
        "scheduled_for": Field((TEXT, NULL)),
        "sms_sender_id": Field((TEXT,), _is_uuid),
    },
    "email": {
        "email_address": Field((TEXT,), _is_email, is_needed=True),
        **COMMON,
        "scheduled_for": Field((TEXT, NULL)),
        "email_reply_to_id": Field((TEXT,), _is_uuid),
        "one_click_unsubscribe_url": Field((TEXT,), _is_https),
        "sanitise_content_for": Field((LIST, NULL)),
    },
    "letter": {**COMMON, "personalisation": Field((OBJECT,), is_needed=True)},
    "preview": {"personalisation": Field((OBJECT,))},
}
_NAMES = {TEXT: "string", OBJECT: "object", LIST: "array", NULL: "null"}


def body_check(kind: str, body: object, *, now: datetime) -> dict:
    """Return a body that has the right shape (校验入参). Raises `Unvalid` with every fault."""
    if not isinstance(body, Mapping):
        raise Unvalid(f"{body} is not of type object")
    fields = BODIES[kind]
    faults = [
        f"{name} is a required property"
        for name, field in fields.items()
        if field.is_needed and name not in body
    ]
    unknown = [name for name in body if name not in fields]
    if unknown:
        verb = "was" if len(unknown) == 1 else "were"
        faults.append(
            f"Additional properties are not allowed ({', '.join(unknown)} {verb} unexpected)"
        )
    for name, value in body.items():
        fault = _field_fault(fields.get(name), value)
        if fault:
            faults.append(f"{name} {fault}")
    if isinstance(at := body.get("scheduled_for"), str) and (fault := schedule_fault(at, now=now)):
        faults.append(f"scheduled_for {fault}")
    if faults:
        raise Unvalid(*faults)
    return dict(body)


def schedule_read(text: str) -> datetime:
    """Return a moment to send at (预定发送时间), in UTC where it names no zone. Raises `ValueError`.

    >>> schedule_read("2026-11-23 09:30").isoformat(), schedule_read("2026-11-23T09:30+08:00").isoformat()
    ('2026-11-23T09:30:00+00:00', '2026-11-23T09:30:00+08:00')
    """
    at = datetime.fromisoformat(text.strip())
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def schedule_fault(text: str, *, now: datetime) -> str:
    """Say what is wrong with a moment to send at, "" when nothing is: up to seven days ahead."""
    try:
        at = schedule_read(text)
    except ValueError:
        return (
            "datetime format is invalid. It must be a valid ISO8601 date time format, "
            "https://en.wikipedia.org/wiki/ISO_8601"
        )
    if at < now:
        return "datetime can not be in the past"
    if at - now > SCHEDULE_AT_MOST:
        return f"datetime can only be {SCHEDULE_AT_MOST.days} days in the future"
    return ""


def _field_fault(field: Field | None, value: object) -> str:
    if field is None:
        return ""
    if not isinstance(value, field.types):
        names = ", ".join(_NAMES[one] for one in field.types)
        return f"{value} is not of type {names}"
    return field.check(value)


def uuid_check(name: str, value: str) -> uuid.UUID:
    """Return an id of an address. Raises `Unvalid`."""
    fault = _is_uuid(value)
    if fault:
        raise Unvalid(f"{name} {fault}")
    return uuid.UUID(value)


def phone_fault(number: str) -> str:
    """Say what is wrong with a mobile number (手机号校验), "" when nothing is."""
    digits = re.sub(r"[\s()\-.+]", "", number)
    if not digits.isdecimal():
        return "Must not contain letters or symbols"
    if phone_practice(number):
        return ""
    digits = digits.removeprefix("0086").removeprefix("86") if len(digits) > 11 else digits
    if len(digits) < 11:
        return "Not enough digits"
    if len(digits) > 11:
        return "Too many digits"
    if not re.fullmatch(r"1[3-9]\d{9}", digits):
        return "Not a mobile number of mainland China"
    return ""


def phone_clean(number: str) -> str:
    """Return a number as the operators take it (号码规整): eleven digits."""
    digits = re.sub(r"\D", "", number)
    return digits if phone_practice(number) else digits[-11:]


def phone_practice(number: str) -> str:
    """Return what a number for trying out shows (演练号码), "" for a real one."""
    digits = re.sub(r"\D", "", number)
    if digits.startswith(("447", "0044")):
        digits = "0" + digits.removeprefix("00").removeprefix("44")
    return PRACTICE_SMS.get(digits, "")


def query_check(query: Mapping[str, list[str]]) -> dict:
    """Return the filters of a list (列表筛选). Raises `Unvalid`."""
    faults = []
    known = {"reference", "status", "template_type", "include_jobs", "older_than"}
    unknown = [name for name in query if name not in known]
    if unknown:
        verb = "was" if len(unknown) == 1 else "were"
        faults.append(
            f"Additional properties are not allowed ({', '.join(unknown)} {verb} unexpected)"
        )
    for name, allowed in (("status", STATES), ("template_type", KINDS)):
        listed = ", ".join(allowed)
        faults += [
            f"{name} {value} is not one of [{listed}]"
            for value in query.get(name, [])
            if value not in allowed
        ]
    older = query.get("older_than", [""])[0]
    if older and _is_uuid(older):
        faults.append("older_than is not a valid UUID")
    if faults:
        raise Unvalid(*faults)
    return {
        "status": query.get("status", []),
        "template_type": query.get("template_type", []),
        "reference": query.get("reference", [None])[0],
        "older_than": uuid.UUID(older) if older else None,
    }
