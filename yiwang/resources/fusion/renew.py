"""Renewing a bucket (增量更新): only persons that a changed file tells of are fused again, all others stay.

Their rows come from the stage in the order of a whole run, so they are fused as a whole run would. The master of
the run before is read, their part of it replaced, and everything written again in the same order: a renewed file
is the one that fusing the bucket whole would have written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.master import (
    Written,
    bucket_save,
    disagreements_count,
    exact_rows,
    losing_values,
    path_of,
    persons_table,
)
from yiwang.resources.fusion.stage import GOLDEN, StageFile, slices, slices_chosen
from yiwang.resources.fusion.survivorship import Fused, Rows, fuse_rows, rows_gather

MOST = 0.2  # of a bucket's persons: with more it is quicker to fuse it whole
MARK_BITS = 20


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since the run before (变更): its folder, its stage files in its order, files that came or went.

    disagreements: of the bucket in that run: int64 (fields, 256).
    """

    folder: Path
    files: tuple[StageFile, ...]
    changed: tuple[StageFile, ...]
    disagreements: np.ndarray


@dataclass(slots=True)
class Renewal:
    """The persons of a bucket that are fused again (待更新主体): their keys, their rows now and before."""

    keys: np.ndarray
    now: Rows
    then: Rows | None


def renewal_find(
    plan: FusionPlan, files: Sequence[StageFile], change: Change, bucket: int
) -> Renewal | None:
    """Gather what has to be fused again; None where the bucket is better fused whole."""
    path = path_of(change.folder, "persons", bucket)
    if not path.exists():
        return None
    found = [batch.column("key").to_numpy() for _number, batch in slices(change.changed, bucket)]
    keys = np.unique(np.concatenate(found))
    if len(keys) > MOST * pq.read_metadata(path).num_rows:
        return None
    chosen = _chooser(keys)
    picked = {
        item.path: list(slices_chosen(item, bucket, chosen)) for item in {*files, *change.files}
    }
    now, then = (
        rows_gather(plan, [(item.number, part) for item in some for part in picked[item.path]])
        for some in (files, change.files)
    )
    return None if now is None else Renewal(keys, now, then)


def _chooser(keys: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Make the function that finds given keys, sorted, among others: by a mark of few bits first."""

    def mark_of(some: np.ndarray) -> np.ndarray:  # other bits than those that name the bucket
        return some.astype(np.uint64) * GOLDEN >> np.uint64(32) & np.uint64((1 << MARK_BITS) - 1)

    marked = np.zeros(1 << MARK_BITS, dtype=bool)
    marked[mark_of(keys)] = True

    def chosen(some: np.ndarray) -> np.ndarray:
        likely = np.flatnonzero(marked[mark_of(some)])
        return likely[_within(some[likely], keys)]

    return chosen


def _within(some: np.ndarray, keys: np.ndarray) -> np.ndarray:
    return keys[np.minimum(np.searchsorted(keys, some), len(keys) - 1)] == some


def bucket_renew(
    plan: FusionPlan,
    renewal: Renewal,
    fused: Fused,
    uid: np.ndarray,
    change: Change,
    folder: Path,
    bucket: int,
) -> Written:
    """Write a bucket in which some persons are fused again (更新分桶). fused, uid: of `renewal.now`."""
    old, rows, values = (
        pq.ParquetFile(path_of(change.folder, kind, bucket)).read(use_threads=False)
        for kind in ("persons", "rows", "values")
    )
    key, uids = old.column("key").to_numpy(), old.column("uid").to_numpy()
    stays = ~_within(key, renewal.keys)
    merged = np.sort(np.concatenate([key[stays], fused.key]))
    place = np.where(stays, np.searchsorted(merged, key), -1)
    new_place = np.searchsorted(merged, fused.key)
    persons = _merged(old, persons_table(plan, renewal.now, fused, uid), place, new_place)
    row_place = np.repeat(place, old.column("records").to_numpy())
    rows = _merged(rows, exact_rows(renewal.now, fused, uid), row_place, new_place[fused.person])
    told = losing_values(plan, renewal.now, fused, uid)
    values = _merged(
        values,
        told,
        _value_place(plan, values, uids, place, len(merged)),
        _value_place(plan, told, uid, new_place, len(merged)),
    )
    disagreements = change.disagreements + disagreements_count(plan, renewal.now, fused)
    if renewal.then is not None:
        before = fuse_rows(plan, renewal.then)
        disagreements -= disagreements_count(plan, renewal.then, before)
    return bucket_save(plan, persons, rows, values, disagreements, folder, bucket)


def _value_place(
    plan: FusionPlan, values: pa.Table, uids: np.ndarray, place: np.ndarray, persons: int
) -> np.ndarray:
    """Return where losing values stand: by field, then by the place of the person; -1 for none."""
    order = np.argsort(uids)
    uid = values.column("uid").to_numpy()
    whose = place[order[np.searchsorted(uids, uid, sorter=order)]]
    names = pa.array([field.name for field in plan.fields])
    field = pc.index_in(values.column("field"), names).to_numpy().astype(np.int64)
    return np.where(whose < 0, -1, field * persons + whose)


def _merged(old: pa.Table, new: pa.Table, place: np.ndarray, new_place: np.ndarray) -> pa.Table:
    """Put two tables in order by the places of their rows; old ones without a place go."""
    kept = np.flatnonzero(place >= 0)
    index = np.concatenate([kept, np.arange(len(old), len(old) + len(new))])
    order = np.argsort(np.concatenate([place[kept], new_place]), kind="stable")
    return pa.concat_tables([old, new.cast(old.schema)]).take(pa.array(index[order]))
