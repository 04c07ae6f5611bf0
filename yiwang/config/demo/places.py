"""The places that made people and enterprises live in (演示地址), from the code table of divisions."""

import re
from dataclasses import dataclass

from yiwang.kernel.api import code_list

# Suffixes of the bodies that run a community; an address has the community's name without them.
BODY = re.compile(r"(居民委员会|村民委员会|社区居委会|村委会|居委会|社区委员会|委员会)$")
WEIGHTS = {
    "320505": 83, "320506": 139, "320507": 89, "320508": 92, "320509": 154, "320576": 114,
    "320581": 168, "320582": 143, "320583": 209, "320585": 83,
}  # fmt: skip  # residents in 10,000, rounded, of the census of 2020


@dataclass(frozen=True, slots=True)
class Place:
    """A community (社区) with the street and district around it."""

    code: str
    name: str
    street: str
    district_code: str
    district: str

    @property
    def address(self) -> str:
        """Return the address down to the community."""
        return f"苏州市{self.district}{self.street}{self.name}"


def community_text(name: str) -> str:
    """Return a community's name as addresses have it (社区名称).

    >>> community_text("路南社区居委会"), community_text("三香居委会"), community_text("山湖村委会")
    ('路南社区', '三香社区', '山湖村')
    """
    body = BODY.sub("", name)
    if body == name or body.endswith(("社区", "村")):
        return body or name
    return body + ("村" if name.endswith(("村委会", "村民委员会")) else "社区")


def places_list(city_code: str) -> list[Place]:
    """List the communities of the city by code."""
    places = []
    for district in code_list("divisions", parent=city_code):
        for street in code_list("divisions", parent=district.code):
            places += [
                Place(
                    community.code,
                    community_text(community.name),
                    street.name,
                    district.code,
                    district.name,
                )
                for community in code_list("divisions", parent=street.code)
            ]
    return places
