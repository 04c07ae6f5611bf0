"""Pure rules of the reports on a project (项目报告规则): which are due, and the planned and the actual curve."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

START, PROGRESS, COMPLETION = "START", "PROGRESS", "COMPLETION"
MONTH, QUARTER = "MONTH", "QUARTER"
MONTHS = {MONTH: 1, QUARTER: 3}
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a quarter (报告期), from the first to the last day."""

    key: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report that is wanted (待填报告). as_of: the day whose figures it gives, None for what happened on a day."""

    kind: str
    period: str
    as_of: date | None
    due: date


def period_of(day: date, every: str) -> Period:
    """Return the month or quarter that a day lies in (所属报告期).

    >>> period_of(date(2027, 5, 9), "QUARTER").key, period_of(date(2027, 12, 31), "MONTH").last
    ('2027-Q2', datetime.date(2027, 12, 31))
    """
    months = MONTHS[every]
    number = (day.month - 1) // months
    first = date(day.year, number * months + 1, 1)
    after = number * months + months
    last = date(day.year + after // 12, after % 12 + 1, 1) - DAY
    key = f"{day.year:04d}-Q{number + 1}" if every == QUARTER else f"{day:%Y-%m}"
    return Period(key, first, last)


def periods(first: date, last: date, *, every: str) -> Iterator[Period]:
    """List the periods that two days and all between lie in (报告期清单)."""
    day = first
    while day <= last:
        found = period_of(day, every)
        yield found
        day = found.last + DAY


@dataclass(frozen=True, slots=True)
class Course:
    """What has happened of a project, as far as reports are asked for because of it (项目进程).

    permitted, completed: the days on which the permit to build and the filing of the completion were given;
    started: the day of the reported start; filed: (kind, period) of the reports that are there.
    """

    start_planned: date
    permitted: date | None = None
    completed: date | None = None
    started: date | None = None
    filed: Collection[tuple[str, str]] = ()


def reports_due(course: Course, *, every: str, due_days: int, today: date) -> tuple[ReportDue, ...]:
    """Return the reports that are wanted and not there (应填报告), the earliest due first.

    The start after the permit; then each period that is over, until the completion is reported; the
    completion when its filing is granted.
    """
    wait = timedelta(days=due_days)
    if course.started is None:
        if course.permitted is None:
            return ()
        due = max(course.start_planned, course.permitted) + wait
        return (ReportDue(START, "", None, due),)
    found = []
    if (COMPLETION, "") not in course.filed:
        last = min(today, course.completed) if course.completed else today
        for one in periods(course.started, last, every=every):
            if one.last < today and (PROGRESS, one.key) not in course.filed:
                found.append(ReportDue(PROGRESS, one.key, one.last, one.last + wait))
        if course.completed:
            found.append(ReportDue(COMPLETION, "", None, course.completed + wait))
    return tuple(sorted(found, key=lambda one: (one.due, one.kind != PROGRESS)))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Plan and actual at the end of a period (计划与实际): amounts in ten thousand yuan, since the beginning.

    actual and works: None where nothing was reported for the period.
    """

    period: str
    day: date
    planned_wan: Decimal
    actual_wan: Decimal | None
    works_percent: Decimal | None
    is_past: bool
    planned_percent: Decimal
    actual_percent: Decimal | None

    @property
    def behind(self) -> Decimal | None:
        """Return by how many points of the investment it is behind the plan (落后百分点), below zero ahead."""
        return None if self.actual_percent is None else self.planned_percent - self.actual_percent


def planned_at(
    day: date,
    *,
    start: date,
    finish: date,
    investment_wan: Decimal,
    years: Mapping[int, Decimal] | None = None,
) -> Decimal:
    """Return what should be invested by a day (计划累计投资): by the plan of the years, else evenly over the planned time.

    years: year → planned amount; within a year it is spread over its days of the planned time.

    >>> planned_at(date(2027, 1, 6), start=date(2027, 1, 1), finish=date(2027, 1, 11), investment_wan=Decimal(100))
    Decimal('50.00')
    >>> planned_at(date(2028, 1, 1), start=date(2027, 7, 1), finish=date(2028, 7, 1), investment_wan=Decimal(100),
    ...     years={2027: Decimal(70), 2028: Decimal(30)})
    Decimal('70.00')
    """
    if not years:
        return _evenly(day, start, finish, investment_wan)
    total = Decimal(0)
    for year, amount in years.items():
        first, after = max(start, date(year, 1, 1)), min(finish, date(year + 1, 1, 1))
        if first >= after:  # a year outside the planned time: all of it at its beginning
            total += amount if day >= date(year, 1, 1) else 0
        else:
            total += _evenly(day, first, after, amount)
    return total.quantize(Decimal("0.01"))


def _evenly(day: date, start: date, finish: date, amount: Decimal) -> Decimal:
    total = (finish - start).days
    gone = min(max((day - start).days, 0), total)
    return (amount * gone / total).quantize(Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class YearLine:
    """A year of a project (年度计划与完成): planned and invested in it, in ten thousand yuan.

    actual: by the reports, None for a year without one; is_over: the year has passed.
    """

    year: int
    planned_wan: Decimal | None
    actual_wan: Decimal | None
    works: str
    is_over: bool

    @property
    def percent(self) -> Decimal | None:
        """Return how much of the plan was invested (年度完成率)."""
        if not self.planned_wan or self.actual_wan is None:
            return None
        return (self.actual_wan * 100 / self.planned_wan).quantize(Decimal("0.1"))


def years_of(start: date, finish: date) -> tuple[int, ...]:
    """Return the years that a project is planned to be built in (计划年度).

    >>> years_of(date(2026, 11, 1), date(2028, 1, 5))
    (2026, 2027, 2028)
    """
    return tuple(range(start.year, finish.year + 1))


def year_lines(
    reports: Sequence[tuple[date, Decimal]],
    *,
    years: Sequence[int],
    planned: Mapping[int, tuple[Decimal, str]],
    today: date,
) -> tuple[YearLine, ...]:
    """Return plan and actual year by year (年度计划与完成), the years of the reports included.

    reports: (day, invested since the beginning) in the order of time; what was invested in a year is what the
    last report of it says more than the last one before it.
    """
    last: dict[int, Decimal] = {day.year: invested for day, invested in reports}
    lines, before = [], Decimal(0)
    for year in sorted({*years, *planned, *last}):
        amount, works = planned.get(year, (None, ""))
        actual = last[year] - before if year in last else None
        before = last.get(year, before)
        lines.append(YearLine(year, amount, actual, works, year < today.year))
    return tuple(lines)


def curve_of(
    reports: Sequence[tuple[str, date, Decimal, Decimal]],
    *,
    start: date,
    finish: date,
    investment_wan: Decimal,
    every: str,
    today: date,
    years: Mapping[int, Decimal] | None = None,
) -> tuple[CurvePoint, ...]:
    """Return plan and actual period by period (投资进度曲线), from the first to the planned end or the last report.

    reports: (kind, day, invested, percent of the works) in the order of time; of several in a period the last
    counts. Planned: see `planned_at`.
    """
    said: Mapping[str, tuple[Decimal, Decimal]] = {
        period_of(day, every).key: (invested, percent) for _kind, day, invested, percent in reports
    }
    days = [day for _kind, day, _invested, _percent in reports]
    points = []
    for one in periods(min([start, *days]), max([finish, *days]), every=every):
        planned = planned_at(
            one.last, start=start, finish=finish, investment_wan=investment_wan, years=years
        )
        invested, percent = said.get(one.key, (None, None))
        points.append(
            CurvePoint(
                period=one.key,
                day=one.last,
                planned_wan=planned,
                actual_wan=invested,
                works_percent=percent,
                is_past=one.last < today,
                planned_percent=_share(planned, investment_wan),
                actual_percent=None if invested is None else _share(invested, investment_wan),
            )
        )
    return tuple(points)


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return (part * 100 / whole).quantize(Decimal("0.1"))


def is_behind(points: Sequence[CurvePoint], *, percent: int) -> bool:
    """Tell whether the last reported investment is so many points below the plan (进度滞后)."""
    last = next((one for one in reversed(points) if one.is_past and one.behind is not None), None)
    return last is not None and last.behind >= percent
