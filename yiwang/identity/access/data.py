"""The roles of civil servants (角色) and which of them exclude each other."""

from collections.abc import Iterable
from dataclasses import dataclass

POPULATIONS = frozenset({"CITIZEN", "AGENT", "STAFF"})
# 三员分立: system, security and audit administration stay in three hands
# (GB/T 22239-2019, 8.1.5.1 to 8.1.5.3).
ADMINISTRATORS = frozenset({"SYSTEM_ADMIN", "SECURITY_ADMIN", "AUDIT_ADMIN"})


@dataclass(frozen=True, slots=True)
class Role:
    """A role (角色) that a post carries: code and title {zh, en}."""

    code: str
    title: dict[str, str]


ROLES: dict[str, Role] = {
    code: Role(code, {"zh": zh, "en": en})
    for code, zh, en in (
        ("WINDOW_CLERK", "窗口受理", "Window clerk"),
        ("REVIEWER", "审查", "Reviewer"),
        ("APPROVER", "审批", "Approver"),
        ("DEPARTMENT_HEAD", "部门负责人", "Department head"),
        ("SUPERVISOR", "效能监察", "Efficiency supervisor"),
        ("DATA_STEWARD", "数据管理", "Data steward"),
        ("SYSTEM_ADMIN", "系统管理员", "System administrator"),
        ("SECURITY_ADMIN", "安全管理员", "Security administrator"),
        ("AUDIT_ADMIN", "审计管理员", "Audit administrator"),
    )
}


def roles_unknown(roles: Iterable[str]) -> list[str]:
    """Return the codes that are no role of the city, sorted."""
    return sorted(set(roles) - ROLES.keys())


def roles_in_conflict(roles: Iterable[str]) -> list[str]:
    """Return the administrators' roles that may not meet in one hand (三员分立), empty when fine.

    >>> roles_in_conflict({"SYSTEM_ADMIN", "AUDIT_ADMIN", "REVIEWER"})
    ['AUDIT_ADMIN', 'SYSTEM_ADMIN']
    """
    held = sorted(ADMINISTRATORS & set(roles))
    return held if len(held) > 1 else []
