"""The city's front page (门户首页): search first, then life events, services, departments."""

from django.http import HttpRequest, HttpResponse

from yiwang.hall.api import MatterFilter, life_event_list, matter_list, matter_popular
from yiwang.identity.api import department_list, public
from yiwang.kernel.api import render

POPULAR = 8


@public
def home(request: HttpRequest) -> HttpResponse:
    """Show the city's front page (首页)."""
    return render(
        request,
        "portal/sites/home.html",
        {
            "life_events": life_event_list(),
            "popular": matter_popular(limit=POPULAR),
            "departments": department_list(level="CITY"),
            "online_total": matter_list(MatterFilter(kind="APPLY"), limit=1).total,
            "matter_total": matter_list(MatterFilter(), limit=1).total,
        },
    )
