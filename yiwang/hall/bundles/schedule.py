"""When everything will be done (工期测算): the critical path over limits in working days. Pure.

Every matter starts when those that it waits for are done, as its join says (all, any, a quorum), and
lasts its limit. The path that decides the last day is critical: what lies on it has no slack.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from graphlib import TopologicalSorter
from typing import Protocol

from yiwang.sdk.joins import VETO, Join

WORKING_DAY, CALENDAR_DAY, WORKING_HOUR = "WORKING_DAY", "CALENDAR_DAY", "WORKING_HOUR"
HOURS_A_DAY = 8


class Calendar(Protocol):
    """What a plan asks of a calendar (工作日历); `WorkingCalendar` of the kernel is one."""

    def add_working_days(self, day: date, amount: int) -> date: ...

    def working_days_between(self, start: date, end: date) -> int: ...


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a plan (计划步骤): how long it lasts and what it waits for.

    started, finished: what has happened already; due: when a started one must be done, by its clock.
    """

    key: str
    amount: int
    unit: str = WORKING_DAY
    after: tuple[str, ...] = ()
    join: Join = field(default_factory=Join)
    started: date | None = None
    finished: date | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """When a step runs (计划行). slack_days: working days it may take longer without moving the end."""

    key: str
    start: date
    finish: date
    slack_days: int
    is_critical: bool
    is_done: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """A plan with its dates (工期). path: the critical steps, in order.

    is_dated: False where the calendar is not published far enough: then only the counts of working days
    mean something (`day_of`), and calendar days were taken as five working days a week.
    """

    begin: date
    finish: date
    working_days: int
    path: tuple[str, ...]
    lines: Mapping[str, ScheduleLine]
    is_dated: bool = True

    def day_of(self, day: date) -> int:
        """Return on which working day of an undated plan something is (第几个工作日)."""
        return (day - self.begin).days


def schedule_make(
    steps: Sequence[PlanStep], *, begin: date, calendar: Calendar, today: date | None = None
) -> Schedule:
    """Work out a plan (关键路径). Raises `CalendarNotPublished`, `graphlib.CycleError`.

    today: nothing that is not done can finish before it. Steps that others wait for and that are
    not in the plan count as done.
    """
    spans = _spans(steps, begin=begin, calendar=calendar, today=today)
    finish = max((end for _start, end in spans.values()), default=begin)
    path = _path(steps, spans)
    lines = {}
    for step in steps:
        start, end = spans[step.key]
        slack = _slack(step, steps, end, finish, begin=begin, calendar=calendar, today=today)
        critical = step.key in path
        done = step.finished is not None
        lines[step.key] = ScheduleLine(step.key, start, end, slack, critical, done)
    days = calendar.working_days_between(begin, finish)
    return Schedule(begin, finish, days, path, lines)


class CountingCalendar:
    """Counts working days without dates (仅计工作日), for plans beyond the published calendar."""

    def add_working_days(self, day: date, amount: int) -> date:
        """Return the day so many days later: every day counts."""
        return day + timedelta(days=amount)

    def working_days_between(self, start: date, end: date) -> int:
        """Count the days between."""
        return max((end - start).days, 0)


def schedule_count(steps: Sequence[PlanStep], *, begin: date) -> Schedule:
    """Work out a plan in working days alone (不含日期的工期), from its limits; what has happened is left out."""
    plain = [PlanStep(one.key, _working_days(one), after=one.after, join=one.join) for one in steps]
    found = schedule_make(plain, begin=begin, calendar=CountingCalendar())
    return replace(found, is_dated=False)


def _working_days(step: PlanStep) -> int:
    if step.unit == CALENDAR_DAY:
        return -(-step.amount * 5 // 7)
    return -(-step.amount // HOURS_A_DAY) if step.unit == WORKING_HOUR else step.amount


def day_after(day: date, amount: int, unit: str, calendar: Calendar) -> date:
    """Return the day on which a limit that starts on `day` runs out (届满日)."""
    if unit == CALENDAR_DAY:
        return day + timedelta(days=amount)
    days = -(-amount // HOURS_A_DAY) if unit == WORKING_HOUR else amount
    return calendar.add_working_days(day, days)


def _order(steps: Sequence[PlanStep]) -> list[PlanStep]:
    by_key = {step.key: step for step in steps}
    graph = {step.key: [one for one in step.after if one in by_key] for step in steps}
    return [by_key[key] for key in TopologicalSorter(graph).static_order()]


def _spans(
    steps: Sequence[PlanStep], *, begin: date, calendar: Calendar, today: date | None
) -> dict[str, tuple[date, date]]:
    spans: dict[str, tuple[date, date]] = {}
    for step in _order(steps):
        ends = {one: spans[one][1] for one in step.after if one in spans}
        start = step.started or max(begin, _joined(step.join, ends) or begin)
        if step.started is None and step.finished is None and today:
            start = max(start, today)
        end = step.finished or step.due or day_after(start, step.amount, step.unit, calendar)
        if step.finished is None and today:
            end = max(end, today)
        spans[step.key] = (start, end)
    return spans


def _joined(join: Join, ends: Mapping[str, date]) -> date | None:
    """Return when enough of those waited for are done, if all of them agree."""
    if not ends:
        return None
    days = sorted(ends.values())
    enough = days[join.needed(len(days)) - 1]
    if join.policy == VETO:
        return max([enough, *(ends[one] for one in join.veto if one in ends)])
    return enough


def _path(steps: Sequence[PlanStep], spans: Mapping[str, tuple[date, date]]) -> tuple[str, ...]:
    """Follow what decided the end back to the beginning."""
    if not steps:
        return ()
    by_key = {step.key: step for step in steps}
    step = max(reversed(steps), key=lambda one: spans[one.key][1])
    path = [step.key]
    while True:
        ends = {one: spans[one][1] for one in step.after if one in spans}
        decided = _joined(step.join, ends)
        if decided is None or step.started is not None or decided < spans[step.key][0]:
            return tuple(reversed(path))
        step = by_key[next(one for one, end in ends.items() if end == decided)]
        path.append(step.key)


def _slack(
    step: PlanStep,
    steps: Sequence[PlanStep],
    end: date,
    finish: date,
    *,
    begin: date,
    calendar: Calendar,
    today: date | None,
) -> int:
    """Return by how many working days a step may end later and the whole still ends in time (机动时间)."""
    if step.finished is not None:
        return 0
    low, high = 0, calendar.working_days_between(end, finish)
    while low < high:
        middle = (low + high + 1) // 2
        later = replace(step, finished=calendar.add_working_days(end, middle))
        others = [later if one.key == step.key else one for one in steps]
        spans = _spans(others, begin=begin, calendar=calendar, today=today)
        if max(last for _start, last in spans.values()) <= finish:
            low = middle
        else:
            high = middle - 1
    return low
