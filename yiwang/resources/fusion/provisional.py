"""Provisional subjects (暂列主体): what is known only from rows without a valid identifier.

They have identifiers of their own, kept by their rows, until a later batch brings their number.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.master import Written, bucket_write, path_of, uids_draw
from yiwang.resources.fusion.residue import Placed
from yiwang.resources.fusion.survivorship import Rows, fuse_rows, rows_take

CLASS_SHIFT = 55  # row_no below 2**55
BELOW = -(1 << 62)  # keys of provisional subjects are negative, in the order of their first rows


def provisional_write(
    plan: FusionPlan,
    rows: Rows,
    placed: Placed,
    folder: Path,
    *,
    known: Path | None,
    seed: int | None,
) -> Written | None:
    """Write the residue's rows with their rules, and the subjects made of them alone (bucket `buckets`)."""
    written, free = None, np.flatnonzero(placed.uid == 0)
    uid = placed.uid.copy()
    ids = pq.read_table(known) if known is not None and known.exists() else None
    if len(free):
        some = rows_take(rows, free)
        some.key = placed.cluster[free] + BELOW
        fused = fuse_rows(plan, some)
        handles = some.number.astype(np.int64) << CLASS_SHIFT | some.row_no
        cluster_uid, ids = _uids(fused.order, fused.person, handles, ids, plan.buckets, seed)
        written = bucket_write(plan, some, fused, cluster_uid, folder, plan.buckets)
        uid[free[fused.order]] = cluster_uid[fused.person]
    if ids is not None:
        pq.write_table(ids, path_of(folder, "ids", plan.buckets))
    _rows_write(rows, placed, uid, path_of(folder, "rows", plan.buckets))
    pq.write_table(placed.review, folder / "review.parquet")
    return written


def _uids(
    order: np.ndarray,
    person: np.ndarray,
    handles: np.ndarray,
    known: pa.Table | None,
    bucket: int,
    seed: int | None,
) -> tuple[np.ndarray, pa.Table]:
    """Give each cluster the identifier that its first known row had, unless another cluster took it."""
    old_keys, old_uids = (
        (known.column(name).to_numpy() for name in ("key", "uid"))
        if known is not None and len(known)
        else (np.zeros(1, np.int64), np.zeros(1, np.int64))
    )
    place = np.minimum(np.searchsorted(old_keys, handles), len(old_keys) - 1)
    had = np.where(old_keys[place] == handles, old_uids[place], 0)[order]
    persons = int(person[-1]) + 1
    uid = np.zeros(persons, dtype=np.int64)
    first = np.flatnonzero(had)[::-1]  # reversed: the first row of each person is written last
    uid[person[first]] = had[first]
    taken, places = np.unique(uid, return_index=True)
    again = np.ones(persons, dtype=bool)
    again[places[taken > 0]] = False
    uid[again] = uids_draw(int(again.sum()), old_uids, bucket, seed)
    keys = np.concatenate([handles[order], old_keys[old_keys > 0]])
    values = np.concatenate([uid[person], old_uids[old_keys > 0]])
    keys, places = np.unique(keys, return_index=True)
    return uid, pa.table({"key": keys, "uid": values[places]})


def _rows_write(rows: Rows, placed: Placed, uid: np.ndarray, path: Path) -> None:
    order = np.argsort(uid, kind="stable")
    rule = pa.array(placed.rule, type=pa.string()).dictionary_encode()
    table = pa.table(
        {
            "uid": uid,
            "class": rows.number,
            "row_no": rows.row_no,
            "rule": rule,
            "score": placed.score,
        }
    )
    pq.write_table(table.take(pa.array(order)), path, compression="zstd", compression_level=1)
