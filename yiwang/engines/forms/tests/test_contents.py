"""What is inside a file: PDFs that act, bombs, pictures too large. Every refusal is a sentence."""

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.forms.rules import contents
from yiwang.engines.forms.rules.contents import (
    archive_kind,
    archive_problem,
    image_size,
    pdf_problem,
)
from yiwang.engines.forms.rules.files import (
    DOCX,
    JPEG,
    OFD,
    PDF,
    PNG,
    AttachmentActive,
    AttachmentProtected,
    AttachmentTooLarge,
    AttachmentTooManyPixels,
    AttachmentUnsafe,
    file_check,
    size_check,
)

HEAD = b"%PDF-1.7\n"
MB = 1024 * 1024


def packed(objects: bytes, extra: bytes = b"", coding: bytes = b"/FlateDecode") -> bytes:
    """Return an object stream that holds these objects, as ISO 32000-1, 7.5.7 has it."""
    data = zlib.compress(objects)
    return (
        b"7 0 obj <</Type /ObjStm /N 1 /First 4 /Filter %s %s /Length %d>> stream\n%s\nendstream endobj"
        % (coding, extra, len(data), data)
    )


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as file:
        for name, data in entries:
            file.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("objects", "problem"),
    [
        (b"1 0 obj <</S /JavaScript /JS (app.alert(1))>> endobj", "SCRIPT"),
        (b"1 0 obj <</S/J#61va#53cript>> endobj", "SCRIPT"),
        (b"1 0 obj <</Names <</JavaScript 2 0 R>> >> endobj", "SCRIPT"),
        (b"1 0 obj <</AcroForm <</XFA [(a) 3 0 R]>> >> endobj", "SCRIPT"),
        (b"1 0 obj <</S /Rendition /JS (x)>> endobj", "SCRIPT"),
        (b"1 0 obj <</S /Launch /F (cmd.exe)>> endobj", "LAUNCH"),
        (b"1 0 obj <</S/#4caunch>> endobj", "LAUNCH"),
        (b"1 0 obj <</S /GoToE>> endobj", "LAUNCH"),
        (b"1 0 obj <</Names <</EmbeddedFiles 2 0 R>> >> endobj", "FILES"),
        (b"1 0 obj <</Type /EmbeddedFile>> endobj", "FILES"),
        (b"1 0 obj <</Subtype /RichMedia>> endobj", "MEDIA"),
        (b"trailer <</Encrypt 5 0 R /Root 1 0 R>>", "PROTECTED"),
        (packed(b"1 0 <</S /JavaScript /JS (x)>>"), "SCRIPT"),
        (packed(b"1 0 <</S /Launch>>").replace(b"/ObjStm", b"/Obj#53tm"), "LAUNCH"),
        (packed(b"1 0 <<>>", coding=b"[/ASCII85Decode /FlateDecode]"), "HIDDEN"),
        (packed(b"1 0 <<>>", extra=b"/DecodeParms <</Predictor 12>>"), "HIDDEN"),
        (packed(b"1 0 <<>>").replace(b"x\x9c", b"\xff\xff"), "HIDDEN"),
    ],
)
def test_a_pdf_that_acts_or_is_locked_is_told(objects, problem):
    assert pdf_problem(HEAD + objects) == problem


@pytest.mark.parametrize(
    "objects",
    [
        b"",
        b"1 0 obj <</OpenAction [3 0 R /Fit] /Metadata 9 0 R>> endobj",
        b"1 0 obj <</EncryptMetadata false>> endobj",
        b"1 0 obj (a text about JavaScript and Launch) endobj",
        b"1 0 obj <</Type /Font /BaseFont /JavaScriptSans>> endobj",
        packed(b"1 0 <</Type /Page>>"),
        b"4 0 obj <</Type /Outlines /First 5 0 R>> endobj 6 0 obj <</Filter /FlateDecode "
        b"/DecodeParms <</Predictor 15>> >> stream\nno zlib\nendstream endobj",
    ],
)
def test_a_pdf_that_only_shows_pages_is_taken(objects):
    assert pdf_problem(HEAD + objects) == ""


def test_object_streams_that_unpack_beyond_any_document_are_not_looked_through():
    assert pdf_problem(HEAD + packed(b"\0" * (65 * MB))) == "HIDDEN"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (archive(("a.txt", b"\0" * (11 * MB))), "BOMB"),
        (archive(*((f"{n}", b"") for n in range(2001))), "BOMB"),
        (archive(("inner.zip", b"x")), "NESTED"),
        (archive(("inner.dat", archive(("a", b"b")))), "NESTED"),
        (archive(("word/vbaProject.bin", b"x")), "MACROS"),
        (archive(("../../etc/passwd", b"x")), "PATHS"),
        (archive(("/etc/passwd", b"x")), "PATHS"),
        (archive(("C:\\a.exe", b"x")), "PATHS"),
        (b"PK\x03\x04 no archive", "DAMAGED"),
        (archive(("OFD.xml", b"<ofd/>"), ("Doc_0/Document.xml", b"<a/>" * 500)), ""),
    ],
)
def test_a_packed_document_that_would_do_harm_is_told(content, problem):
    assert archive_problem(content) == problem


def test_parts_that_overlap_are_a_bomb():
    content = bytearray(archive(("a", b"x" * 50), method=zipfile.ZIP_STORED))
    at = content.rindex(b"PK\x01\x02")
    content[at + 20 : at + 24] = struct.pack(
        "<I", len(content) + 1
    )  # the compressed size announced
    assert archive_problem(bytes(content)) in ("BOMB", "DAMAGED")


def test_an_archive_that_announces_less_than_it_holds_is_damaged():
    content = bytearray(archive(("a", b"x" * 5000)))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)  # the size announced
    assert archive_problem(bytes(content)) == "DAMAGED"


def test_a_locked_archive_is_told():
    content = bytearray(archive(("a", b"x")))
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    assert archive_problem(bytes(content)) == "PROTECTED"


def test_office_documents_are_told_from_archives():
    types = ("[Content_Types].xml", b"<Types/>")
    assert archive_kind(archive(types, ("word/document.xml", b"<w/>"))) == DOCX
    assert archive_kind(archive(types, ("other/a", b""))) == ""
    assert archive_kind(archive(("OFD.xml", b""))) == OFD


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def jpeg(width: int, height: int) -> bytes:
    start = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 10
    return (
        start + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + b"\0" * 12
    )


@given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_the_size_of_a_png_is_read_from_its_head(width, height):
    assert image_size(png(width, height)) == (width, height)


@given(st.integers(1, 65535), st.integers(1, 65535))
def test_the_size_of_a_jpeg_is_read_from_its_head(width, height):
    assert image_size(jpeg(width, height)) == (width, height)


@given(st.binary(max_size=300))
def test_any_bytes_are_answered_and_never_crash(content):
    pdf_problem(HEAD + content)
    archive_problem(b"PK\x03\x04" + content)
    image_size(b"\xff\xd8" + content)
    image_size(b"\x89PNG\r\n\x1a\n" + content)


@pytest.mark.parametrize(
    ("name", "content", "accept", "error", "words"),
    [
        ("a.pdf", HEAD + b"<</S /JavaScript>>", PDF, AttachmentActive, "脚本"),
        ("a.pdf", HEAD + b"trailer <</Encrypt 5 0 R>>", PDF, AttachmentProtected, "密码"),
        ("a.ofd", archive(("OFD.xml", b"\0" * (11 * MB))), OFD, AttachmentUnsafe, "解压"),
        ("a.png", png(20_000, 20_000), PNG, AttachmentTooManyPixels, "20000 × 20000"),
        ("a.jpg", jpeg(65_000, 2_000), JPEG, AttachmentTooManyPixels, "65000 × 2000"),
    ],
)
def test_each_refusal_says_in_words_what_is_wrong_and_what_to_do(
    name, content, accept, error, words
):
    from django.utils import translation

    from yiwang.kernel.api import error_text

    with pytest.raises(error) as caught:
        file_check(name, content, accept=[accept], max_bytes=MB)
    with translation.override("zh-hans"):
        assert words in error_text(caught.value)


def test_a_file_is_refused_by_its_size_before_it_is_read():
    with pytest.raises(AttachmentTooLarge) as caught:
        size_check("../a.pdf", 100 * MB, accept=[PDF], max_bytes=5 * MB)
    assert caught.value.params["size"] == "100 MB"
    assert caught.value.params["name"] == "a.pdf"


def test_a_file_a_few_bytes_too_large_does_not_read_as_if_it_fitted():
    with pytest.raises(AttachmentTooLarge) as caught:
        size_check("a.pdf", 5 * MB + 1, accept=[PDF], max_bytes=5 * MB)
    assert caught.value.params["size"] == "5,242,881 B"


def test_every_problem_has_words_in_both_languages():
    from yiwang.engines.forms.rules.files import FOUND

    problems = {*contents.ACTIVE_NAMES, "BOMB", "NESTED", "MACROS", "PATHS", "DAMAGED", "HIDDEN"}
    assert problems == set(FOUND)
    assert all(text["zh"] and text["en"] for text in FOUND.values())
