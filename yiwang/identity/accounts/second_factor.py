"""The second factor (动态口令): its key is stored sealed, its codes follow RFC 6238.

Where the sealing keys stand: `YIWANG_FIELD_KEYS` (several by commas, the first seals), else the file
`YIWANG_FIELD_KEYS_FILE`, one a line, by default `field.keys` in the data folder, made when something is sealed first.
The file is read each time, so that a new key needs no restart.
"""

import os
from collections import Counter
from datetime import datetime
from pathlib import Path

import pyotp
from django.conf import settings

from yiwang.identity.accounts.data import TOTP_STEP_SECONDS
from yiwang.identity.accounts.models import Account
from yiwang.identity.accounts.sealing import (
    SealKeysGiven,
    key_name,
    key_new,
    name_of,
    seal,
    unseal,
)
from yiwang.kernel.api import action, audit_record

_BATCH = 400


def totp_seal(username: str, secret: str) -> str:
    """Return a key of one-time codes as it is stored (密钥加密), "" for none."""
    if not secret:
        return ""
    keys, source = keys_read(is_to_seal=True)
    return seal(secret, place=_place(username), keys=keys, source=source)


def totp_secret_of(account: Account) -> str:
    """Return an account's key of one-time codes (密钥解密), "" without a second factor.

    Raises `SealKeyMissing` when the key it was stored under is gone.
    """
    return totp_open(account.username, account.totp_secret)


def totp_open(username: str, stored: str) -> str:
    """Open what `totp_seal` made for a user name (密钥解密)."""
    if not stored:
        return ""
    keys, source = keys_read()
    return unseal(stored, place=_place(username), keys=keys, source=source)


def totp_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step that a code belongs to (时段), one step of clock drift either way."""
    digits = "".join(code.split())
    if not secret or not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // TOTP_STEP_SECONDS
    for step in (current, current - 1, current + 1):
        if pyotp.utils.strings_equal(totp.at(step * TOTP_STEP_SECONDS), digits):
            return step
    return None


def keys_read(*, is_to_seal: bool = False) -> tuple[list[str], str]:
    """Return the sealing keys, the one that seals first, and where they stand (密钥及其位置).

    is_to_seal: make the file with a first key when there is none.
    """
    if settings.FIELD_KEYS:
        return settings.FIELD_KEYS.split(","), "YIWANG_FIELD_KEYS"
    path = Path(settings.FIELD_KEYS_FILE)
    if is_to_seal and not path.exists():
        _key_write(path, [key_new()])
    return (path.read_text().split() if path.exists() else []), str(path)


def key_list() -> tuple[list[str], str]:
    """Return the names of the sealing keys, the one that seals first, and where they stand (密钥清单)."""
    keys, source = keys_read()
    return [key_name(key) for key in keys], source


def key_add() -> str:
    """Put a new sealing key in front of the others in the file (轮换密钥); returns its name. Raises `SealKeysGiven`."""
    if settings.FIELD_KEYS:
        raise SealKeysGiven()
    keys, source = keys_read()
    fresh = key_new()
    _key_write(Path(source), [fresh, *keys], is_new=not keys)
    return key_name(fresh)


def _key_write(path: Path, keys: list[str], *, is_new: bool = True) -> None:
    """Write the file whole, readable by its owner only; two processes that make it keep the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write("\n".join(keys) + "\n")
    try:
        if is_new:
            os.link(part, path)
        else:
            os.replace(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)


def seal_count() -> Counter[str]:
    """Count the stored keys of one-time codes by the sealing key they are under (按密钥计数); "" in clear."""
    stored = Account.objects.exclude(totp_secret="").values_list("totp_secret", flat=True)
    return Counter(name_of(one) for one in stored.iterator(chunk_size=2000))


@action("identity.accounts.totp_reseal", permission="identity.accounts.manage")
def totp_reseal(*, now: datetime) -> int:
    """Seal again what is not under the first key (重新加密); returns how many. Any number of times.

    Raises `SealKeyMissing` before anything is changed when a row's key is gone.
    """
    keys, _source = keys_read(is_to_seal=True)
    current = key_name(keys[0])
    rows = Account.objects.select_for_update().exclude(totp_secret="").order_by("pk")
    behind = [row for row in rows if name_of(row.totp_secret) != current]
    for account in behind:
        clear = totp_secret_of(account) if name_of(account.totp_secret) else account.totp_secret
        account.totp_secret = totp_seal(account.username, clear)
    Account.objects.bulk_update(behind, ["totp_secret"], batch_size=_BATCH)
    audit_record("accounts", detail={"sealed": len(behind), "key": current})
    return len(behind)


def _place(username: str) -> str:
    return f"totp:{username}"
