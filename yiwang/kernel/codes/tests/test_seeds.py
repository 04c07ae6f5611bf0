"""The shipped tables: complete, with the right parents, loaded once."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.codes.actions import codes_seed_load
from yiwang.kernel.codes.models import Code, CodeEdition
from yiwang.kernel.codes.queries import code_get, code_list, code_table_list, edition_get

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ON = date(2026, 11, 21)


@pytest.fixture(scope="module", autouse=True)
def _seeds(django_db_setup, django_db_blocker):
    """Load once for the file; the tests' own transactions nest in this one, which is undone."""
    with django_db_blocker.unblock(), transaction.atomic(), context_use(context_system("test")):
        codes_seed_load(now=NOW)
        yield
        transaction.set_rollback(True)


def _below(codes: list[str]) -> list[str]:
    return list(
        Code.objects.filter(edition__table__key="divisions", parent_code__in=codes)
        .order_by("code")
        .values_list("code", flat=True)
    )


def test_suzhou_has_10_areas_118_streets_and_2248_communities():
    areas = _below(["320500"])
    assert areas == [
        "320505",
        "320506",
        "320507",
        "320508",
        "320509",
        "320576",
        "320581",
        "320582",
        "320583",
        "320585",
    ]
    streets = _below(areas)
    communities = _below(streets)
    assert (len(streets), len(communities)) == (118, 2248)
    assert all(code[:6] in areas and len(code) == 9 for code in streets)
    assert all(code[:9] in streets and len(code) == 12 for code in communities)


def test_the_whole_country_is_there_down_to_counties():
    divisions = code_list("divisions", as_of=ON)
    assert len(divisions) == 5717
    by_level = {level: sum(d.level == level for d in divisions) for level in range(1, 6)}
    assert by_level == {1: 34, 2: 342, 3: 2975, 4: 118, 5: 2248}
    levels = {d.code: d.level for d in divisions}
    assert all(levels[d.parent_code] == d.level - 1 for d in divisions if d.parent_code)


def test_the_industrial_park_is_a_local_area_of_its_own():
    park = code_get("divisions", "320576", ON)
    assert (park.name, park.name_en, park.parent_code) == (
        "苏州工业园区",
        "Suzhou Industrial Park",
        "320500",
    )
    assert park.is_local
    assert park.attributes == {"kind": "functional_zone", "platform_code": "320590"}
    assert [d.code for d in code_list("divisions", as_of=ON) if d.is_local] == ["320576"]
    assert len(code_list("divisions", parent="320576", as_of=ON)) == 5


def test_everything_from_the_city_to_the_streets_has_an_english_name():
    names = [
        d.name_en
        for d in code_list("divisions", as_of=ON)
        if d.code.startswith("3205") and d.level < 5
    ]
    assert len(names) == 129
    assert all(names)
    assert code_get("divisions", "320505400", ON).name_en == "Xushuguan Development Zone (Town)"


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("item_types", 12),
        ("exercise_levels", 7),
        ("body_kinds", 4),
        ("service_objects", 6),
        ("handling_forms", 5),
        ("project_types", 3),
        ("special_procedures", 2),
        ("satisfaction", 5),
        ("themes", 24),
        ("ethnicities", 58),
        ("pause_grounds", 15),
        ("correction_grounds", 8),
        ("person_documents", 10),
        ("sexes", 4),
        ("marital_status", 8),
        ("result_types", 4),
        ("decision_results", 5),
        ("power_sources", 6),
        ("handling_scopes", 6),
    ],
)
def test_every_table_is_complete_in_both_languages(table, codes):
    views = code_list(table, as_of=ON)
    assert len(views) == codes
    assert all(view.name and view.name_en for view in views)
    assert edition_get(table, ON).source


def test_satisfaction_is_stored_by_meaning_because_platforms_number_it_in_opposite_directions():
    views = {view.code: view.attributes for view in code_list("satisfaction", as_of=ON)}
    assert views["VERY_SATISFIED"] == {"gbt_39046": "1", "stars": "5", "is_bad": "no"}
    assert views["VERY_DISSATISFIED"] == {"gbt_39046": "5", "stars": "1", "is_bad": "yes"}


def test_tables_from_memory_say_so():
    editions = {table.key: table.editions[-1].edition for table in code_table_list()}
    assert {key for key, name in editions.items() if name.endswith("(memory)")} == {
        "person_documents",
        "sexes",
        "marital_status",
        "ethnicities",
        "legal_clocks",
    }


def test_loading_the_seeds_again_changes_nothing():
    before = (CodeEdition.objects.count(), Code.objects.count())
    with context_use(context_system("test")):
        assert not any(result.is_new for result in codes_seed_load(now=NOW))
    assert (CodeEdition.objects.count(), Code.objects.count()) == before
