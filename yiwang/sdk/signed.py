"""Messages between systems that share a secret (签名报文), pure: HMAC-SHA256 over the time and the body.

    <prefix>-Time: Unix seconds          <prefix>-Signature: hexadecimal, of time + "." + body

What is older than five minutes, or comes from the future, does not hold: who listened cannot send it again later.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

FRESH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and checks under one secret (签名与验签).

    >>> from datetime import UTC, datetime
    >>> now, signer = datetime(2026, 1, 1, tzinfo=UTC), Signer(b"secret", "X-City")
    >>> signer.holds(signer.headers(b"body", now=now), b"body", now=now)
    True
    """

    key: bytes
    prefix: str

    def headers(self, body: bytes, *, now: datetime) -> dict[str, str]:
        """Return the two headers of a message (签名头)."""
        stamp = str(int(now.timestamp()))
        return {f"{self.prefix}-Time": stamp, f"{self.prefix}-Signature": self.sign(stamp, body)}

    def holds(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Tell whether a message is signed by the other side and fresh (验签)."""
        stamp = headers.get(f"{self.prefix}-Time", "")
        given = headers.get(f"{self.prefix}-Signature", "")
        if not hmac.compare_digest(given.encode(), self.sign(stamp, body).encode()):
            return False
        return stamp.isdecimal() and abs(now.timestamp() - int(stamp)) <= FRESH_SECONDS

    def sign(self, stamp: str, body: bytes) -> str:
        """Return the signature of a body sent at a time (签名)."""
        return hmac.new(self.key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
