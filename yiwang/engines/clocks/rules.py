"""Time limits (时限) as pure arithmetic over a calendar, pauses and extensions: no day is walked.

Days: the day of the start does not count (始日不算). Counted are the days d with
start < d <= today, without those with pause_date < d <= resume_date. The due day is the one on
which the count reaches the amount, and it ends at the close of business.
Hours: counted inside office hours of working days, to the second, without the time paused.
Half days (半日停办): the day counts whole, its hours are those of the open half, and it closes when that does.

All datetimes must be in the city's own time zone. A calendar that lacks a year raises its own error.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

WORKING_DAY, WORKING_HOUR, CALENDAR_DAY = "WORKING_DAY", "WORKING_HOUR", "CALENDAR_DAY"
SECONDS_AN_HOUR = 3600


class Calendar(Protocol):
    """What the rules ask of a working-day calendar."""

    def is_working(self, day: date) -> bool: ...
    def add_working_days(self, day: date, amount: int) -> date: ...
    def working_days_between(self, start: date, end: date) -> int: ...
    def working_day_from(self, day: date) -> date: ...
    def closed_part(self, day: date) -> str: ...
    def halves_between(self, start: date, end: date) -> tuple[int, int]: ...


class Hours(Protocol):
    """What the rules ask of the office hours."""

    @property
    def seconds_a_day(self) -> int: ...
    @property
    def closes(self) -> time: ...
    def seconds_until(self, moment: time) -> int: ...
    def moment_after(self, seconds: int) -> time: ...
    def without(self, part: str) -> "Hours": ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What a clock's state follows from. amount: with extensions; pauses: (from, to or None)."""

    unit: str
    amount: int
    started_at: datetime
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    stopped_at: datetime | None = None

    @property
    def is_paused(self) -> bool:
        """Tell whether a pause is open."""
        return self.stopped_at is None and any(end is None for _start, end in self.pauses)


@dataclass(frozen=True, slots=True)
class Ruler:
    """The calendar and the office hours by which one clock is measured.

    >>> from yiwang.kernel.api import OfficeHours, WorkingCalendar
    >>> hours = OfficeHours.parse([("09:00", "12:00"), ("13:00", "17:00")])
    >>> ruler = Ruler(WorkingCalendar(frozenset({2026})), hours)
    >>> clock = Facts("WORKING_DAY", 5, datetime(2026, 3, 6, 10, 30))
    >>> str(ruler.due_at(clock)), ruler.elapsed(clock, datetime(2026, 3, 10, 9))
    ('2026-03-13 17:00:00', 2)
    """

    calendar: Calendar
    hours: Hours

    def elapsed(self, facts: Facts, now: datetime) -> int:
        """Return what has been used up (已用) until `now`: days, or seconds of office time."""
        until = min(now, facts.stopped_at) if facts.stopped_at else now
        pauses = pauses_merge(facts)
        if pauses and pauses[-1][1] is None:
            until = min(until, max(pauses.pop()[0], facts.started_at))
        between = self._seconds if facts.unit == WORKING_HOUR else self._days_of(facts.unit)
        used = between(facts.started_at, until)
        for begin, end in pauses:
            paused, resumed = max(begin, facts.started_at), min(end, until)
            if paused < resumed:
                used -= between(paused, resumed)
        return used

    def due_at(self, facts: Facts) -> datetime | None:
        """Return when the limit ends (到期时刻); None while an open pause holds it back.

        A pause that begins on the due day, before the close of business, carries the due day to the
        day of its end: nobody is overdue for having resumed.
        """
        if facts.unit == WORKING_HOUR:
            return self._due_moment(facts)
        return self._due_day(facts)

    def warn_at(self, due_at: datetime) -> datetime:
        """Return from when on one working day or less is left (预警时刻): a midnight."""
        day = due_at.date()
        back = 1 if self.calendar.is_working(day) else 2
        warned = self.calendar.add_working_days(day, -back)
        return datetime.combine(warned, time(), due_at.tzinfo)

    def total(self, facts: Facts) -> int:
        """Return the whole limit in the unit of `elapsed`."""
        return facts.amount * SECONDS_AN_HOUR if facts.unit == WORKING_HOUR else facts.amount

    def is_nearly_used(self, facts: Facts, remaining: int) -> bool:
        """Tell whether one working day or less remains (余一日以内)."""
        return remaining <= (self.hours.seconds_a_day if facts.unit == WORKING_HOUR else 1)

    def _due_day(self, facts: Facts) -> datetime | None:
        start = facts.started_at
        carried = facts.amount == 0
        due = self._open_day(start, facts) if carried else self._add(start.date(), facts, None)
        for begin, end in pauses_merge(facts):
            paused = max(begin, start)
            if paused > self._close_of(due, start):
                break
            if end is None:
                return None
            if not carried and paused.date() < due:
                due = self._add(due, facts, self._days_of(facts.unit)(paused, end))
            elif end.date() > due:
                due, carried = self._open_day(end, facts), True
        return self._close_of(due, start)

    def _due_moment(self, facts: Facts) -> datetime | None:
        due = self._add_seconds(facts.started_at, self.total(facts))
        for begin, end in pauses_merge(facts):
            paused = max(begin, facts.started_at)
            if paused >= due:
                break
            if end is None:
                return None
            if end > paused:
                due = self._add_seconds(due, self._seconds(paused, end))
        return due

    def _close_of(self, day: date, like: datetime) -> datetime:
        return datetime.combine(day, self._hours_of(day).closes, like.tzinfo)

    def _hours_of(self, day: date) -> Hours:
        """Return the office hours of a day: of the open half where the other is closed (当日办公时间)."""
        part = self.calendar.closed_part(day)
        return self.hours.without(part) if part else self.hours

    def _open_day(self, moment: datetime, facts: Facts) -> date:
        """Return the first day whose close of business is not before `moment`."""
        closes = self._hours_of(moment.date()).closes
        day = moment.date() + timedelta(days=moment.time() > closes)
        return day if facts.unit == CALENDAR_DAY else self.calendar.working_day_from(day)

    def _add(self, day: date, facts: Facts, amount: int | None) -> date:
        amount = facts.amount if amount is None else amount
        if facts.unit == CALENDAR_DAY:
            return day + timedelta(days=amount)
        return self.calendar.add_working_days(day, amount)

    def _days_of(self, unit: str):
        if unit == CALENDAR_DAY:
            return lambda start, end: max((end.date() - start.date()).days, 0)
        return lambda start, end: self.calendar.working_days_between(start.date(), end.date())

    def _seconds(self, start: datetime, end: datetime) -> int:
        """Count the office seconds between two moments."""
        if end <= start:
            return 0
        first, last = start.date(), end.date()
        seconds = self._span(first, last)
        if self.calendar.is_working(first):
            hours = self._hours_of(first)
            seconds += hours.seconds_a_day - hours.seconds_until(start.time())
        if self.calendar.is_working(last):
            hours = self._hours_of(last)
            seconds -= hours.seconds_a_day - hours.seconds_until(end.time())
        return seconds

    def _span(self, first: date, last: date) -> int:
        """Count the office seconds of the whole days d with first < d <= last."""
        whole = self.hours.seconds_a_day
        mornings, afternoons = self.calendar.halves_between(first, last)
        lost = 0
        if mornings or afternoons:
            lost = mornings * (whole - self.hours.without("AM").seconds_a_day)
            lost += afternoons * (whole - self.hours.without("PM").seconds_a_day)
        return self.calendar.working_days_between(first, last) * whole - lost

    def _add_seconds(self, start: datetime, seconds: int) -> datetime:
        """Return the first moment at which `seconds` office seconds have passed since `start`.

        The day is guessed as if none were half, and moved on by what the half ones on the way lack: a second
        look where there are some, never a walk from day to day.
        """
        if seconds <= 0:
            return start
        first, whole = start.date(), self.hours.seconds_a_day
        if self.calendar.is_working(first):
            hours = self._hours_of(first)
            passed = hours.seconds_until(start.time())
            if passed + seconds <= hours.seconds_a_day:
                return self._moment(first, passed + seconds, start)
            seconds -= hours.seconds_a_day - passed
        days = -(-seconds // whole)
        day = self.calendar.add_working_days(first, days)
        while (found := self._span(first, day)) < seconds:
            days += -(-(seconds - found) // whole)
            day = self.calendar.add_working_days(first, days)
        return self._moment(day, seconds - found + self._hours_of(day).seconds_a_day, start)

    def _moment(self, day: date, seconds: int, like: datetime) -> datetime:
        return datetime.combine(day, self._hours_of(day).moment_after(seconds), like.tzinfo)


def pauses_merge(facts: Facts) -> list[tuple[datetime, datetime | None]]:
    """Return the union of the pauses (中止时段) in order; an open one ends at the stop, or None.

    Touching and nested pauses become one, so that no day is taken off twice.
    """
    merged: list[tuple[datetime, datetime | None]] = []
    for start, resumed in sorted(facts.pauses, key=lambda pause: pause[0]):
        end = resumed or facts.stopped_at
        last = merged[-1] if merged else None
        if last is None or (last[1] is not None and start > last[1]):
            merged.append((start, end))
        elif last[1] is not None and (end is None or end > last[1]):
            merged[-1] = (last[0], end)
    return merged
