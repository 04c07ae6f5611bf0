"""Turning published boundary and metro files into the copies that are shipped (空间数据转换).

Run by a developer when a source is replaced, not by the product; see docs/data-sources.md.

    python -m yiwang.resources.geospatial.imports DATA_FOLDER
"""

import gzip
import json
import sys
import tarfile
from pathlib import Path

from yiwang.resources.geospatial.rules import (
    Point,
    gcj02_to_wgs84,
    line_simplify,
    ring_centroid,
    ring_simplify,
)

SHIPPED = Path(__file__).parent / "data"
DISTRICTS = (
    "320500", "320505", "320506", "320507", "320508", "320509", "320581", "320582", "320583",
    "320585",
)  # fmt: skip
TOLERANCE = 0.0002  # degrees, about 20 m: a city at street scale looks the same
DIGITS = 5  # about 1 m


def rounded(point: Point) -> list[float]:
    """Return a point as GeoJSON keeps it."""
    return [round(point[0], DIGITS), round(point[1], DIGITS)]


def area_feature(code: str, geometry: dict) -> dict:
    """Turn a bare GCJ-02 polygon of the source into a simplified feature in CGCS2000 (区划边界)."""
    if geometry["type"] != "Polygon":
        raise ValueError(f"{code}: only polygons are published by the source")
    rings = [
        [rounded(p) for p in ring_simplify([gcj02_to_wgs84(tuple(p)) for p in ring], TOLERANCE)]
        for ring in geometry["coordinates"]
    ]
    return {
        "type": "Feature",
        "properties": {"code": code, "centroid": rounded(ring_centroid(rings[0]))},
        "geometry": {"type": "Polygon", "coordinates": rings},
    }


def metro_feature(feature: dict) -> dict:
    """Turn a line or station of the source, presumed GCJ-02, into CGCS2000 (轨道线路与站点)."""
    geometry = feature["geometry"]
    if geometry["type"] == "Point":
        coordinates = rounded(gcj02_to_wgs84(tuple(geometry["coordinates"])))
    else:
        path = [gcj02_to_wgs84(tuple(p)) for p in geometry["coordinates"]]
        coordinates = [rounded(p) for p in line_simplify(path, 0.0)]
    return {
        "type": "Feature",
        "properties": feature["properties"],
        "geometry": {"type": geometry["type"], "coordinates": coordinates},
    }


def collection_write(name: str, features: list[dict], attribution: str) -> None:
    """Write a gzipped GeoJSON that is the same bytes whenever it is made."""
    document = {
        "type": "FeatureCollection",
        "attribution": attribution,
        "crs_name": "EPSG:4490",
        "features": features,
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    (SHIPPED / name).write_bytes(gzip.compress(text.encode(), mtime=0))


def shipped_write(folder: Path) -> None:
    """Write both shipped copies from the published files in `folder`."""
    [archive] = (folder / "boundaries").glob("*.tar.gz")
    with tarfile.open(archive) as fences:
        areas = [
            area_feature(code, json.load(fences.extractfile(f"fences/{code}.json")))
            for code in DISTRICTS
        ]
    collection_write("areas.geojson.gz", areas, "Vonng/adcode, CC BY 4.0")
    metro = json.loads((folder / "metro" / "suzhou_metro.geojson").read_bytes())
    lines = json.loads((folder / "metro" / "suzhou_metro.json").read_bytes())["lineList"]
    features = [metro_feature(feature) for feature in metro["features"]]
    for feature in features:
        if feature["properties"]["kind"] == "line":
            found = next(line for line in lines if line["name"] == feature["properties"]["name"])
            feature["properties"]["stations"] = found["stations"]
    collection_write("metro.geojson.gz", features, "metromancn/MetroMapOpenMiniProgram, MIT")


if __name__ == "__main__":
    shipped_write(Path(sys.argv[1]))
