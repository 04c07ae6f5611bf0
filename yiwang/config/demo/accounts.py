"""The demonstration accounts (演示账户): one for each role, with passwords made for this installation.

They are written to DATA_DIR/demo-accounts.json, readable by its owner only, *before* the accounts are
loaded, and taken from there when a build is started again: what the file says always works.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import pyotp

from yiwang.config.demo.government import CITY_CODE, Government

FILE_NAME = "demo-accounts.json"
DISTRICT, STREET = "320508", "320508018"


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """A civil servant of the demonstration: user name, role's title, post in a department."""

    username: str
    zh: str
    en: str
    name: str
    function: str
    area_code: str
    post: str
    role: str


STAFF = (
    DemoStaff("clerk", "民政窗口受理", "Window clerk, civil affairs", "沈月琴", "civil_affairs", DISTRICT, "窗口受理岗", "WINDOW_CLERK"),
    DemoStaff("reviewer", "民政审查", "Reviewer, civil affairs", "顾明远", "civil_affairs", DISTRICT, "审查岗", "REVIEWER"),
    DemoStaff("approver", "民政审批", "Approver, civil affairs", "陆文斌", "civil_affairs", DISTRICT, "审批岗", "APPROVER"),
    DemoStaff("head", "部门负责人", "Head of department", "钱国梁", "civil_affairs", DISTRICT, "负责人", "DEPARTMENT_HEAD"),
    DemoStaff("approval_clerk", "行政审批窗口受理", "Window clerk, administrative approval", "许静怡", "administrative_approval", DISTRICT, "窗口受理岗", "WINDOW_CLERK"),
    DemoStaff("approval_reviewer", "行政审批审查", "Reviewer, administrative approval", "汪志强", "administrative_approval", DISTRICT, "审查岗", "REVIEWER"),
    DemoStaff("approval_approver", "行政审批审批", "Approver, administrative approval", "潘建平", "administrative_approval", DISTRICT, "审批岗", "APPROVER"),
    DemoStaff("approval_head", "行政审批负责人（大厅管理）", "Head of administrative approval, manages the hall", "袁立新", "administrative_approval", DISTRICT, "负责人", "DEPARTMENT_HEAD"),
    DemoStaff("community_clerk", "社区窗口受理", "Window clerk of a community", "周巧云", "street_office", STREET, "窗口受理岗", "WINDOW_CLERK"),
    DemoStaff("market_clerk", "市场监管窗口受理", "Window clerk, market supervision", "蒋小燕", "market_supervision", DISTRICT, "窗口受理岗", "WINDOW_CLERK"),
    DemoStaff("market_approver", "市场监管审批", "Approver, market supervision", "金永辉", "market_supervision", DISTRICT, "审批岗", "APPROVER"),
    DemoStaff("urban_approver", "城市管理审批", "Approver, urban management", "吴海峰", "urban_management", DISTRICT, "审批岗", "APPROVER"),
    DemoStaff("fire_approver", "消防救援审批", "Approver, fire and rescue", "徐刚", "fire_rescue", DISTRICT, "审批岗", "APPROVER"),
    DemoStaff("supervisor", "效能监察", "Efficiency supervisor", "朱敏华", "administrative_approval", CITY_CODE, "效能监察岗", "SUPERVISOR"),
    DemoStaff("steward", "数据管理（公安）", "Data steward, public security", "邵云飞", "public_security", CITY_CODE, "数据管理岗", "DATA_STEWARD"),
    DemoStaff("system_admin", "系统管理员", "System administrator", "丁一鸣", "data", CITY_CODE, "系统管理岗", "SYSTEM_ADMIN"),
    DemoStaff("security_admin", "安全管理员", "Security administrator", "范晓军", "data", CITY_CODE, "安全管理岗", "SECURITY_ADMIN"),
    DemoStaff("data_steward", "数据管理（数据局审核）", "Data steward, data bureau", "秦思远", "data", CITY_CODE, "数据管理岗", "DATA_STEWARD"),
    DemoStaff("audit_admin", "审计管理员", "Audit administrator", "石秀兰", "data", CITY_CODE, "审计管理岗", "AUDIT_ADMIN"),
)  # fmt: skip
CITIZENS = (
    ("elder", "elder", "65岁以上市民", "Citizen of 65 and over"),
    ("citizen", "citizen", "市民", "Citizen"),
)
AGENT = ("agent", "agent", "企业经办人", "Enterprise agent")


def accounts_make(
    government: Government, *, persons: dict[str, dict], enterprise: dict, file: Path
) -> tuple[list[dict], list[dict]]:
    """Make the demo accounts (演示账户): rows for `accounts_load`, and what the file says of them.

    persons: role -> row of the population. enterprise: the agent's. The file is written here.
    """
    kept = {row["username"]: row for row in _read(file)}
    rows, cards = [], []
    for username, role, zh, en in CITIZENS:
        row = _person_row(username, "CITIZEN", persons[role])
        rows.append(row)
        cards.append(_card(row, kept, zh, en, "", role="CITIZEN", area_code=DISTRICT))
    username, role, zh, en = AGENT
    row = _person_row(username, "AGENT", persons[role])
    row["authorities"] = [
        {
            "enterprise_ref": f"enterprise:{enterprise['uscc']}",
            "enterprise_name": enterprise["name"],
        }
    ]
    rows.append(row)
    cards.append(_card(row, kept, zh, en, enterprise["name"], role="AGENT", area_code=DISTRICT))
    names = {row["uscc"]: row["name"] for row in government.departments}
    for number, staff in enumerate(STAFF):
        uscc = government.uscc(staff.function, staff.area_code)
        row = _staff_row(staff, uscc, number)
        rows.append(row)
        cards.append(
            _card(row, kept, staff.zh, staff.en, names[uscc], role=staff.role,
                  function=staff.function, area_code=staff.area_code)
        )  # fmt: skip
    _write(file, cards)
    for row, card in zip(rows, cards, strict=True):
        row["password"], row["totp_secret"] = card["password"], card["totp_secret"] or ""
    return rows, cards


def _card(row: dict, kept: dict, zh: str, en: str, department: str, *, role: str,
          area_code: str, function: str = "") -> dict:  # fmt: skip
    """Return what the file says of an account; secrets of an earlier build stay."""
    before = kept.get(row["username"], {})
    is_staff = row["population"] == "STAFF"
    return {
        "username": row["username"],
        "password": before.get("password") or secrets.token_urlsafe(9),
        "role": {"zh": zh, "en": en},
        "name": row["name"],
        "department": department,
        "totp_secret": (before.get("totp_secret") or pyotp.random_base32()) if is_staff else None,
        "population": row["population"],
        "role_code": role,
        "function": function,
        "area_code": area_code,
        "subject_ref": row["authorities"][0]["enterprise_ref"]
        if row["authorities"]
        else row["subject_ref"],
    }


def _person_row(username: str, population: str, person: dict) -> dict:
    return {
        "username": username,
        "population": population,
        "name": person["name"],
        "subject_ref": f"person:{person['ref']}",
        "phone": person["phone"],
        "email": f"{username}@example.org",
        "posts": [],
        "authorities": [],
    }


def _staff_row(staff: DemoStaff, uscc: str, number: int) -> dict:
    return {
        "username": staff.username,
        "population": "STAFF",
        "name": staff.name,
        "subject_ref": "",
        "phone": f"0512-42{number:06d}",
        "email": f"{staff.username}@example.org",
        "posts": [{"department_uscc": uscc, "title": staff.post}],
        "authorities": [],
    }


def _read(file: Path) -> list[dict]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []


def _write(file: Path, cards: list[dict]) -> None:
    """Write the file whole or not at all."""
    draft = file.with_suffix(".new")
    with open(
        os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8"
    ) as out:
        json.dump(cards, out, ensure_ascii=False, indent=1)
    draft.replace(file)
