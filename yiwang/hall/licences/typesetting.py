"""Typesetting licences (证照版式文件) with Typst: PDF to keep, PNG to look at.

The same licence gives the same bytes: the time stamp in the file is the moment of issue.
"""

from datetime import date
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.licences.data import CARD, LicenceView
from yiwang.hall.licences.statements import licence_statement
from yiwang.kernel.api import qr_picture, typeset

SOURCES = Path(__file__).parent / "typst"
MARKS = {"REVOKED": "已撤销", "SUSPENDED": "已暂扣", "EXPIRED": "已过期"}
_PHOTO_KINDS = {b"\x89PNG": "photo.png", b"\xff\xd8\xff": "photo.jpg", b"<svg": "photo.svg"}


def document_make(
    licence: LicenceView, *, photo: bytes | None = None, form: str = "pdf", ppi: int = 144
) -> bytes:
    """Typeset a licence (排版) and return a PDF with its back, or a PNG of its face with form="png".

    photo: PNG or JPEG of the holder for a card; a silhouette without one. Raises `FontsMissing`.
    """
    picture = _photo_name(photo)
    address = verify_address(licence.verify_code)
    files = {"offline.svg": qr_picture(f"{address}#{licence_statement(licence)}", error="l")}
    main = "card.typ" if licence.template == CARD else "certificate.typ"
    return typeset(
        SOURCES / main,
        data=_content(licence, photo_name=picture),
        at=licence.issued_at,
        beside=(SOURCES / "common.typ", SOURCES / "offline.typ"),
        qr=address,
        files=files | ({picture: photo} if picture else {}),
        form=form,
        ppi=ppi,
    )


def verify_address(code: str) -> str:
    """Return the absolute address (查验地址) that the QR code leads to."""
    return site_address("hall_licences:verify_code", code)


def site_address(name: str, *args: str) -> str:
    """Return the absolute address of a page (网址), for paper."""
    return settings.SITE_ADDRESS.rstrip("/") + reverse(name, args=args)


def date_zh(day: date) -> str:
    """Write a date as it stands on a licence: 2026年11月21日."""
    return f"{day.year}年{day.month}月{day.day}日"


def value_text(value: object) -> str:
    """Write a face value as text: {zh, en} in Chinese, ISO dates as dates, lists joined."""
    if isinstance(value, dict):
        return str(value.get("zh") or value.get("en") or "")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(value_text(item) for item in value)
    text = str(value)
    if len(text) == 10 and text[4] == text[7] == "-":
        try:
            return date_zh(date.fromisoformat(text))
        except ValueError:
            return text
    return text


def _photo_name(photo: bytes | None) -> str | None:
    kinds = _PHOTO_KINDS.items()
    return next(
        (name for start, name in kinds if photo is not None and photo.startswith(start)), None
    )


def _content(licence: LicenceView, *, photo_name: str | None) -> dict:
    rows = _rows(licence)
    issued = timezone.localtime(licence.issued_at).date()
    until = date_zh(licence.valid_to) if licence.valid_to else "长期"
    crowded = len(rows) > 6
    return {
        "title_zh": licence.title["zh"],
        "title_en": licence.title.get("en", ""),
        "title_size": 21 if len(licence.title["zh"]) <= 9 else 16,
        "city": settings.CITY["name"]["zh"],
        "number": licence.number,
        "identifier": licence.identifier,
        "code": licence.code,
        "keys_address": site_address("hall_licences:keys"),
        "issuer": licence.issuer_name,
        "issued": date_zh(issued),
        "valid": f"{date_zh(licence.valid_from)} 至 {until}",
        "rows": rows,
        "value_size": 9 if crowded else 10.5,
        "row_gutter": 2.1 if crowded else 3.1,
        "row_inset": 2.4 if len(rows) > 9 else 3.4,
        "statement": _statement(licence),
        "photo": photo_name,
        "has_photo": licence.has_photo,
        "mark": MARKS.get(licence.state, ""),
    }


def _rows(licence: LicenceView) -> list[dict]:
    rows = [
        {"title": value_text(entry["title"]), "value": value_text(entry["value"]), "strong": False}
        for entry in licence.face
        if entry["name"] != "photo"
    ]
    if not any(entry["name"] in ("name", "holder_name") for entry in licence.face):
        title = "姓名" if licence.holder_kind == "PERSON" else "名称"
        rows.insert(0, {"title": title, "value": licence.holder_name, "strong": False})
    rows[0]["strong"] = True
    if licence.template == CARD:
        return [*rows, {"title": "证号", "value": licence.number, "strong": False}]
    until = date_zh(licence.valid_to) if licence.valid_to else "长期"
    valid = f"{date_zh(licence.valid_from)} 至 {until}"
    return [*rows, {"title": "有效期限", "value": valid, "strong": False}]


def _statement(licence: LicenceView) -> str:
    titles = [
        f"《{value_text(entry['title'])}》" for entry in licence.legal_basis if entry.get("title")
    ]
    return f"根据{'、'.join(titles)}，准予颁发本证。" if titles else ""
