"""How a person wants to be told (消息偏好), and addresses that want nothing (停发名单)."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, time

from django.core import signing
from django.db import IntegrityError, transaction

from yiwang.hall.messages.data import CHANNELS
from yiwang.hall.messages.errors import ChoiceInvalid
from yiwang.hall.messages.models import MessageChoice, StopEntry
from yiwang.hall.messages.rules import GROUPS
from yiwang.hall.messages.timing import MODES, Choice
from yiwang.identity.api import AccountView
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_, Conflict, NotFound, SignInNeeded

STOPS = "hall.messages.outgoing"
_SALT = "hall.messages.unsubscribe"


def choice_get(account_id: int) -> Choice:
    """Return how a person wants to be told (消息偏好)."""
    row = MessageChoice.objects.filter(account_id=account_id).first()
    if row is None:
        return Choice()
    return Choice(row.language, row.quiet_from, row.quiet_to, row.digest_at, row.ways)


@action("hall.messages.choose")
def choice_put(  # noqa: PLR0913 - one form
    *,
    language: str,
    quiet_from: time,
    quiet_to: time,
    digest_at: time,
    ways: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> None:
    """Keep one's own preferences (保存偏好). Raises `ChoiceInvalid`."""
    account_id = context_get().account_id
    if account_id is None:
        raise SignInNeeded()
    named = [(group, channel, mode) for group, by in ways.items() for channel, mode in by.items()]
    if language not in ("", "zh", "en") or any(
        group not in GROUPS or channel not in CHANNELS or mode not in MODES
        for group, channel, mode in named
    ):
        raise ChoiceInvalid(fields={"": [N_("Choose one of the ways that are offered.")]})
    values = {
        "language": language,
        "quiet_from": quiet_from,
        "quiet_to": quiet_to,
        "digest_at": digest_at,
        "ways": {group: dict(by) for group, by in ways.items()},
        "changed_at": now,
    }
    MessageChoice.objects.update_or_create(account_id=account_id, defaults=values)
    audit_record(f"account:{account_id}", detail={"ways": values["ways"], "language": language})


def address_clean(channel: str, address: str) -> str:
    """Return an address as it is compared (地址规整): e-mail in small letters, numbers without signs."""
    if channel == "EMAIL":
        return address.strip().lower()
    digits = "".join(sign for sign in address if sign.isdigit())
    return digits.removeprefix("86") if len(digits) == 13 else digits


def address_of(account: AccountView, channel: str) -> str:
    """Return where a person is reached on a channel (联系方式), "" where they are not."""
    return account.email if channel == "EMAIL" else account.phone


def language_of(account: AccountView, choice: Choice) -> str:
    """Return the language a person is written in (消息语言): chosen, else the account's. zh or en."""
    return choice.language or ("en" if account.language.startswith("en") else "zh")


def lane_of(channel: str, address: str) -> str:
    """Return the lane (队列) of a receiver: what goes to one address on one channel keeps its order."""
    return hashlib.sha256(f"{channel}:{address_clean(channel, address)}".encode()).hexdigest()


def stops_among(channel: str, addresses: Iterable[str]) -> dict[str, StopEntry]:
    """Return which of some addresses get nothing (停发), and why."""
    wanted = {address_clean(channel, address): address for address in addresses}
    found = StopEntry.objects.filter(
        channel=channel, address__in=list(wanted), lifted_at__isnull=True
    )
    return {wanted[entry.address]: entry for entry in found}


@action("hall.messages.stop")
def stop_add(channel: str, address: str, *, reason: str, source: str, now: datetime) -> bool:
    """Send nothing more to an address (停发); again changes nothing and returns False.

    source: PERSON or STAFF where somebody wishes it, PROVIDER where nobody can be reached there.
    """
    cleaned = address_clean(channel, address)
    if channel not in CHANNELS or not cleaned:
        raise ChoiceInvalid(fields={"address": [N_("Enter an address or number.")]})
    is_new = True
    try:
        with transaction.atomic():
            StopEntry.objects.create(
                channel=channel, address=cleaned, reason=reason[:200], source=source, at=now
            )
    except IntegrityError:
        is_new = False
    audit_record(f"lane:{lane_of(channel, cleaned)}", detail={"source": source, "new": is_new})
    return is_new


@action("hall.messages.stop_by_staff", permission=STOPS)
def stop_put(channel: str, address: str, *, reason: str, now: datetime) -> None:
    """Put an address on the stop list (列入停发名单) for somebody who asked for it."""
    if not 2 <= len(reason.strip()) <= 200:
        raise ChoiceInvalid(fields={"reason": [N_("Say why, 2 to 200 characters.")]})
    stop_add(channel, address, reason=reason.strip(), source="STAFF", now=now)
    audit_record(f"lane:{lane_of(channel, address)}", detail={"reason": reason.strip()})


@action("hall.messages.stop_lift", permission=STOPS)
def stop_lift(stop_id: int, *, now: datetime) -> None:
    """Take an address off the stop list (解除停发)."""
    if not StopEntry.objects.filter(pk=stop_id, lifted_at=None).update(lifted_at=now):
        raise Conflict()
    audit_record(f"stop:{stop_id}")


@action("hall.messages.stop_lift_own")
def stop_lift_own(channel: str, address: str, *, now: datetime) -> None:
    """Receive again (恢复接收) at one's own address; the caller has checked that it is one's own."""
    cleaned = address_clean(channel, address)
    lifted = StopEntry.objects.filter(channel=channel, address=cleaned, lifted_at=None)
    audit_record(
        f"lane:{lane_of(channel, cleaned)}", detail={"lifted": lifted.update(lifted_at=now)}
    )


def unsubscribe_token(channel: str, address: str) -> str:
    """Return what stands in the link by which a receiver says *no more* (退订链接)."""
    return signing.dumps([channel, address_clean(channel, address)], salt=_SALT)


def unsubscribe_read(token: str) -> tuple[str, str]:
    """Return channel and address of such a link. Raises `NotFound` for a forged one."""
    try:
        channel, address = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        raise NotFound() from None
    return channel, address
