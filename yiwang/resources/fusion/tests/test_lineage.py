"""Lineage events: valid by the specification, whole on disk, and what a run leaves."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.resources.fusion.graph import graph_of, layout
from yiwang.resources.fusion.lineage import (
    LineageColumn,
    LineageDataset,
    LineageInput,
    LineageJob,
    fusion_inputs,
    fusion_output,
    lineage_append,
    lineage_event,
    lineage_read,
    published_output,
)
from yiwang.resources.fusion.permissions import field_levels
from yiwang.resources.fusion.plans import REGISTRY_PLANS
from yiwang.resources.fusion.tests.desk_city import LATER, NOW, desk_city
from yiwang.resources.fusion.tests.lineage_schema import RUN_EVENT

TRACE = UUID("0b6f2f3e-8a52-4a52-9d3e-5f6f6f1f0001")
VALIDATOR = jsonschema_rs.Draft202012Validator(RUN_EVENT, validate_formats=True)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
columns = st.lists(
    st.builds(LineageColumn, names, names, names, st.integers(1, 4)), max_size=4
).map(tuple)
datasets = st.lists(
    st.builds(
        LineageDataset,
        names,
        names,
        columns,
        st.none() | st.integers(0, 10**9),
        st.dictionaries(names, st.integers(0, 10**6), max_size=2),
        st.dictionaries(
            names, st.lists(st.builds(LineageInput, names, names, names), max_size=2), max_size=2
        ),
    ),
    max_size=3,
)
jobs = st.builds(
    LineageJob, names, st.sampled_from(["LANDING", "FUSION", "PUBLISHING"]), names, names
)


@given(
    state=st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER"]),
    job=jobs,
    trace=st.uuids(),
    at=st.datetimes(
        min_value=datetime(2000, 1, 1), timezones=st.just(timezone(timedelta(hours=8)))
    ),  # noqa: DTZ001
    inputs=datasets,
    outputs=datasets,
    engine=st.sampled_from(["", "DuckDB 2.0.1", "Spark"]),
    error=st.just("") | names,
)
def test_every_event_is_valid(state, job, trace, at, inputs, outputs, engine, error):
    event = lineage_event(
        state, job, trace=trace, at=at, inputs=inputs, outputs=outputs, engine=engine, error=error
    )
    VALIDATOR.validate(json.loads(json.dumps(event)))
    assert datetime.fromisoformat(event["eventTime"]).tzinfo == UTC


def test_a_time_is_written_in_utc_to_the_millisecond():
    event = lineage_event("START", LineageJob("a", "FUSION"), trace=TRACE, at=NOW)
    assert event["eventTime"] == "2026-11-21T02:00:00.000Z"


@pytest.mark.parametrize("registry", sorted(REGISTRY_PLANS))
def test_every_field_of_a_master_comes_from_the_classes_that_supply_it(registry):
    plan = REGISTRY_PLANS[registry]()
    feeds = {source.code: f"R/{source.number}" for source in plan.sources}
    output = fusion_output(plan, feeds, rows=7, levels=field_levels(registry))
    event = lineage_event(
        "COMPLETE",
        LineageJob("fuse", "FUSION"),
        trace=TRACE,
        at=NOW,
        inputs=fusion_inputs(plan, feeds, {"C01": 5}),
        outputs=[output],
    )
    VALIDATOR.validate(event)
    origins = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    for field in plan.fields:
        expected = {
            f"landing.R/{source.number}" for source in plan.sources if field.name in source.formats
        }
        assert {one["name"] for one in origins[field.name]["inputFields"]} == expected
    assert event["inputs"][0]["facets"]["dataQualityMetrics"]["rowCount"] == 5
    assert event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 7


def test_what_is_personal_is_marked_as_masked():
    plan = REGISTRY_PLANS["population"]()
    output = fusion_output(plan, {}, levels=field_levels("population"))
    event = lineage_event(
        "COMPLETE", LineageJob("f", "FUSION"), trace=TRACE, at=NOW, outputs=[output]
    )
    masked = event["outputs"][0]["facets"]["yiwang_masking"]["fields"]
    assert masked["identifier"] == {"level": 4, "masked": True}
    assert "sex" not in masked


def test_what_is_published_comes_column_by_column_from_the_master():
    plan = REGISTRY_PLANS["population"]()
    fused = fusion_output(plan, {"C01": "R/1"}, rows=3)
    event = lineage_event(
        "COMPLETE",
        LineageJob("registries.population", "PUBLISHING"),
        trace=TRACE,
        at=NOW,
        inputs=[fused],
        outputs=[published_output(fused, "population", rows=3)],
    )
    VALIDATOR.validate(event)
    [origin] = event["outputs"][0]["facets"]["columnLineage"]["fields"]["name"]["inputFields"]
    assert (origin["name"], origin["field"], origin["transformations"][0]["subtype"]) == (
        "fusion.population", "name", "IDENTITY")  # fmt: skip


def test_a_line_that_was_cut_off_costs_no_other_event(tmp_path):
    event = lineage_event("START", LineageJob("a", "FUSION"), trace=TRACE, at=NOW)
    path = lineage_append(tmp_path, [event], at=NOW)
    with path.open("a") as file:
        file.write('{"eventType": "COMP')
    lineage_append(tmp_path, [event | {"eventType": "FAIL"}], at=NOW)
    assert [one["eventType"] for one in lineage_read(tmp_path)] == ["FAIL", "START"]


def test_months_stand_in_files_of_their_own_and_are_read_newest_first(tmp_path):
    for days, state in ((0, "START"), (20, "COMPLETE")):
        at = NOW + timedelta(days=days)
        lineage_append(
            tmp_path, [lineage_event(state, LineageJob("a", "FUSION"), trace=TRACE, at=at)], at=at
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11.ndjson", "2026-12.ndjson"]
    assert [one["eventType"] for one in lineage_read(tmp_path)] == ["COMPLETE", "START"]
    assert len(list(lineage_read(tmp_path, limit=1))) == 1


def test_a_run_leaves_its_beginning_and_its_end_with_the_sql_and_no_value(
    seeds, settings, tmp_path
):
    settings.DATA_DIR = tmp_path / "data"
    city = desk_city(tmp_path)
    view = city.run()
    ended, begun = lineage_read(settings.DATA_DIR / "lineage")
    for event in (begun, ended):
        VALIDATOR.validate(event)
        assert event["run"]["runId"] == view.trace
    assert (begun["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert [one["name"] for one in ended["inputs"]] == [
        f"landing.{city.permits}", f"landing.{city.living}"]  # fmt: skip
    assert [one["facets"]["dataQualityMetrics"]["rowCount"] for one in ended["inputs"]] == [2, 1]
    assert "select" in ended["job"]["facets"]["sql"]["query"]
    text = json.dumps([begun, ended], ensure_ascii=False)
    assert "王小明" not in text
    assert "320508198001" not in text


def test_a_run_that_fails_says_fail_with_its_code(seeds, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    city = desk_city(tmp_path)
    (tmp_path / "broken.parquet").write_bytes(b"no")
    city.landed[city.permits] = [tmp_path / "broken.parquet"]
    with pytest.raises(Exception):  # noqa: B017, PT011 - DuckDB's own
        city.run(now=LATER)
    event = next(lineage_read(settings.DATA_DIR / "lineage"))
    VALIDATOR.validate(event)
    assert event["eventType"] == "FAIL"
    assert event["run"]["facets"]["errorMessage"]["message"]


def test_a_circle_of_data_sets_is_drawn_all_the_same():
    graph = graph_of(
        lineage_event(
            "COMPLETE", LineageJob(job, "FUSION"), trace=uuid4(), at=NOW,
            inputs=[LineageDataset(one)], outputs=[LineageDataset(other)],
        )
        for job, one, other in (("j", "a", "b"), ("k", "b", "a"))
    )  # fmt: skip
    drawing = layout(graph)
    assert {box.name for box in drawing.boxes} == {"a", "b", "j", "k"}
    assert len(drawing.lines) == 4


def test_many_alike_are_drawn_as_one_box():
    fusion = [LineageDataset(f"landing.{place}") for place in range(32)]
    events = [
        lineage_event(
            "COMPLETE", LineageJob("fuse", "FUSION"), trace=TRACE, at=NOW,
            inputs=fusion, outputs=[LineageDataset("fused")],
        ),
        *(
            lineage_event(
                "COMPLETE", LineageJob(f"land.{place}", "LANDING"), trace=TRACE, at=NOW,
                inputs=[LineageDataset(f"files.{place}")],
                outputs=[LineageDataset(f"landing.{place}")],
            )
            for place in range(32)
        ),
    ]  # fmt: skip
    boxes = layout(graph_of(events)).boxes
    assert [(box.kind, box.count) for box in boxes] == [
        ("DATASET", 32), ("JOB", 32), ("DATASET", 32), ("JOB", 1), ("DATASET", 1)]  # fmt: skip


def test_a_landed_batch_leaves_its_events_when_landing_says_that_it_ended(
    seeds, settings, tmp_path
):
    from django.utils import timezone

    from yiwang.kernel.api import context_system, context_use, event_relay
    from yiwang.resources.landing.actions import batch_receive

    settings.DATA_DIR = tmp_path / "data"
    city = desk_city(tmp_path)
    path = tmp_path / "permits.csv"
    path.write_text(
        "公民身份号码,姓名,性别,出生日期,住址,联系电话\n"
        "320508198001010016,王小明,1,1980-01-01,平江街道1号,16412345678\n"
    )
    with context_use(context_system("test")):
        batch = batch_receive(
            city.permits, path, name="permits.csv", now=NOW, mode="FULL", source="FOLDER", run="NOW"
        )
        event_relay(now=timezone.now())
    found = [
        one
        for one in lineage_read(settings.DATA_DIR / "lineage")
        if one["job"]["name"] == f"landing.{city.permits}"
    ]
    assert batch.state == "LANDED"
    assert [one["eventType"] for one in found] == ["COMPLETE", "START"]
    for event in found:
        VALIDATOR.validate(event)
    assert found[0]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 1
    assert "王小明" not in json.dumps(found, ensure_ascii=False)


def test_a_published_master_leaves_its_events(seeds, settings, tmp_path):
    from django.db import transaction
    from django.utils import timezone

    from yiwang.kernel.api import context_system, context_use, event_publish, event_relay

    settings.DATA_DIR = tmp_path / "data"
    city = desk_city(tmp_path)
    city.run()
    with context_use(context_system("test")):
        with transaction.atomic():
            event_publish("registries.published", {"registry": "population", "number": 1}, key="p")
        event_relay(now=timezone.now())
    ended, begun = list(lineage_read(settings.DATA_DIR / "lineage"))[:2]
    for event in (begun, ended):
        VALIDATOR.validate(event)
    assert (ended["eventType"], ended["job"]["name"]) == ("COMPLETE", "publish.population")
    assert [one["name"] for one in ended["outputs"]] == ["registries.population"]
    assert ended["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 3
