"""Reads of the geospatial registry (空间地理库查询)."""

import hashlib
import json

from django.db.models import Count
from django.urls import reverse

from yiwang.kernel.api import code_get
from yiwang.resources.geospatial.data import CRS, AreaView, GeoJson, Text
from yiwang.resources.geospatial.models import Area, MetroLine, MetroStation
from yiwang.resources.geospatial.rules import line_text
from yiwang.sdk.errors import NotFound

AREA_ATTRIBUTION = "Vonng/adcode, CC BY 4.0"
METRO_ATTRIBUTION = "metromancn/MetroMapOpenMiniProgram, MIT"
COLUMNS = (
    "code", "name", "name_en", "level", "parent_code", "longitude", "latitude", "is_local",
)  # fmt: skip


def area_get(code: str) -> AreaView:
    """Return an area (区域) by its code of 6, 9 or 12 digits. Raises NotFound."""
    row = Area.objects.filter(code=code).first()
    if row is None:
        raise NotFound()
    below = Area.objects.filter(parent_code=code).count()
    values = {name: getattr(row, name) for name in COLUMNS}
    return AreaView(**values, has_polygon=row.polygon is not None, count=below)


def area_list(parent: str = "", *, level: int | None = None) -> list[AreaView]:
    """List areas (区域列表) below a parent, or all of a level, by code, with how many each has below.

    level: 2 city, 3 district and functional zone, 4 street or town, 5 community.
    """
    rows = Area.objects.order_by("code")
    if parent:
        rows = rows.filter(parent_code=parent)
    if level is not None:
        rows = rows.filter(level=level)
    found = list(rows.values(*COLUMNS, "polygon__type"))
    below = dict(
        Area.objects.filter(parent_code__in=[row["code"] for row in found])
        .values_list("parent_code")
        .annotate(total=Count("pk"))
    )
    return [
        AreaView(
            **{name: row[name] for name in COLUMNS},
            has_polygon=row["polygon__type"] is not None,
            count=below.get(row["code"], 0),
        )
        for row in found
    ]


def area_count(*, level: int) -> int:
    """Count the areas of a level (区域数)."""
    return Area.objects.filter(level=level).count()


def area_name(code: str) -> Text | None:
    """Return an area's name {zh, en} (区域名称) from here or the code table; None when unknown."""
    row = Area.objects.filter(code=code).values_list("name", "name_en").first()
    if row is None and (found := code_get("divisions", code)):
        row = found.name, found.name_en
    return {"zh": row[0], "en": row[1] or row[0]} if row else None


def area_geojson(level: int = 3) -> GeoJson:
    """Return the outlines of a level as GeoJSON (区域边界), 2 the city, 3 its districts.

    Areas without an outline are absent: the list beside the map has them.
    """
    rows = Area.objects.filter(level=level, polygon__isnull=False).order_by("code")
    counts = {area.code: area.count for area in area_list(level=level)}
    features = [
        {
            "type": "Feature",
            "id": int(row.code),
            "properties": {
                "code": row.code,
                "name": row.name,
                "name_en": row.name_en or row.name,
                "count": counts[row.code],
                "url": f"{reverse('resources_geospatial:index')}?area={row.code}",
            },
            "geometry": row.polygon,
        }
        for row in rows
    ]
    return _document(features, AREA_ATTRIBUTION)


def metro_geojson() -> GeoJson:
    """Return metro lines and stations as GeoJSON (轨道交通)."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "kind": "line",
                "name": line.name,
                "name_en": line_text(line.name)["en"],
                "colour": line.colour,
            },
            "geometry": {"type": "LineString", "coordinates": line.path},
        }
        for line in MetroLine.objects.order_by("order", "pk")
    ]
    stations = MetroStation.objects.order_by("number").prefetch_related("lines")
    for station in stations:
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "kind": "station",
                    "name": station.name,
                    "name_en": station.pinyin.capitalize(),
                    "lines": [line.name for line in station.lines.all()],
                },
                "geometry": {
                    "type": "Point",
                    "coordinates": [station.longitude, station.latitude],
                },
            }
        )
    return _document(features, METRO_ATTRIBUTION)


def metro_line_list() -> list[dict]:
    """List metro lines (轨道线路) with their number of stations."""
    lines = MetroLine.objects.order_by("order", "pk").annotate(station_count=Count("stations"))
    rows = lines.values("name", "colour", "station_count")
    return [row | {"title": line_text(row["name"])} for row in rows]


def metro_station_count() -> int:
    """Count metro stations (轨道站点数); one where lines meet counts once."""
    return MetroStation.objects.count()


def _document(features: list[dict], attribution: str) -> GeoJson:
    text = json.dumps(
        {
            "type": "FeatureCollection",
            "attribution": attribution,
            "crs_name": CRS,
            "features": features,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    return GeoJson(text, f'"{hashlib.sha256(text).hexdigest()[:32]}"')
