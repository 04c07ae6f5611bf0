"""Pages of a hall's manager (大厅管理): windows and their skills, slots, machines, rules, statistics."""

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.counters.actions import setup
from yiwang.hall.counters.data import DayView, HallView, StatisticsRow
from yiwang.hall.counters.errors import HallNotFound, VisitIncomplete
from yiwang.hall.counters.models import Hall, SlotPool, WindowSkill
from yiwang.hall.counters.queries.halls import (
    MANAGE,
    hall_rules,
    hall_staff_get,
    hall_staff_list,
    kiosk_list,
    queue_list,
)
from yiwang.hall.counters.queries.slots import day_list
from yiwang.hall.counters.queries.statistics import (
    LONGEST_DAYS,
    forecast_records,
    statistics_of,
    visit_list,
)
from yiwang.hall.counters.queries.tickets import window_of_hall_list
from yiwang.identity.api import allow
from yiwang.kernel.api import error_text, flash, localized, render
from yiwang.sdk.errors import N_, NotFound, YiwangError

PURPOSE = "大厅管理"
FIGURES = ("early_minutes", "late_minutes", "days_ahead", "seats", "most_people", "return_after")
FIGURES += ("no_answer_after", "doors_minutes")
BLOCK = ("count", "days", "block_days")
TITLES = {
    "early_minutes": N_("On time from so many minutes before the slot"),
    "late_minutes": N_("On time until so many minutes after its start"),
    "days_ahead": N_("Days ahead that can be booked"),
    "seats": N_("Open appointments a person may hold"),
    "most_people": N_("People in one appointment at most"),
    "return_after": N_("Whoever missed the call waits for so many others"),
    "no_answer_after": N_("Calls before a ticket may be ended"),
    "doors_minutes": N_("Tickets from so many minutes before opening"),
    "count": N_("So many appointments not kept"),
    "days": N_("within so many days"),
    "block_days": N_("close booking for so many days"),
}
HEADINGS = (
    *(
        N_("Grouped by"),
        N_("What"),
        N_("Calls"),
        N_("Mean wait, minutes"),
        N_("Median wait, minutes"),
    ),
    *(
        N_("Nine of ten waited at most, minutes"),
        N_("Longest wait, minutes"),
        N_("Mean service, minutes"),
    ),
    *(N_("Median service, minutes"), N_("Nobody came"), N_("Applications taken")),
)


@require_GET
@allow(populations={"STAFF"}, permission=MANAGE, purpose=PURPOSE)
def managed(request: HttpRequest) -> HttpResponse:
    """List the halls that I manage (我管理的大厅)."""
    names = {"halls": hall_staff_list(now=timezone.now(), managed=True)}
    return render(request, "hall/counters/managed.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=MANAGE, purpose=PURPOSE)
def manage(request: HttpRequest, code: str) -> HttpResponse:
    """Set a hall up (大厅设置): windows, slots, machines, rules."""
    now, error, pairing = timezone.now(), "", None
    view = hall_staff_get(code, now=now, managed=True)
    if request.method == "POST":
        try:
            pairing = _change(request, view, now)
        except NotFound:
            raise
        except YiwangError as refused:
            error = " ".join(getattr(refused, "fields", {}).get("", ())) or error_text(refused)
        else:
            if pairing is None:
                flash(request, "success", _("Saved."))
                return redirect("hall_counters:manage", code)
    row = Hall.objects.get(pk=view.id)
    limits = hall_rules(row)
    skills = WindowSkill.objects.filter(window__hall=row)
    names = {
        "hall": view,
        "queues": queue_list(view.id, now=now),
        "windows": window_of_hall_list(view.id),
        "skills": {(one.window_id, one.queue_id): one.helps_after_minutes for one in skills},
        "kiosks": kiosk_list(view.id),
        "pairing": pairing,
        "figures": [(name, _(TITLES[name]), getattr(limits, name)) for name in FIGURES],
        "block": [(name, _(TITLES[name]), getattr(limits.no_show, name)) for name in BLOCK],
        "pools": [(pool, _days(row, pool, now)) for pool in row.pools.order_by("pk")],
        "error": error,
    }
    return render(request, "hall/counters/manage.html", names, status=422 if error else 200)


def _days(row: Hall, pool: SlotPool, now: datetime) -> list[DayView]:
    queue_ids = list(pool.queues.filter(is_open=True, slot_limit=None).values_list("pk", flat=True))
    return day_list(row, queue_ids[:1], places=1, now=now) if queue_ids else []


def _change(request: HttpRequest, view: HallView, now: datetime):
    """Do what a form of the page asks for; returns a machine with its pairing code, else None."""
    post = request.POST
    match post.get("do", ""):
        case "skills":
            setup.window_skills_set(_number(post, "window"), skills=_skills(post))
        case "capacity":
            setup.slot_capacity_set(
                _number(post, "pool"),
                starts_at=_moment(post.get("slot", "")),
                capacity=_number(post, "capacity"),
                now=now,
            )
        case "rules":
            values = {name: _number(post, name) for name in FIGURES}
            block = {name: _number(post, name) for name in BLOCK}
            setup.hall_rules_set(view.code, values={**values, "no_show": block})
        case "kiosk":
            return setup.kiosk_add(view.code, title=post.get("title", ""))
        case "kiosk_renew":
            return setup.kiosk_renew(_number(post, "kiosk"))
        case "kiosk_close":
            setup.kiosk_close(_number(post, "kiosk"))
        case _:
            raise HallNotFound()
    return None


def _skills(post: Mapping[str, str]) -> dict[int, int]:
    """Read the queues that were ticked, with the minutes after which the window helps."""
    taken = [name.removeprefix("queue-") for name in post if name.startswith("queue-")]
    return {
        int(key): int(minutes) if (minutes := post.get(f"helps-{key}", "0")).isdecimal() else 0
        for key in taken
        if key.isdecimal() and len(key) < 16
    }


def _number(post: Mapping[str, str], name: str) -> int:
    text = post.get(name, "").strip()
    if not text.isdecimal() or len(text) > 15:
        raise VisitIncomplete(fields={"": [_("Write whole numbers.")]})
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        moment = None
    if moment is None or timezone.is_naive(moment):
        raise VisitIncomplete(fields={"": [_("Choose a time.")]})
    return moment


@require_GET
@allow(populations={"STAFF"}, permission=MANAGE, purpose=PURPOSE)
def statistics(request: HttpRequest, code: str) -> HttpResponse:
    """Show how long people waited and were served (大厅统计) by queue, hour and window; export."""
    now = timezone.now()
    view = hall_staff_get(code, now=now, managed=True)
    today = timezone.localdate(now)
    since = _day(request.GET.get("since", ""), today - timedelta(days=6))
    until = _day(request.GET.get("until", ""), today)
    visits = visit_list(view.id, since=since, until=until)
    queues = {queue.id: queue.title for queue in queue_list(view.id, now=now, only_open=False)}
    windows = {one.id: one.number for one in window_of_hall_list(view.id)}
    groups = [
        ("queue", _("By queue"), statistics_of(visits, "queue"), queues),
        ("hour", _("By hour of the call"), statistics_of(visits, "hour"), {}),
        ("window", _("By window"), statistics_of(visits, "window"), windows),
    ]
    if request.GET.get("export") == "csv":
        return _export(groups, code)
    names = {
        "hall": view,
        "since": since,
        "until": until,
        "longest": LONGEST_DAYS,
        "groups": groups,
        "total": len(visits),
        "records": [
            (queues.get(queue_id, {}), record)
            for queue_id, record in sorted(forecast_records(visits).items())
            if record.count
        ],
    }
    return render(request, "hall/counters/statistics.html", names)


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _export(groups, code: str) -> HttpResponse:
    buffer = io.StringIO("\ufeff")
    buffer.seek(1)
    table = csv.writer(buffer)
    table.writerow([_(heading) for heading in HEADINGS])
    for _key, title, rows, names in groups:
        for row in rows:
            table.writerow([title, localized(names.get(row.key, row.key)), *_figures(row)])
    response = HttpResponse(buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="statistics-{code}.csv"'
    return response


def _figures(row: StatisticsRow) -> list[object]:
    waiting, service = row.waiting, row.service
    seconds = (waiting.mean, waiting.median, waiting.p90, waiting.longest)
    seconds += (service.mean, service.median)
    minutes = ["" if one is None else round(one / 60, 1) for one in seconds]
    return [row.tickets, *minutes, row.no_answers, row.applications]
