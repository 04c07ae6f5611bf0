"""Writes of the geospatial registry (空间地理库)."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from yiwang.kernel.api import CodeView, action, audit_record, code_get, code_list
from yiwang.resources.geospatial.models import Area, MetroLine, MetroStation

SHIPPED = Path(__file__).parent / "data"
CITY_LEVEL, COMMUNITY_LEVEL = 2, 5


@action("resources.geospatial.geodata_load")
def geodata_load(now: datetime) -> dict[str, int]:
    """Load areas and metro of the city (装载空间数据): what exists from the code table `divisions`,

    where it is from the shipped outlines. Areas that the outlines lack, such as a functional zone,
    are loaded without. Running it again replaces what is there. Returns counts.
    """
    outlines = {feature["properties"]["code"]: feature for feature in _features("areas.geojson.gz")}
    Area.objects.all().delete()
    areas = [
        _area(code, level, outlines.get(code.code))
        for level, code in _divisions(settings.CITY["area_code"])
    ]
    Area.objects.bulk_create(areas, batch_size=1000)
    counts = {"areas": len(areas), **_metro_load()}
    audit_record("geospatial", detail={**counts, "at": now.isoformat()})
    return counts


def _divisions(root: str) -> Iterator[tuple[int, CodeView]]:
    """Yield (level, division) of the city and all below it, level by level."""
    found = code_get("divisions", root)
    below = [found] if found else []
    for level in range(CITY_LEVEL, COMMUNITY_LEVEL + 1):
        yield from ((level, code) for code in below)
        if level < COMMUNITY_LEVEL:
            below = [child for code in below for child in code_list("divisions", parent=code.code)]


def _area(code: CodeView, level: int, outline: dict | None) -> Area:
    longitude, latitude = outline["properties"]["centroid"] if outline else (None, None)
    return Area(
        code=code.code,
        level=level,
        name=code.name,
        name_en=code.name_en or "",
        parent_code=code.parent_code or "",
        longitude=longitude,
        latitude=latitude,
        polygon=outline["geometry"] if outline else None,
        is_local=code.is_local,
    )


def _metro_load() -> dict[str, int]:
    features = _features("metro.geojson.gz")
    MetroStation.objects.all().delete()
    MetroLine.objects.all().delete()
    stations = MetroStation.objects.bulk_create(
        MetroStation(
            number=feature["properties"]["id"],
            name=feature["properties"]["name"],
            pinyin=feature["properties"]["pinyin"],
            longitude=feature["geometry"]["coordinates"][0],
            latitude=feature["geometry"]["coordinates"][1],
        )
        for feature in features
        if feature["properties"]["kind"] == "station"
    )
    by_number = {station.number: station for station in stations}
    lines = [feature for feature in features if feature["properties"]["kind"] == "line"]
    for order, feature in enumerate(lines):
        line = MetroLine.objects.create(
            name=feature["properties"]["name"],
            colour=feature["properties"]["color"],
            path=feature["geometry"]["coordinates"],
            order=order,
        )
        line.stations.set(by_number[number] for number in feature["properties"]["stations"])
    return {"metro_lines": len(lines), "metro_stations": len(stations)}


def _features(name: str) -> list[dict]:
    return json.loads(gzip.decompress((SHIPPED / name).read_bytes()))["features"]
