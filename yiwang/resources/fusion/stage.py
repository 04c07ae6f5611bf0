"""The stage (暂存): standardised rows as Arrow, each batch of rows ordered by bucket.

One file for a source file, named by what went into it: plan, engine, class and the file's own bytes. So
a run that was killed goes on where it stopped, a batch that arrives twice changes nothing, and a bucket
is fused again by reading its slices of every file, without copying, from memory-mapped pages.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.checks import organisation_keys
from yiwang.resources.fusion.data import FusionPlan, FusionSourceBroken, Source, files_of
from yiwang.resources.fusion.sql import select_compile

BATCH_ROWS = 1 << 19
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class StageFile:
    """A standardised source file (暂存文件): class number, name of the source, where it stands."""

    number: int
    origin: str
    path: str

    def offsets(self) -> np.ndarray:
        """Return where each bucket begins in each batch: int64 (batches, buckets + 2)."""
        return np.load(Path(self.path).with_suffix(".npy"))

    def counts(self) -> np.ndarray:
        """Return rows by bucket, the last for rows without a valid identifier: int64 (buckets + 1,)."""
        return np.diff(self.offsets(), axis=1).sum(axis=0)


def bucket_of(keys: np.ndarray, buckets: int) -> np.ndarray:
    """Return the bucket of each key (分桶): multiplicative hashing; `buckets` itself for key 0.

    buckets: a power of two, 2 to 128. Returns uint8 (n,), so that NumPy sorts it by radix.

    >>> bucket_of(np.array([0, 1, 2, 3]), 64).tolist()
    [64, 39, 15, 54]
    """
    shift = np.uint64(64 - (buckets.bit_length() - 1))
    found = ((keys.astype(np.uint64) * GOLDEN) >> shift).astype(np.uint8)
    found[keys == 0] = buckets
    return found


def stage_name(fingerprint: str, source: Source, path: Path) -> str:
    """Name the stage file of a source file by everything in it (内容命名).

    All bytes count and not only size and footer: a corrected batch may differ in one letter. The reading is
    not lost, it warms the page cache for standardising.
    """
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256(
        f"{fingerprint} {duckdb.__version__} {source.number} {content}".encode()
    )
    return f"{source.code}-{digest.hexdigest()[:24]}"


def stage_plan(plan: FusionPlan, folder: Path, stage: Path) -> list[tuple[StageFile, Path]]:
    """List the stage files that a source folder needs, in the order in which rows are fused.

    The same content twice in a class counts once.
    """
    found: dict[str, tuple[StageFile, Path]] = {}
    fingerprint = plan.fingerprint()
    for source in plan.sources:
        for path in files_of(source, folder):
            name = stage_name(fingerprint, source, path)
            origin = f"{source.folder}/{path.name}"
            found.setdefault(
                name, (StageFile(source.number, origin, str(stage / f"{name}.arrow")), path)
            )
    return list(found.values())


def stage_write(
    plan: FusionPlan, item: StageFile, path: Path, *, today: date, memory_mb: int
) -> int:
    """Standardise one source file into the stage and return its rows; done again it does nothing.

    Raises FusionSourceBroken when the file cannot be read or a declared column is missing.
    """
    target = Path(item.path)
    if target.exists():
        return int(item.counts().sum())
    source = plan.source_get(item.number)
    query = select_compile(plan, source, parquet_list([path]), today=today)
    try:
        return _write(plan, query, target, memory_mb)
    except (duckdb.Error, pa.ArrowException) as error:
        reason = str(error).strip().splitlines()[0]
        raise FusionSourceBroken(file=item.origin, source=source.title, reason=reason) from error


def _write(plan: FusionPlan, query: str, target: Path, memory_mb: int) -> int:
    partial = target.with_suffix(f".{os.getpid()}.part")
    offsets = []
    reader = _connection(memory_mb).sql(query).to_arrow_reader(BATCH_ROWS)
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as writer:
        for batch in reader:
            ordered, cuts = _partition(plan, batch)
            writer.write_batch(ordered)
            offsets.append(cuts)
    table = np.array(offsets, dtype=np.int64).reshape(-1, plan.buckets + 2)
    cuts_path = target.with_suffix(".npy")
    with cuts_path.with_suffix(f".{os.getpid()}.cuts").open("wb") as file:
        np.save(file, table)
    os.replace(file.name, cuts_path)
    os.replace(partial, target)  # last: only a whole file bears the name
    return int(table[:, -1].sum())


@lru_cache(maxsize=1)
def _connection(memory_mb: int) -> duckdb.DuckDBPyConnection:
    """Keep one connection a process: to open one for every file costs more than a small file itself."""
    return tabular_open(TabularLimits(threads=1, memory_mb=memory_mb))


def _partition(plan: FusionPlan, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, np.ndarray]:
    if plan.identifier == "USCC":
        batch = _organisations(batch)
    bucket = bucket_of(batch.column("key").to_numpy(), plan.buckets)
    counts = np.bincount(bucket, minlength=plan.buckets + 1)
    order = pa.array(np.argsort(bucket, kind="stable"))
    return batch.take(order), np.concatenate([[0], np.cumsum(counts)])


def _organisations(batch: pa.RecordBatch) -> pa.RecordBatch:
    place = batch.schema.get_field_index("key")
    keys = organisation_keys(batch.column("claimed"))
    return batch.set_column(place, batch.schema.field(place), pa.array(keys))


@lru_cache(maxsize=4096)
def _open(path: str) -> tuple[list[pa.RecordBatch], np.ndarray]:
    reader = pa.ipc.open_file(pa.memory_map(path))
    batches = [reader.get_batch(place) for place in range(reader.num_record_batches)]
    return batches, np.load(Path(path).with_suffix(".npy"))


def slices(files: list[StageFile], bucket: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield (class number, rows) of a bucket from every file, in order, without copying."""
    for item in files:
        batches, offsets = _open(item.path)
        for batch, cuts in zip(batches, offsets, strict=True):
            start, stop = int(cuts[bucket]), int(cuts[bucket + 1])
            if stop > start:
                yield item.number, batch.slice(start, stop - start)
