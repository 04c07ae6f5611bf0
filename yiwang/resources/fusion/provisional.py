"""Provisional subjects (暂列主体): what is known only from rows without a valid identifier.

They have identifiers of their own until a later batch brings their number. An identifier belongs to the row
that led its subject when it was drawn (`ids-…`: key, uid, led, last). A subject bears that of its oldest
leader, so undoing a decision brings back exactly the identifiers from before. A leader that is withdrawn leaves
its identifier to the first row of its subject that has none of its own.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.master import Written, bucket_write, path_of, table_write, uids_draw
from yiwang.resources.fusion.residue import Placed
from yiwang.resources.fusion.survivorship import Rows, fuse_rows, rows_take

CLASS_SHIFT = 55  # row_no below 2**55
BELOW = -(1 << 62)  # keys of provisional subjects are negative, in the order of their first rows


@dataclass(slots=True)
class Leads:
    """Whose row leads whom (领行), by row that ever was without a person: sorted by key.

    key: the row's handle. uid: drawn for it when it led a subject, 0 if it never did. led: number of the run in
    which that was. last: identifier of the row's subject in the last run.
    """

    key: np.ndarray
    uid: np.ndarray
    led: np.ndarray
    last: np.ndarray


def handles_of(number: np.ndarray, row_no: np.ndarray) -> np.ndarray:
    """Name source rows by one number each (行柄): int64 (n,), class above row_no."""
    return number.astype(np.int64) << CLASS_SHIFT | row_no


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
    leads = _leads_read(known)
    handles = handles_of(rows.number, rows.row_no)
    if len(free):
        some = rows_take(rows, free)
        some.key = placed.cluster[free] + BELOW
        fused = fuse_rows(plan, some)
        cluster_uid, leads = uids_lead(
            handles[free[fused.order]],
            fused.person,
            leads,
            there=handles,
            bucket=plan.buckets,
            seed=seed,
        )
        written = bucket_write(plan, some, fused, cluster_uid, folder, plan.buckets)
        uid[free[fused.order]] = cluster_uid[fused.person]
    if len(leads.key):
        columns = {name: getattr(leads, name) for name in Leads.__dataclass_fields__}
        pq.write_table(pa.table(columns), path_of(folder, "ids", plan.buckets))
    _rows_write(rows, placed, uid, path_of(folder, "rows", plan.buckets))
    pq.write_table(placed.review, folder / "review.parquet")
    return written


def _leads_read(known: Path | None) -> Leads:
    if known is None or not known.exists():
        return Leads(*(np.empty(0, dtype=np.int64) for _name in range(4)))
    table = pq.read_table(known)
    return Leads(*(table.column(name).to_numpy() for name in Leads.__dataclass_fields__))


def uids_lead(
    handles: np.ndarray,
    person: np.ndarray,
    leads: Leads,
    *,
    there: np.ndarray,
    bucket: int,
    seed: int | None,
) -> tuple[np.ndarray, Leads]:
    """Give each subject the identifier of the row that leads it (暂列标识): int64 (persons,).

    handles, person: rows without a person and their subjects, 0 … persons - 1. there: handles of all rows of
    the residue. Returns the identifiers and the table grown by the new rows.

    >>> none = Leads(*(np.empty(0, dtype=np.int64) for _ in range(4)))
    >>> rows, apart, joined = np.array([1, 2]), np.array([0, 1]), np.array([0, 0])
    >>> both = {"there": rows, "bucket": 7, "seed": 1}
    >>> before, leads = uids_lead(rows, apart, none, **both)
    >>> one, leads = uids_lead(rows, joined, leads, **both)
    >>> after, leads = uids_lead(rows, apart, leads, **both)
    >>> one.tolist() == before[:1].tolist(), after.tolist() == before.tolist()
    (True, True)
    """
    leads = _grown(leads, handles)
    place = np.searchsorted(leads.key, handles)
    order = np.lexsort(
        (handles, leads.last[place] == 0, leads.led[place], leads.uid[place] == 0, person)
    )
    first = order[np.unique(person[order], return_index=True)[1]]
    leader = place[first]
    _inherit(leads, leader, there)
    drawn = leader[leads.uid[leader] == 0]
    taken = np.unique(np.concatenate([leads.uid, leads.last]))
    leads.uid[drawn] = uids_draw(len(drawn), taken, bucket, seed)
    leads.led[drawn] = leads.led.max(initial=0) + 1
    uid = leads.uid[leader].copy()
    # A number that two rows of a class share leads one subject; the other stays unnamed from run to run.
    again = np.setdiff1d(np.arange(len(uid)), np.unique(uid, return_index=True)[1])
    uid[again] = uids_draw(len(again), np.append(taken, uid), bucket, seed)
    leads.last[place] = uid[person]
    return uid, leads


def _grown(leads: Leads, handles: np.ndarray) -> Leads:
    """Add rows that were never without a person before."""
    new = np.setdiff1d(handles, leads.key)
    key = np.concatenate([leads.key, new])
    order = np.argsort(key, kind="stable")
    nothing = np.zeros(len(new), dtype=np.int64)
    parts = (np.concatenate([part, nothing])[order] for part in (leads.uid, leads.led, leads.last))
    return Leads(key[order], *parts)


def _inherit(leads: Leads, leader: np.ndarray, there: np.ndarray) -> None:
    """Hand the identifiers of withdrawn leaders to the rows that lead their subjects now."""
    heir = leader[(leads.uid[leader] == 0) & (leads.last[leader] != 0)]
    gone = np.flatnonzero(leads.uid != 0)
    gone = gone[~np.isin(leads.key[gone], there)]
    if not len(heir) or not len(gone):
        return
    gone = gone[np.argsort(leads.uid[gone])]
    spot = np.minimum(np.searchsorted(leads.uid[gone], leads.last[heir]), len(gone) - 1)
    fits = leads.uid[gone[spot]] == leads.last[heir]
    heir, spot = heir[fits], spot[fits]
    spot, one = np.unique(spot, return_index=True)  # of several heirs the first row's subject
    heir, gone = heir[one], gone[spot]
    leads.uid[heir], leads.led[heir] = leads.uid[gone], leads.led[gone]
    leads.uid[gone], leads.led[gone] = 0, 0


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
    table_write(table.take(pa.array(order)), path)
