"""The part with valid identifiers on Spark (精确融合): standardise, fuse, lineage, losing values, in one session.

All rows are shuffled once, by bucket; aggregation and joins stay inside it. What Spark writes is brought, bucket by
bucket, into the very files that the local fuse writes, so that everything after it works alike.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import (
    EXACT_ID,
    FusionPlan,
    FusionSourceBroken,
    Source,
)
from yiwang.resources.fusion.master import WRITE, Written, losing_values, path_of, persons_table
from yiwang.resources.fusion.spark import statements
from yiwang.resources.fusion.stage import StageFile
from yiwang.resources.fusion.survivorship import Rows, fuse_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SPILL = "spark"  # below the run's folder, gone before it is published
NEEDED = ("row_no", "updated_at", "id_number")


def sources_check(
    plan: FusionPlan, wanted: Sequence[tuple[StageFile, Path]]
) -> list[tuple[Source, list[Path]]]:
    """Group the files of a run by class, in the order in which they are fused (来源文件).

    Raises FusionSourceBroken when a file cannot be read or lacks a declared column.
    """
    found: dict[int, list[Path]] = {}
    for item, path in wanted:
        _columns_check(plan.source_get(item.number), path)
        found.setdefault(item.number, []).append(path)
    return [(plan.source_get(number), files) for number, files in found.items()]


def _columns_check(source: Source, path: Path) -> None:
    origin = f"{source.folder}/{path.name}"
    try:
        there = set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise FusionSourceBroken(file=origin, source=source.title, reason=reason) from error
    lacking = sorted({*NEEDED, *source.formats} - there)
    if lacking:
        raise FusionSourceBroken(
            file=origin, source=source.title, reason=f"it has no column {', '.join(lacking)}"
        )


def standardised(
    session: "SparkSession",
    plan: FusionPlan,
    sources: Iterable[tuple[Source, list[Path]]],
    *,
    today: date,
) -> "DataFrame":
    """Standardise all classes into one frame, shuffled by bucket and kept (标准化)."""
    frames = []
    for order, (source, files) in enumerate(sources):
        for number, group in enumerate(_alike(files)):
            view = f"records_{source.code}_{number}"
            read = session.read.parquet(*(path.resolve().as_uri() for path in group))
            others = [f"`{name}`" for name in read.columns if name != "row_no"]
            place = f"named_struct('class', {order}, 'file', _metadata.file_name, 'row', _metadata.row_index)"
            read.selectExpr(
                *others, f"named_struct('row_no', row_no, 'place', {place}) as row_no"
            ).createOrReplaceTempView(view)
            frames.append(session.sql(statements.standard_compile(plan, source, view, today=today)))
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionAll(frame)
    bucketed = whole.selectExpr(f"{statements.salted(plan)} as bucket", "*")
    # Checkpoints cut the plan: what the statement of each class has grown to is not carried through every later one.
    return bucketed.repartition(plan.buckets, "bucket").localCheckpoint()


def _alike(files: list[Path]) -> list[list[Path]]:
    """Group files of a class by their schema: Spark reads only files of one schema together."""
    groups: dict[str, list[Path]] = {}
    for path in files:
        groups.setdefault(str(pq.read_schema(path).remove_metadata()), []).append(path)
    return list(groups.values())


def exact_fuse(
    session: "SparkSession",
    plan: FusionPlan,
    standard: "DataFrame",
    folder: Path,
    *,
    known: list[Path],
    seed: int | None,
) -> list[Written | None]:
    """Fuse rows with a valid identifier and write the master's files of all buckets (集群融合).

    known: identifiers of the run before. Leaves the view `masters_wide` (fused subjects) and `ids` in the session.
    """
    spill = folder / SPILL
    standard.where(f"bucket < {plan.buckets}").createOrReplaceTempView("exact")
    _ids_write(session, plan, spill, known, seed)
    fused = session.sql(statements.fuse_compile(plan, "exact")).localCheckpoint()
    fused.createOrReplaceTempView("fused")
    losers = session.sql(statements.losers_compile(plan, "exact", "fused", "ids"))
    losers.localCheckpoint().createOrReplaceTempView("losers")
    outputs = {
        "persons": (statements.persons_compile(plan, "fused", "ids"), "key"),
        "rows": (statements.lineage_compile("exact", "ids", EXACT_ID), "key"),
        "values": (statements.values_compile("losers"), "uid"),
    }
    for kind, (statement, order) in outputs.items():
        frame = session.sql(statement)
        if kind == "rows":
            frame = frame.repartition(plan.buckets, "bucket").sortWithinPartitions("bucket", order)
            frame = frame.drop("key")
        _write(plan, frame, spill / kind, order if kind != "rows" else "")
    written = _counted(session, plan)
    schemas = master_schemas(plan)
    for kind in ("ids", *outputs):
        _bring(plan, spill / kind, folder, kind, schemas[kind], written)
    return written


def _write(plan: FusionPlan, frame: "DataFrame", path: Path, order: str) -> None:
    if order:
        frame = frame.repartition(plan.buckets, "bucket").sortWithinPartitions("bucket", order)
    frame.write.partitionBy("bucket").mode("overwrite").parquet(path.resolve().as_uri())


def _ids_write(
    session: "SparkSession", plan: FusionPlan, spill: Path, known: list[Path], seed: int | None
) -> None:
    """Give every key its identifier: the known one, else one drawn from a secret of this run."""
    bucket = statements.bucket_of(plan)
    if known:
        old = session.read.parquet(*(path.resolve().as_uri() for path in known))
        old = old.selectExpr(f"{bucket} as bucket", "key", "uid")
    else:
        old = session.sql("select 0 as bucket, cast(0 as bigint) as key, cast(0 as bigint) as uid")
        old = old.where("false")
    old.createOrReplaceTempView("ids_old")
    target = (spill / "ids").resolve().as_uri()
    for attempt in range(3):
        secret = secrets.token_hex(16) if seed is None else f"{seed}.{attempt}"
        frame = session.sql(
            "select bucket, key, coalesce(o.uid, "
            f"{statements.uid_fresh(secret)}) as uid from (select distinct bucket, key from exact) e "
            "full outer join ids_old o using (bucket, key)"
        )
        _write(plan, frame, spill / "ids", "key")
        ids = session.read.parquet(target)
        ids.createOrReplaceTempView("ids")
        twice = session.sql("select uid from ids group by uid having count(*) > 1 limit 1")
        if not twice.collect():
            return
    raise RuntimeError("identifiers collided three times: the random source is broken")


def _counted(session: "SparkSession", plan: FusionPlan) -> list[Written | None]:
    bits = ", ".join(
        f"cast(sum(shiftright(conflict, {place}) & 1) as bigint)"
        for place in range(len(plan.fields))
    )
    lines = session.sql(
        "select bucket, cast(sum(records) as bigint), count(*), cast(sum(cast(conflict <> 0 as int)) as bigint), "
        f"{bits} from fused group by bucket"
    ).collect()
    written: list[Written | None] = [None] * plan.buckets
    for bucket, records, persons, in_conflict, *conflicts in lines:
        lost = np.zeros((len(plan.fields), 256), dtype=np.int64)
        written[bucket] = Written(bucket, records, persons, in_conflict, np.array(conflicts), lost)
    places = {field.name: place for place, field in enumerate(plan.fields)}
    for bucket, field, number, count in session.sql(
        "select bucket, field, number, count(*) from losers group by bucket, field, number"
    ).collect():
        written[bucket].disagreements[places[field], number] = count
    return written


def _bring(
    plan: FusionPlan,
    spill: Path,
    folder: Path,
    kind: str,
    schema: pa.Schema,
    written: list[Written | None],
) -> None:
    """Write each bucket's part as the file that the local fuse would have written."""
    for bucket in range(plan.buckets):
        parts = sorted((spill / f"bucket={bucket}").glob("*.parquet"))
        if not parts and (kind == "ids" or written[bucket] is None):
            continue
        tables = [pq.ParquetFile(part).read().select(schema.names).cast(schema) for part in parts]
        table = pa.concat_tables(tables) if tables else schema.empty_table()
        if kind == "rows":
            at = table.schema.get_field_index("rule")
            rule = pa.DictionaryArray.from_arrays(np.zeros(len(table), np.int8), [EXACT_ID])
            table = table.set_column(at, "rule", rule)
        pq.write_table(table, path_of(folder, kind, bucket), **WRITE)


def master_schemas(plan: FusionPlan) -> dict[str, pa.Schema]:
    """Return the schemas of the master's files as the local fuse writes them (主数据结构)."""
    one = np.ones(1, dtype=np.int64)
    kinds = {"CODE": np.uint8, "DATE": np.int32, "PHONE": np.int64}
    texts = {field.name: pa.array([""]) for field in plan.fields if field.is_text}
    codes = {
        field.name: np.zeros(1, np.uint32 if field.is_text else kinds[field.kind])
        for field in plan.fields
    }
    rows = Rows(one, np.ones(1, np.uint8), one, one, texts, codes)
    fused = fuse_rows(plan, rows)
    lineage = {"uid": pa.int64(), "class": pa.uint8(), "row_no": pa.int64()}
    return {
        "ids": pa.schema({"key": pa.int64(), "uid": pa.int64()}),
        "persons": persons_table(plan, rows, fused, one).schema,
        "values": losing_values(plan, rows, fused, one).schema,
        "rows": pa.schema({**lineage, "rule": pa.string(), "score": pa.float32()}),
    }


def rest_read(plan: FusionPlan, standard: "DataFrame") -> tuple[Rows, pa.Array] | None:
    """Bring the rows without a valid identifier to the driver, in canonical order (残余记录).

    They are a few in a hundred; clusters and people's decisions are worked out over all of them at once.
    """
    names = [field.name for field in plan.fields]
    table = (
        standard.where(f"bucket >= {plan.buckets}")
        .orderBy("place")
        .select("number", "row_no", "seconds", "claimed", *names)
        .toArrow()
    )
    if not table.num_rows:
        return None
    texts, codes = {}, {}
    for field in plan.fields:
        column = table.column(field.name).combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks)
        if field.is_text:
            texts[field.name], codes[field.name] = column.cast(pa.string()), _codes(column)
        else:
            kind = {"CODE": np.uint8, "DATE": np.int32, "PHONE": np.int64}[field.kind]
            codes[field.name] = column.to_numpy(zero_copy_only=False).astype(kind)
    number = table.column("number").to_numpy().astype(np.uint8)
    row_no, seconds = (table.column(name).to_numpy() for name in ("row_no", "seconds"))
    rows = Rows(np.zeros(len(number), np.int64), number, row_no, seconds, texts, codes)
    claimed = pa.concat_arrays(table.column("claimed").chunks).cast(pa.string())
    return rows, claimed


def _codes(column: pa.Array) -> np.ndarray:
    """Number texts so that equal ones have equal numbers, '' has 0."""
    encoded = pc.dictionary_encode(column)
    empty = pc.index(encoded.dictionary, pa.scalar("", encoded.dictionary.type)).as_py()
    code = encoded.indices.to_numpy().astype(np.int64) + 1
    code[code == empty + 1] = 0
    return code.astype(np.uint32)
