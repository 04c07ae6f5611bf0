from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from yiwang.identity.api import departments_load
from yiwang.kernel.api import CodeRow, code_table_load, context_system, context_use
from yiwang.resources.registries.actions import registries_load
from yiwang.resources.registries.rules import ref_make
from yiwang.sdk.identifiers import id_number_make, uscc_make

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
ELDER, WIFE, SON = (ref_make("P", n) for n in (1, 2, 3))
HOUSEHOLD = ref_make("H", 1)
COMPANY = uscc_make("9", "1", "320508", "MA100001")
SOURCES = {
    "public_security": "2026-11-02",
    "civil_affairs": "2026-10-15",
    "human_resources": "2026-09-30",
}


def person(ref: str, name: str, birth: date, sequence: int, **changes) -> dict:
    row = {
        "ref": ref,
        "name": name,
        "id_number": id_number_make("320508", birth, sequence),
        "birth_date": birth,
        "sex": "1" if sequence % 2 else "2",
        "ethnicity": "01",
        "marital_status": "20",
        "phone": f"1640000{sequence:04d}",
        "area_code": "320508",
        "community_code": "320508018001",
        "address": "苏州市姑苏区平江街道历史街区社区1幢101室",
        "household_id": HOUSEHOLD,
        "employer_uscc": "",
        "photo_key": "m_old_1",
        "sources": dict(SOURCES),
        "is_made": True,
    }
    return row | changes


def departments_put() -> dict[str, str]:
    """Load four departments; returns their codes by name."""
    rows = []
    for number, (function, name, level, area) in enumerate(
        [
            ("public_security", "苏州市公安局", "CITY", "320500"),
            ("public_security", "苏州市公安局姑苏分局", "DISTRICT", "320508"),
            ("civil_affairs", "苏州市民政局", "CITY", "320500"),
            ("market_supervision", "苏州市市场监督管理局", "CITY", "320500"),
        ]
    ):
        rows.append(
            {
                "uscc": uscc_make("1", "1", "320500", f"MB90000{number}"),
                "name": name,
                "short_name": name[3:],
                "name_en": f"Bureau {number}",
                "function": function,
                "level": level,
                "area_code": area,
                "parent_uscc": rows[0]["uscc"] if level == "DISTRICT" else None,
                "phone": "0512-40000000",
                "complaint_phone": "",
                "address": "",
                "office_hours": "",
            }
        )
    with context_use(context_system("test")):
        departments_load(rows, now=NOW)
    return {row["name"]: row["uscc"] for row in rows}


@pytest.fixture
def departments(db):
    return departments_put()


@pytest.fixture
def registry(departments):
    with context_use(context_system("test")):
        code_table_load(
            "marital_status",
            edition="test",
            rows=[CodeRow("20", "已婚", name_en="Married")],
            valid_from=date(2003, 12, 1),
            source="test",
            now=NOW,
        )
        registries_load(
            households=[
                {
                    "ref": HOUSEHOLD,
                    "address": "苏州市姑苏区平江街道历史街区社区1幢101室",
                    "area_code": "320508",
                    "community_code": "320508018001",
                    "is_made": True,
                }
            ],
            persons=[
                person(ELDER, "周根泉", date(1958, 3, 4), 11),
                person(WIFE, "陈桂珍", date(1960, 5, 6), 22, photo_key=""),
                person(SON, "周建华", date(1984, 7, 8), 33, employer_uscc=COMPANY),
            ],
            ties=[
                {"person_id": min(ELDER, WIFE), "relative_id": max(ELDER, WIFE), "kind": "SPOUSE"},
                {"person_id": ELDER, "relative_id": SON, "kind": "CHILD"},
                {"person_id": WIFE, "relative_id": SON, "kind": "CHILD"},
            ],
            enterprises=[
                {
                    "uscc": COMPANY,
                    "name": "苏州禾叶餐饮管理有限公司",
                    "legal_representative": "周建华",
                    "legal_representative_ref": SON,
                    "registered_address": "苏州市姑苏区平江街道历史街区社区2幢",
                    "area_code": "320508",
                    "community_code": "320508018001",
                    "business_scope": "餐饮服务。",
                    "registered_capital": Decimal("100.50"),
                    "established_date": date(2019, 4, 1),
                    "industry": "H",
                    "phone": "0512-40000001",
                    "sources": {"market_supervision": "2026-11-10", "tax": "2026-11-01"},
                    "is_made": True,
                }
            ],
            now=NOW,
        )
