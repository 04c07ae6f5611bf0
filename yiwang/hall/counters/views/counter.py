"""Pages of those who work in a hall: the clerk's window, the reception desk (窗口与导办台)."""

from collections.abc import Callable
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.counters.actions import windows as acts
from yiwang.hall.counters.actions.tickets import appointment_check_in, ticket_issue, ticket_return
from yiwang.hall.counters.data import (
    APPOINTMENT_STATES,
    BOOKED,
    DESK,
    SKIPPED,
    WAITING,
    TicketView,
    WindowView,
)
from yiwang.hall.counters.errors import NobodyWaits, QueueNotChosen
from yiwang.hall.counters.models import Hall
from yiwang.hall.counters.queries.forecasts import queue_forecast_list
from yiwang.hall.counters.queries.halls import (
    RECEIVE,
    SERVE,
    hall_rules,
    hall_staff_get,
    hall_staff_list,
    priority_list,
    queue_list,
)
from yiwang.hall.counters.queries.slots import appointment_count, appointment_list
from yiwang.hall.counters.queries.tickets import (
    ticket_staff_list,
    window_get,
    window_list,
)
from yiwang.hall.counters.visits import visit_of_ticket, visit_of_ticket_end
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    datetime_text,
    error_text,
    flash,
    localized,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, Conflict, NotFound, YiwangError

PURPOSE = "大厅窗口受理"
# What the buttons of a window do (窗口按钮).
ACTS: dict[str, Callable[..., TicketView | WindowView]] = {
    "open": acts.window_open,
    "close": acts.window_close,
    "call": acts.ticket_call_next,
}
# What they do with the ticket in hand, as the clerk saw it.
TICKET_ACTS: dict[str, Callable[..., TicketView]] = {
    "recall": acts.ticket_recall,
    "start": acts.ticket_start,
    "skip": acts.ticket_skip,
    "no_answer": acts.ticket_no_answer,
}
APPOINTMENT_COLUMNS = (
    Column("starts_at", N_("When"), text=lambda row: datetime_text(row.starts_at)),
    Column("number", N_("Appointment number")),
    Column("name", N_("Name")),
    Column("phone", N_("Mobile number")),
    Column("people", N_("People"), align="end"),
    Column(
        "queues",
        N_("Purpose of the visit"),
        text=lambda row: " · ".join(map(localized, row.queues)),
    ),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
)


@require_GET
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def windows(request: HttpRequest) -> HttpResponse:
    """List the windows that I may sit at (选择窗口)."""
    return render(request, "hall/counters/windows.html", {"windows": window_list()})


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
def window(request: HttpRequest, window_id: int) -> HttpResponse:
    """Call and serve (窗口叫号): who is at the window, who waits, what to do next."""
    now, error = timezone.now(), ""
    if request.method == "POST":
        try:
            _act(request, window_id, now)
            return redirect("hall_counters:window", window_id)
        except (Conflict, NobodyWaits) as refused:
            error = error_text(refused)
    view = window_get(window_id)
    row = Hall.objects.get(pk=view.hall_id)
    waiting = [
        one for one in ticket_staff_list(view.hall_id, now=now) if one.queue_id in view.skills
    ]
    queues = queue_list(view.hall_id, now=now)
    names = {
        "window": view,
        "ticket": view.ticket,
        "visit": visit_of_ticket(view.ticket.id, now=now) if view.ticket else None,
        "hall": row,
        "waiting": waiting,
        "others": [queue for queue in queues if view.ticket and queue.id != view.ticket.queue_id],
        "further": set(view.ticket.further) if view.ticket else set(),
        "no_answer_after": hall_rules(row).no_answer_after,
        "now": now,
        "error": error,
    }
    return render(request, "hall/counters/window.html", names, status=409 if error else 200)


def _act(request: HttpRequest, window_id: int, now: datetime) -> None:
    do = request.POST.get("do", "")
    if do == "pause":
        acts.window_pause(window_id, reason=request.POST.get("reason", ""), now=now)
    elif do == "transfer":
        seen, queue = _seen(request), _number(request, "queue")
        acts.ticket_transfer(window_id, queue_id=queue, ticket_id=seen, now=now)
    elif do in ("finish", "next"):
        _finish(request, window_id, now)
        if do == "next":  # the usual press: finish this one, call the next one
            acts.ticket_call_next(window_id, now=now)
    elif do in ACTS:
        ACTS[do](window_id, now=now)
    elif do in TICKET_ACTS:
        TICKET_ACTS[do](window_id, ticket_id=_seen(request), now=now)
    else:
        raise NotFound()


def _finish(request: HttpRequest, window_id: int, now: datetime) -> None:
    """Finish the ticket, and with it the visit where the clerk says so (办结号票并结束来访)."""
    done = acts.ticket_finish(window_id, ticket_id=_seen(request), now=now)
    if request.POST.get("end_visit") == "1":
        visit_of_ticket_end(done.id, now=now)


def _seen(request: HttpRequest) -> int | None:
    """Return the ticket that stood on the page: pressed again, a button must not act on whoever came next."""
    return _number(request, "ticket") if request.POST.get("ticket") else None


@require_GET
@allow(populations={"STAFF"}, permission=RECEIVE, purpose=PURPOSE)
def desks(request: HttpRequest) -> HttpResponse:
    """List the halls in which I receive visitors (导办台)."""
    names = {"halls": hall_staff_list(now=timezone.now())}
    return render(request, "hall/counters/desks.html", names)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=RECEIVE, purpose=PURPOSE)
def desk(request: HttpRequest, code: str) -> HttpResponse:
    """Give tickets out, check appointments in, let those wait again who missed their call (导办台)."""
    now, error = timezone.now(), ""
    view = hall_staff_get(code, now=now)
    if request.method == "POST":
        try:
            made = _receive(request, now)
            text = _("Ticket %(label)s: give it to the visitor.") % {"label": made.label}
            flash(request, "success", text)
            return redirect(f"{reverse('hall_counters:desk', args=[code])}?ticket={made.code}")
        except YiwangError as refused:
            error = error_text(refused)
    queues = queue_forecast_list(Hall.objects.get(pk=view.id), now=now)
    names = {
        "hall": view,
        "queues": queues,
        "waiting": ticket_staff_list(view.id, now=now, states=(WAITING,)),
        "missed": ticket_staff_list(view.id, now=now, states=(SKIPPED,)),
        "booked": appointment_count(hall_id=view.id, day=timezone.localdate(now), state=BOOKED),
        "now": now,
        "error": error,
        "typed": request.POST,
        "given": request.GET.get("ticket", "")[:16],
        "queue_options": [(one.id, localized(one.title)) for one in queues],
        "priority_options": [(key, localized(title)) for key, title, _proof in priority_list()],
        "today": timezone.localdate(now).isoformat(),
    }
    return render(request, "hall/counters/desk.html", names, status=409 if error else 200)


def _receive(request: HttpRequest, now: datetime) -> TicketView:
    post = request.POST
    match post.get("do", ""):
        case "issue":
            if not post.get("queue"):
                raise QueueNotChosen()
            return ticket_issue(
                _number(request, "queue"),
                priority=post.get("priority", "")[:20],
                name=post.get("name", ""),
                phone=post.get("phone", ""),
                now=now,
            )
        case "check_in":
            return appointment_check_in(number=post.get("number", "")[:32], channel=DESK, now=now)
        case "return":
            return ticket_return(_number(request, "ticket"), now=now)
    raise NotFound()


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not text.isdecimal() or len(text) > 15:
        raise NotFound()
    return int(text)


@require_GET
@allow(populations={"STAFF"}, permission=RECEIVE, purpose="预约名单")
def appointments(request: HttpRequest, code: str) -> HttpResponse:
    """List who comes when (预约名单), with export."""
    now = timezone.now()
    view = hall_staff_get(code, now=now)

    def listed(*, day: str, limit: int, offset: int, **wanted: str) -> list:
        return appointment_list(
            now=now, hall_id=view.id, day=_day(day), limit=limit, offset=offset, **wanted
        )

    def counted(*, day: str, cap: int, **wanted: str) -> int:
        return appointment_count(hall_id=view.id, day=_day(day), cap=cap, **wanted)

    source = source_of(listed, counted, ("day", "state", "text"))
    choices = choices_of(APPOINTMENT_STATES)
    filters = [
        Filter("day", N_("Day"), "date"),
        Filter("state", N_("State"), "select", choices=choices),
        Filter("text", N_("Number or name")),
    ]
    page = page_of(request, source, columns=APPOINTMENT_COLUMNS, filters=filters)
    if page.wants_export:
        return page.export(f"appointments-{code}")
    return render(request, "hall/counters/desk_appointments.html", {"page": page, "hall": view})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
