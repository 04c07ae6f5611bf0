"""What of the city is found besides matters (检索条目): departments and places."""

from django.urls import reverse

from yiwang.engines.api import SearchEntry
from yiwang.identity.api import department_list
from yiwang.resources.api import area_list

STREET, COMMUNITY = 4, 5
DEPARTMENT_WEIGHTS = {"CITY": 30, "DISTRICT": 20, "STREET": 10}


def entries_make() -> list[SearchEntry]:
    """List departments with address and telephone, and all areas; a community opens its street."""
    entries = [
        SearchEntry(
            kind="department",
            ref=str(row.id),
            title=row.name,
            title_en=row.name_en,
            body=f"{row.address} {row.phone} {row.office_hours}",
            keywords=(row.short_name,),
            url=reverse("identity_organisations:detail", args=[row.id]),
            weight=DEPARTMENT_WEIGHTS[row.level],
        )
        for row in department_list()
    ]
    index = reverse("resources_geospatial:index")
    for level in range(2, COMMUNITY + 1):
        entries += [
            SearchEntry(
                kind="place",
                ref=area.code,
                title=area.name,
                title_en=area.name_en,
                url=f"{index}?area={area.parent_code if level == COMMUNITY else area.code}",
                weight=STREET - level,
            )
            for area in area_list(level=level)
        ]
    return entries
