"""Papers checked by anybody: a signed file, the code on the back without a connection, the public keys."""

from dataclasses import replace
from datetime import date

import pytest
import zxingcpp
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from yiwang.hall.licences.documents import licence_document_store
from yiwang.hall.licences.rules import offline_read
from yiwang.hall.licences.statements import licence_statement, licence_statement_read
from yiwang.hall.licences.tests.test_documents import _own_folder  # noqa: F401 - a fixture
from yiwang.hall.licences.typesetting import SOURCES, _content, verify_address
from yiwang.kernel.api import public_keys, qr_picture, seal_list, typeset
from yiwang.sdk.statements import StatementBroken, StatementKeyUnknown, keys_read

CHECK = "/hall/licences/verify/file/"
pytestmark = pytest.mark.pages


def test_the_code_on_the_back_says_what_was_issued_without_a_connection(hall):
    licence = hall.permit()
    text = licence_statement(licence)
    assert licence_statement(licence) == text
    keys = keys_read(seal_list()[0].certificate_pem.encode())
    said = offline_read(f"{verify_address(licence.verify_code)}#{text}", keys=keys)
    assert (said.holder_name, said.identifier, said.title) == (
        "平江小馆餐饮有限公司",
        licence.identifier,
        "食品经营许可证",
    )
    assert (said.valid_from, said.valid_to) == (date(2026, 11, 21), date(2031, 11, 20))
    assert said.is_due(date(2031, 11, 20))
    assert not said.is_due(date(2031, 11, 21))


def test_a_camera_reads_the_code_on_the_back(hall, tmp_path):
    licence = hall.permit()
    text = f"{verify_address(licence.verify_code)}#{licence_statement(licence)}"
    main = tmp_path / "back.typ"
    main.write_text('#import "offline.typ": offline\n#offline()')
    png = typeset(
        main,
        data=_content(licence, photo_name=None),
        at=licence.issued_at,
        beside=(SOURCES / "common.typ", SOURCES / "offline.typ"),
        files={"offline.svg": qr_picture(text, error="l")},
        form="png",
    )
    (tmp_path / "back.png").write_bytes(png)
    assert [one.text for one in zxingcpp.read_barcodes(Image.open(tmp_path / "back.png"))] == [text]


def test_a_statement_with_another_name_or_another_key_is_refused(hall, settings):
    licence = hall.permit()
    text = licence_statement(licence)
    other = licence_statement(replace(licence, holder_name="别家餐饮有限公司"))
    parts, others = text.split("."), other.split(".")
    with pytest.raises(StatementBroken):
        licence_statement_read(".".join([*parts[:2], others[2], parts[3]]))
    settings.SECRET_KEY = "another city"
    with pytest.raises(StatementKeyUnknown):
        licence_statement_read(text)


def test_the_page_says_by_whom_a_file_is_signed_and_whether_it_was_changed(hall, client):
    content = licence_document_store(hall.issue().id)

    def page(body: bytes, status: int = 200) -> str:
        file = SimpleUploadedFile("证照.pdf", body, "application/pdf")
        answer = client.post(CHECK, {"file": file})
        assert answer.status_code == status
        return answer.content.decode()

    whole = page(content)
    assert "未被改动" in whole
    assert "演练签章（不具法律效力）" in whole
    assert "签名之后有改动" in page(content.replace(b"/MediaBox", b"/MediaBux", 1))
    assert "没有签章" in page(content[: content.rindex(b"%%EOF", 0, -10) + 6])
    assert "无法读取" in page(b"not a pdf")
    assert client.post(CHECK, {}).status_code == 422
    assert "不超过 5 MB" in page(b"%PDF-" + bytes(5 << 20), 413)


def test_the_page_checks_the_text_of_a_code(hall, client):
    text = licence_statement(hall.permit())
    assert "平江小馆餐饮有限公司" in client.post(CHECK, {"text": text}).content.decode()
    broken = client.post(CHECK, {"text": text[:-4] + "AAAA"}).content.decode()
    assert "平江小馆餐饮有限公司" not in broken


def test_the_keys_are_published_as_a_page_a_file_and_in_the_offline_page(client):
    name = next(iter(public_keys()))
    assert name in client.get("/hall/licences/keys/").content.decode()
    pem = client.get("/hall/licences/keys/certificates.pem")
    assert list(keys_read(pem.content)) == [name]
    offline = client.get("/hall/licences/keys/offline.html")
    assert offline["Content-Disposition"].startswith("attachment")
    assert f'"{name}": {{"spki": "MFkw' in offline.content.decode()
    assert "__" not in offline.content.decode()
