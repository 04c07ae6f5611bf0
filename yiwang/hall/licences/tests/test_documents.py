"""The document: text that can be read out of it, a QR code that leads to the verification."""

import hashlib
import io

import pytest
import zxingcpp
from django.core.files.storage import default_storage
from PIL import Image
from pypdf import PdfReader

from yiwang.hall.licences import documents
from yiwang.hall.licences.actions import licence_revoke
from yiwang.hall.licences.documents import (
    licence_document_get,
    licence_document_store,
    licence_image_get,
)
from yiwang.hall.licences.errors import LicenceNotFound
from yiwang.hall.licences.models import Licence
from yiwang.hall.licences.queries import licence_get
from yiwang.hall.licences.tests.conftest import HOLDER, NEIGHBOUR, NOW
from yiwang.hall.licences.typesetting import document_make, value_text
from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_list, context_use, paper_check, worker_run


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


def _text(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return "".join(page.extract_text() for page in pages).replace(" ", "").replace("\n", "")


def _image(licence) -> Image.Image:
    return Image.open(io.BytesIO(document_make(licence, form="png")))


@pytest.mark.parametrize("kind", ["card", "certificate"])
def test_the_words_of_the_document_can_be_read_out_of_the_pdf(hall, kind):
    licence = hall.issue() if kind == "card" else hall.permit()
    text = _text(document_make(licence))
    for word in (
        licence.title["zh"],
        licence.number,
        licence.holder_name,
        "姑苏区民政局",
        licence.identifier,
        licence.code,
        "演示",
        "2026年11月21日",
    ):
        assert word in text, word
    assert ("2031年11月20日" if kind == "certificate" else "长期") in text


@pytest.mark.parametrize("kind", ["card", "certificate"])
def test_the_qr_code_leads_to_the_public_verification(hall, settings, kind):
    settings.SITE_ADDRESS = "https://yiwang.example/"
    licence = hall.issue() if kind == "card" else hall.permit()
    found = zxingcpp.read_barcodes(_image(licence))
    assert [code.text for code in found] == [
        f"https://yiwang.example/hall/licences/verify/{licence.verify_code}/"
    ]


def test_a_card_lies_and_a_certificate_stands(hall):
    card, certificate = _image(hall.issue()), _image(hall.permit())
    assert card.width / card.height == pytest.approx(85.6 / 54, rel=0.01)
    assert certificate.height / certificate.width == pytest.approx(297 / 210, rel=0.01)


def test_the_file_is_signed_once_with_the_citys_key_and_says_for_what(hall):
    licence = hall.issue()
    content = licence_document_store(licence.id)
    assert licence_document_store(licence.id) == content
    check = paper_check(content)
    assert (check.state, check.reason, check.is_practice) == ("INTACT", "签发老年人优待证", True)
    assert paper_check(content.replace(b"/MediaBox", b"/MediaBux", 1)).state == "CHANGED"


def test_the_same_licence_gives_the_same_bytes(hall):
    licence = hall.issue()
    assert document_make(licence) == document_make(licence)


def test_a_face_full_of_long_values_still_fits_before_its_back(hall):
    long = {
        "name": "scope",
        "title": {"zh": "经营项目及范围", "en": "Scope"},
        "value": "热食类食品制售、冷食类食品制售、" * 12,
    }
    for licence in (hall.issue(), hall.permit()):
        crowded = typesetting_replace(licence, face=(*licence.face, *[long] * 6))
        assert len(PdfReader(io.BytesIO(document_make(crowded))).pages) == 2


def typesetting_replace(licence, **changes):
    from dataclasses import replace

    return replace(licence, **changes)


def test_typst_markup_in_a_name_is_text_and_not_run(hall):
    name = '#panic("x") *b* $1$ <a> @b \\ "c"'
    text = _text(document_make(hall.issue(holder_name=name)))
    assert name.replace(" ", "") in text


def test_the_worker_makes_the_document_after_the_issue(hall):
    licence = hall.issue()
    worker_run(once=True)
    with data_scope(purpose="test"):
        row = Licence.objects.get(pk=licence.id)
    with default_storage.open(row.document_path) as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == row.document_sha256
    assert row.document_path == f"licences/2026/{row.document_sha256}.pdf"
    with context_use(HOLDER):
        assert licence_document_get(licence.id) == content


def test_asked_before_the_worker_came_it_is_made_on_the_spot_and_kept(hall):
    licence = hall.issue()
    with context_use(HOLDER):
        content = licence_document_get(licence.id)
        assert licence_get(licence.id).document_sha256 == hashlib.sha256(content).hexdigest()
    worker_run(once=True)
    acts = [row["act"] for row in audit_list(subject=f"licence:{licence.id}")]
    assert acts == ["hall.licences.document_store", "hall.licences.issue"]


@pytest.mark.parametrize("damage", [b"%PDF-broken", None])
def test_a_damaged_or_lost_file_is_made_again(hall, damage):
    licence = hall.issue()
    content = licence_document_store(licence.id)
    path = f"licences/2026/{hashlib.sha256(content).hexdigest()}.pdf"
    default_storage.delete(path)
    if damage is not None:
        with default_storage.open(path, "wb") as file:
            file.write(damage)
    with context_use(HOLDER):
        again = licence_document_get(licence.id)
        assert licence_document_get(licence.id) == again
        body = document_make(licence_get(licence.id))
    assert again.startswith(body)
    assert content.startswith(body)
    assert (paper_check(again).state, paper_check(content).state) == ("INTACT", "INTACT")
    assert default_storage.exists(f"licences/2026/{hashlib.sha256(again).hexdigest()}.pdf")


def test_a_revoked_licence_says_so_across_the_document_and_the_old_file_is_not_given(hall):
    licence = hall.issue()
    licence_document_store(licence.id)
    with context_use(hall.officer()):
        licence_revoke(licence.id, reason="虚假材料", legal_basis="行政许可法", now=NOW)
    with context_use(HOLDER):
        crossed = licence_document_get(licence.id)
    assert "已撤销" in _text(crossed)
    assert paper_check(crossed).state == "UNSIGNED"


def test_nobody_else_gets_the_document(hall):
    licence = hall.issue()
    with context_use(NEIGHBOUR), pytest.raises(LicenceNotFound):
        licence_document_get(licence.id)


def test_the_portrait_of_the_registry_stands_on_the_card_and_its_lack_stops_nothing(
    hall, monkeypatch
):
    picture = io.BytesIO()
    Image.new("RGB", (30, 40), (10, 200, 30)).save(picture, "PNG")
    asked = []

    def photo(ref, *, purpose):
        asked.append((ref, purpose))
        return picture.getvalue()

    licence = hall.issue()
    without = licence_document_store(licence.id)
    monkeypatch.setattr(documents, "photo_get", photo)
    assert licence_document_store(licence.id) != without
    with context_use(HOLDER):
        pictures = {licence_image_get(licence.id) for _ in range(3)}
        licence_document_get(licence.id)
    assert len(pictures) == 1
    assert asked == [("P1", "签发证照")]  # looking at it asks the registry no more


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1955-01-02", "1955年1月2日"),
        ("1955-13-02", "1955-13-02"),
        ({"zh": "女", "en": "Female"}, "女"),
        (["甲", {"zh": "乙"}], "甲、乙"),
        (True, "是"),
        (12, "12"),
        ("", ""),
    ],
)
def test_values_read_as_they_do_on_paper(value, text):
    assert value_text(value) == text
