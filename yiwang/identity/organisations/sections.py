"""The seam of a department's page: areas above say what they have about a department.

department_section_register("hall.matters", title={"zh": …, "en": …}, count=f, url=g)
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DepartmentSection:
    """One line of the page: title {zh, en}, count(department_id) and url(department_id)."""

    key: str
    title: dict[str, str]
    count: Callable[[int], int]
    url: Callable[[int], str]


_sections: dict[str, DepartmentSection] = {}


def department_section_register(
    key: str,
    *,
    title: dict[str, str],
    count: Callable[[int], int],
    url: Callable[[int], str],
) -> None:
    """Add a line to the public page of every department (部门页栏目); a known key is replaced."""
    _sections[key] = DepartmentSection(key, title, count, url)


def department_section_list() -> list[DepartmentSection]:
    """List the registered lines by key."""
    return [_sections[key] for key in sorted(_sections)]
