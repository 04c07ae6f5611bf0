"""The working-day calendar (工作日历): pure date arithmetic over what the State Council published.

A year whose notice has not appeared is not computed: every answer that would need one of its days
raises `CalendarNotPublished`. Arithmetic is one look-up in a cumulative index, never a day walk.

Half days (半日): the law knows whole working days only (行政许可法第八十二条: 期限以工作日计算). A day on which the
offices are closed for half of it is a working day and counts as one; limits in working hours count its open
half only; what is due on it is due when business stops on it (民法典第二百零三条). A closure may say otherwise
for its day: then the day does not count at all.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import lru_cache

from yiwang.sdk.errors import N_, YiwangError

AM, PM = "AM", "PM"
NOON = 12 * 3600
"""Where the morning ends (上午、下午之分), in seconds since midnight."""


class CalendarNotPublished(YiwangError):
    """A day of a year whose holiday notice has not been published is needed (放假安排尚未公布)."""

    code = "calendar_not_published"
    status = 409
    message = N_("The working-day calendar of %(year)s has not been published yet.")

    def __init__(self, year: int) -> None:
        super().__init__(year=year)
        self.year = year


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive published years: `first` and `last` are day ordinals."""

    first: int
    last: int

    @property
    def next_year(self) -> int:
        return date.fromordinal(self.last).year + 1


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Which days are worked (工作日), for one area.

    published_years: years with a notice; holidays: days off; make_up_days: worked weekend days
    (调休上班); closures: days on which the area's offices were closed by order, which wins; half_days: (day, AM
    or PM), the half in which they are closed (半日停办); uncounted: of those, days that count in no limit.

    >>> calendar = WorkingCalendar(frozenset({2026}), holidays=frozenset({date(2026, 10, 1)}))
    >>> calendar.add_working_days(date(2026, 9, 30), 1)
    datetime.date(2026, 10, 2)
    """

    published_years: frozenset[int]
    holidays: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()
    closures: frozenset[date] = frozenset()
    half_days: frozenset[tuple[date, str]] = frozenset()
    uncounted: frozenset[date] = frozenset()
    _base: int = field(init=False, repr=False, compare=False)
    _before: array = field(init=False, repr=False, compare=False)
    _working: list[date] = field(init=False, repr=False, compare=False)
    _runs: tuple[_Run, ...] = field(init=False, repr=False, compare=False)
    _closed: dict[date, str] = field(init=False, repr=False, compare=False)
    _halves: dict[str, array] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        runs = tuple(_runs_of(self.published_years))
        base = runs[0].first if runs else 1
        object.__setattr__(self, "_closed", dict(self.half_days))
        before, working = array("l", [0]), []
        halves = {part: array("l", [0]) for part in (AM, PM)} if self.half_days else {}
        for ordinal in range(base, runs[-1].last + 1 if runs else base):
            day = date.fromordinal(ordinal)
            counts = day.year in self.published_years and self._counts(day)
            if counts:
                working.append(day)
            before.append(len(working))
            for part, known in halves.items():
                known.append(known[-1] + (counts and self._closed.get(day) == part))
        for name, value in (
            ("_base", base),
            ("_before", before),
            ("_working", working),
            ("_runs", runs),
            ("_halves", halves),
        ):
            object.__setattr__(self, name, value)

    @property
    def published_until(self) -> date | None:
        """Return the last day that can be computed, None when no year is published."""
        return date.fromordinal(self._runs[-1].last) if self._runs else None

    def is_working(self, day: date) -> bool:
        """Tell whether a day counts as worked (是否工作日). Raises `CalendarNotPublished`."""
        self._require(day)
        return self._counts(day)

    def is_open(self, day: date) -> bool:
        """Tell whether the offices are open at all (是否办公), if for half the day only. Raises `CalendarNotPublished`."""
        self._require(day)
        return self._opens(day)

    def closed_part(self, day: date) -> str:
        """Return the half of a day in which the offices are closed (停办半日): AM, PM, or "" for none."""
        return self._closed.get(day, "")

    def halves_between(self, start: date, end: date) -> tuple[int, int]:
        """Count the closed mornings and afternoons of the working days d with start < d <= end (半日停办数).

        Raises `CalendarNotPublished`.
        """
        if end <= start or not self._halves:
            return 0, 0
        run = self._run_from(start)
        if end.toordinal() > run.last:
            raise CalendarNotPublished(run.next_year)
        last, first = end.toordinal() - self._base + 1, start.toordinal() - self._base + 1
        return tuple(self._halves[part][last] - self._halves[part][first] for part in (AM, PM))

    def add_working_days(self, day: date, amount: int) -> date:
        """Return the `amount`-th working day after `day`, which itself does not count (始日不算).

        A negative amount counts back; 0 returns the day itself. Raises `CalendarNotPublished`.
        """
        if amount == 0:
            return day
        if amount < 0:
            return self._subtract(day, -amount)
        run = self._run_from(day)
        index = self._count_through(day) + amount - 1
        if index >= self._count(run.last):
            raise CalendarNotPublished(run.next_year)
        return self._working[index]

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days d with start < d <= end; 0 when end is not after start.

        Raises `CalendarNotPublished` for the first unpublished year that the span touches.
        """
        if end <= start:
            return 0
        run = self._run_from(start)
        if end.toordinal() > run.last:
            raise CalendarNotPublished(run.next_year)
        return self._count(end.toordinal()) - self._count_through(start)

    def working_day_from(self, day: date) -> date:
        """Return `day` when it is worked, otherwise the next day that is."""
        return day if self.is_working(day) else self.add_working_days(day, 1)

    def due_dates(self, starts: Sequence[date], amounts: Sequence[int]) -> list[date | None]:
        """Return `add_working_days` of many pairs at once; None where a year is not published.

        starts, amounts: equally long; amounts >= 0. About a quarter of a second for a million.
        """
        if not starts:
            return []
        if len(self._runs) != 1 or min(starts).toordinal() < self._base - 1 or min(amounts) < 0:
            return [self._due_or_none(*pair) for pair in zip(starts, amounts, strict=True)]
        offset, before, working = 1 - self._base, self._before, self._working
        known, ends = len(working), len(before)
        places = (day.toordinal() + offset for day in starts)
        return [
            start
            if amount == 0
            else working[index]
            if place < ends and (index := before[place] + amount - 1) < known
            else None
            for start, place, amount in zip(starts, places, amounts, strict=True)
        ]

    def _due_or_none(self, start: date, amount: int) -> date | None:
        try:
            return self.add_working_days(start, amount)
        except CalendarNotPublished:
            return None

    def _counts(self, day: date) -> bool:
        return day not in self.uncounted and self._opens(day)

    def _opens(self, day: date) -> bool:
        if day in self.closures:
            return False
        if day in self.make_up_days:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def _require(self, day: date) -> None:
        if day.year not in self.published_years:
            raise CalendarNotPublished(day.year)

    def _run_from(self, day: date) -> _Run:
        """Return the run in which the days after `day` begin."""
        following = day.toordinal() + 1
        for run in reversed(self._runs):
            if run.first <= following <= run.last:
                return run
        raise CalendarNotPublished(date.fromordinal(following).year)

    def _count(self, ordinal: int) -> int:
        return self._before[ordinal - self._base + 1]

    def _count_through(self, day: date) -> int:
        return self._count(day.toordinal())

    def _subtract(self, day: date, amount: int) -> date:
        previous = day.toordinal() - 1
        for run in self._runs:
            if run.first <= previous <= run.last:
                index = self._count(previous) - amount
                if index < self._count(run.first - 1):
                    raise CalendarNotPublished(date.fromordinal(run.first).year - 1)
                return self._working[index]
        raise CalendarNotPublished(date.fromordinal(previous).year)


def _runs_of(years: Iterable[int]) -> Iterator[_Run]:
    """Yield the runs of consecutive years, in order."""
    start = previous = None
    for year in [*sorted(years), None]:
        if start is not None and year != previous + 1:
            yield _Run(date(start, 1, 1).toordinal(), date(previous, 12, 31).toordinal())
            start = None
        if start is None:
            start = year
        previous = year


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Business hours of a working day (办公时间) as spans of seconds since midnight, in order.

    >>> hours = OfficeHours.parse([("09:00", "12:00"), ("13:00", "17:00")])
    >>> hours.seconds_a_day, hours.closes
    (25200, datetime.time(17, 0))
    """

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> "OfficeHours":
        """Read pairs of HH:MM. Raises `ValueError` when empty, overlapping or out of order."""
        spans = tuple((_seconds(opens), _seconds(closes)) for opens, closes in pairs)
        edges = [edge for span in spans for edge in span]
        if not spans or any(a >= b for a, b in spans) or edges != sorted(edges):
            raise ValueError("Office hours must be spans of HH:MM in order.")
        return cls(spans)

    @property
    def seconds_a_day(self) -> int:
        """Return the length of a working day in seconds."""
        return sum(closes - opens for opens, closes in self.spans)

    @property
    def closes(self) -> time:
        """Return the close of business (下班时间)."""
        return _clock_time(self.spans[-1][1] if self.spans else NOON)

    def without(self, part: str) -> "OfficeHours":
        """Return the hours of a day whose morning (AM) or afternoon (PM) is closed (半日办公时间); "" closes nothing.

        >>> OfficeHours.parse([("09:00", "12:00"), ("13:00", "17:00")]).without("PM").closes
        datetime.time(12, 0)
        """
        return _half(self, part) if part else self

    def seconds_until(self, moment: time) -> int:
        """Return the office seconds of a working day that have passed at `moment`."""
        at = moment.hour * 3600 + moment.minute * 60 + moment.second
        return sum(min(max(at - opens, 0), closes - opens) for opens, closes in self.spans)

    def moment_after(self, seconds: int) -> time:
        """Return the first moment at which `seconds` office seconds have passed (0 < s <= day)."""
        for opens, closes in self.spans:
            if seconds <= closes - opens:
                return _clock_time(opens + seconds)
            seconds -= closes - opens
        raise ValueError("A working day has fewer seconds.")


@lru_cache(maxsize=64)
def _half(hours: OfficeHours, part: str) -> OfficeHours:
    low, high = (NOON, 24 * 3600) if part == AM else (0, NOON)
    cut = ((max(opens, low), min(closes, high)) for opens, closes in hours.spans)
    return OfficeHours(tuple((opens, closes) for opens, closes in cut if opens < closes))


def closed_days(closures: Iterable[tuple[date, str, bool]]) -> dict[str, frozenset]:
    """Sort closures (day, part, counts) into what a `WorkingCalendar` takes (停办日归类).

    >>> found = closed_days([(date(2026, 9, 14), "AM", True), (date(2026, 9, 14), "PM", True)])
    >>> found["closures"], found["half_days"]
    (frozenset({datetime.date(2026, 9, 14)}), frozenset())
    """
    parts: dict[date, list[str]] = {}
    uncounted = set()
    for day, part, counts in closures:
        parts.setdefault(day, []).append(part)
        if part and not counts:
            uncounted.add(day)
    joined = {day: parts_joined(found) for day, found in parts.items()}
    return {
        "closures": frozenset(day for day, part in joined.items() if not part),
        "half_days": frozenset((day, part) for day, part in joined.items() if part),
        "uncounted": frozenset(uncounted),
    }


def parts_joined(parts: Iterable[str]) -> str:
    """Return what several orders close together (停办合并): AM, PM, or "" for the whole day.

    >>> parts_joined(["AM", "PM"]), parts_joined(["PM", "PM"]), parts_joined(["AM", ""])
    ('', 'PM', '')
    """
    found = set(parts)
    return found.pop() if len(found) == 1 else ""


def _seconds(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * 60


def _clock_time(seconds: int) -> time:
    return time(seconds // 3600, seconds % 3600 // 60, seconds % 60)


def area_stem(area_code: str) -> str:
    """Return the part of a division code that its own subdivisions share.

    >>> area_stem("320500"), area_stem("320505"), area_stem("320505003000"), area_stem("")
    ('3205', '320505', '320505003', '')
    """
    head, tail = area_code[:6], area_code[6:]
    while tail.endswith("000"):
        tail = tail[:-3]
    while not tail and head.endswith("00"):
        head = head[:-2]
    return head + tail


def area_covers(area_code: str, other: str) -> bool:
    """Tell whether `other` is the area itself or lies in it; "" covers everything."""
    return other.startswith(area_stem(area_code))
