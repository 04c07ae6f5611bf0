from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from yiwang.identity.api import department_by_uscc
from yiwang.kernel.api import ANONYMOUS, context_system, context_use
from yiwang.resources.registries.tests.conftest import (  # noqa: F401 - fixtures of another room
    ELDER,
    SON,
    WIFE,
    registry,
)

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
HOME = "320508001001GB00001F00010001"
OTHER = "320508001001GB00002F00010001"
BUILT = {
    "address": "苏州市姑苏区平江街道历史街区社区1幢101室",
    "area_code": "320508",
    "community_code": "320508018001",
    "building": "1",
    "flat": "101",
    "area_m2": "89.50",
    "structure": "RC",
    "purpose": "RESIDENTIAL",
    "year": 2001,
}
ELDER_REF, WIFE_REF, SON_REF = (f"person:{ref}" for ref in (ELDER, WIFE, SON))


def report(key: str, kind: str, day: str, payload: dict | None = None, **changes) -> dict:
    return {
        "key": key,
        "kind": kind,
        "number": HOME,
        "document": f"文-{key}",
        "effective_date": day,
        "payload": payload or {},
        **changes,
    }


def owned(key="r1", day="2002-01-01", owners=None, **changes) -> dict:
    return report(key, "REGISTERED", day, {"owners": owners or [[ELDER_REF, "1"]]}, **changes)


def lease(key: str, day: str, end: str, landlord=ELDER_REF, tenant=SON_REF, **changes) -> dict:
    payload = {"landlord": landlord, "tenant": tenant, "end_date": end, "rent_fen": 300000}
    return report(key, "LEASE_FILED", day, payload | changes)


BUILDING = report("b1", "BUILT", "2001-06-01", BUILT)


@pytest.fixture(autouse=True)
def departments(db):
    from yiwang.identity.api import departments_load
    from yiwang.sdk.identifiers import uscc_make

    rows = [
        ("public_security", "苏州市公安局", "CITY", "320500"),
        ("public_security", "苏州市公安局姑苏分局", "DISTRICT", "320508"),
        ("civil_affairs", "苏州市民政局", "CITY", "320500"),
        ("market_supervision", "苏州市市场监督管理局", "CITY", "320500"),
        ("natural_resources", "苏州市自然资源和规划局", "CITY", "320500"),
        ("housing", "苏州市姑苏区住房和城乡建设局", "DISTRICT", "320508"),
        ("housing", "昆山市住房和城乡建设局", "DISTRICT", "320583"),
    ]
    made = [
        {
            "uscc": uscc_make("1", "1", "320500", f"MB90000{number}"),
            "name": name,
            "short_name": name[3:],
            "name_en": f"Bureau {number}",
            "function": function,
            "level": level,
            "area_code": area,
            "parent_uscc": None,
            "phone": "",
            "complaint_phone": "",
            "address": "",
            "office_hours": "",
        }
        for number, (function, name, level, area) in enumerate(rows)
    ]
    with context_use(context_system("test")):
        departments_load(made, now=NOW)
    return {row["name"]: row["uscc"] for row in made}


@pytest.fixture
def as_system(registry):  # noqa: F811
    with context_use(context_system("test")):
        yield


@pytest.fixture
def as_staff(departments):
    """Return the context of a data steward of a department, by its name."""

    def context(name: str, *, purpose: str = ""):
        department = department_by_uscc(departments[name])
        return replace(
            ANONYMOUS,
            population="STAFF",
            department_id=department.id,
            department_ids=frozenset({department.id}),
            department_name=name,
            permissions=frozenset({"resources.housing.read", "resources.housing.report"}),
            purpose=purpose,
        )

    return context
