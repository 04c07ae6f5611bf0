"""Gaps that linked rows fill (补缺): fields that no row with a validated number supplies.

filled-XXX   one row a filled field: uid, field, value, class, row_no, at, rule, score; sorted by uid

An overlay beside the bucket and not in it: a bucket stays what its validated rows say, so it can be taken over
while the rows that hang on its persons change. The overlay is made anew by every run from what that run placed,
which is what a full rebuild does; one that came out as before is a link to it. Readers lay it over the persons
with `overlay`. It never makes a conflict and is never compared in linkage.
"""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.master import WRITE, path_of, values_text
from yiwang.resources.fusion.residue import Placed
from yiwang.resources.fusion.survivorship import Rows, fuse_rows, rows_take


def filled_write(
    plan: FusionPlan, rows: Rows, placed: Placed, folder: Path, *, before: Path | None
) -> dict[str, int]:
    """Write what linked rows fill, bucket by bucket; returns filled fields by name (补缺).

    before: folder of the run before.
    """
    linked = np.flatnonzero(placed.uid)
    bucket = (placed.uid[linked] & 255).astype(np.uint8)
    order = np.argsort(bucket, kind="stable")  # of one bucket the rows stay in canonical order
    cuts = np.searchsorted(bucket[order], np.arange(plan.buckets + 1))
    supply = _supply(plan, rows, linked)
    counts: dict[str, int] = {}
    for number in range(plan.buckets):
        chosen = order[cuts[number] : cuts[number + 1]]
        path = path_of(folder, "persons", number)
        if not len(chosen) or not path.exists():
            continue
        gaps = supply[chosen] & _lacking(path, placed.uid[linked[chosen]])
        useful = np.flatnonzero(gaps)
        if not len(useful):
            continue
        table = _fill(plan, rows, placed, linked[chosen[useful]], gaps[useful])
        for one in pc.value_counts(table.column("field")).to_pylist():
            counts[one["values"]] = counts.get(one["values"], 0) + one["counts"]
        _write(table, path_of(folder, "filled", number), before)
    return counts


def _supply(plan: FusionPlan, rows: Rows, chosen: np.ndarray) -> np.ndarray:
    """Pack which fields each row could fill: int32 (n,)."""
    supply = np.zeros(len(chosen), dtype=np.int32)
    for place, field in enumerate(plan.fields):
        if field.name not in plan.unfilled:
            supply |= (rows.codes[field.name][chosen] != 0).astype(np.int32) << place
    return supply


def _lacking(path: Path, uid: np.ndarray) -> np.ndarray:
    """Return what the persons of a bucket lack, for each uid asked; 0 for one that is not there."""
    table = pq.read_table(path, columns=["uid", "lacks"])
    lacks, uids = table.column("lacks").to_numpy(), table.column("uid").to_numpy()
    some = np.flatnonzero(lacks)
    if not len(some):
        return np.zeros(len(uid), dtype=np.int32)
    some = some[np.argsort(uids[some])]
    place = np.minimum(np.searchsorted(uids[some], uid), len(some) - 1)
    found = some[place]
    return np.where(uids[found] == uid, lacks[found], 0)


def _fill(
    plan: FusionPlan, rows: Rows, placed: Placed, chosen: np.ndarray, gaps: np.ndarray
) -> pa.Table:
    """Choose among the linked rows of each person as among any others: trust, then time.

    gaps: what each row can fill of what its person lacks, bit i for field i.
    """
    some = rows_take(rows, chosen)
    some.key = placed.uid[chosen]
    fused = fuse_rows(plan, some)
    tables = []
    for place, field in enumerate(plan.fields):
        winner = fused.winners[field.name]
        gap = winner.has & (gaps[winner.row] >> place & 1 == 1)
        row = winner.row[gap]
        tables.append(
            pa.table(
                {
                    "uid": fused.key[gap],
                    "place": np.full(len(row), place, np.int32),
                    "field": pa.array([field.name] * len(row), pa.string()),
                    "value": values_text(field, some, row).cast(pa.string()),
                    "class": some.number[row],
                    "row_no": some.row_no[row],
                    "at": pa.array(some.seconds[row], pa.int64()).cast(pa.timestamp("s")),
                    "rule": pa.array(placed.rule[chosen[row]], pa.string()),
                    "score": placed.score[chosen[row]],
                }
            )
        )
    whole = pa.concat_tables(tables)
    sorting = pc.sort_indices(whole, [("uid", "ascending"), ("place", "ascending")])
    return whole.take(sorting).drop_columns(["place"])


def _write(table: pa.Table, path: Path, before: Path | None) -> None:
    pq.write_table(table, path, **WRITE)
    old = before / path.name if before is not None else None
    if old is not None and old.exists() and old.read_bytes() == path.read_bytes():
        path.unlink()
        os.link(old, path)


def overlay(persons: list[dict], filled: list[dict]) -> list[dict]:
    """Lay filled fields over persons as read from Parquet, as text (补缺叠加).

    Adds `<field>_rule` to persons that have one filled; every other value came by EXACT_ID.

    >>> found = {"uid": 1, "field": "phone", "value": "1", "class": 7, "row_no": 3, "at": None, "rule": "KEY_2"}
    >>> overlay([{"uid": 1, "phone": None}], [found])[0]["phone_rule"]
    'KEY_2'
    """
    by_uid = {person["uid"]: person for person in persons}
    for one in filled:
        person, name = by_uid.get(one["uid"]), one["field"]
        if person is not None:
            person[name], person[f"{name}_rule"] = one["value"], one["rule"]
            person[f"{name}_class"], person[f"{name}_row"] = one["class"], one["row_no"]
            person[f"{name}_at"] = one["at"]
    return persons
