import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.engines.forms.rules.files import (
    JPEG,
    OFD,
    PDF,
    PNG,
    AttachmentDisguised,
    AttachmentDoubleExtension,
    AttachmentEmpty,
    AttachmentTooLarge,
    AttachmentWrongType,
    file_check,
    name_clean,
)

ACCEPT = [PDF, JPEG, PNG, OFD]
LIMIT = 5 * 1024 * 1024
PDF_BYTES = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
JPEG_BYTES = b"\xff\xd8\xff\xe0\x00\x10JFIF"
PNG_BYTES = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, "<a/>")
    return content.getvalue()


def check(name, content, accept=ACCEPT):
    return file_check(name, content, accept=accept, max_bytes=LIMIT)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("合同.pdf", PDF_BYTES, PDF),
        ("照片.JPG", JPEG_BYTES, JPEG),
        ("photo.jpeg", JPEG_BYTES, JPEG),
        ("scan.v2.png", PNG_BYTES, PNG),
        ("发票.ofd", archive("OFD.xml", "Doc_0/Document.xml"), OFD),
    ],
)
def test_accepted_types_are_told_by_their_content(name, content, found):
    assert check(name, content).content_type == found


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("empty.pdf", b"", AttachmentEmpty),
        ("big.pdf", PDF_BYTES + b"x" * LIMIT, AttachmentTooLarge),
        ("setup.pdf", b"MZ\x90\x00" + b"\x00" * 60, AttachmentWrongType),
        ("run.pdf", b"\x7fELF\x02\x01\x01", AttachmentWrongType),
        ("script.pdf", b"#!/bin/sh\n", AttachmentWrongType),
        ("page.pdf", b"<html><script>", AttachmentWrongType),
        ("notes.ofd", archive("word/document.xml"), AttachmentWrongType),
        ("broken.ofd", b"PK\x03\x04 not a zip", AttachmentWrongType),
        ("licence.exe.pdf", PDF_BYTES, AttachmentDoubleExtension),
        ("photo.pdf", JPEG_BYTES, AttachmentDisguised),
        ("photo", PNG_BYTES, AttachmentDisguised),
    ],
)
def test_each_wrong_file_is_refused_with_what_is_accepted(name, content, error):
    with pytest.raises(error) as caught:
        check(name, content)
    assert "PDF, JPEG, PNG, OFD (≤ 5 MB)" in str(caught.value)


def test_a_type_that_this_material_does_not_take_is_refused():
    with pytest.raises(AttachmentWrongType) as caught:
        check("a.pdf", PDF_BYTES, accept=[JPEG])
    assert str(caught.value) == "The file a.pdf is PDF by its content. Accepted are: JPEG (≤ 5 MB)."


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\身份证.JPG", "身份证.jpg"),
        ("a\x00b\r\nSet-Cookie.pdf", "abSet-Cookie.pdf"),
        ("长" * 300 + ".pdf", "长" * 120 + ".pdf"),
        ("..", "file"),
        ("\u202efdp.exe", "fdp.exe"),
    ],
)
def test_names_are_cleaned(typed, clean):
    assert name_clean(typed) == clean


@given(st.text(max_size=60))
def test_any_name_becomes_one_that_stays_as_it_is(typed):
    clean = name_clean(typed)
    assert clean
    assert "/" not in clean
    assert name_clean(clean) == clean


@given(st.binary(min_size=1, max_size=200))
def test_any_content_is_taken_or_refused_and_never_crashes(content):
    try:
        assert check("a.pdf", content).content_type == PDF
    except (AttachmentWrongType, AttachmentDisguised):
        pass
