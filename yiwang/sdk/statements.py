"""Signed statements (签名声明), pure: a few words that anybody can check without asking anyone, short enough for a QR code.

    YW1.<name of the key>.<the words, a JSON list in base64url>.<signature in base64url>

Signed is everything before the last point, by ECDSA on P-256 over SHA-256; the signature is r and s, 32 bytes each, as
WebCrypto and JOSE (ES256) have it. The same words under the same key give the same text (RFC 6979). A key is named by
the beginning of the SHA-256 of its public half, so whoever holds several public keys knows which to take.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from yiwang.sdk.errors import N_, YiwangError

MARK = "YW1"
_HALF = 32


class StatementBroken(YiwangError):
    """The statement was changed, or never was one of ours."""

    code = "statement_broken"
    status = 422
    message = N_("This is not what the city signed: it was changed, or was not made by the city.")


class StatementKeyUnknown(YiwangError):
    """The statement names a key that is not among those at hand."""

    code = "statement_key_unknown"
    status = 422
    message = N_(
        "This was signed with the key %(key)s, which is not among the public keys at hand."
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """What a signed text says (声明内容), and under which key."""

    words: tuple[object, ...]
    key: str


def key_name(key: EllipticCurvePublicKey) -> str:
    """Return the name of a key (密钥名): 12 hexadecimal digits."""
    return hashlib.sha256(_spki(key)).hexdigest()[:12]


def spki_text(key: EllipticCurvePublicKey) -> str:
    """Return a key as a browser takes it (公钥文本): SubjectPublicKeyInfo in base64url."""
    return _text(_spki(key))


def keys_read(pem: bytes) -> dict[str, EllipticCurvePublicKey]:
    """Return the public keys in a PEM text by their names (公钥目录): of certificates, or bare ones; others are left out.

    Raises ValueError when there is none.
    """
    try:
        found = [one.public_key() for one in x509.load_pem_x509_certificates(pem)]
    except ValueError:
        found = [load_pem_public_key(pem)]
    return {key_name(one): one for one in found if isinstance(one, EllipticCurvePublicKey)}


def statement_sign(words: list[object], *, key: EllipticCurvePrivateKey) -> str:
    """Sign some words (签发声明): texts, numbers, None.

    >>> from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
    >>> key = derive_private_key(7, SECP256R1())
    >>> text = statement_sign(["食品经营许可证", 5], key=key)
    >>> statement_read(text, keys={key_name(key.public_key()): key.public_key()}).words
    ('食品经营许可证', 5)
    """
    body = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()
    signed = f"{MARK}.{key_name(key.public_key())}.{_text(body)}"
    raw = key.sign(signed.encode(), ECDSA(SHA256(), deterministic_signing=True))
    halves = b"".join(half.to_bytes(_HALF, "big") for half in decode_dss_signature(raw))
    return f"{signed}.{_text(halves)}"


def statement_read(text: str, *, keys: Mapping[str, EllipticCurvePublicKey]) -> Statement:
    """Check a signed text and return what it says (验签). Raises StatementBroken, StatementKeyUnknown."""
    signed, _, signature = text.strip().rpartition(".")
    mark, _, rest = signed.partition(".")
    name, _, body = rest.partition(".")
    halves = _bytes(signature)
    if mark != MARK or len(halves) != 2 * _HALF:
        raise StatementBroken()
    if name not in keys:
        raise StatementKeyUnknown(key=name[:40])
    raw = encode_dss_signature(
        int.from_bytes(halves[:_HALF], "big"), int.from_bytes(halves[_HALF:], "big")
    )
    try:
        keys[name].verify(raw, signed.encode(), ECDSA(SHA256()))
        words = json.loads(_bytes(body))
    except (InvalidSignature, ValueError):
        raise StatementBroken() from None
    if not isinstance(words, list):
        raise StatementBroken()
    return Statement(tuple(words), name)


def _spki(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise StatementBroken() from None
    if _text(raw) != text:  # one text for each content
        raise StatementBroken()
    return raw
