import json
from datetime import UTC, datetime

import pytest

from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.geospatial.actions import geodata_load
from yiwang.resources.geospatial.imports import area_feature
from yiwang.resources.geospatial.models import Area, MetroStation
from yiwang.resources.geospatial.queries import (
    area_count,
    area_geojson,
    area_get,
    area_list,
    area_name,
    metro_geojson,
    metro_line_list,
)
from yiwang.resources.geospatial.rules import ring_contains, wgs84_to_gcj02
from yiwang.sdk.errors import NotFound

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture
def geodata(db, _database):
    return _database.given["geodata"]


def test_the_city_has_its_areas_and_metro_and_loading_again_changes_nothing(geodata):
    assert geodata == {"areas": 2377, "metro_lines": 8, "metro_stations": 235}
    assert [area_count(level=n) for n in (2, 3, 4, 5)] == [1, 10, 118, 2248]
    with context_use(context_system("test")):
        assert geodata_load(NOW) == geodata
    assert Area.objects.count() == 2377
    assert len(audit_list(subject="geospatial")) == 2


def test_every_district_has_an_outline_round_its_centroid_but_the_functional_zone(geodata):
    districts = area_list("320500")
    assert [d.code for d in districts if not d.has_polygon] == ["320576"]
    zone = area_get("320576")
    assert (zone.name, zone.is_local, zone.count) == ("苏州工业园区", True, 5)
    city = Area.objects.get(code="320500").polygon["coordinates"][0]
    for district in districts:
        if district.has_polygon:
            ring = Area.objects.get(code=district.code).polygon["coordinates"][0]
            assert ring[0] == ring[-1]
            assert ring_contains(city, (district.longitude, district.latitude))


def test_metro_stations_stand_in_the_city_or_next_to_it(geodata):
    ring = Area.objects.get(code="320500").polygon["coordinates"][0]
    inside = [ring_contains(ring, (s.longitude, s.latitude)) for s in MetroStation.objects.all()]
    assert sum(inside) >= 233  # line 11 ends at the border of the city
    assert metro_line_list()[0] == {
        "name": "1号线",
        "title": {"zh": "1号线", "en": "Line 1"},
        "colour": "#68BF3E",
        "station_count": 24,
    }
    transfer = MetroStation.objects.get(name="乐桥")
    assert sorted(line.name for line in transfer.lines.all()) == ["1号线", "4号线"]


def test_documents_are_geojson_with_attribution(geodata):
    areas = json.loads(area_geojson(3).body)
    assert (areas["type"], len(areas["features"])) == ("FeatureCollection", 9)
    assert areas["attribution"] == "Vonng/adcode, CC BY 4.0"
    gusu = next(f for f in areas["features"] if f["properties"]["code"] == "320508")
    assert gusu["properties"]["count"] == 8
    metro = json.loads(metro_geojson().body)
    assert len(metro["features"]) == 243


def test_an_area_is_named_and_an_unknown_one_is_not_found(geodata):
    assert area_name("320508")["zh"] == "姑苏区"
    assert area_name("999999") is None
    with pytest.raises(NotFound):
        area_get("999999")


def test_the_map_page_lists_what_the_map_draws(geodata, client):
    page = client.get("/resources/geospatial/").content.decode()
    for text in ("姑苏区", "苏州工业园区", "1号线", "CC BY 4.0"):
        assert text in page
    streets = client.get("/resources/geospatial/?area=320508").content.decode()
    assert "平江街道" in streets
    communities = client.get("/resources/geospatial/?area=320508018").content.decode()
    assert "社区居委会" in communities
    assert client.get("/resources/geospatial/?area=999999").status_code == 404


def test_a_known_document_is_not_sent_twice(geodata, client):
    first = client.get("/resources/geospatial/areas.geojson?level=3")
    assert first["Content-Type"] == "application/geo+json"
    assert first["Cache-Control"] == "public, max-age=3600"
    again = client.get(
        "/resources/geospatial/areas.geojson?level=3", headers={"If-None-Match": first["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/resources/geospatial/metro.geojson").status_code == 200
    city = json.loads(client.get("/resources/geospatial/areas.geojson?level=2").content)
    assert [f["properties"]["code"] for f in city["features"]] == ["320500"]


def test_before_anything_is_loaded_the_page_says_so(db, client):
    assert client.get("/resources/geospatial/").status_code == 200


def test_a_published_outline_becomes_a_simplified_feature_in_cgcs2000():
    corners = [(120.6, 31.3), (120.65, 31.3), (120.7, 31.3), (120.7, 31.4), (120.6, 31.4)]
    shifted = [list(wgs84_to_gcj02(point)) for point in [*corners, corners[0]]]
    feature = area_feature("320508", {"type": "Polygon", "coordinates": [shifted]})
    assert feature["geometry"]["coordinates"] == [
        [[120.6, 31.3], [120.7, 31.3], [120.7, 31.4], [120.6, 31.4], [120.6, 31.3]]
    ]
    assert feature["properties"] == {"code": "320508", "centroid": [120.65, 31.35]}
