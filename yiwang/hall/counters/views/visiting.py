"""Pages for whoever goes to a hall: which halls there are, taking a ticket, the display (办事大厅)."""

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.counters.actions.tickets import ticket_leave, ticket_take
from yiwang.hall.counters.data import LEVELS, WAITING, HallView
from yiwang.hall.counters.errors import TicketTwice
from yiwang.hall.counters.models import Hall
from yiwang.hall.counters.queries.forecasts import forecast_record_get, queue_forecast_list
from yiwang.hall.counters.queries.halls import hall_get, hall_list, priority_list
from yiwang.hall.counters.queries.tickets import (
    display_list,
    missed_list,
    ticket_by_code,
    ticket_mine,
)
from yiwang.identity.api import allow, public
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, NotFound

VISITORS = {"CITIZEN", "AGENT"}
COLUMNS = (
    Column("title", N_("Service hall")),
    Column("level", N_("Level"), text=lambda row: _(row.level_label)),
    Column("address", N_("Address")),
    Column(
        "hours_text", N_("Open today"), text=lambda row: row.hours_text or _("Closed on this day")
    ),
    Column("waiting", N_("People waiting"), align="end"),
)


@require_GET
@public
def halls(request: HttpRequest) -> HttpResponse:
    """List the halls of the city (办事大厅)."""
    rows = hall_list(now=timezone.now())
    filters = [
        Filter(
            "level",
            N_("Level"),
            "select",
            choices=choices_of(LEVELS),
            apply=lambda found, value: [one for one in found if one.level == value],
        ),
        Filter("text", N_("Name or address"), apply=_named),
    ]
    page = page_of(request, rows, columns=COLUMNS, filters=filters)
    return render(request, "hall/counters/halls.html", {"page": page, "href": _href})


def _named(rows: list[HallView], text: str) -> list[HallView]:
    wanted = text.casefold()
    return [
        row
        for row in rows
        if any(wanted in part.casefold() for part in (*row.title.values(), row.address))
    ]


def _href(row: HallView) -> str:
    return reverse("hall_counters:hall", args=[row.code])


@require_GET
@public
def hall(request: HttpRequest, code: str) -> HttpResponse:
    """Show a hall: where, when, how long one waits now; take a ticket or book a time (大厅详情)."""
    now = timezone.now()
    view = hall_get(code, now=now)
    names = {
        "hall": view,
        "queues": queue_forecast_list(Hall.objects.get(pk=view.id), now=now),
        "priorities": priority_list(),
        "mine": ticket_mine(view.id, now=now),
        "may_take": context_get().population in VISITORS,
        "now": now,
    }
    return render(request, "hall/counters/hall.html", names)


@require_POST
@allow(populations=VISITORS, purpose="手机取号")
def take(request: HttpRequest, code: str) -> HttpResponse:
    """Take a ticket by phone (手机取号)."""
    hall_get(code, now=timezone.now())
    queue = request.POST.get("queue", "")
    if not queue.isdecimal() or len(queue) > 15:
        raise NotFound()
    try:
        taken = ticket_take(
            int(queue), priority=request.POST.get("priority", "")[:20], now=timezone.now()
        )
    except TicketTwice as error:
        flash(request, "warning", error_text(error))
        return redirect("hall_counters:hall", code)
    return redirect("hall_counters:ticket", taken.code)


@require_http_methods(["GET", "POST"])
@public
def ticket(request: HttpRequest, code: str) -> HttpResponse:
    """Show a ticket by its own address (手机号票): how many are ahead, how long it takes; leave the queue."""
    if request.method == "POST":
        ticket_leave(code, now=timezone.now())
        flash(request, "success", _("You have left the queue."))
        return redirect("hall_counters:ticket", code)
    now = timezone.now()
    view = ticket_by_code(code, now=now)
    names = {
        "ticket": view,
        "record": forecast_record_get(view.queue_id),
        "now": now,
        "is_waiting": view.state == WAITING,
    }
    return render(request, "hall/counters/ticket.html", names)


@require_GET
@public
def slip(request: HttpRequest, code: str) -> HttpResponse:
    """Show a ticket as the ticket printer prints it (打印号票), 80 mm wide, by its own address."""
    view = ticket_by_code(code, now=timezone.now())
    names = {"ticket": view, "qr": ticket_qr(request, view.code)}
    return render(request, "hall/counters/ticket_slip.html", names)


def ticket_qr(request: HttpRequest, code: str) -> str:
    """Draw the code that leads a phone to the ticket's page (号票二维码), as an address of an image."""
    address = request.build_absolute_uri(reverse("hall_counters:ticket", args=[code]))
    return segno.make(address, error="m").svg_data_uri(scale=4, border=2)


@require_GET
@public
def display(request: HttpRequest, code: str) -> HttpResponse:
    """Show who is called where (叫号大屏): for a screen on the wall; refreshes itself, with or without scripts."""
    now = timezone.now()
    view = hall_get(code, now=now)
    names = {
        "hall": view,
        "lines": display_list(view.id, now=now),
        "missed": missed_list(view.id, now=now),
        "queues": queue_forecast_list(Hall.objects.get(pk=view.id), now=now),
        "now": now,
        "title": localized(view.title),
    }
    return render(request, "hall/counters/display.html", names)
