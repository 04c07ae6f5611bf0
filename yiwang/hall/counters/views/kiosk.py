"""Pages of a self-service machine in a hall (自助终端): large, touched, back to the start when left alone.

A machine is known by a signed cookie that it got when it was paired; without one it offers only that.
"""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.applications.queries.details import application_track
from yiwang.hall.counters.actions.setup import kiosk_pair
from yiwang.hall.counters.actions.tickets import appointment_check_in, ticket_take_at_kiosk
from yiwang.hall.counters.data import KIOSK, KioskView, TicketView
from yiwang.hall.counters.errors import KioskNotPaired, PairingCodeWrong, TicketNotFound
from yiwang.hall.counters.models import Hall
from yiwang.hall.counters.queries.forecasts import forecast_record_get, queue_forecast_list
from yiwang.hall.counters.queries.halls import (
    hall_code,
    hall_get,
    kiosk_get,
    kiosk_mark,
    priority_list,
)
from yiwang.hall.counters.queries.tickets import ticket_by_code
from yiwang.hall.counters.views.visiting import ticket_qr
from yiwang.hall.licences.queries import licence_verify
from yiwang.identity.api import public
from yiwang.kernel.api import context_get, error_text, rate_exceeded, render
from yiwang.sdk.errors import YiwangError

COOKIE, SALT = "counters_kiosk", "hall.counters.kiosk"
COOKIE_SECONDS = 400 * 24 * 3600
ROOM = "hall.counters.kiosk"
TRIES_PER_MINUTE = 20


Machine = Callable[..., HttpResponse]


def for_machines(view: Machine) -> Machine:
    """Hand a view its machine; a browser that is none is led to the start, which says so (终端专用)."""

    @wraps(view)
    def run(request: HttpRequest, *args: object, **named: object) -> HttpResponse:
        kiosk = kiosk_of(request)
        return view(request, kiosk, *args, **named) if kiosk else redirect("hall_counters:kiosk")

    return run


@require_GET
@public
def start(request: HttpRequest) -> HttpResponse:
    """Offer what the machine does (终端首页), or to be paired; `over`: nobody is there any more.

    Then the language of whoever left is forgotten, so that the next one finds the machine as new.
    """
    if "over" not in request.GET:
        return kiosk_page(request, "start")
    response = redirect("hall_counters:kiosk")
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return response


@require_POST
@public
def pair(request: HttpRequest) -> HttpResponse:
    """Pair the machine with its hall by the manager's code (终端配对)."""
    try:
        if too_often("pair"):
            raise PairingCodeWrong()
        kiosk = kiosk_pair(request.POST.get("code", "")[:20], now=timezone.now())
    except PairingCodeWrong as error:
        return kiosk_page(request, "start", status=422, error=error_text(error))
    response = redirect("hall_counters:kiosk")
    response.set_signed_cookie(
        COOKIE,
        kiosk_mark(kiosk.id),
        salt=SALT,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@require_http_methods(["GET", "POST"])
@public
@for_machines
def take(request: HttpRequest, kiosk: KioskView) -> HttpResponse:
    """Choose what one comes for and take a ticket (终端取号)."""
    error = ""
    if request.method == "POST":
        queue = request.POST.get("queue", "")
        try:
            if not queue.isdecimal() or len(queue) > 15 or too_often(f"take:{kiosk.id}"):
                raise KioskNotPaired()
            made = ticket_take_at_kiosk(
                kiosk,
                int(queue),
                priority=request.POST.get("priority", "")[:20],
                matter=request.POST.get("matter", "")[:64],
                now=timezone.now(),
            )
        except YiwangError as refused:
            error = error_text(refused)
        else:
            return _printed(made)
    return kiosk_page(
        request,
        "take",
        status=409 if error else 200,
        error=error,
        queues=queue_forecast_list(Hall.objects.get(pk=kiosk.hall_id), now=timezone.now()),
        priorities=priority_list(),
    )


@require_http_methods(["GET", "POST"])
@public
@for_machines
def check_in(request: HttpRequest, kiosk: KioskView) -> HttpResponse:
    """Turn an appointment into a ticket by its code (终端预约取号)."""
    error = ""
    if request.method == "POST":
        try:
            if too_often(f"code:{kiosk.id}"):
                raise KioskNotPaired(_("Too many tries. Wait a minute."))
            made = appointment_check_in(
                code=request.POST.get("code", "")[:8],
                hall_id=kiosk.hall_id,
                channel=KIOSK,
                now=timezone.now(),
            )
        except YiwangError as refused:
            error = error_text(refused)
        else:
            return _printed(made)
    return kiosk_page(request, "check_in", status=422 if error else 200, error=error)


@require_http_methods(["GET", "POST"])
@public
@for_machines
def verify(request: HttpRequest, kiosk: KioskView) -> HttpResponse:
    """Verify a licence by the code on it (终端证照查验). POST, so that the code stays out of the address."""
    names: dict[str, object] = {}
    if request.method == "POST":
        if too_often("verify"):
            names["error"] = _("Too many tries. Wait a minute.")
        else:
            names["found"] = licence_verify(request.POST.get("code", "")[:40])
            names["is_asked"] = True
    return kiosk_page(request, "verify", **names)


@require_http_methods(["GET", "POST"])
@public
@for_machines
def look_up(request: HttpRequest, kiosk: KioskView) -> HttpResponse:
    """Say where an application is, by its number and code (终端办件查询); nothing personal."""
    names: dict[str, object] = {}
    if request.method == "POST":
        number, code = request.POST.get("number", "")[:50], request.POST.get("code", "")[:12]
        if too_often("look_up") or rate_exceeded(f"{ROOM}:{number}", per_minute=TRIES_PER_MINUTE):
            names["error"] = _("Too many tries. Wait a minute.")
        else:
            names["found"] = application_track(number, code, now=timezone.now())
            names["is_asked"] = True
    return kiosk_page(request, "look_up", **names)


@require_GET
@public
@for_machines
def ticket(request: HttpRequest, kiosk: KioskView, code: str) -> HttpResponse:
    """Show the ticket just taken, to be printed or photographed (终端号票)."""
    view = ticket_by_code(code, now=timezone.now())
    if view.hall_id != kiosk.hall_id:
        raise TicketNotFound()
    return kiosk_page(
        request,
        "ticket",
        ticket=view,
        record=forecast_record_get(view.queue_id),
        qr=ticket_qr(request, view.code),
        prints="print" in request.GET,
    )


def _printed(made: TicketView) -> HttpResponse:
    """Lead to the ticket just taken, which prints itself once (取号后打印)."""
    return redirect(f"{reverse('hall_counters:kiosk_ticket', args=[made.code])}?print=1")


def kiosk_of(request: HttpRequest) -> KioskView | None:
    mark = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=COOKIE_SECONDS)
    return kiosk_get(mark) if mark else None


def too_often(what: str) -> bool:
    key = f"{ROOM}:{what}:{context_get().address}"
    return rate_exceeded(key, per_minute=TRIES_PER_MINUTE)


def kiosk_page(
    request: HttpRequest, name: str, *, status: int = 200, **names: object
) -> HttpResponse:
    """Render a page of the machine; no browser keeps it, so that going back shows nothing of who left."""
    kiosk = kiosk_of(request)
    now = timezone.now()
    names |= {
        "kiosk": kiosk,
        "hall": hall_get(hall_code(kiosk.hall_id), now=now) if kiosk else None,
        "now": now,
    }
    response = render(request, f"hall/counters/kiosk_{name}.html", names, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
