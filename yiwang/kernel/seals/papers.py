"""Signatures in PDF files (版式文件签章): PAdES baseline B with the city's key, and what a file handed in says of itself.

No time stamp of a third party is asked for: the time in a signature is this installation's own. Checked is the file
alone; whether what it says still holds is asked of whoever issued it.
"""

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from yiwang.kernel.seals.keys import holder_of, is_practice, seal_certificates, seal_key_get
from yiwang.sdk.statements import key_name

FIELD = "Seal"
UNPACKED_MAX = 64 << 20
_STREAM = re.compile(rb"stream\r?\n")
INTACT, CHANGED, UNSIGNED, FOREIGN, UNREADABLE = (
    "INTACT",
    "CHANGED",
    "UNSIGNED",
    "FOREIGN",
    "UNREADABLE",
)


@dataclass(frozen=True, slots=True)
class PaperCheck:
    """What a PDF says of itself (文件验签结果).

    state: INTACT, CHANGED (in what was signed, or added to afterwards), UNSIGNED, FOREIGN (signed by somebody whose
    certificate this city does not know), UNREADABLE (no PDF, or a broken one).
    """

    state: str
    signer: str = ""
    is_practice: bool = False
    key: str = ""
    signed_at: datetime | None = None
    reason: str = ""


def paper_sign(content: bytes, *, reason: str, signer: str) -> bytes:
    """Sign a PDF (文件签章) and return it, the signature appended; nothing of what stood there changes.

    reason: what for; signer: whose paper it is, such as the department. Raises `SealKeyUnusable`.
    """
    from pyhanko.pdf_utils.incremental_writer import (  # noqa: PLC0415 - costly, and seldom needed
        IncrementalPdfFileWriter,
    )
    from pyhanko.sign import signers  # noqa: PLC0415
    from pyhanko.sign.fields import SigSeedSubFilter  # noqa: PLC0415
    from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415

    seal = seal_key_get()
    raw_key = seal.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    chain = SimpleCertificateStore()
    chain.register_multiple([_asn1(one) for one in seal.certificates[1:]])
    simple = signers.SimpleSigner(
        signing_cert=_asn1(seal.certificates[0]),
        signing_key=asn1_keys.PrivateKeyInfo.load(raw_key),
        cert_registry=chain,
    )
    wanted = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        name=signer,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    signed = signers.PdfSigner(wanted, signer=simple).sign_pdf(writer)
    return signed.getvalue()


def paper_check(
    content: bytes, *, certificates: Sequence[x509.Certificate] | None = None
) -> PaperCheck:
    """Check the signature of a PDF (文件验签): by whom, and whether anything was changed since.

    certificates: those that are known, this city's unless given.
    """
    from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415
    from pyhanko.sign.general import SigningError, UnacceptableSignerError  # noqa: PLC0415
    from pyhanko.sign.validation.errors import SignatureValidationError  # noqa: PLC0415

    broken = (PdfError, SigningError, UnacceptableSignerError, SignatureValidationError)
    if not content.startswith(b"%PDF-") or _swells(content):
        return PaperCheck(UNREADABLE)
    try:
        signatures = PdfFileReader(io.BytesIO(content)).embedded_signatures
        if not signatures:
            return PaperCheck(UNSIGNED)
        trusted = seal_certificates() if certificates is None else certificates
        return _signature_check(signatures[0], trusted, is_only=len(signatures) == 1)
    except (*broken, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return PaperCheck(UNREADABLE)


def _signature_check(signature, trusted, *, is_only: bool) -> PaperCheck:  # noqa: ANN001 - pyHanko's
    from pyhanko.sign.validation import validate_pdf_signature  # noqa: PLC0415
    from pyhanko.sign.validation.status import SignatureCoverageLevel  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    known = {one.public_bytes(Encoding.DER): one for one in trusted}
    context = ValidationContext(
        trust_roots=[_asn1(one) for one in known.values()], allow_fetching=False
    )
    status = validate_pdf_signature(signature, context, skip_diff=True)
    raw = status.signing_cert.dump()
    certificate = known.get(raw) or x509.load_der_x509_certificate(raw)
    is_whole = is_only and status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    state = INTACT if status.intact and status.valid and is_whole else CHANGED
    if state == INTACT and raw not in known:
        state = FOREIGN
    return PaperCheck(
        state,
        signer=holder_of(certificate),
        is_practice=is_practice(certificate),
        key=key_name(certificate.public_key()) if raw in known else "",
        signed_at=status.signer_reported_dt,
        reason=str(signature.sig_object.get("/Reason", "")),
    )


def _swells(content: bytes) -> bool:
    """Tell whether what is packed in a file is too much to be unpacked (压缩炸弹)."""
    room = UNPACKED_MAX
    for found in _STREAM.finditer(content):
        try:
            room -= len(zlib.decompressobj().decompress(content[found.end() :], room + 1))
        except zlib.error:
            continue
        if room < 0:
            return True
    return False


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
