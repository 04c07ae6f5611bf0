"""How a token looks, and which networks and limits may be set (令牌规则)."""

import hashlib
import ipaddress
import secrets
import zlib
from collections.abc import Iterable

TAG, PREFIX_LENGTH, SECRET_BYTES = "yw_", 8, 32
DAYS_MAX, TOKENS_MAX, PER_MINUTE_MAX = 366, 5, 60_000
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def token_make() -> tuple[str, str]:
    """Return a new token (令牌) and its prefix: yw_ + 8 letters + _ + 256 random bits + check sum.

    The check sum lets a scanner of source texts tell a token from other letters, and a wrong copy be
    refused without asking the database.
    """
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(PREFIX_LENGTH))
    body = f"{TAG}{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return body + _check(body), prefix


def token_prefix(token: str) -> str:
    """Return the prefix of a well-formed token, "" for what cannot be one.

    >>> token_prefix("yw_abcdefgh_secret"), token_prefix("")
    ('', '')
    """
    body, check = token[:-6], token[-6:]
    parts = body.split("_", 2)
    fits = len(parts) == 3 and parts[0] == TAG[:-1] and len(parts[1]) == PREFIX_LENGTH
    if not fits or len(token) > 200 or not token.isascii() or check != _check(body):
        return ""
    return parts[1]


def token_digest(token: str) -> str:
    """Return what the table holds of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def networks_read(text: str) -> tuple[list[str], list[str]]:
    """Return the networks in a text (one a line, or by commas) and what is none of them.

    >>> networks_read("10.1.0.0/16, 192.168.1.7\\nheadquarters")
    (['10.1.0.0/16', '192.168.1.7/32'], ['headquarters'])
    """
    found, wrong = [], []
    for word in text.replace(",", " ").replace("，", " ").replace("、", " ").split():
        try:
            found.append(str(ipaddress.ip_network(word, strict=False)))
        except ValueError:
            wrong.append(word)
    return found, wrong


def network_allows(networks: Iterable[str], address: str) -> bool:
    """Tell whether an address lies in one of the networks; no networks allow any.

    >>> network_allows(["10.1.0.0/16"], "10.1.2.3"), network_allows(["10.1.0.0/16"], "10.2.0.1")
    (True, False)
    """
    wanted = list(networks)
    if not wanted:
        return True
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(caller, "ipv4_mapped", None) or caller
    return any(mapped in ipaddress.ip_network(one) for one in wanted)


def _check(body: str) -> str:
    value, letters = zlib.crc32(body.encode()), ""
    for _ in range(6):
        value, rest = divmod(value, len(_LETTERS))
        letters += _LETTERS[rest]
    return letters
