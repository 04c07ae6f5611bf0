"""Reads of the working-day calendar (工作日历)."""

import json
from datetime import date
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from yiwang.kernel.calendar.data import (
    HOLIDAY,
    SEED,
    CalendarDayView,
    CalendarFileInvalid,
    CalendarYearView,
    ClosureView,
    calendar_file_parse,
)
from yiwang.kernel.calendar.models import CalendarDay, CalendarYear, LocalClosure
from yiwang.kernel.calendar.rules import (
    OfficeHours,
    WorkingCalendar,
    area_covers,
    closed_days,
)
from yiwang.kernel.stamps.actions import stamp_get

STAMP = "kernel.calendar"


def calendar_get(area_code: str = "") -> WorkingCalendar:
    """Return the working-day calendar of an area (工作日历), "" for the city itself.

    Closures of the area and of every area around it count. The object is kept per process; one
    query asks whether it is still the one in force.
    """
    return _calendar_build(calendar_stamp_get(), area_code or settings.CITY["area_code"])


def calendar_stamp_get() -> str:
    """Return the stamp of the calendar in force (日历版本戳); "" before anything was loaded."""
    return stamp_get(STAMP)


@lru_cache(maxsize=256)
def _calendar_build(stamp: str, area_code: str) -> WorkingCalendar:
    days = CalendarDay.objects.values_list("date", "kind")
    holidays = frozenset(day for day, kind in days if kind == HOLIDAY)
    rows = LocalClosure.objects.values_list("area_code", "date", "part", "counts")
    found = [tuple(row[1:]) for row in rows if area_covers(row[0], area_code)]
    return WorkingCalendar(
        published_years=frozenset(CalendarYear.objects.values_list("year", flat=True)),
        holidays=holidays,
        make_up_days=frozenset(day for day, _kind in days) - holidays,
        **closed_days(found),
    )


@lru_cache(maxsize=8)
def calendar_of_file(path: Path | None = None) -> WorkingCalendar:
    """Return the calendar of a file (文件日历), None is the one that ships; no database is asked.

    Raises `CalendarFileInvalid`.
    """
    try:
        content = json.loads((path or SEED).read_text(encoding="utf-8"))
    except OSError as error:
        raise CalendarFileInvalid(reason=f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise CalendarFileInvalid(reason=f"{path}: not JSON: {error}") from error
    years = calendar_file_parse(content)
    days = [day for year in years.values() for day in year]
    holidays = frozenset(day.date for day in days if day.kind == HOLIDAY)
    return WorkingCalendar(
        frozenset(years), holidays, frozenset(day.date for day in days) - holidays
    )


def office_hours_get() -> OfficeHours:
    """Return the business hours of a working day (办公时间) from the settings."""
    return _office_hours(tuple(map(tuple, settings.OFFICE_HOURS)))


@lru_cache(maxsize=8)
def _office_hours(pairs: tuple[tuple[str, str], ...]) -> OfficeHours:
    return OfficeHours.parse(pairs)


def calendar_year_list() -> list[int]:
    """List the published years (已公布年度), oldest first."""
    return list(CalendarYear.objects.order_by("year").values_list("year", flat=True))


def calendar_year_get(year: int) -> CalendarYearView | None:
    """Return one published year with its special days, None when it is not published."""
    row = CalendarYear.objects.filter(year=year).first()
    if row is None:
        return None
    days = tuple(
        CalendarDayView(day.date, day.kind, {"zh": day.name_zh, "en": day.name_en})
        for day in row.days.order_by("date")
    )
    return CalendarYearView(row.year, row.source, days)


def closure_list(
    *, since: date | None = None, until: date | None = None, area_code: str = ""
) -> list[ClosureView]:
    """List local closures (局部停止办公) by date; with an area, only those that count there."""
    rows = LocalClosure.objects.order_by("date", "area_code")
    if since:
        rows = rows.filter(date__gte=since)
    if until:
        rows = rows.filter(date__lte=until)
    views = [
        ClosureView(r.pk, r.area_code, r.date, r.reason, r.document, r.part, r.counts) for r in rows
    ]
    return [v for v in views if not area_code or area_covers(v.area_code, area_code)]
