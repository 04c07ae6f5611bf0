"""Pages of a visitor's appointments (我的预约), made for a phone."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.counters import rules
from yiwang.hall.counters.actions.appointments import (
    appointment_book,
    appointment_cancel,
    appointment_move,
)
from yiwang.hall.counters.actions.tickets import appointment_check_in
from yiwang.hall.counters.data import BOOKED, PHONE, AppointmentView
from yiwang.hall.counters.errors import (
    AppointmentTwice,
    SlotFull,
    SlotNotOffered,
    VisitIncomplete,
)
from yiwang.hall.counters.models import Hall
from yiwang.hall.counters.queries.halls import hall_get, hall_rules, queue_list
from yiwang.hall.counters.queries.slots import (
    appointment_count,
    appointment_get,
    appointment_list,
    booking_blocked_until,
    day_list,
)
from yiwang.hall.counters.queries.tickets import ticket_of_appointment
from yiwang.hall.counters.views.visiting import VISITORS
from yiwang.identity.api import account_get, allow
from yiwang.kernel.api import (
    Column,
    context_get,
    datetime_text,
    error_text,
    flash,
    localized,
    page_of,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, NotFound, YiwangError

PURPOSE = "办理本人预约"
COLUMNS = (
    Column("starts_at", N_("When"), text=lambda row: datetime_text(row.starts_at)),
    Column("hall", N_("Service hall"), text=lambda row: localized(row.hall.title)),
    Column(
        "queues",
        N_("Purpose of the visit"),
        text=lambda row: " · ".join(map(localized, row.queues)),
    ),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
)


@require_GET
@allow(populations=VISITORS, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """List my appointments (我的预约), those to come first."""
    now = timezone.now()
    source = source_of(partial(appointment_list, now=now), appointment_count, ())
    page = page_of(request, source, columns=COLUMNS)
    return render(request, "hall/counters/mine.html", {"page": page, "href": _href})


def _href(row: AppointmentView) -> str:
    return reverse("hall_counters:appointment", args=[row.id])


@require_http_methods(["GET", "POST"])
@allow(populations=VISITORS, purpose=PURPOSE)
def book(request: HttpRequest, code: str) -> HttpResponse:
    """Choose what for, a day and a time, and book it (预约)."""
    now, context = timezone.now(), context_get()
    view = hall_get(code, now=now)
    row = Hall.objects.get(pk=view.id)
    values = request.POST if request.method == "POST" else request.GET
    queues = [queue for queue in queue_list(view.id, now=now) if queue.pool_id]
    chosen = _chosen(values.getlist("queue"), {queue.id for queue in queues})
    matter = values.get("matter", "")[:64]
    if matter and not chosen:
        found = rules.queue_for(queues, matter, values.get("department", "")[:40])
        chosen = [found] if found else []
    typed = {
        "name": request.POST.get("name", context.name).strip()[:80],
        "phone": request.POST.get("phone", account_get(context.account_id).phone).strip()[:20],
        "people": values.get("people", "1")[:2],
    }
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            made = appointment_book(
                code,
                queue_ids=chosen,
                starts_at=_moment(request.POST.get("slot", "")),
                name=typed["name"],
                phone=typed["phone"],
                people=_number(typed["people"]),
                matter=matter,
                now=now,
            )
        except (VisitIncomplete, SlotFull, SlotNotOffered, AppointmentTwice) as error:
            errors = _errors(error)
        else:
            flash(request, "success", _("Booked. We will remind you the day before."))
            return redirect("hall_counters:appointment", made.id)
    places = rules.places_needed(max(1, _number(typed["people"])), max(1, len(chosen)))
    names = {
        "hall": view,
        "queues": queues,
        "chosen": chosen,
        "matter": matter,
        "typed": typed,
        "errors": errors,
        "most": hall_rules(row).most_people,
        "blocked_until": _blocked(row, context.subject_ref, now),
        **_calendar(row, chosen, places, values.get("day", ""), now),
    }
    return render(request, "hall/counters/book.html", names, status=422 if errors else 200)


def _blocked(row: Hall, holder_ref: str, now: datetime) -> date | None:
    until = booking_blocked_until(row, holder_ref)
    return until if until and until >= timezone.localdate(now) else None


def _calendar(row: Hall, chosen: Sequence[int], places: int, day: str, now: datetime) -> dict:
    """Return the days that can be booked and the one that is looked at."""
    if not chosen:
        return {"days": [], "day": None, "not_together": False}
    try:
        days = day_list(row, chosen, places=places, now=now)
    except SlotNotOffered:
        return {"days": [], "day": None, "not_together": True}
    wanted = next((one for one in days if one.day.isoformat() == day), None)
    first = next((one for one in days if one.free), None)
    return {"days": days, "day": wanted or first, "not_together": False}


@require_http_methods(["GET", "POST"])
@allow(populations=VISITORS, purpose=PURPOSE)
def appointment(request: HttpRequest, appointment_id: int) -> HttpResponse:
    """Show an appointment; check in, cancel it (预约详情)."""
    now = timezone.now()
    error = ""
    if request.method == "POST":
        try:
            return _act(request, appointment_id, now)
        except NotFound:
            raise
        except YiwangError as refused:
            error = error_text(refused)
    view = appointment_get(appointment_id, now=now)
    names = {
        "appointment": view,
        "ticket": ticket_of_appointment(appointment_id),
        "may_change": view.state == BOOKED and view.starts_at > now,
        "is_today": view.state == BOOKED
        and timezone.localdate(view.starts_at) == timezone.localdate(now),
        "error": error,
    }
    status = 409 if error else 200
    return render(request, "hall/counters/appointment.html", names, status=status)


def _act(request: HttpRequest, appointment_id: int, now: datetime) -> HttpResponse:
    match request.POST.get("do", ""):
        case "cancel":
            reason = request.POST.get("reason", "")[:200]
            appointment_cancel(appointment_id, reason=reason, now=now)
            flash(request, "success", _("Cancelled. The place is free for somebody else."))
        case "check_in":
            made = appointment_check_in(appointment_id=appointment_id, channel=PHONE, now=now)
            return redirect("hall_counters:ticket", made.code)
        case _:
            raise NotFound()
    return redirect("hall_counters:appointment", appointment_id)


@require_http_methods(["GET", "POST"])
@allow(populations=VISITORS, purpose=PURPOSE)
def move(request: HttpRequest, appointment_id: int) -> HttpResponse:
    """Choose another time (改期); until it is there, the old one stays."""
    now = timezone.now()
    view = appointment_get(appointment_id, now=now)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            starts_at = _moment(request.POST.get("slot", ""))
            appointment_move(appointment_id, starts_at=starts_at, now=now)
        except (VisitIncomplete, SlotFull, SlotNotOffered, AppointmentTwice) as error:
            errors = _errors(error)
        else:
            flash(request, "success", _("Moved to the new time."))
            return redirect("hall_counters:appointment", appointment_id)
    row = Hall.objects.get(pk=view.hall.id)
    day = request.GET.get("day", "")
    names = {
        "appointment": view,
        "errors": errors,
        **_calendar(row, view.queue_ids, view.places, day, now),
    }
    return render(request, "hall/counters/move.html", names, status=422 if errors else 200)


def _errors(error: YiwangError) -> dict[str, list[str]]:
    fields = getattr(error, "fields", {})
    return dict(fields) if fields else {"slot": [error_text(error)]}


def _chosen(texts: Sequence[str], known: set[int]) -> list[int]:
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) < 16]
    return [number for number in dict.fromkeys(numbers) if number in known][:3]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        moment = None
    if moment is None or timezone.is_naive(moment):
        raise VisitIncomplete(fields={"slot": [_("Choose a time.")]})
    return moment
