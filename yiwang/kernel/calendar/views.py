"""The public page of the working-day calendar (工作日历), and where its closures are ordered."""

import re
from calendar import Calendar
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yiwang.kernel.audit.context import context_get
from yiwang.kernel.calendar.actions import ClosureExists, closure_add, closure_remove
from yiwang.kernel.calendar.data import CalendarDayView, ClosureView
from yiwang.kernel.calendar.queries import (
    calendar_get,
    calendar_year_get,
    calendar_year_list,
    closure_list,
)
from yiwang.kernel.calendar.rules import WorkingCalendar, parts_joined
from yiwang.kernel.codes.data import CodeView
from yiwang.kernel.codes.queries import code_get, code_list
from yiwang.kernel.ui.flashes import flash
from yiwang.kernel.ui.policies import allow, public
from yiwang.kernel.ui.problems import error_text, field_texts
from yiwang.kernel.ui.templating import render
from yiwang.sdk.errors import Invalid

CLOSE = "kernel.calendar.close"
TYPED = ("closed_area", "day", "part", "counts", "reason", "document")
_WEEKS = Calendar(firstweekday=0)


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day of the year view. kind: WORKING, WEEKEND, HOLIDAY, MAKE_UP, CLOSED, AM or PM (closed for that half)."""

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
    return _year_page(request)


@allow(populations={"STAFF"}, permission=CLOSE)
@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Close the offices of an area on a day or half of one (停止办公)."""
    typed = {name: request.POST.get(name, "").strip()[:200] for name in TYPED}
    day = parse_date(typed["day"]) if re.fullmatch(r"\d{4}-\d\d-\d\d", typed["day"]) else None
    area = typed["closed_area"]
    errors = {
        **({} if day else {"day": [_("Choose the day.")]}),
        **(
            {}
            if area in {one.code for one in _areas()}
            else {"closed_area": [_("Choose the area.")]}
        ),
    }
    if not errors:
        try:
            closure_add(
                area,
                day=day,
                reason=typed["reason"],
                document=typed["document"],
                part=typed["part"],
                counts=typed["counts"] != "no",
            )
        except Invalid as error:
            errors = field_texts(error)
        except ClosureExists as error:
            errors = {"day": [error_text(error)]}
        else:
            flash(request, "success", _("Closed; time limits and appointments follow."))
            return redirect(
                f"{reverse('kernel_calendar:year')}?year={day.year}&area={area}#closures"
            )
    return _year_page(request, errors=errors, typed=typed)


@allow(populations={"STAFF"}, permission=CLOSE)
@require_POST
def reopen(request: HttpRequest, closure_id: int) -> HttpResponse:
    """Take a closure back (撤销停止办公), with the reason."""
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        flash(request, "danger", _("Say why the closure is taken back."))
    else:
        closure_remove(closure_id, reason=reason)
        flash(request, "success", _("Taken back; time limits and appointments follow."))
    year = request.POST.get("year", "")
    query = f"?year={year}" if year.isascii() and year.isdigit() else ""
    return redirect(f"{reverse('kernel_calendar:year')}{query}#closures")


def _areas() -> list[CodeView]:
    city = settings.CITY["area_code"]
    return [*filter(None, [code_get("divisions", city)]), *code_list("divisions", city)]


def _year_page(
    request: HttpRequest, *, errors: dict | None = None, typed: dict | None = None
) -> HttpResponse:
    today = timezone.localdate()
    published = calendar_year_list()
    offered = sorted({*published, today.year, today.year + 1})
    chosen = _chosen(request.GET.get("year"), offered, today.year)
    areas = _areas()
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
            "area_names": {one.code: one.title for one in areas},
            "may_close": context_get().may(CLOSE),
            "errors": errors or {},
            "typed": typed or {},
        },
        status=422 if errors else 200,
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
    closed: dict[date, list[ClosureView]] = {}
    for closure in closures:
        closed.setdefault(closure.date, []).append(closure)
    for day, orders in closed.items():
        part = parts_joined(order.part for order in orders)
        named[day] = (part or "CLOSED", "、".join(order.reason for order in orders))

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
