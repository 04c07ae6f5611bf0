"""Limits of wrong sign-ins (登录限速): three counters, and none that somebody else can hold against the right owner.

- The *pair* of a name and an address, or of a name and a known device: after five wrong tries locked for 15 minutes.
- The *account*, over all addresses: twenty wrong tries are free, one comes back every half hour; beyond that each next
  try waits one minute, two, four, 15 at most.
- The *address*, over all names: thirty are free (an office behind one address mistypes, too), one comes back each
  minute; then it waits in the same way.

Somebody who signs in at a device where they did so before (`devices`) is counted by the pair of name and device alone.
So a thousand addresses get little more than a hundred guesses a day at one name, and cannot lock its owner out of their own devices.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import F

from yiwang.identity.accounts.data import COOL_OFF, FAILURES_ALLOWED, locked_until
from yiwang.identity.accounts.models import SignInAttempt, SignInLimit
from yiwang.kernel.api import context_get

WAIT_FIRST, WAIT_LONGEST = timedelta(minutes=1), COOL_OFF


class Lock(StrEnum):
    """Which counter holds a try up."""

    PAIR = "PAIR"
    ACCOUNT = "ACCOUNT"
    ADDRESS = "ADDRESS"


@dataclass(frozen=True, slots=True)
class Allowance:
    """free: wrong tries without a wait; one_each: in which time one of them comes back."""

    free: int
    one_each: timedelta


ALLOWANCES = {
    Lock.ACCOUNT: Allowance(20, timedelta(minutes=30)),
    Lock.ADDRESS: Allowance(30, timedelta(minutes=1)),
}


def address_group(address: str) -> str:
    """Return what is counted as one address (来源归并): of IPv6 the network of 64 bits, which one household has.

    >>> address_group("2001:db8::1"), address_group("10.0.0.1"), address_group("")
    ('2001:db8::/64', '10.0.0.1', '')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address


def wait_until(
    allowance: Allowance, drained_at: datetime, last_at: datetime, now: datetime
) -> datetime | None:
    """Return until when the next try waits (等待至), None if it need not.

    >>> at, five = datetime(2026, 1, 1), Allowance(5, timedelta(minutes=1))
    >>> [str(wait_until(five, at + n * five.one_each, at, at))[11:] for n in (4, 5, 6, 7, 60)]
    ['', '00:01:00', '00:02:00', '00:04:00', '00:15:00']
    """
    over = -((now - drained_at) // allowance.one_each) - allowance.free
    if over < 0:
        return None
    until = last_at + min(WAIT_FIRST * 2 ** min(over, 10), WAIT_LONGEST)
    return until if now < until else None


def try_count(key: str, device: str, now: datetime) -> tuple[Lock, datetime] | None:
    """Count a try as a wrong one (计入尝试); what holds it up, and until when, if it may not be made now.

    key: the name. device: of `device_read`. Nothing is counted when it may not be made.
    """
    with transaction.atomic():
        # Locked in one order, the rarer shared first.
        limits = [] if device else [(lock, _limit(lock, key, now)) for lock in ALLOWANCES]
        pair, _ = SignInAttempt.objects.select_for_update().get_or_create(
            key=key, address=_place(device), defaults={"last_at": now}
        )
        if until := locked_until(pair.failures, pair.last_at, now):
            return Lock.PAIR, until
        for lock, row in limits:
            if until := wait_until(ALLOWANCES[lock], row.drained_at, row.last_at, now):
                return lock, until
        for lock, row in limits:
            row.drained_at = max(row.drained_at, now) + ALLOWANCES[lock].one_each
            row.last_at = now
            row.save(update_fields=["drained_at", "last_at"])
        is_over = now - pair.last_at >= COOL_OFF or pair.failures >= FAILURES_ALLOWED
        SignInAttempt.objects.filter(pk=pair.pk).update(
            failures=1 if is_over else F("failures") + 1, last_at=now
        )
    return None


def try_forgive(key: str, device: str = "") -> None:
    """Take a try back that turned out right (撤销计数) from what account and address share with others."""
    if device:
        return
    for lock, allowance in ALLOWANCES.items():
        SignInLimit.objects.filter(key=_limit_key(lock, key)).update(
            drained_at=F("drained_at") - allowance.one_each
        )


def tries_forget(key: str, device: str = "") -> None:
    """Forget the tries of a name from here (清除计数): it is signed in."""
    SignInAttempt.objects.filter(key=key, address=_place(device)).delete()


def tries_purge(now: datetime) -> int:
    """Delete what counts no more (清理); returns how many rows."""
    return (
        SignInAttempt.objects.filter(last_at__lt=now - COOL_OFF).delete()[0]
        + SignInLimit.objects.filter(drained_at__lt=now, last_at__lt=now - COOL_OFF).delete()[0]
    )


def _limit(lock: Lock, key: str, now: datetime) -> SignInLimit:
    row, _ = SignInLimit.objects.select_for_update().get_or_create(
        key=_limit_key(lock, key), defaults={"drained_at": now, "last_at": now}
    )
    return row


def _limit_key(lock: Lock, key: str) -> str:
    return f"address:{address_group(context_get().address)}" if lock is Lock.ADDRESS else key


def _place(device: str) -> str:
    return f"device:{device}"[:45] if device else context_get().address
