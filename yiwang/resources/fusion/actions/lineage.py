"""Writing lineage events (写血缘事件) into the installation's folder. They are records of runs, not acts:
the run itself is what is audited."""

import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from yiwang.kernel.api import EventView
from yiwang.resources.fusion.data import FusionPlan, FusionResult
from yiwang.resources.fusion.lineage import (
    LineageColumn,
    LineageDataset,
    LineageInput,
    LineageJob,
    fusion_inputs,
    fusion_output,
    landed_name,
    lineage_append,
    lineage_event,
    published_output,
)
from yiwang.resources.fusion.permissions import field_levels
from yiwang.resources.fusion.queries.runs import run_latest
from yiwang.resources.fusion.queries.sources import (
    feeds,
    lineage_folder,
    plan_get,
    resource_of,
)

logger = logging.getLogger(__name__)


def lineage_emit(*events: Mapping, at: datetime) -> None:
    """Keep lineage events (登记血缘事件), built by `lineage.lineage_event`, in the folder of this month.

    A full disk must not undo the run that they tell of: what cannot be written is logged.
    """
    try:
        lineage_append(lineage_folder(), events, at=at)
    except OSError:
        logger.exception("lineage events of %s lost", [one["run"]["runId"] for one in events])


def fusion_started(trace: UUID, plan: FusionPlan, *, at: datetime) -> None:
    """Say that a fusion began (融合开始)."""
    inputs = fusion_inputs(plan, feeds(plan.name))
    event = lineage_event("START", _job(plan), trace=trace, at=at, inputs=inputs)
    lineage_emit(event, at=at)


def fusion_ended(
    trace: UUID,
    plan: FusionPlan,
    *,
    result: FusionResult | None = None,
    rows: Mapping[str, int] | None = None,
    error: str = "",
    at: datetime,
) -> None:
    """Say how a fusion ended (融合结束): COMPLETE with its result, else FAIL with the error's code."""
    import duckdb  # noqa: PLC0415

    fed = feeds(plan.name)
    persons = result.persons + result.provisional if result else None
    event = lineage_event(
        "COMPLETE" if result else "FAIL",
        _job(plan, sql=_sql(plan, fed, at) if result else ""),
        trace=trace,
        at=at,
        inputs=fusion_inputs(plan, fed, rows),
        outputs=[fusion_output(plan, fed, rows=persons, levels=field_levels(plan.name))]
        if result
        else [],
        engine=f"DuckDB {duckdb.__version__}",
        error=error,
    )
    lineage_emit(event, at=at)


def batch_traced(event: EventView) -> None:
    """Tell of a landed batch (接入血缘) when landing says that it ended; delivered again, the same run.

    Siblings import in one direction only, so landing does not write its own events: fusion asks it.
    """
    from yiwang.resources.landing.queries import batch_get  # noqa: PLC0415

    batch = batch_get(event.payload["batch_id"])
    trace = uuid5(NAMESPACE_URL, f"urn:yiwang:batch:{batch.id}")
    resource = resource_of(batch.resource_code)
    fields = resource.spec.fields if resource else ()
    columns = tuple(
        LineageColumn(one.name, _type(one.type), one.title, one.level) for one in fields
    )
    sent = LineageDataset(f"files.{batch.resource_code}", batch.resource_title, columns)
    made = LineageDataset(
        landed_name(batch.resource_code),
        batch.resource_title,
        columns,
        batch.counts.accepted,
        origins={
            one.name: [LineageInput(sent.name, one.name, "read, repaired, checked")]
            for one in fields
        },
    )
    job = LineageJob(f"landing.{batch.resource_code}", "LANDING", f"归集：{batch.resource_title}")
    state = {"LANDED": "COMPLETE", "FAILED": "FAIL", "STOPPED": "FAIL"}.get(batch.state, "ABORT")
    begun, ended = batch.started_at or batch.received_at, batch.finished_at or batch.received_at
    lineage_emit(
        lineage_event("START", job, trace=trace, at=begun, inputs=[sent]),
        lineage_event(
            state,
            job,
            trace=trace,
            at=ended,
            inputs=[sent],
            outputs=[made] if state == "COMPLETE" else [],
            error="" if state == "COMPLETE" else batch.state,
        ),
        at=ended,
    )


def master_traced(event: EventView) -> None:
    """Tell of a published or rolled back master (发布血缘) when the registry says so."""
    registry, number = event.payload["registry"], event.payload.get("number")
    plan, fed, latest = plan_get(registry), feeds(registry), run_latest(registry)
    rows = latest.counts["persons"] + latest.counts["provisional"] if latest else None
    fused = fusion_output(plan, fed, rows=rows, levels=field_levels(registry))
    trace = uuid5(NAMESPACE_URL, f"urn:yiwang:master:{registry}:{number}:{event.id}")
    job = LineageJob(f"publish.{registry}", "PUBLISHING", f"{plan.title}库发布")
    lineage_emit(
        lineage_event("START", job, trace=trace, at=event.published_at, inputs=[fused]),
        lineage_event(
            "COMPLETE",
            job,
            trace=trace,
            at=event.published_at,
            inputs=[fused],
            outputs=[published_output(fused, registry, rows=rows)],
        ),
        at=event.published_at,
    )


def publishing_failed(registry: str, *, begun: datetime, error: str, at: datetime) -> None:
    """Say that a fused master was not published (发布失败), with the error's code."""
    plan, fed = plan_get(registry), feeds(registry)
    fused = fusion_output(plan, fed, levels=field_levels(registry))
    trace = uuid5(NAMESPACE_URL, f"urn:yiwang:master:{registry}:{begun.isoformat()}")
    job = LineageJob(f"publish.{registry}", "PUBLISHING", f"{plan.title}库发布")
    lineage_emit(
        lineage_event("START", job, trace=trace, at=begun, inputs=[fused]),
        lineage_event("FAIL", job, trace=trace, at=at, inputs=[fused], error=error),
        at=at,
    )


def _type(letter: str) -> str:
    return {"D": "DATE", "T": "TIMESTAMP"}.get(letter, "VARCHAR")


def _job(plan: FusionPlan, *, sql: str = "") -> LineageJob:
    return LineageJob(f"fuse.{plan.name}", "FUSION", f"{plan.title}融合", sql)


def _sql(plan: FusionPlan, fed: Mapping[str, str], at: datetime) -> str:
    """Return the statements that standardise each class, reading data sets by name."""
    from yiwang.resources.fusion.sql import select_compile  # noqa: PLC0415

    return ";\n".join(
        f"-- {source.code} {source.title}"
        + select_compile(plan, source, f'"{fed[source.code]}"', today=at.date())
        for source in plan.sources
        if source.code in fed
    )
