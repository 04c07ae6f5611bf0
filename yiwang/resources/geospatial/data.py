"""What the geospatial registry gives out (空间地理库)."""

from dataclasses import dataclass

Text = dict[str, str]
CRS = "EPSG:4490"  # CGCS2000, geographic


@dataclass(frozen=True, slots=True)
class AreaView:
    """An administrative division or functional zone (区域).

    level: 1 province … 2 city, 3 district, 4 street or town, 5 community. longitude, latitude: the
    centroid, None where no outline is known. count: the areas right below. is_local: a functional
    zone without a code of GB/T 2260.
    """

    code: str
    name: str
    name_en: str
    level: int
    parent_code: str
    longitude: float | None
    latitude: float | None
    has_polygon: bool
    is_local: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class GeoJson:
    """A document ready to be sent (GeoJSON, RFC 7946), with the tag by which a cache knows it."""

    body: bytes
    etag: str
