"""What is inside an uploaded file (文件内容检查): scripts in a PDF, bombs among archives and pictures.

Files are refused and never cleaned: a document that we changed would not be the one that was handed in.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

MB = 1024 * 1024
PIXEL_LIMIT = 100_000_000
ENTRY_LIMIT = 2_000
UNPACKED_LIMIT = 100 * MB
RATIO_LIMIT, RATIO_FROM = 100, 10 * MB
OBJECTS_LIMIT = 64 * MB
PIECE = 64 * 1024

PROTECTED, DAMAGED, BOMB, NESTED, MACROS, PATHS, HIDDEN = (
    "PROTECTED",
    "DAMAGED",
    "BOMB",
    "NESTED",
    "MACROS",
    "PATHS",
    "HIDDEN",
)
# What a PDF may do by itself when it is opened; ISO 32000-1, 12.6.4 and 7.11.4.
ACTIVE_NAMES = {
    "SCRIPT": ("JavaScript", "Rendition", "XFA"),
    "LAUNCH": ("Launch", "ImportData", "GoToE"),
    "FILES": ("EmbeddedFile", "EmbeddedFiles"),
    "MEDIA": ("RichMedia", "Flash"),
}
NESTED_ENDS = (".zip", ".rar", ".7z", ".gz", ".bz2", ".xz", ".tar", ".jar")
NESTED_STARTS = (b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08")
OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _name_pattern(name: str) -> bytes:
    """Match a PDF name however it is written: any character may stand as #hex (ISO 32000-1, 7.3.5)."""
    letters = (f"(?:{re.escape(letter)}|#{ord(letter):02x}|#{ord(letter):02X})" for letter in name)
    return f"/{''.join(letters)}(?![A-Za-z0-9#_.-])".encode()


_ACTIVE = {
    kind: re.compile(b"|".join(_name_pattern(name) for name in names))
    for kind, names in ACTIVE_NAMES.items()
}
_ENCRYPT = re.compile(_name_pattern("Encrypt") + rb"[\s\[<0-9]")
_OBJECT_STREAM = re.compile(_name_pattern("ObjStm") + b"|" + _name_pattern("First"))
_FLATE = re.compile(_name_pattern("FlateDecode") + b"|" + _name_pattern("Fl"))
_OTHER_CODING = re.compile(
    b"|".join(
        _name_pattern(name)
        for name in ("ASCII85Decode", "ASCIIHexDecode", "LZWDecode", "RunLengthDecode", "Predictor")
    )
)
_STREAM = re.compile(rb"stream\r?\n")


def pdf_problem(content: bytes) -> str:
    """Name what makes a PDF unfit (PDF 检查), "" when nothing does.

    PROTECTED (a password), SCRIPT, LAUNCH, FILES, MEDIA, or HIDDEN: objects packed so that nobody can
    look into them. All bytes are searched, whatever the table of objects says, for readers repair it.

    >>> pdf_problem(b"%PDF-1.7 1 0 obj <</S /Java#53cript>> endobj"), pdf_problem(b"%PDF-1.4 ...")
    ('SCRIPT', '')
    """
    if _ENCRYPT.search(content):
        return PROTECTED
    found = _active(content)
    if found:
        return found
    try:
        for objects in _object_streams(content):
            found = _active(objects)
            if found:
                return found
    except (zlib.error, ValueError):
        return HIDDEN
    return ""


def _active(content: bytes) -> str:
    return next((kind for kind, pattern in _ACTIVE.items() if pattern.search(content)), "")


def _object_streams(content: bytes) -> Iterator[bytes]:
    """Unpack the object streams (对象流) of a PDF. Raises ValueError when one cannot be looked into."""
    unpacked = 0
    seen = set()
    for mark in _OBJECT_STREAM.finditer(content):
        start = _STREAM.search(content, mark.end(), mark.end() + 4096)
        if start is None or start.end() in seen:
            continue
        if b"endobj" in content[mark.end() : start.start()]:
            continue  # an outline has a /First too, and no stream
        seen.add(start.end())
        before = content[max(0, content.rfind(b" obj", 0, mark.start())) : start.start()]
        if _OTHER_CODING.search(before):
            raise ValueError("an object stream in an unusual coding")
        if not _FLATE.search(before):
            continue
        end = content.find(b"endstream", start.end())
        packed = content[start.end() : end if end >= 0 else len(content)]
        objects = zlib.decompressobj().decompress(packed, OBJECTS_LIMIT - unpacked + 1)
        unpacked += len(objects)
        if unpacked > OBJECTS_LIMIT:
            raise ValueError("object streams beyond any document")
        yield objects


def image_size(content: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels (像素) from the head of a PNG or JPEG; None when it has none."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", content[16:24]) if len(content) >= 24 else None
    if content.startswith(b"\xff\xd8"):
        return _jpeg_size(content)
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def archive_kind(content: bytes) -> str:
    """Tell what kind of package a ZIP is (压缩包类型) by what it holds; "" for an ordinary archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return ""
    if "OFD.xml" in names:
        return "application/ofd"
    if "[Content_Types].xml" in names:
        kinds = (
            kind
            for folder, kind in OFFICE.items()
            if any(name.startswith(folder) for name in names)
        )
        return next(kinds, "")
    return ""


def archive_problem(content: bytes) -> str:
    """Name what makes a packed document unfit (压缩包检查), "" when nothing does.

    BOMB: unpacks to more than 100 MB, or to more than a hundred times itself beyond 10 MB, or its parts
    overlap; NESTED: archives in it; MACROS, PROTECTED, PATHS, DAMAGED. What it announces is checked
    first; then it is unpacked piece by piece, so that what it announces is also true.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            return _announced(entries, len(content)) or next(
                filter(None, (_entry_problem(archive, entry) for entry in entries)), ""
            )
    except (zipfile.BadZipFile, NotImplementedError, ValueError, zlib.error, EOFError, OSError):
        return DAMAGED


def _announced(entries: list[zipfile.ZipInfo], size: int) -> str:
    unpacked = sum(entry.file_size for entry in entries)
    if (
        len(entries) > ENTRY_LIMIT
        or unpacked > UNPACKED_LIMIT
        or unpacked > max(RATIO_FROM, RATIO_LIMIT * size)
        or sum(entry.compress_size for entry in entries) > size
    ):
        return BOMB
    if any(entry.flag_bits & 1 for entry in entries):
        return PROTECTED
    names = [entry.filename for entry in entries]
    if any(_leads_out(name) for name in names):
        return PATHS
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return MACROS
    return NESTED if any(name.lower().endswith(NESTED_ENDS) for name in names) else ""


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name


def _entry_problem(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    with archive.open(entry) as part:
        piece = part.read(PIECE)
        if piece.startswith(NESTED_STARTS):
            return NESTED
        while piece:
            piece = part.read(PIECE)
    return ""
