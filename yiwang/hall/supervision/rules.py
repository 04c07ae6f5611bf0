"""Working days, quarters and points of supervision (监察规则的算法): pure."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Protocol

from yiwang.hall.supervision.data import (
    BASE_SCORE,
    GRADES,
    RED,
    WARNING,
    WARNINGS_A_STRIKE,
    YELLOW,
    Score,
)

WARNINGS_STRIKE_POINTS = 3
_QUARTER = re.compile(r"(?P<year>20\d{2})Q(?P<quarter>[1-4])")


class Calendar(Protocol):
    """What is asked of a working-day calendar."""

    def is_working(self, day: date) -> bool: ...
    def add_working_days(self, day: date, amount: int) -> date: ...
    def working_days_between(self, start: date, end: date) -> int: ...


def cutoff(calendar: Calendar, now: datetime, over_days: int) -> datetime:
    """Return the moment before which a limit must have ended to be `over_days` over (超期界限).

    0 is now itself. Over by n working days is a limit whose last day has n working days after it,
    today among them: it ended before the first of these began, on a day of rest too. Raises the
    calendar's error for a year without one.

    >>> from yiwang.kernel.api import WorkingCalendar
    >>> made = WorkingCalendar(frozenset({2026}))
    >>> str(cutoff(made, datetime(2026, 3, 6, 9), 1)), str(cutoff(made, datetime(2026, 3, 7, 9), 1))
    ('2026-03-06 00:00:00', '2026-03-06 00:00:00')
    >>> str(cutoff(made, datetime(2026, 3, 9, 9), 1)), str(cutoff(made, datetime(2026, 3, 9, 9), 2))
    ('2026-03-09 00:00:00', '2026-03-06 00:00:00')
    """
    if over_days == 0:
        return now
    today = now.date()
    last = today if calendar.is_working(today) else calendar.add_working_days(today, -1)
    first = calendar.add_working_days(last, 1 - over_days)
    return datetime.combine(first, time(), now.tzinfo)


def over_at(calendar: Calendar, due_at: datetime, over_days: int, *, ended_at: datetime) -> bool:
    """Tell whether a limit that ended at `ended_at` was `over_days` working days over (是否超期).

    The same rule as `cutoff`, for one limit: replays ask it of the past.
    """
    if ended_at <= due_at:
        return False
    return calendar.working_days_between(due_at.date(), ended_at.date()) >= over_days


def soon_until(calendar: Calendar, now: datetime) -> datetime:
    """Return the moment before which lies every limit of which a warning may be due now (临期界限)."""
    return datetime.combine(calendar.add_working_days(now.date(), 2), time(), now.tzinfo)


def quarter_of(day: date) -> str:
    """Return the quarter of a day (季度).

    >>> quarter_of(date(2026, 11, 22))
    '2026Q4'
    """
    return f"{day.year}Q{(day.month + 2) // 3}"


def quarter_span(quarter: str) -> tuple[date, date] | None:
    """Return the first day of a quarter and of the next, None for a text that is none.

    >>> quarter_span("2026Q4")
    (datetime.date(2026, 10, 1), datetime.date(2027, 1, 1))
    """
    match = _QUARTER.fullmatch(quarter)
    if match is None:
        return None
    year, number = int(match["year"]), int(match["quarter"])
    following = date(year + number // 4, number % 4 * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), following


def grade_of(score: int) -> str:
    """Return the grade of a score (四等): EXCELLENT, GOOD, PASS, FAIL.

    >>> grade_of(100), grade_of(89), grade_of(60), grade_of(59)
    ('EXCELLENT', 'GOOD', 'PASS', 'FAIL')
    """
    return next(code for least, code, _title in GRADES if score >= least)


def scores_make(rows: Iterable[tuple[object, str, int, int]]) -> list[Score]:
    """Turn (key, level, cards, points) into scores (得分), the lowest first.

    100 less the points of the cards and 3 for every three warnings; never below 0.
    """
    counts: dict[object, dict[str, int]] = {}
    points: dict[object, int] = {}
    for key, level, cards, taken in rows:
        held = counts.setdefault(key, {})
        held[level] = held.get(level, 0) + cards
        points[key] = points.get(key, 0) + taken
    made = []
    for key, held in counts.items():
        strikes = held.get(WARNING, 0) // WARNINGS_A_STRIKE * WARNINGS_STRIKE_POINTS
        score = max(0, BASE_SCORE - points[key] - strikes)
        made.append(
            Score(
                key=key,
                warnings=held.get(WARNING, 0),
                yellow=held.get(YELLOW, 0),
                red=held.get(RED, 0),
                points=points[key] + strikes,
                score=score,
                grade=grade_of(score),
            )
        )
    return sorted(made, key=lambda one: (one.score, str(one.key)))
