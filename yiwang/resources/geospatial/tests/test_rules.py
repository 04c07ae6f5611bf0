import doctest
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.resources.geospatial import rules
from yiwang.resources.geospatial.rules import (
    bd09_to_gcj02,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    line_simplify,
    ring_centroid,
    ring_contains,
    ring_simplify,
    wgs84_to_gcj02,
)

# Computed with coordTransform: WGS-84, GCJ-02, BD-09.
VECTORS = [
    ((116.391, 39.907), (116.397241, 39.908401), (116.403614, 39.914744)),
    ((120.5853, 31.2990), (120.589477, 31.296815), (120.595879, 31.303119)),
    ((105.9270, 29.3563), (105.930489, 29.353310), (105.936974, 29.359315)),
    ((113.6254, 34.7466), (113.631447, 34.745417), (113.637847, 34.751723)),
]
POINTS = st.tuples(st.floats(73.7, 135), st.floats(18, 53.5))
PATHS = st.lists(
    st.tuples(st.floats(120, 121), st.floats(31, 32)), min_size=2, max_size=40, unique=True
)


@pytest.mark.parametrize(("wgs84", "gcj02", "bd09"), VECTORS)
def test_a_known_place_is_shifted_as_the_vectors_say(wgs84, gcj02, bd09):
    assert wgs84_to_gcj02(wgs84) == pytest.approx(gcj02, abs=1e-6)
    assert gcj02_to_bd09(wgs84_to_gcj02(wgs84)) == pytest.approx(bd09, abs=1e-6)
    assert gcj02_to_wgs84(wgs84_to_gcj02(wgs84)) == pytest.approx(wgs84, abs=1e-9)


@given(POINTS)
def test_undoing_the_shift_is_exact_anywhere_in_the_country(point):
    for there, back in ((wgs84_to_gcj02, gcj02_to_wgs84), (gcj02_to_bd09, bd09_to_gcj02)):
        assert back(there(point)) == pytest.approx(point, abs=1e-6)


@given(PATHS, st.floats(0.0001, 0.1))
def test_simplifying_keeps_the_ends_the_order_and_the_tolerance(path, tolerance):
    kept = line_simplify(path, tolerance)
    assert (kept[0], kept[-1]) == (path[0], path[-1])
    places = [path.index(point) for point in kept]
    assert places == sorted(places)
    for first, last in zip(places, places[1:], strict=False):
        for point in path[first + 1 : last]:
            away = rules._distance(
                point, path[first], path[last], rules.cos(path[0][1] * rules.pi / 180)
            )
            assert away <= tolerance


def test_a_square_keeps_its_corners_and_its_middle():
    square = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    kept = ring_simplify(square, 0.01)
    assert kept == [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    assert ring_centroid(kept) == pytest.approx((0.5, 0.5))
    assert ring_contains(kept, (0.5, 0.5))
    assert not ring_contains(kept, (1.5, 0.5))


def test_a_ring_of_three_points_is_left_alone():
    triangle = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]
    assert ring_simplify(triangle, 0.01) == triangle
    assert hypot(*ring_centroid(triangle)) == pytest.approx(2**0.5 / 3)


def test_the_examples_run():
    assert doctest.testmod(rules).failed == 0
