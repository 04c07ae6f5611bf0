"""The stage (暂存): standardised rows as Arrow, each batch of rows ordered by bucket.

One file for a source file, named by what went into it: plan, engine, class and the file's own bytes. So a run
that was killed goes on where it stopped, a batch that arrives twice changes nothing, and a bucket is fused
again by reading its slices of every file from memory-mapped pages.

Every byte of it is written, kept in memory by the system and read again, so it is kept narrow: only columns
that the class supplies, numbers of a batch that lie near each other as distances from the least, and what stands
in the place of a number in a batch of its own for rows without one.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.checks import id_keys, organisation_keys
from yiwang.resources.fusion.data import FusionPlan, FusionSourceBroken, Source, files_of
from yiwang.resources.fusion.sql import staged_compile

FORMAT = 3  # of a stage file; older ones are made again
BATCH_ROWS = 1 << 19
FAR = 1 << 32
NEAR = ("row_no", "seconds")  # whose values lie near each other
READERS = 2  # threads that read source files to name them
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class StageFile:
    """A standardised source file (暂存文件): class number, name of the source, where it stands."""

    number: int
    origin: str
    path: str

    def offsets(self) -> np.ndarray:
        """Return where each bucket begins in each batch: int64 (batches, buckets + 2); none of a run on Spark."""
        path = Path(self.path).with_suffix(".npy")
        return np.load(path) if path.exists() else np.zeros((0, 1), dtype=np.int64)

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
        f"{fingerprint} {duckdb.__version__} {FORMAT} {source.number} {content}".encode()
    )
    return f"{source.code}-{digest.hexdigest()[:24]}"


def stage_plan(plan: FusionPlan, folder: Path, stage: Path) -> list[tuple[StageFile, Path]]:
    """List the stage files that a source folder needs, in the order in which rows are fused.

    The same content twice in a class counts once.
    """
    found: dict[str, tuple[StageFile, Path]] = {}
    fingerprint = plan.fingerprint()
    wanted = [(source, path) for source in plan.sources for path in files_of(source, folder)]
    with ThreadPoolExecutor(READERS) as readers:
        names = readers.map(lambda one: stage_name(fingerprint, *one), wanted)
        for (source, path), name in zip(wanted, names, strict=True):
            origin = f"{source.folder}/{path.name}"
            item = StageFile(source.number, origin, str(stage / f"{name}.arrow"))
            found.setdefault(name, (item, path))
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
    reader = partial(_batches, staged_compile(plan, source, parquet_list([path])), memory_mb)
    try:
        return _write(plan, reader, target, today)
    except (duckdb.Error, pa.ArrowException) as error:
        reason = str(error).strip().splitlines()[0]
        raise FusionSourceBroken(file=item.origin, source=source.title, reason=reason) from error


def _write(
    plan: FusionPlan, read: Callable[[], pa.RecordBatchReader], target: Path, today: date
) -> int:
    partial_path = target.with_suffix(f".{os.getpid()}.part")
    offsets = []
    with pa.OSFile(str(partial_path), "wb") as sink:
        for batch in read():
            for part, cuts in _partition(plan, batch, today):
                narrow = _narrow(part)
                with pa.ipc.new_stream(sink, narrow.schema) as writer:
                    writer.write_batch(narrow)
                offsets.append(cuts)
    table = np.array(offsets, dtype=np.int64).reshape(-1, plan.buckets + 2)
    cuts_path = target.with_suffix(".npy")
    with cuts_path.with_suffix(f".{os.getpid()}.cuts").open("wb") as file:
        np.save(file, table)
    os.replace(file.name, cuts_path)
    os.replace(partial_path, target)  # last: only a whole file bears the name
    return int(table[:, -1].sum())


def _batches(query: str, memory_mb: int) -> pa.RecordBatchReader:
    return _connection(memory_mb).sql(query).to_arrow_reader(BATCH_ROWS)


@lru_cache(maxsize=1)
def _connection(memory_mb: int) -> duckdb.DuckDBPyConnection:
    """Keep one connection a process: to open one for every file costs more than a small file itself."""
    return tabular_open(TabularLimits(threads=1, memory_mb=memory_mb))


def _partition(
    plan: FusionPlan, batch: pa.RecordBatch, today: date
) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    """Order a batch by bucket: first the rows with a valid identifier, then, with `claimed`, the others."""
    keys, rest, written = _keys(plan, batch.column("id_text"), today)
    bucket = bucket_of(keys, plan.buckets)
    order = np.argsort(bucket, kind="stable")
    cuts = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=plan.buckets + 1))])
    numbered = len(batch) - len(rest)
    batch = batch.drop_columns(["id_text"])
    if numbered:
        rows = batch.take(pa.array(order[:numbered]))
        yield (
            rows.append_column("key", pa.array(keys[order[:numbered]])),
            np.minimum(cuts, numbered),
        )
    if len(rest):
        rows = batch.take(pa.array(rest))
        yield rows.append_column("claimed", written), np.maximum(cuts - numbered, 0)


def _narrow(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Keep numbers as distances from the least of the batch, where 32 bits are enough for them."""
    least = {}
    for place, name in enumerate(batch.schema.names):
        if name in NEAR:
            numbers = batch.column(place).to_numpy()
            low = int(numbers.min())
            if int(numbers.max()) - low < FAR:
                batch = batch.set_column(place, name, pa.array((numbers - low).astype(np.uint32)))
                least[name] = str(low)
    return batch.replace_schema_metadata(least)


def _wide(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Undo `_narrow`."""
    for name, low in (batch.schema.metadata or {}).items():
        place = batch.schema.get_field_index(name.decode())
        numbers = batch.column(place).to_numpy().astype(np.int64)
        numbers += int(low)
        batch = batch.set_column(place, name.decode(), pa.array(numbers))
    return batch


def _keys(
    plan: FusionPlan, texts: pa.Array, today: date
) -> tuple[np.ndarray, np.ndarray, pa.Array]:
    """Return the key of each row, the rows without one, and what stands there."""
    if plan.identifier == "ID_NUMBER":
        return id_keys(texts, today=today)
    texts = pc.fill_null(texts, "")
    keys = organisation_keys(texts)
    rest = np.flatnonzero(keys == 0)
    return keys, rest, texts.take(pa.array(rest))


@lru_cache(maxsize=4096)
def _open(path: str) -> tuple[list[pa.RecordBatch], np.ndarray]:
    if not Path(path).exists():  # a run on Spark leaves no stage
        return [], np.zeros((0, 1), dtype=np.int64)
    offsets = np.load(Path(path).with_suffix(".npy"))
    source = pa.memory_map(path) if len(offsets) else pa.BufferReader(b"")
    batches = [batch for _cuts in offsets for batch in pa.ipc.open_stream(source)]
    return batches, offsets


def slices(files: Iterable[StageFile], bucket: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield (class number, rows) of a bucket from every file, in order, nearly without copying."""
    for item in files:
        for batch in _cut(item, bucket):
            yield item.number, _wide(batch)


def slices_chosen(
    item: StageFile, bucket: int, chosen: Callable[[np.ndarray], np.ndarray]
) -> Iterator[pa.RecordBatch]:
    """Yield some rows of a bucket from a file. chosen: keys of a slice → places of the rows to take."""
    for batch in _cut(item, bucket):
        places = chosen(batch.column("key").to_numpy())
        if len(places):
            yield _wide(batch.take(pa.array(places)))


def _cut(item: StageFile, bucket: int) -> Iterator[pa.RecordBatch]:
    batches, offsets = _open(item.path)
    for batch, cuts in zip(batches, offsets, strict=True):
        start, stop = int(cuts[bucket]), int(cuts[bucket + 1])
        if stop > start:
            yield batch.slice(start, stop - start)
