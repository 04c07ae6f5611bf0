"""What an uploaded file really is (附件类型识别), told by its content and never by its name."""

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass

import puremagic

from yiwang.sdk.errors import N_, Invalid

PDF, JPEG, PNG, OFD = "application/pdf", "image/jpeg", "image/png", "application/ofd"
TYPE_NAMES = {PDF: "PDF", JPEG: "JPEG", PNG: "PNG", OFD: "OFD"}
EXTENSIONS = {PDF: ("pdf",), JPEG: ("jpg", "jpeg"), PNG: ("png",), OFD: ("ofd",)}
DANGEROUS = frozenset(
    "exe com scr bat cmd ps1 vbs js jse wsf msi dll jar sh php jsp jspx asp aspx py htm html svg "
    "xhtml lnk hta cpl apk".split()
)
EXECUTABLE_STARTS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
UNKNOWN = "application/octet-stream"
NAME_LIMIT = 120


class AttachmentRefused(Invalid):
    """A file cannot be taken (附件不予接收); the sentence says what is accepted."""

    code = "attachment_refused"
    message = N_("The file %(name)s cannot be taken. Accepted are: %(accepted)s.")


class AttachmentEmpty(AttachmentRefused):
    """The file has no content."""

    code = "attachment_empty"
    message = N_(
        "The file %(name)s is empty (0 bytes). Please choose it again; accepted are: %(accepted)s."
    )


class AttachmentTooLarge(AttachmentRefused):
    """The file is larger than allowed."""

    code = "attachment_too_large"
    message = N_(
        "The file %(name)s has %(size)s; at most %(limit)s are taken. "
        "Please scan it at a lower resolution. Accepted are: %(accepted)s."
    )


class AttachmentWrongType(AttachmentRefused):
    """The content is of a type that is not accepted."""

    code = "attachment_wrong_type"
    message = N_("The file %(name)s is %(found)s by its content. Accepted are: %(accepted)s.")


class AttachmentDisguised(AttachmentRefused):
    """The name says one thing and the content another."""

    code = "attachment_disguised"
    message = N_(
        "The name of %(name)s does not fit its content, which is %(found)s. "
        "Please save it under its true type. Accepted are: %(accepted)s."
    )


class AttachmentDoubleExtension(AttachmentRefused):
    """A name such as licence.exe.pdf."""

    code = "attachment_double_extension"
    message = N_(
        "The name %(name)s hides a second type in it. Please rename the file, for example to "
        "%(better)s. Accepted are: %(accepted)s."
    )


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was found out about a file (文件信息)."""

    name: str
    content_type: str
    size: int


def name_clean(name: str) -> str:
    """Bring a file name to one that any disk and header can take (文件名清理), its end kept.

    >>> name_clean("../../etc/营业\\x00执照 .PDF"), name_clean("")
    ('营业执照.pdf', 'file')
    """
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in plain if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    stem, dot, end = plain.strip(" .").rpartition(".")
    if not dot:
        stem, end = end, ""
    stem = re.sub(r"\s+", " ", stem).strip(" .") or "file"
    end = re.sub(r"[^A-Za-z0-9]", "", end)[:8].lower()
    return f"{stem[:NAME_LIMIT]}.{end}" if end else stem[:NAME_LIMIT]


def type_detect(content: bytes) -> str:
    """Tell the type of a file by its content (按内容识别); what is not known is octet-stream.

    >>> type_detect(b"%PDF-1.7 ..."), type_detect(b"MZ\\x90\\x00")
    ('application/pdf', 'application/x-msdownload')
    """
    if content.startswith(b"MZ"):
        return "application/x-msdownload"
    if content.startswith(EXECUTABLE_STARTS):
        return "application/x-executable"
    if b"%PDF-" in content[:1024] and not content.startswith(b"PK"):
        return PDF
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"PK\x03\x04"):
        return OFD if _is_ofd(content) else "application/zip"
    try:
        return puremagic.from_string(content[:8192], mime=True) or UNKNOWN
    except (puremagic.PureError, ValueError):
        return UNKNOWN


def _is_ofd(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "OFD.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


def size_text(size: int) -> str:
    """Write a size in the unit a person reads.

    >>> size_text(900), size_text(5 * 1024 * 1024)
    ('900 B', '5 MB')
    """
    if size < 1024:
        return f"{size} B"
    unit, amount = ("KB", size / 1024) if size < 1024**2 else ("MB", size / 1024**2)
    return f"{amount:.1f}".removesuffix(".0") + f" {unit}"


def accepted_text(accept: list[str] | tuple[str, ...], max_bytes: int) -> str:
    """Say what is accepted: "PDF, JPEG (5 MB)"."""
    names = ", ".join(TYPE_NAMES.get(each, each) for each in accept)
    return f"{names} (≤ {size_text(max_bytes)})"


def file_check(
    name: str, content: bytes, *, accept: list[str] | tuple[str, ...], max_bytes: int
) -> FileFacts:
    """Check one uploaded file by its content (附件校验) and return what it is.

    accept: media types; max_bytes: the limit in bytes. Raises a subclass of `AttachmentRefused`
    whose sentence says what is wrong and what is accepted.
    """
    clean = name_clean(name)
    said = {"name": clean, "accepted": accepted_text(accept, max_bytes)}
    if not content:
        raise AttachmentEmpty(**said)
    if len(content) > max_bytes:
        raise AttachmentTooLarge(**said, size=size_text(len(content)), limit=size_text(max_bytes))
    found = type_detect(content)
    shown = TYPE_NAMES.get(found, found)
    if found not in accept:
        raise AttachmentWrongType(**said, found=shown)
    *inner, end = clean.lower().split(".")
    if any(part in DANGEROUS for part in inner[1:]):
        better = f"{inner[0]}.{EXTENSIONS.get(found, ('pdf',))[0]}"
        raise AttachmentDoubleExtension(**said, better=better)
    if end not in EXTENSIONS.get(found, (end,)):
        raise AttachmentDisguised(**said, found=shown)
    return FileFacts(clean, found, len(content))
