"""The key that the city's documents are signed with (文书签章密钥), and the public halves that check them.

A city names a PEM file in YIWANG_DOCUMENT_KEY: its private key on P-256, then its certificate and those above it, and in
YIWANG_DOCUMENT_CERTIFICATES one with former certificates, so that older documents are still known. Without the first an
installation signs with a practice key made of its own secret; the certificate, and every page, says that it is one.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.conf import settings

from yiwang.sdk.errors import N_, YiwangError
from yiwang.sdk.statements import key_name

PRACTICE_NAME = "演练签章（不具法律效力）Practice only"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SINCE, _UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2046, 1, 1, tzinfo=UTC)


class SealKeyUnusable(YiwangError):
    """The file of the document key is not there, or holds something else."""

    code = "seal_key_unusable"
    status = 503
    message = N_(
        "The key for documents cannot be used (%(reason)s): YIWANG_DOCUMENT_KEY names a PEM file with a private key on "
        "P-256 and its certificate."
    )


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key with its certificates, its own first (签章密钥)."""

    key: EllipticCurvePrivateKey
    certificates: tuple[x509.Certificate, ...]
    is_practice: bool


@dataclass(frozen=True, slots=True)
class SealView:
    """The public half of a key (验签公钥). holder: whom the certificate names."""

    name: str
    holder: str
    is_practice: bool
    certificate_pem: str
    public_key_pem: str
    valid_from: datetime
    valid_until: datetime


def seal_key_get() -> SealKey:
    """Return the key that documents are signed with now (当前签章密钥). Raises `SealKeyUnusable`."""
    named = settings.DOCUMENT_KEY_FILE
    return _of_file(named) if named else _practice(settings.SECRET_KEY)


def seal_certificates() -> tuple[x509.Certificate, ...]:
    """Return the certificates under which documents of this city are known (认可的证书), today's first."""
    former = settings.DOCUMENT_CERTIFICATES_FILE
    return (seal_key_get().certificates[0], *(_pem_certificates(former) if former else ()))


def seal_list() -> list[SealView]:
    """List the public keys that check documents of this city (公布的验签公钥)."""
    return [seal_view(one) for one in seal_certificates()]


def seal_view(certificate: x509.Certificate) -> SealView:
    """Return what is published of a certificate (证书信息)."""
    public = certificate.public_key()
    return SealView(
        name=key_name(public),
        holder=holder_of(certificate),
        is_practice=is_practice(certificate),
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
        public_key_pem=public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode(),
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
    )


def public_keys() -> dict:
    """Return the public keys of this city by their names (本市公钥)."""
    return {key_name(one.public_key()): one.public_key() for one in seal_certificates()}


def holder_of(certificate: x509.Certificate) -> str:
    """Return whom a certificate names (持有者): organisation and name."""
    names = [
        str(one.value)
        for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for one in certificate.subject.get_attributes_for_oid(kind)
    ]
    return " · ".join(names)


def is_practice(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is that of a practice key, of this installation or another (是否演练签章)."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return any(one.value == PRACTICE_NAME for one in names)


@lru_cache(maxsize=4)
def _of_file(named: str) -> SealKey:
    path = Path(named)
    try:
        content = path.read_bytes()
        key = load_pem_private_key(content, password=None)
        certificates = tuple(x509.load_pem_x509_certificates(content))
    except (OSError, ValueError, TypeError) as error:
        raise SealKeyUnusable(reason=type(error).__name__) from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise SealKeyUnusable(reason="not on P-256")
    if key_name(key.public_key()) != key_name(certificates[0].public_key()):
        raise SealKeyUnusable(reason="the certificate belongs to another key")
    return SealKey(key, certificates, is_practice(certificates[0]))


def _pem_certificates(named: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(Path(named).read_bytes())
    except (OSError, ValueError) as error:
        raise SealKeyUnusable(reason=type(error).__name__) from None


@lru_cache(maxsize=4)
def _practice(secret: str) -> SealKey:
    """Make the practice key and its certificate: the same on every node, for they share the secret."""
    raw = hashlib.sha512(f"kernel.seals.practice:{secret}".encode()).digest()
    key = derive_private_key(int.from_bytes(raw, "big") % (_ORDER - 1) + 1, SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, settings.CITY["name"]["zh"][:20]),
            x509.NameAttribute(NameOID.COMMON_NAME, PRACTICE_NAME),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(raw[:16], "big") >> 1 | 1)
        .not_valid_before(_SINCE)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256(), ecdsa_deterministic=True)
    )
    return SealKey(key, (certificate,), True)
