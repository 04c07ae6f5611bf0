"""Invariants: comparing and going back, files there and back, lights and their filter, search."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.resources.catalogue import data
from yiwang.resources.catalogue.data import FieldSpec, QualityRule, ResourceFilter, ResourceSpec
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.queries import light_filter, resource_list
from yiwang.resources.catalogue.rules import (
    CYCLE_TIMES,
    change_apply,
    change_invert,
    code_parts,
    code_prefix,
    code_valid,
    freshness,
    spec_compare,
    spec_dump,
    spec_flatten,
    spec_load,
    spec_raise,
)
from yiwang.resources.catalogue.sheets import COLUMNS, Entry, file_read, file_write
from yiwang.resources.catalogue.tests.conftest import NOW, SPEC

WORDS = st.text(
    alphabet=st.sampled_from("民政局婚姻登记信息abcXYZ019 ,，。;；\"'=+-@|/\n\t《》()%é"),
    max_size=24,
).map(lambda text: " ".join(text.split(" ")).strip())
NAMES = st.text(alphabet="abcdefgh_民政", min_size=1, max_size=6)
TITLES = WORDS.filter(bool)


def code(table):
    return st.sampled_from(list(table))


FIELDS = st.builds(
    FieldSpec,
    name=NAMES,
    title=TITLES,
    title_en=WORDS,
    type=code(data.TYPES),
    length=st.integers(0, 9999),
    level=code(data.LEVELS),
    sharing=code(data.SHARINGS),
    reason=WORDS,
    is_open=st.booleans(),
    is_key=st.booleans(),
    code_table=WORDS,
    code_edition=WORDS,
)
TOKENS = st.lists(st.text(alphabet="0123456789/", min_size=1, max_size=8), max_size=3).map(tuple)
SPECS = st.builds(
    ResourceSpec,
    title=TITLES,
    summary=WORDS,
    title_en=WORDS,
    summary_en=WORDS,
    category=code(data.CATEGORIES),
    base=code(["", *data.BASES]),
    theme=code(data.THEMES),
    office=WORDS,
    system=WORDS,
    format=code(data.FORMATS),
    sharing=code(data.SHARINGS),
    sharing_condition=WORDS,
    sharing_mode=code(["", *data.MODES]),
    sharing_reason=WORDS,
    opening=code(data.OPENINGS),
    opening_condition=WORDS,
    opening_reason=WORDS,
    cycle=code(data.CYCLES),
    channel=code(data.CHANNELS),
    note=WORDS,
    matters=TOKENS,
    related=TOKENS,
    fields=st.lists(FIELDS, max_size=4, unique_by=lambda one: one.name).map(tuple),
    quality=st.lists(
        st.builds(QualityRule, key=NAMES, that=TITLES, message=WORDS),
        max_size=2,
        unique_by=lambda one: one.key,
    ).map(tuple),
).map(lambda spec: spec_load(spec_dump(spec)))


@given(SPECS, SPECS)
def test_a_comparison_leads_there_and_its_inverse_back(before, after):
    changes = spec_compare(before, after)
    assert change_apply(before, changes) == after
    assert change_apply(after, change_invert(changes)) == before
    assert set(change_invert(changes)) == set(spec_compare(after, before))
    assert spec_compare(before, before) == ()


@given(SPECS)
def test_a_specification_is_its_paths_and_its_json(spec):
    assert spec_raise(spec_flatten(spec)) == spec
    assert spec_load(spec_dump(spec)) == spec


@pytest.mark.parametrize("form", ["xlsx", "csv", "json"])
@settings(max_examples=40)
@given(specs=st.lists(SPECS, min_size=1, max_size=3))
def test_what_is_exported_is_imported_again_as_it_was(form, specs):
    entries = [
        Entry(0, f"30100832050{index}/1", "1" * 18, spec.title, spec, (), "PUBLISHED", "民政局")
        for index, spec in enumerate(specs)
    ]
    read = file_read(f"catalogue.{form}", file_write(form, entries))
    assert [(one.code, one.provider, one.spec) for one in read] == [
        (one.code, one.provider, one.spec) for one in entries
    ]


@given(
    cycle=code(data.CYCLES),
    delivered=st.none() | st.timedeltas(timedelta(0), timedelta(days=900)),
    published=st.timedeltas(timedelta(0), timedelta(days=900)),
)
def test_a_light_only_gets_worse_with_time(cycle, delivered, published):
    now = datetime(2026, 11, 21, tzinfo=UTC)
    at = None if delivered is None else now - delivered
    lights = [
        freshness(cycle, delivered_at=at, published_at=now - published, now=now + timedelta(days=d))
        for d in range(0, 700, 20)
    ]
    order = {"NONE": 0, "GREEN": 0, "YELLOW": 1, "RED": 2}
    assert [order[light] for light in lights] == sorted(order[light] for light in lights)
    assert (cycle in CYCLE_TIMES) or set(lights) == {"NONE"}


@pytest.mark.django_db
def test_the_filter_of_a_light_lets_through_what_has_it(city, published):
    moments = [None, 0.2, 0.99, 1.01, 1.49, 1.51, 30]
    for index, cycle in enumerate(data.CYCLES):
        published(title=f"资源{index}", cycle=cycle)
    rows = list(Resource.objects.select_related("current_version"))
    for age in moments:
        for row in rows:
            promised = CYCLE_TIMES.get(row.current_version.cycle, timedelta(days=1))
            row.last_delivered_at = None if age is None else NOW - promised * age
        Resource.objects.bulk_update(rows, ["last_delivered_at"])
        for later in (timedelta(0), timedelta(days=2), timedelta(days=600)):
            now = NOW + later
            found = resource_list(limit=50, now=now).rows
            for light in data.LIGHTS:
                ids = set(
                    Resource.objects.filter(
                        light_filter(light, now), current_version__isnull=False
                    ).values_list("pk", flat=True)
                )
                assert ids == {row.id for row in found if row.light == light}


@pytest.mark.django_db(transaction=False)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 9), width=st.integers(2, 5), field=st.integers(0, 3))
def test_every_part_of_two_characters_of_a_name_or_field_finds_it(published, start, width, field):
    title = "社会保险参保缴费基数信息"
    view = Resource.objects.filter(draft_title=title).first() or published(title=title)
    for text in (title, SPEC.fields[field].title):
        part = text[start : start + width]
        if len(part) >= 2:
            found = resource_list(ResourceFilter(q=part), limit=50)
            assert view.code in [row.code for row in found.rows]


@given(
    category=code(data.CATEGORIES),
    base=code(data.BASES),
    theme=code(data.THEMES),
    function=st.sampled_from(["civil_affairs", "data", "unheard_of"]),
    level=st.sampled_from(["CITY", "DISTRICT", "STREET"]),
    number=st.integers(1, 10**6),
)
def test_every_issued_code_is_valid_and_says_where_it_belongs(
    category, base, theme, function, level, number
):
    spec = replace(SPEC, category=category, base=base, theme=theme)
    issued = f"{code_prefix(spec, function, level=level, area_code='320508')}/{number:06d}"
    assert code_valid(issued)
    kind, _item, _department, area, _number = code_parts(issued)
    assert (kind, area) == (
        {"BASE": "1", "THEME": "2", "DEPARTMENT": "3"}[category],
        "320508",
    )


def test_the_columns_of_a_file_are_named_once():
    assert len(set(COLUMNS)) == len(COLUMNS)
