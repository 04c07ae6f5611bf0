"""The made catalogue: about 300 resources, nine of ten published, every light; once."""

from collections import Counter
from random import Random

import pytest

from yiwang.identity.api import departments_load
from yiwang.kernel.api import code_list
from yiwang.resources.catalogue.actions.resources import spec_problems
from yiwang.resources.catalogue.demo import catalogue_demo_load
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import (
    resource_count_by,
    resource_light_count,
    resource_list,
    view_of,
)
from yiwang.resources.catalogue.rules import FUNCTIONS, code_valid
from yiwang.resources.catalogue.tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def government(seeds, system):
    """48 bureaus of the city, nine trades in each of its ten districts."""
    trades = ("civil_affairs education housing health urban_management market_supervision "
              "agriculture emergency tax").split()  # fmt: skip
    seats = [("CITY", "320500", one) for one in FUNCTIONS if one != "street_office"]
    seats += [
        ("DISTRICT", row.code, one)
        for row in code_list("divisions", parent="320500")
        for one in trades
    ]
    departments_load(
        [
            {
                "uscc": f"{number:018d}",
                "name": f"{area}{function}",
                "function": function,
                "level": level,
                "area_code": area,
            }
            for number, (level, area, function) in enumerate(seats)
        ],
        now=NOW,
    )


@pytest.mark.heavy
def test_the_made_catalogue_is_complete_valid_and_loaded_once(government):
    count = catalogue_demo_load(NOW)
    assert 280 <= count <= 340
    assert catalogue_demo_load(NOW) == count
    rows = list(Resource.objects.select_related("current_version"))
    views = [view_of(row) for row in rows]
    assert len(rows) == count
    assert all(code_valid(view.code) and view.is_made for view in views)
    problems = [(view.code, problem) for view in views for problem in spec_problems(view.draft)]
    assert problems == []
    states = Counter(row.state for row in rows)
    assert 0.85 <= states["PUBLISHED"] / count <= 0.95
    assert {"DRAFT", "SUBMITTED", "REJECTED"} <= set(states)
    lights = resource_light_count(now=NOW)
    assert min(lights.values()) >= 5, lights
    assert set(resource_count_by("level")) == {"CITY", "DISTRICT"}
    assert len(resource_count_by("department")) >= 47
    assert set(resource_count_by("category")) == {"BASE", "THEME", "DEPARTMENT"}


def test_every_made_resource_is_found_by_two_characters_of_its_name(government):
    from yiwang.resources.catalogue.data import ResourceFilter

    catalogue_demo_load(NOW)
    titles = list(
        Resource.objects.filter(state="PUBLISHED")
        .values_list("draft_title", "code")
        .order_by("code")
    )
    for title, code in Random(1).sample(titles, 40):
        found = resource_list(ResourceFilter(q=title[:2]), limit=400)
        assert code in [row.code for row in found.rows]
