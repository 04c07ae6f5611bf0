"""Devices on which somebody has signed in before (常用设备), by a signed cookie that the browser keeps.

What it is good for: wrong tries that others make elsewhere do not hold up the owner at a device of theirs. It opens nothing.
Source: OWASP, Slow Down Online Guessing Attacks with Device Cookies.
"""

import secrets

from django.core import signing

from yiwang.identity.accounts.data import DEVICE_LIFE

COOKIE = "yw_device"
ACCOUNTS_AT_MOST = 8
_SALT = "identity.accounts.device"


def device_read(cookie: str, account_id: int) -> str:
    """Return the name of a device on which an account has signed in before (设备标识), "" for any other."""
    return dict(_devices(cookie)).get(account_id, "")


def device_add(cookie: str, account_id: int) -> str:
    """Return the cookie after an account signed in at a device (登记设备); several share one browser, the last eight."""
    known = _devices(cookie)
    name = dict(known).get(account_id) or secrets.token_urlsafe(16)
    others = [one for one in known if one[0] != account_id]
    return signing.dumps([*others[1 - ACCOUNTS_AT_MOST :], (account_id, name)], salt=_SALT)


def _devices(cookie: str) -> list[tuple[int, str]]:
    try:
        found = signing.loads(cookie, salt=_SALT, max_age=DEVICE_LIFE) if cookie else []
    except signing.BadSignature:
        return []
    return [(account_id, name) for account_id, name in found]
