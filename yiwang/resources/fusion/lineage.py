"""Lineage events (数据血缘) in the form of OpenLineage 2-0-2: what run read what and made what. Pure.

An event is a plain dict; a folder of NDJSON files, one a month, keeps them:

    events = lineage_start(trace, "fusion.population", at=now, inputs=inputs)
    lineage_append(folder, events, at=now)

Facets of our own begin with `yiwang_`. Nothing here carries a value of a record, only names and counts.
Source: https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets beside it.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from yiwang.resources.fusion.data import FusionPlan, Source

NAMESPACE = "yiwang"
PRODUCER = "urn:yiwang:lineage"
SPEC = "https://openlineage.io/spec"
EVENT_SCHEMA = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
STANDARD = {
    "schema": "1-2-0/SchemaDatasetFacet",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "dataQualityMetrics": "1-0-0/DataQualityMetricsDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "sql": "1-1-0/SQLJobFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "job_documentation": "1-1-0/DocumentationJobFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "processing_engine": "1-1-1/ProcessingEngineRunFacet",
}
MASKING_SCHEMA = "urn:yiwang:lineage:masking:1"
END_STATES = ("COMPLETE", "FAIL", "ABORT")


@dataclass(frozen=True, slots=True)
class LineageColumn:
    """A column of a data set (字段). level: its protection level 1-4; from 3 on it is shown masked."""

    name: str
    type: str = "VARCHAR"
    title: str = ""
    level: int = 1


@dataclass(frozen=True, slots=True)
class LineageInput:
    """Where a column of an output comes from (字段来源): data set, column, and how it was made."""

    dataset: str
    column: str
    how: str = ""
    is_identity: bool = False


@dataclass(frozen=True, slots=True)
class LineageDataset:
    """A data set that a run read or made (数据集). rows None: not counted.

    nulls: column → rows without a value. origins: of an output, column → where it comes from.
    """

    name: str
    title: str = ""
    columns: tuple[LineageColumn, ...] = ()
    rows: int | None = None
    nulls: Mapping[str, int] = field(default_factory=dict)
    origins: Mapping[str, Sequence[LineageInput]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineageJob:
    """What runs again and again (作业): kind is LANDING, FUSION or PUBLISHING; sql what it computes."""

    name: str
    kind: str
    title: str = ""
    sql: str = ""


def lineage_event(
    state: str,
    job: LineageJob,
    *,
    trace: str | UUID,
    at: datetime,
    inputs: Sequence[LineageDataset] = (),
    outputs: Sequence[LineageDataset] = (),
    engine: str = "",
    error: str = "",
) -> dict:
    """Build one run event (血缘事件). state: START, RUNNING, COMPLETE, FAIL, ABORT or OTHER.

    trace: the same UUID for all events of a run. at: with its zone. engine: for example "DuckDB 1.5".
    """
    run_facets: dict[str, dict] = {}
    if engine:
        name, _, version = engine.partition(" ")
        run_facets["processing_engine"] = _facet(
            "processing_engine", version=version or "0", name=name
        )
    if error:
        run_facets["errorMessage"] = _facet(
            "errorMessage", message=error, programmingLanguage="PYTHON"
        )
    return {
        "eventType": state,
        "eventTime": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "run": {"runId": str(UUID(str(trace))), "facets": run_facets},
        "job": {"namespace": NAMESPACE, "name": job.name, "facets": _job_facets(job)},
        "inputs": [_dataset(one) for one in inputs],
        "outputs": [_dataset(one, is_output=True) for one in outputs],
        "producer": PRODUCER,
        "schemaURL": EVENT_SCHEMA,
    }


def fusion_inputs(
    plan: FusionPlan, feeds: Mapping[str, str], rows: Mapping[str, int] | None = None
) -> list[LineageDataset]:
    """Describe what a fusion reads (融合输入). feeds: class code → resource code; rows: class code → rows."""
    return [
        LineageDataset(
            landed_name(feeds[source.code]),
            source.title,
            _class_columns(plan, source),
            (rows or {}).get(source.code),
        )
        for source in plan.sources
        if source.code in feeds
    ]


def fusion_output(
    plan: FusionPlan,
    feeds: Mapping[str, str],
    *,
    rows: int | None = None,
    levels: Mapping[str, int] | None = None,
) -> LineageDataset:
    """Describe the fused master (主数据) with the classes behind each of its fields.

    levels: field → protection level 1-4.
    """
    levels = levels or {}
    kinds = {"CODE": "UTINYINT", "DATE": "DATE"}
    columns = [LineageColumn("uid", "BIGINT", "主体标识")]
    columns.append(LineageColumn("identifier", "VARCHAR", "证件号码", levels.get("identifier", 3)))
    columns += [
        LineageColumn(one.name, kinds.get(one.kind, "VARCHAR"), one.title, levels.get(one.name, 1))
        for one in plan.fields
    ]
    fed = [source for source in plan.sources if source.code in feeds]
    origins: dict[str, list[LineageInput]] = {
        name: [
            LineageInput(landed_name(feeds[source.code]), "id_number", f"{plan.identifier} checked")
            for source in fed
        ]
        for name in ("uid", "identifier")
    }
    for one in plan.fields:
        trusted = plan.trust.get(one.name, {})
        origins[one.name] = [
            LineageInput(
                landed_name(feeds[source.code]),
                one.name,
                _how(source.formats[one.name], trusted.get(source.number)),
            )
            for source in fed
            if one.name in source.formats
        ]
    return LineageDataset(fused_name(plan.name), plan.title, tuple(columns), rows, {}, origins)


def published_output(
    fused: LineageDataset, registry: str, *, rows: int | None = None
) -> LineageDataset:
    """Describe the serving tables of a registry (基础库) as they come, column by column, from the master."""
    origins = {
        column.name: [LineageInput(fused.name, column.name, "published", is_identity=True)]
        for column in fused.columns
    }
    return replace(fused, name=served_name(registry), rows=rows, origins=origins)


def landed_name(resource_code: str) -> str:
    """Name the landed rows of a resource (接入数据集)."""
    return f"landing.{resource_code}"


def fused_name(registry: str) -> str:
    """Name a registry's fused master (主数据集)."""
    return f"fusion.{registry}"


def served_name(registry: str) -> str:
    """Name a registry's serving tables (基础库数据集)."""
    return f"registries.{registry}"


def lineage_append(folder: Path, events: Iterable[Mapping], *, at: datetime) -> Path:
    """Append events to the month's file (写入血缘事件) whole, whoever else writes; returns the file.

    A line that a killed process left half is closed first, so that it costs nobody else's event.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at.astimezone(UTC):%Y-%m}.ndjson"
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events).encode()
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                lines = b"\n" + lines
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    return path


def lineage_read(folder: Path, *, limit: int | None = None) -> Iterator[dict]:
    """Read the events of a folder (读取血缘事件), the newest first; half lines are passed over."""
    left = limit
    for path in sorted(folder.glob("*.ndjson"), reverse=True):
        for line in reversed(path.read_text(encoding="utf-8", errors="replace").splitlines()):
            if left is not None and left <= 0:
                return
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event
                left = None if left is None else left - 1


def _how(form: str, trust: object) -> str:
    """Say how a class's value gets into the master."""
    basis = getattr(trust, "basis", "")
    rank = getattr(trust, "rank", 1)
    return f"standardised from {form}; rank {rank}" + (f"; {basis}" if basis else "")


def _class_columns(plan: FusionPlan, source: Source) -> tuple[LineageColumn, ...]:
    titles = {one.name: one.title for one in plan.fields}
    return (
        LineageColumn("row_no", "BIGINT", "行号"),
        LineageColumn("updated_at", "TIMESTAMP", "更新时间"),
        LineageColumn("id_number", "VARCHAR", "证件号码", 3),
        *(
            LineageColumn(name, "DATE" if form == "DATE" else "VARCHAR", titles.get(name, ""))
            for name, form in source.formats.items()
        ),
    )


def _facet(key: str, **values: object) -> dict:
    name = STANDARD[key]
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"{SPEC}/facets/{name.split('/')[0]}/{name.split('/')[1]}.json"
        f"#/$defs/{name.split('/')[1]}",
    } | values


def _job_facets(job: LineageJob) -> dict:
    facets = {
        "jobType": _facet("jobType", processingType="BATCH", integration="YIWANG", jobType=job.kind)
    }
    if job.sql:
        facets["sql"] = _facet("sql", query=job.sql, dialect="duckdb")
    if job.title:
        facets["documentation"] = _facet("job_documentation", description=job.title)
    return facets


def _dataset(one: LineageDataset, *, is_output: bool = False) -> dict:
    facets: dict[str, dict] = {}
    if one.columns:
        facets["schema"] = _facet("schema", fields=[_column(column) for column in one.columns])
        masked = {
            column.name: {"level": column.level, "masked": True}
            for column in one.columns
            if column.level >= 3
        }
        if masked:
            facets["yiwang_masking"] = {
                "_producer": PRODUCER,
                "_schemaURL": MASKING_SCHEMA,
                "fields": masked,
            }
    if one.title:
        facets["documentation"] = _facet("documentation", description=one.title)
    if one.rows is not None:
        facets["dataQualityMetrics"] = _facet(
            "dataQualityMetrics",
            rowCount=one.rows,
            columnMetrics={name: {"nullCount": count} for name, count in one.nulls.items()},
        )
    if one.origins:
        facets["columnLineage"] = _facet(
            "columnLineage",
            fields={
                name: {"inputFields": [_input(origin) for origin in origins]}
                for name, origins in one.origins.items()
            },
        )
    found: dict = {"namespace": NAMESPACE, "name": one.name, "facets": facets}
    if is_output and one.rows is not None:
        found["outputFacets"] = {"outputStatistics": _facet("outputStatistics", rowCount=one.rows)}
    return found


def _column(column: LineageColumn) -> dict:
    found = {"name": column.name, "type": column.type}
    return found | ({"description": column.title} if column.title else {})


def _input(origin: LineageInput) -> dict:
    change = {
        "type": "DIRECT",
        "subtype": "IDENTITY" if origin.is_identity else "TRANSFORMATION",
        "description": origin.how,
        "masking": False,
    }
    return {
        "namespace": NAMESPACE,
        "name": origin.dataset,
        "field": origin.column,
        "transformations": [change],
    }
