"""Signing in and out (登录, 退出): password, second factor, lockout; every try leaves an audit row.

A wrong try must leave its trace although it is refused. So the acts below end normally and return
what came of it; the public functions raise after the transaction is kept.
"""

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from django.contrib.auth.hashers import check_password, make_password
from django.utils.timezone import localtime

from yiwang.identity.accounts.data import COOL_OFF, FAILURES_ALLOWED
from yiwang.identity.accounts.devices import device_read
from yiwang.identity.accounts.limits import Lock, tries_forget, try_count, try_forgive
from yiwang.identity.accounts.models import Account, AccountSession
from yiwang.identity.accounts.queries import AccountUnknown, holding_list
from yiwang.identity.accounts.second_factor import totp_seal, totp_secret_of, totp_step
from yiwang.kernel.api import action, audit_record, context_get, context_use
from yiwang.sdk.errors import N_, Forbidden, Invalid


class SignInFailed(Invalid):
    """Name and password do not fit; which of the two is not said."""

    code = "sign_in_failed"
    message = N_(
        "The user name and password do not match. Check both and try again; "
        "after %(allowed)s wrong tries signing in is locked for %(minutes)s minutes."
    )


class SignInLocked(Forbidden):
    """Too many wrong tries for this name from this address."""

    code = "sign_in_locked"
    status = 429
    message = N_(
        "Signing in with this name is locked after %(allowed)s wrong tries. "
        "Try again after %(time)s, or ask for a new password."
    )


class SignInSlowed(SignInLocked):
    """Too many wrong tries for this name from devices that are not known."""

    code = "sign_in_slowed"
    message = N_(
        "There have been many wrong tries with this name lately. Try again after %(time)s. "
        "On a device on which you have signed in before you can sign in now."
    )


class AddressSlowed(SignInSlowed):
    """Too many wrong tries from this address, whatever the names."""

    code = "address_slowed"
    message = N_(
        "There have been many wrong tries from your network lately. Try again after %(time)s. "
        "On a device on which you have signed in before you can sign in now."
    )


class CodeWrong(Invalid):
    """The one-time code does not fit the moment."""

    code = "totp_wrong"
    message = N_(
        "This code is wrong or has expired. Enter the one that your authenticator shows now."
    )


class CodeUsed(Invalid):
    """The one-time code was right but has been used before."""

    code = "totp_used"
    message = N_("This code has been used already. Wait for the next one, at most 30 seconds.")


class PostNeeded(Forbidden):
    """A civil servant who holds no post any more."""

    code = "post_needed"
    message = N_(
        "You hold no post at present, so this account is closed. Ask your department's personnel office."
    )


@dataclass(frozen=True, slots=True)
class SignInStep:
    """What comes after the password: "DONE", "CODE" (second factor) or "ENROL" (set it up)."""

    account_id: int
    needs: str


def sign_in_password(
    identifier: str, password: str, *, now: datetime, cookie: str = ""
) -> SignInStep:
    """Check user name (or phone) and password (口令), counting wrong tries.

    cookie: the browser's, by which a device is known again (`devices`). Raises `SignInLocked` or its kinds (also for
    the right password), `SignInFailed`, `PostNeeded`.
    """
    account = _account_of(identifier)
    key = _attempt_key(account, identifier)
    device = device_read(cookie, account.pk) if account else ""
    _try_begin(key, device, now)
    if not _password_fits(account, password):
        _failure_record(_subject(account, identifier), reason="password")
        raise SignInFailed(allowed=FAILURES_ALLOWED, minutes=int(COOL_OFF.total_seconds() // 60))
    try_forgive(key, device)
    _post_require(account, now)
    if account.population == "STAFF":
        # The lock's counter stays until the second factor is right as well.
        return SignInStep(account.pk, "CODE" if account.totp_secret else "ENROL")
    tries_forget(key, device)
    return SignInStep(account.pk, "DONE")


def sign_in_code(account_id: int, code: str, *, now: datetime, cookie: str = "") -> None:
    """Check the one-time code (动态口令) of a civil servant, each code once (RFC 6238, 5.2).

    Raises `SignInLocked` or its kinds, `CodeWrong`, `CodeUsed`, `SealKeyMissing`.
    """
    account = _active(account_id)
    secret = totp_secret_of(account)
    key, device = _attempt_key(account, ""), device_read(cookie, account_id)
    _try_begin(key, device, now)
    step = totp_step(secret, code, now)
    if step is None:
        _failure_record(f"account:{account_id}", reason="code")
        raise CodeWrong()
    fresh = Account.objects.filter(pk=account_id, totp_last_step__lt=step).update(
        totp_last_step=step
    )
    if not fresh:
        _failure_record(f"account:{account_id}", reason="code_used")
        raise CodeUsed()
    try_forgive(key, device)
    tries_forget(key, device)


def sign_in_demo(username: str, *, now: datetime) -> SignInStep:
    """Begin a demonstration sign-in (演示登录) with a made account; the caller knows the city's mode.

    A civil servant's second factor is asked for as always.
    """
    account = Account.objects.filter(username=username, is_made=True, is_active=True).first()
    if account is None:
        raise AccountUnknown(key=username)
    _post_require(account, now)
    if account.population != "STAFF":
        return SignInStep(account.pk, "DONE")
    return SignInStep(account.pk, "CODE" if account.totp_secret else "ENROL")


@action("identity.accounts.totp_enrol")
def totp_enrol(account_id: int, *, secret: str, code: str, now: datetime) -> None:
    """Set up a second factor (绑定动态口令) after its first code was right. Raises `CodeWrong`."""
    step = totp_step(secret, code, now)
    if step is None:
        raise CodeWrong()
    account = _active(account_id)
    changed = Account.objects.filter(pk=account_id, totp_secret="").update(
        totp_secret=totp_seal(account.username, secret), totp_last_step=step
    )
    if not changed:
        raise CodeUsed()
    tries_forget(f"account:{account_id}")
    audit_record(f"account:{account_id}")


@action("identity.accounts.sign_in")
def sign_in_finish(account_id: int, *, method: str, now: datetime) -> Account:
    """Record that somebody is signed in (登录成功); the view opens the session.

    method: "PASSWORD", "PASSWORD+TOTP", "DEMO" or "DEMO+TOTP".
    """
    account = _active(account_id)
    with _acting(account):
        audit_record(f"account:{account_id}", detail={"method": method})
    return account


@action("identity.accounts.sign_out")
def sign_out(account_id: int, *, session_ref: str, now: datetime) -> None:
    """Record a sign-out (退出) and end the session."""
    AccountSession.objects.filter(
        account_id=account_id, session_key__startswith=session_ref or "-"
    ).delete()
    audit_record(f"account:{account_id}")


def _account_of(identifier: str) -> Account | None:
    """Return the active account of a user name, or of a phone number that only one account has."""
    name = identifier.strip()
    account = Account.objects.filter(username=name, is_active=True).first()
    if account or not name:
        return account
    by_phone = list(Account.objects.filter(phone=name, is_active=True)[:2])
    return by_phone[0] if len(by_phone) == 1 else None


def _active(account_id: int) -> Account:
    account = Account.objects.filter(pk=account_id, is_active=True).first()
    if account is None:
        raise AccountUnknown(key=account_id)
    return account


def _attempt_key(account: Account | None, identifier: str) -> str:
    if account:
        return f"account:{account.pk}"
    return f"name:{hashlib.sha256(identifier.strip().encode()).hexdigest()[:40]}"


def _subject(account: Account | None, identifier: str) -> str:
    return f"account:{account.pk}" if account else _attempt_key(None, identifier)


_REFUSALS: dict[Lock, tuple[type[SignInLocked], str]] = {
    Lock.PAIR: (SignInLocked, "%H:%M"),
    Lock.ACCOUNT: (SignInSlowed, "%H:%M:%S"),
    Lock.ADDRESS: (AddressSlowed, "%H:%M:%S"),
}


def _try_begin(key: str, device: str, now: datetime) -> None:
    """Count a try before it is judged, so that parallel guesses cannot pass the limits."""
    held = try_count(key, device, now)
    if held is None:
        return
    lock, until = held
    _failure_record(key, reason="locked" if lock is Lock.PAIR else f"slowed_{lock.lower()}")
    refusal, form = _REFUSALS[lock]
    raise refusal(
        allowed=FAILURES_ALLOWED,
        time=f"{localtime(until):{form}}",
        seconds=ceil((until - now).total_seconds()),
    )


@action("identity.accounts.sign_in")
def _failure_record(subject: str, *, reason: str) -> None:
    audit_record(subject, outcome="FAILED", detail={"reason": reason})


def _password_fits(account: Account | None, password: str) -> bool:
    if account is None:
        # As slow as for a known name, or the time would tell which names exist.
        make_password(password)
        return False
    return check_password(password, account.password)


def _post_require(account: Account, now: datetime) -> None:
    if account.population != "STAFF":
        return
    if not holding_list(account_ids=[account.pk], on=localtime(now).date()):
        _failure_record(f"account:{account.pk}", reason="no_post")
        raise PostNeeded()


@contextmanager
def _acting(account: Account):
    with context_use(
        replace(
            context_get(),
            population=account.population,
            account_id=account.pk,
            name=account.name,
        )
    ) as context:
        yield context
