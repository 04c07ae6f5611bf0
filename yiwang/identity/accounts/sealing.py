"""Sealing of stored secrets (加密存储), pure: AES-256-GCM under one of the installation's keys.

    v1.<name of the key>.<nonce and ciphertext, base64url>

A sealed text is bound to its place, such as "totp:li": moved into another row it does not open. The first key seals, every
key opens, so a new one is put in front and the rows are sealed again (`second_factor.totp_reseal`).
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yiwang.sdk.errors import N_, YiwangError

KEY_BYTES, NONCE_BYTES = 32, 12
_MARK = "v1"


class SealKeyMissing(YiwangError):
    """The key under which something was stored is not there."""

    code = "seal_key_missing"
    status = 503
    message = N_(
        "This was stored under the key %(key)s, which this installation does not have. Its operators put it back into "
        "%(place)s; until then nothing stored under it can be read."
    )


class SealKeyUnfit(YiwangError):
    """A key that is not 32 bytes in base64url."""

    code = "seal_key_unfit"
    status = 503
    message = N_("A key in %(place)s is not 32 bytes in base64url. Make one with `yw keys new`.")


class SealKeysGiven(YiwangError):
    """Keys that the environment gives are changed there."""

    code = "seal_keys_given"
    status = 409
    message = N_(
        "The keys stand in YIWANG_FIELD_KEYS. Put a new one in front there (`yw keys new` makes one), start again, then "
        "run `yw keys reseal`."
    )


class SealBroken(YiwangError):
    """A sealed text that was changed, or taken from another place."""

    code = "seal_broken"
    status = 500
    message = N_("What is stored here does not open: it was changed, or belongs to something else.")


def key_new() -> str:
    """Make a key (生成密钥): 32 random bytes in base64url."""
    return secrets.token_urlsafe(KEY_BYTES)


def key_name(key: str) -> str:
    """Return the name by which sealed texts know their key (密钥标识): nothing of the key itself.

    >>> key_name("a")
    'ca978112'
    """
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def seal(text: str, *, place: str, keys: Sequence[str], source: str = "") -> str:
    """Seal a text for its place (加密) under the first key. source: where the keys stand, for errors.

    >>> key = "A" * 43
    >>> unseal(seal("secret", place="totp:li", keys=[key]), place="totp:li", keys=[key])
    'secret'
    """
    if not keys:
        raise SealKeyMissing(key="—", place=source)
    nonce = os.urandom(NONCE_BYTES)
    closed = AESGCM(_bytes_of(keys[0], source)).encrypt(nonce, text.encode(), place.encode())
    body = base64.urlsafe_b64encode(nonce + closed).decode().rstrip("=")
    return f"{_MARK}.{key_name(keys[0])}.{body}"


def unseal(sealed: str, *, place: str, keys: Sequence[str], source: str = "") -> str:
    """Open a sealed text at its place (解密). Raises `SealKeyMissing`, `SealKeyUnfit`, `SealBroken`."""
    name = name_of(sealed)
    key = next((key for key in keys if key_name(key) == name), None)
    if key is None:
        raise SealKeyMissing(key=name or "?", place=source)
    try:
        body = sealed.split(".")[2]
        packed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        nonce, closed = packed[:NONCE_BYTES], packed[NONCE_BYTES:]
        return AESGCM(_bytes_of(key, source)).decrypt(nonce, closed, place.encode()).decode()
    except (InvalidTag, IndexError, ValueError):
        raise SealBroken() from None


def name_of(sealed: str) -> str:
    """Return the name of the key that a text was sealed under, "" for a text in clear.

    >>> name_of("JBSWY3DPEHPK3PXP"), name_of("v1.0badcafe.AAAA")
    ('', '0badcafe')
    """
    mark, _, rest = sealed.partition(".")
    return rest.partition(".")[0] if mark == _MARK else ""


def _bytes_of(key: str, source: str) -> bytes:
    try:
        found = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != KEY_BYTES:
        raise SealKeyUnfit(place=source)
    return found
