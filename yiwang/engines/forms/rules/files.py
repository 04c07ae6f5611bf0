"""What an uploaded file really is (附件类型识别), told by its content and never by its name."""

import re
import unicodedata
from dataclasses import dataclass

import puremagic

from yiwang.engines.forms.rules import contents
from yiwang.sdk.errors import N_, Invalid

PDF, JPEG, PNG, OFD = "application/pdf", "image/jpeg", "image/png", "application/ofd"
DOCX, XLSX = contents.OFFICE.values()
ZIP = "application/zip"
TYPE_NAMES = {
    PDF: "PDF", JPEG: "JPEG", PNG: "PNG", OFD: "OFD", DOCX: "DOCX", XLSX: "XLSX", ZIP: "ZIP",
}  # fmt: skip
EXTENSIONS = {
    PDF: ("pdf",), JPEG: ("jpg", "jpeg"), PNG: ("png",), OFD: ("ofd",), DOCX: ("docx",),
    XLSX: ("xlsx",), ZIP: ("zip",),
}  # fmt: skip
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


class AttachmentNotKept(AttachmentRefused):
    """Too much was sent at once, so that this file was only counted."""

    code = "attachment_not_kept"
    message = N_(
        "The file %(name)s (%(size)s) was not kept, because too much was sent at once. Please upload it "
        "again by itself. Accepted are: %(accepted)s."
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


class AttachmentProtected(AttachmentRefused):
    """The file is locked with a password."""

    code = "attachment_protected"
    message = N_(
        "The file %(name)s is protected by a password, so nobody in the department could read it. "
        "Please save it without one. Accepted are: %(accepted)s."
    )


class AttachmentActive(AttachmentRefused):
    """A PDF that does something by itself: a script, another program, files within it."""

    code = "attachment_active"
    message = N_(
        "The file %(name)s contains %(found)s, which a document handed in must not have. Please print "
        "it into a new PDF or scan it. Accepted are: %(accepted)s."
    )


class AttachmentUnsafe(AttachmentRefused):
    """A packed document that would do harm when it is unpacked."""

    code = "attachment_unsafe"
    message = N_(
        "The file %(name)s cannot be taken: %(found)s. Please save it as a PDF. "
        "Accepted are: %(accepted)s."
    )


class AttachmentTooManyPixels(AttachmentRefused):
    """A picture that no screen needs and that fills a reader's memory."""

    code = "attachment_too_many_pixels"
    message = N_(
        "The picture %(name)s has %(width)s × %(height)s pixels; at most 100 million are taken. "
        "Please make it smaller. Accepted are: %(accepted)s."
    )


FOUND = {
    "SCRIPT": {"zh": "脚本（如 JavaScript）", "en": "a script (such as JavaScript)"},
    "LAUNCH": {
        "zh": "打开其他程序或文件的动作",
        "en": "an action that opens a program or another file",
    },
    "FILES": {"zh": "嵌入的其他文件", "en": "other files embedded in it"},
    "MEDIA": {"zh": "可运行的多媒体内容", "en": "media that run by themselves"},
    contents.HIDDEN: {"zh": "无法检查的隐藏内容", "en": "parts that cannot be looked into"},
    contents.BOMB: {"zh": "解压后的大小超出限度", "en": "it unpacks to far more than it is"},
    contents.NESTED: {"zh": "其中含有其他压缩包", "en": "there are archives inside it"},
    contents.MACROS: {"zh": "其中含有宏", "en": "there are macros inside it"},
    contents.PATHS: {"zh": "其中的文件名指向别处", "en": "names inside it lead elsewhere"},
    contents.DAMAGED: {"zh": "文件已损坏，无法打开", "en": "it is damaged and cannot be opened"},
}


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
        return contents.archive_kind(content) or ZIP
    try:
        return puremagic.from_string(content[:8192], mime=True) or UNKNOWN
    except (puremagic.PureError, ValueError):
        return UNKNOWN


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
        raise _too_large(said, len(content), max_bytes)
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
    _content_check(found, content, said)
    return FileFacts(clean, found, len(content))


def size_check(
    name: str,
    size: int,
    *,
    accept: list[str] | tuple[str, ...],
    max_bytes: int,
    is_kept: bool = True,
) -> None:
    """Refuse a file by its size (大小检查) before it is read. Raises AttachmentTooLarge, AttachmentNotKept.

    is_kept: False for one that the server only counted, because the whole request was too large.
    """
    said = {"name": name_clean(name), "accepted": accepted_text(accept, max_bytes)}
    if size > max_bytes:
        raise _too_large(said, size, max_bytes)
    if not is_kept:
        raise AttachmentNotKept(**said, size=size_text(size))


def _too_large(said: dict[str, str], size: int, limit: int) -> AttachmentTooLarge:
    shown, most = size_text(size), size_text(limit)
    # A few bytes too many read the same when they are rounded.
    return AttachmentTooLarge(**said, size=f"{size:,} B" if shown == most else shown, limit=most)


def _content_check(found: str, content: bytes, said: dict[str, str]) -> None:
    if found == PDF:
        problem = contents.pdf_problem(content)
        refused: type[AttachmentRefused] = AttachmentActive
    elif found in (JPEG, PNG):
        _pixels_check(content, said)
        return
    elif found in (OFD, DOCX, XLSX, ZIP):
        problem, refused = contents.archive_problem(content), AttachmentUnsafe
    else:
        return
    if problem == contents.PROTECTED:
        raise AttachmentProtected(**said)
    if problem:
        raise refused(**said, found=FOUND[problem])


def _pixels_check(content: bytes, said: dict[str, str]) -> None:
    size = contents.image_size(content)
    if size is not None and size[0] * size[1] > contents.PIXEL_LIMIT:
        raise AttachmentTooManyPixels(**said, width=size[0], height=size[1])
