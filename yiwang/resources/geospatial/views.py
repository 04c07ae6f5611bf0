"""Pages and GeoJSON of the geospatial registry (空间地理)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from yiwang.identity.api import public
from yiwang.kernel.api import render
from yiwang.resources.geospatial.data import GeoJson
from yiwang.resources.geospatial.queries import (
    area_count,
    area_geojson,
    area_get,
    area_list,
    metro_geojson,
    metro_line_list,
    metro_station_count,
)

DRAWN_LEVELS = {"2": 2, "3": 3}


@public
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the city's map with districts and metro, and the areas below the one chosen."""
    city = area_list(level=2)
    code = request.GET.get("area", "")
    chosen = area_get(code) if code else None
    return render(
        request,
        "resources/geospatial/index.html",
        {
            "city": city[0] if city else None,
            "districts": area_list(level=3),
            "streets_count": area_count(level=4),
            "communities_count": area_count(level=5),
            "chosen": chosen,
            "parent": _parent(chosen),
            "below": area_list(chosen.code) if chosen else [],
            "lines": metro_line_list(),
            "stations_count": metro_station_count(),
            "label": "name_en" if (get_language() or "").startswith("en") else "name",
        },
    )


@public
@require_safe
def areas(request: HttpRequest) -> HttpResponse:
    """Send the outlines of a level as GeoJSON; unknown levels are the districts."""
    return _send(request, area_geojson(DRAWN_LEVELS.get(request.GET.get("level", "3"), 3)))


@public
@require_safe
def metro(request: HttpRequest) -> HttpResponse:
    """Send metro lines and stations as GeoJSON."""
    return _send(request, metro_geojson())


def _parent(chosen):
    if chosen is None or chosen.code == settings.CITY["area_code"] or not chosen.parent_code:
        return None
    return area_get(chosen.parent_code)


def _send(request: HttpRequest, document: GeoJson) -> HttpResponse:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if document.etag in known or "*" in known:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(document.body, content_type="application/geo+json")
    response["ETag"] = document.etag
    response["Cache-Control"] = "public, max-age=3600"
    return response
