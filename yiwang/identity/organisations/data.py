"""A department as other areas see it, and the walk up the areas of a city (行政区划)."""

from collections.abc import Iterator
from dataclasses import dataclass

LEVELS = ("STREET", "DISTRICT", "CITY")


@dataclass(frozen=True, slots=True)
class DepartmentView:
    """A department (部门). function: its trade ("civil_affairs"); level CITY, DISTRICT, STREET."""

    id: int
    uscc: str
    name: str
    short_name: str
    name_en: str
    function: str
    level: str
    area_code: str
    parent_id: int | None
    phone: str
    complaint_phone: str
    address: str
    office_hours: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class PostView:
    """A post (岗位) of a department with its roles."""

    id: int
    department_id: int
    title: str
    roles: tuple[str, ...]


def area_key(code: str) -> str:
    """Return an area code in twelve digits: "320506" is "320506000000"."""
    return code.strip().ljust(12, "0")[:12]


def area_chain(code: str) -> Iterator[str]:
    """Yield the area and those around it, in twelve digits: community, street, district, city.

    >>> list(area_chain("320506001"))
    ['320506001000', '320506000000', '320500000000', '320000000000']
    """
    whole = area_key(code)
    seen = ""
    for digits in (12, 9, 6, 4, 2):
        key = area_key(whole[:digits])
        if key != seen:
            yield key
        seen = key
