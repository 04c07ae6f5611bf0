"""Pure geometry (空间计算): coordinate systems of the mainland, simplification, centroids.

Points are (longitude, latitude) in degrees. WGS-84 and CGCS2000 are the same here: they differ by
centimetres. GCJ-02 is the shifted system that public maps must use; BD-09 is one vendor's shift of
it. Which system a data set is in is known from the data set, never guessed from the numbers.
"""

import re
from collections.abc import Callable, Sequence
from math import atan2, cos, hypot, pi, sin, sqrt

Point = tuple[float, float]
AXIS = 6378245.0
ECCENTRICITY = 0.00669342162296594323
BD_ANGLE = pi * 3000 / 180
# The first shift is 0.3-0.9 m off when undone in one step; four steps leave less than 1e-9 degree.
INVERSE_STEPS = 6


def wgs84_to_gcj02(point: Point) -> Point:
    """Shift WGS-84 to GCJ-02 (国测局坐标)."""
    longitude, latitude = point
    x, y = longitude - 105.0, latitude - 35.0
    root = sqrt(abs(x))
    waves = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
        + (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
        + (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    )  # fmt: skip
    east = (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
        + (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
        + (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    )  # fmt: skip
    radians = latitude / 180 * pi
    curvature = 1 - ECCENTRICITY * sin(radians) ** 2
    north = north * 180 / (AXIS * (1 - ECCENTRICITY) / (curvature * sqrt(curvature)) * pi)
    east = east * 180 / (AXIS / sqrt(curvature) * cos(radians) * pi)
    return longitude + east, latitude + north


def gcj02_to_wgs84(point: Point) -> Point:
    """Undo the shift of GCJ-02 by fixed-point steps, to better than 1e-6 degree (纠偏)."""
    return _inverse(wgs84_to_gcj02, point)


def gcj02_to_bd09(point: Point) -> Point:
    """Shift GCJ-02 to BD-09 (百度坐标)."""
    x, y = point
    distance = hypot(x, y) + 0.00002 * sin(y * BD_ANGLE)
    angle = atan2(y, x) + 0.000003 * cos(x * BD_ANGLE)
    return distance * cos(angle) + 0.0065, distance * sin(angle) + 0.006


def bd09_to_gcj02(point: Point) -> Point:
    """Undo the shift of BD-09."""
    return _inverse(gcj02_to_bd09, point)


def _inverse(shift: Callable[[Point], Point], point: Point) -> Point:
    longitude, latitude = point
    for _ in range(INVERSE_STEPS):
        shifted = shift((longitude, latitude))
        longitude += point[0] - shifted[0]
        latitude += point[1] - shifted[1]
    return longitude, latitude


def line_simplify(points: Sequence[Point], tolerance: float) -> list[Point]:
    """Drop points nearer than `tolerance` degrees to the line that is kept (Douglas-Peucker, 抽稀).

    The first and last point stay. Longitudes are shrunk by the cosine of the latitude first.
    """
    if len(points) < 3:
        return list(points)
    shrink = cos(points[0][1] * pi / 180)
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        farthest, index = tolerance, 0
        for place in range(first + 1, last):
            away = _distance(points[place], points[first], points[last], shrink)
            if away > farthest:
                farthest, index = away, place
        if index:
            keep.add(index)
            stack += [(first, index), (index, last)]
    return [points[place] for place in sorted(keep)]


def _distance(point: Point, start: Point, end: Point, shrink: float) -> float:
    px, py = (point[0] - start[0]) * shrink, point[1] - start[1]
    ex, ey = (end[0] - start[0]) * shrink, end[1] - start[1]
    length = ex * ex + ey * ey
    along = max(0.0, min(1.0, (px * ex + py * ey) / length)) if length else 0.0
    return hypot(px - along * ex, py - along * ey)


def ring_simplify(ring: Sequence[Point], tolerance: float) -> list[Point]:
    """Simplify a closed ring (闭合环) from two far points, so that it never collapses to a line."""
    body = list(ring[:-1]) if ring[0] == ring[-1] else list(ring)
    far = max(
        range(len(body)), key=lambda i: hypot(body[i][0] - body[0][0], body[i][1] - body[0][1])
    )
    there = line_simplify(body[: far + 1], tolerance)
    back = line_simplify([*body[far:], body[0]], tolerance)
    return [*there, *back[1:]]


def ring_centroid(ring: Sequence[Point]) -> Point:
    """Return the centroid of a closed ring by its area (形心)."""
    origin_x, origin_y = ring[0]
    area = sum_x = sum_y = 0.0
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        ax, ay, bx, by = x0 - origin_x, y0 - origin_y, x1 - origin_x, y1 - origin_y
        cross = ax * by - bx * ay
        area += cross
        sum_x += (ax + bx) * cross
        sum_y += (ay + by) * cross
    if not area:
        return ring[0]
    return origin_x + sum_x / (3 * area), origin_y + sum_y / (3 * area)


def ring_contains(ring: Sequence[Point], point: Point) -> bool:
    """Tell whether a point lies in a closed ring (点在面内), by crossings of a ray to the east."""
    x, y = point
    inside = False
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            inside = not inside
    return inside


def line_text(name: str) -> dict[str, str]:
    """Return a metro line's name in both languages (线路名称).

    >>> line_text("3号线/11号线")["en"]
    'Line 3/Line 11'
    """
    return {"zh": name, "en": re.sub(r"(\d+)号线", r"Line \1", name)}
