"""What an address asks for (地址中的筛选): read the same way by pages, files and the API."""

from datetime import date

from yiwang.hall.disclosure.data import PublicFilter
from yiwang.kernel.api import ListQuery

FILTER_KEYS = ("q", "kind", "department", "since", "until")


def filter_of(query: ListQuery) -> PublicFilter:
    """Read what the list is narrowed to (公示筛选)."""
    given = query.filters
    department = given.get("department", "")
    return PublicFilter(
        text=given.get("q", ""),
        kind=given.get("kind", ""),
        department_id=int(department) if department.isdecimal() else None,
        since=day_of(given.get("since", "")),
        until=day_of(given.get("until", "")),
    )


def day_of(text: str) -> date | None:
    """Read a day out of the address; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
