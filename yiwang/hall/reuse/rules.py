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
