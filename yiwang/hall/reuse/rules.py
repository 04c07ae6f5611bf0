"""Counting where values came from (来源汇总)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from yiwang.hall.reuse.data import REUSED

ALL = "ALL"


def totals_of(origins: Mapping[str, str]) -> tuple[int, int]:
    """Return (fields not typed, fields answered).

    >>> totals_of({"name": "REGISTRY", "phone": "CHANGED", "reason": "TYPED"})
    (1, 3)
    """
    return sum(each in REUSED for each in origins.values()), len(origins)


def month_of(at: datetime) -> date:
    """Return the first day of the month of a local time."""
    return at.date().replace(day=1)


def counts_of(rows: Iterable[tuple[tuple, Mapping[str, str]]]) -> Counter[tuple]:
    """Count origins by (key…, field, origin), and the rows themselves by (key…, "", ALL) (汇总)."""
    counts: Counter[tuple] = Counter()
    for key, origins in rows:
        counts[(*key, "", ALL)] += 1
        counts.update((*key, field, origin) for field, origin in origins.items())
    return counts


# --- rows from blocks ----------------------------------------------------------------------------


def block_kinds(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the blocks that fill rows of a group (行内常用信息), each with the group of it that is used, or "".

    >>> block_kinds({"name": "family.members.name", "home": "address.line"})
    {'family': 'members', 'address': ''}
    """
    found: dict[str, str] = {}
    for each in cells.values():
        kind, _, part = each.partition(".")
        group, dot, _ = part.partition(".")
        found[kind] = found.get(kind) or (group if dot else "")
    return found


def row_of(
    cells: Mapping[str, str], *, kind: str, values: Mapping[str, object], place: int
) -> dict[str, object]:
    """Return the cells of a row that a saved block fills (带入行); place: the row of the block's own group.

    >>> row_of({"name": "family.members.name"}, kind="family", values={"members": [{"name": "甲"}]}, place=0)
    {'name': '甲'}
    """
    row = {}
    for cell, each in cells.items():
        owner, *path = each.split(".")
        if owner != kind:
            continue
        found = values.get(path[0])
        if len(path) > 1:
            rows = found if isinstance(found, list) else []
            found = rows[place].get(path[1]) if place < len(rows) else None
        if found not in (None, "", []):
            row[cell] = found
    return row
