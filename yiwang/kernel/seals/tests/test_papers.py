"""Signatures in PDF files: what others find valid, and what every change does to it."""

import io
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pypdf import PdfReader, PdfWriter

from yiwang.kernel.seals.keys import (
    SealKeyUnusable,
    public_keys,
    seal_key_get,
    seal_list,
)
from yiwang.kernel.seals.papers import paper_check, paper_sign
from yiwang.sdk.statements import key_name, keys_read, statement_read, statement_sign


def paper() -> bytes:
    writer, target = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(target)
    return target.getvalue()


@pytest.fixture(scope="module")
def plain() -> bytes:
    return paper()


@pytest.fixture(scope="module")
def signed(plain) -> bytes:
    return paper_sign(plain, reason="签发证照", signer="姑苏区民政局")


def city_file(folder, name: str = "苏州市行政审批局"):
    """A city's own key and certificate, as a file."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    since = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=365))
        .sign(key, SHA256())
    )
    path = folder / "city.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path, certificate


def test_a_signed_paper_says_by_whom_what_for_and_that_it_is_practice(plain, signed):
    check = paper_check(signed)
    assert (check.state, check.is_practice, check.reason) == ("INTACT", True, "签发证照")
    assert check.key == next(iter(public_keys()))
    assert "不具法律效力" in check.signer
    assert signed.startswith(plain)


def test_openssl_finds_the_signature_valid_and_a_changed_paper_not(signed, tmp_path):
    """An independent oracle: the CMS of the file against the bytes that it covers."""
    signature = PdfReader(io.BytesIO(signed)).trailer["/Root"]["/AcroForm"]["/Fields"][0]["/V"]
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    first, length, second, rest = signature["/ByteRange"]
    covered = signed[first : first + length] + signed[second : second + rest]
    assert second + rest == len(signed)
    (tmp_path / "cms").write_bytes(signature["/Contents"])
    (tmp_path / "city.pem").write_text(seal_list()[0].certificate_pem)

    def verify(content: bytes) -> int:
        (tmp_path / "covered").write_bytes(content)
        command = "openssl cms -verify -inform DER -binary -in cms -content covered -CAfile city.pem -purpose any -out /dev/null"
        return subprocess.run(
            command.split(), cwd=tmp_path, capture_output=True, check=False
        ).returncode

    assert verify(covered) == 0
    assert verify(covered.replace(b"/MediaBox", b"/MediaBux", 1)) != 0


@pytest.mark.skipif(not shutil.which("pdfsig"), reason="poppler-utils is not installed")
def test_poppler_finds_the_signature_valid_over_the_whole_file(signed, tmp_path):
    (tmp_path / "signed.pdf").write_bytes(signed)
    command = ["pdfsig", "-nocert", str(tmp_path / "signed.pdf")]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." in found
    assert "Total document signed" in found


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda content: content.replace(b"/MediaBox", b"/MediaBux", 1), "CHANGED"),
        (lambda content: content + b"\n%added", "CHANGED"),
        (lambda content: content[: len(content) // 2], "UNREADABLE"),
        (lambda content: b"GIF89a" + content, "UNREADABLE"),
        (lambda _content: paper(), "UNSIGNED"),
    ],
)
def test_whatever_is_done_to_a_paper_is_seen(signed, change, state):
    assert paper_check(change(signed)).state == state


def test_a_paper_signed_once_more_by_somebody_else_is_not_what_was_issued(
    signed, settings, tmp_path
):
    settings.DOCUMENT_KEY_FILE = str(city_file(tmp_path)[0])
    from pyhanko.pdf_utils.reader import PdfFileReader

    assert len(PdfFileReader(io.BytesIO(signed)).embedded_signatures) == 1
    assert paper_check(signed).state == "FOREIGN"


def test_a_city_signs_with_its_own_key_and_knows_its_former_ones(signed, settings, tmp_path):
    former = tmp_path / "former.pem"
    former.write_text(seal_list()[0].certificate_pem)
    settings.DOCUMENT_KEY_FILE = str(city_file(tmp_path)[0])
    own = paper_check(paper_sign(paper(), reason="签发", signer="局"))
    assert (own.state, own.is_practice, own.signer) == ("INTACT", False, "苏州市行政审批局")
    settings.DOCUMENT_CERTIFICATES_FILE = str(former)
    assert paper_check(signed).state == "INTACT"
    assert [one.is_practice for one in seal_list()] == [False, True]


def test_a_key_file_that_is_none_is_refused_with_the_reason(settings, tmp_path):
    for name, content in (("missing", None), ("text", b"no key")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        settings.DOCUMENT_KEY_FILE = str(path)
        with pytest.raises(SealKeyUnusable):
            seal_key_get()


def test_the_practice_key_is_the_installations_own_and_the_same_on_every_node(settings):
    first = seal_key_get()
    assert seal_key_get().certificates == first.certificates
    settings.SECRET_KEY = "another installation"
    assert key_name(seal_key_get().key.public_key()) != key_name(first.key.public_key())


def test_the_published_certificate_alone_checks_a_statement():
    text = statement_sign(["一", None, 2], key=seal_key_get().key)
    keys = keys_read(seal_list()[0].certificate_pem.encode())
    assert statement_read(text, keys=keys).words == ("一", None, 2)
