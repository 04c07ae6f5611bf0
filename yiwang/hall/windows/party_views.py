"""A visitor's part in an application of somebody else (到窗口共同办理): filled in by the clerk, confirmed there."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from yiwang.hall.applications.filing import acting_for
from yiwang.hall.parties.pages import Place, page_show, part_show
from yiwang.hall.windows.actions import presence_of
from yiwang.hall.windows.data import VisitView
from yiwang.hall.windows.queries import SERVE, own_visit_get
from yiwang.identity.api import allow

PURPOSE = "窗口受理"


def at_window(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Act for the visitor of the clerk's own open visit (为来访人办理), and say where that is."""

    @wraps(view)
    def run(request: HttpRequest, number: str, *args: object, **named: object) -> HttpResponse:
        visit = own_visit_get(number, now=timezone.now())
        with acting_for(visit.applicant_ref):
            return view(request, _place(visit), *args, **named)

    return run


def _place(visit: VisitView) -> Place:
    return Place(
        frame="kernel/ui/desk.html",
        title=visit.applicant_name,
        home=reverse("hall_windows:visit", args=[visit.number]),
        part=lambda part_id: reverse("hall_windows:part", args=[visit.number, part_id]),
        page=lambda part_id, key: reverse(
            "hall_windows:part_page", args=[visit.number, part_id, key]
        ),
        at=presence_of(visit),
    )


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
@at_window
def part(request: HttpRequest, place: Place, part_id: int) -> HttpResponse:
    """Show the visitor's part, read it back, confirm it (窗口确认)."""
    return part_show(request, part_id, place)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SERVE, purpose=PURPOSE)
@at_window
def page(request: HttpRequest, place: Place, part_id: int, page: str) -> HttpResponse:
    """Fill in a page of the visitor's part (窗口填报)."""
    return page_show(request, part_id, page, place)
