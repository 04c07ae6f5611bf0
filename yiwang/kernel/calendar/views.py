"""The public page of the working-day calendar (工作日历)."""

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from yiwang.kernel.calendar.data import CalendarDayView, ClosureView
from yiwang.kernel.calendar.queries import (
    calendar_get,
    calendar_year_get,
    calendar_year_list,
    closure_list,
)
from yiwang.kernel.calendar.rules import WorkingCalendar
from yiwang.kernel.codes.queries import code_get, code_list
from yiwang.kernel.ui.policies import public
from yiwang.kernel.ui.templating import render

_WEEKS = Calendar(firstweekday=0)


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day of the year view. kind: WORKING, WEEKEND, HOLIDAY, MAKE_UP or CLOSED."""

    date: date
    kind: str
    name: dict[str, str] | str
    is_today: bool


@dataclass(frozen=True, slots=True)
class MonthView:
    """One month: its weeks with None outside the month, and how many days are worked."""

    first: date
    weeks: list[list[DayCell | None]]
    working_days: int


@public
@require_GET
def year(request: HttpRequest) -> HttpResponse:
    """Show a year's holidays, make-up days and closures, or that it is not yet published."""
    today = timezone.localdate()
    published = calendar_year_list()
    offered = sorted({*published, today.year, today.year + 1})
    chosen = _chosen(request.GET.get("year"), offered, today.year)
    areas = [code_get("divisions", settings.CITY["area_code"])]
    areas = [*filter(None, areas), *code_list("divisions", settings.CITY["area_code"])]
    area = request.GET.get("area", "")
    area = area if area in {view.code for view in areas} else settings.CITY["area_code"]
    closures = closure_list(since=date(chosen, 1, 1), until=date(chosen, 12, 31), area_code=area)
    view = calendar_year_get(chosen)
    months = _months(view.days, closures, calendar_get(area), chosen, today) if view else []
    return render(
        request,
        "kernel/calendar/year.html",
        {
            "years": list(reversed(offered)),
            "published": published,
            "year": chosen,
            "areas": areas,
            "area": area,
            "view": view,
            "closures": closures,
            "months": months,
            "working_days": sum(month.working_days for month in months),
            "spans": _spans(view.days) if view else [],
        },
    )


def _chosen(text: str | None, offered: list[int], default: int) -> int:
    return next((year for year in offered if str(year) == text), default)


def _months(
    days: tuple[CalendarDayView, ...],
    closures: list[ClosureView],
    working: WorkingCalendar,
    chosen: int,
    today: date,
) -> list[MonthView]:
    named = {day.date: (day.kind, day.name) for day in days}
    named |= {closure.date: ("CLOSED", closure.reason) for closure in closures}

    def cell(day: date) -> DayCell:
        kind, name = named.get(day, ("WORKING" if day.weekday() < 5 else "WEEKEND", ""))
        return DayCell(day, kind, name, day == today)

    months = []
    for number in range(1, 13):
        first = date(chosen, number, 1)
        weeks = [
            [cell(day) if day.month == number else None for day in week]
            for week in _WEEKS.monthdatescalendar(chosen, number)
        ]
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        worked = working.working_days_between(first - timedelta(days=1), last)
        months.append(MonthView(first, weeks, worked))
    return months


def _spans(
    days: tuple[CalendarDayView, ...],
) -> list[tuple[dict[str, str], date, date, list[date]]]:
    """Return every holiday with its first and last day and the days worked in exchange."""
    spans: dict[str, tuple[dict[str, str], list[date], list[date]]] = {}
    for day in days:
        _name, off, worked = spans.setdefault(day.name["zh"], (day.name, [], []))
        (off if day.kind == "HOLIDAY" else worked).append(day.date)
    found = [(name, off[0], off[-1], worked) for name, off, worked in spans.values() if off]
    return sorted(found, key=lambda span: span[1])
