"""Reads of many clocks at once for those who watch over time (监察查询), along the index by due date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from yiwang.engines.clocks.models import Clock

TOTAL = ("LEGAL", "PROMISED")
"""The kinds of the whole (总时限), against those of a part of it."""


@dataclass(frozen=True, slots=True)
class DueClock:
    """An open clock that is due (到期时限), without its pauses and extensions."""

    id: int
    subject: str
    kind: str
    label: dict[str, str]
    department_id: int | None
    due_at: datetime


def clock_due_scan(
    *,
    until: datetime,
    kinds: Sequence[str] = TOTAL,
    suffix: str = "",
    after: tuple[datetime, int] | None = None,
    limit: int = 5000,
) -> list[DueClock]:
    """Return open clocks due before `until` (到期时限扫描), soonest first, a chunk at a time.

    suffix: only subjects that end so ("/acceptance"); after: (due_at, id) of the last one seen.
    """
    rows = Clock.objects.filter(stopped_at=None, due_at__lt=until, kind__in=list(kinds))
    if suffix:
        rows = rows.filter(subject__endswith=suffix)
    if after is not None:
        due, last = after
        rows = rows.filter(due_at__gte=due).exclude(due_at=due, id__lte=last)
    columns = ("id", "subject", "kind", "label", "department_id", "due_at")
    return [DueClock(*row) for row in rows.order_by("due_at", "id").values_list(*columns)[:limit]]


def clock_total_late(
    subjects: Iterable[str], *, now: datetime, kinds: Sequence[str] = TOTAL
) -> set[str]:
    """Return those of the subjects whose whole limit has run out (总时限已超)."""
    rows = Clock.objects.filter(
        subject__in=list(subjects), stopped_at=None, due_at__lt=now, kind__in=list(kinds)
    )
    return set(rows.values_list("subject", flat=True))


def clock_past_scan(
    *,
    since: datetime,
    until: datetime,
    kinds: Sequence[str] = TOTAL,
    suffix: str = "",
    after: int = 0,
    limit: int = 5000,
) -> list[tuple[DueClock, datetime | None]]:
    """Return clocks, stopped or not, that were due from `since` to before `until`, by id (历史到期).

    Each with the moment it was stopped, or None.
    """
    rows = Clock.objects.filter(
        due_at__gte=since, due_at__lt=until, kind__in=list(kinds), id__gt=after
    )
    if suffix:
        rows = rows.filter(subject__endswith=suffix)
    columns = ("id", "subject", "kind", "label", "department_id", "due_at", "stopped_at")
    found = rows.order_by("id").values_list(*columns)[:limit]
    return [(DueClock(*row[:6]), row[6]) for row in found]


def clock_total_due(
    subjects: Iterable[str], *, kinds: Sequence[str] = TOTAL
) -> dict[str, datetime]:
    """Return when the whole limit of each subject ends or ended, the earliest (总时限到期)."""
    rows = Clock.objects.filter(
        subject__in=list(subjects), kind__in=list(kinds), due_at__isnull=False
    )
    return dict(rows.order_by("-due_at").values_list("subject", "due_at"))
