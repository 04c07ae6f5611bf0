"""Identifier events (标识变更): what happened to subjects between the run before and this one.

run-<id>/events.parquet: event, uid, other_uid, rule, class, row_no (see `data.Event`); publishing links it into
OUT/events/<sequence>-<run>.parquet, so the feed outlives the runs. A first build is one event, BUILT; so is a
run that doubles a master, which would else write every person into the feed.

Only what was touched is compared: files that are links to the run before are the same by their inode.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.data import (
    ABSORBED,
    BUILT,
    CREATED,
    EXACT_ID,
    MERGED,
    RETIRED,
    SPLIT,
    Event,
)
from yiwang.resources.fusion.master import path_of
from yiwang.resources.fusion.provisional import handles_of
from yiwang.resources.fusion.publish import Manifest, events_list
from yiwang.resources.fusion.stage import StageFile, bucket_of, slices
from yiwang.sdk.identifiers import CHINA

BUILT_FROM = 100_000  # so many new persons, and more than there were, are a build and not a batch
SCHEMA = pa.schema(
    [
        ("event", pa.string()),
        ("uid", pa.int64()),
        ("other_uid", pa.int64()),
        ("rule", pa.string()),
        ("class", pa.uint8()),
        ("row_no", pa.int64()),
    ]
)
SCHEMA_FOUND = pa.schema([("class", pa.uint8()), ("row_no", pa.int64()), ("uid", pa.int64())])


def events_write(
    folder: Path,
    *,
    before: Path | None,
    buckets: int,
    fresh: Sequence[StageFile] = (),
    limits: TabularLimits,
) -> dict[str, int]:
    """Write the events of a run; returns their numbers by kind (写出标识变更).

    before: folder of the run before, None for a first build. fresh: stage files that it did not have.
    """
    if before is None:
        tables = [_table(BUILT, [0], [0])]
    else:
        _ids_keep(folder, before, buckets)
        tables = [_numbered(folder, before, bucket) for bucket in range(buckets)]
        created = sum(pc.sum(pc.equal(one["event"], CREATED)).as_py() or 0 for one in tables)
        if created > BUILT_FROM and 2 * created > _persons(folder, buckets):
            tables = [one.filter(pc.not_equal(one["event"], CREATED)) for one in tables]
            tables.insert(0, _table(BUILT, [0], [0]))
        tables.append(_provisional(folder, before, buckets, fresh, limits))
    whole = pa.concat_tables(tables)
    at = datetime.now(CHINA).isoformat(timespec="seconds")
    pq.write_table(
        whole.replace_schema_metadata({"at": at}), folder / "events.parquet", compression="zstd"
    )
    counts = pc.value_counts(whole.column("event")).to_pylist()
    return {one["values"]: one["counts"] for one in counts}


def events_read(out: Path, since: str = "") -> Iterator[Event]:
    """Yield the events of all published runs, oldest first; those after the run `since`, if given.

    Raises LookupError when `since` is no run of the feed: read the whole master instead.
    """
    files = events_list(out)
    if since:
        runs = [run for _sequence, run, _path in files]
        files = files[runs.index(since) + 1 :] if since in runs else _unknown(since)
    for sequence, run, path in files:
        table = pq.read_table(path)
        at = (table.schema.metadata or {}).get(b"at", b"").decode()
        for one in table.to_pylist():
            yield Event(
                sequence,
                run,
                at,
                one["event"],
                one["uid"],
                one["other_uid"],
                one["rule"],
                one["class"],
                one["row_no"],
            )


def _unknown(since: str) -> list:
    raise LookupError(f"the feed has no run {since}")


def fresh_files(files: Sequence[StageFile], before: Manifest | None) -> list[StageFile]:
    """List the stage files that the run before did not have."""
    old = {Path(item["path"]).stem for item in before.stage} if before else set()
    return [item for item in files if Path(item.path).stem not in old]


def _table(
    event: str,
    uid: Sequence[int],
    other: Sequence[int],
    rule: str = "",
) -> pa.Table:
    count = len(uid)
    columns = {
        "event": pa.repeat(event, count),
        "uid": pa.array(uid, pa.int64()),
        "other_uid": pa.array(other, pa.int64()),
        "rule": pa.repeat(rule, count),
        "class": np.zeros(count, np.uint8),
        "row_no": np.zeros(count, np.int64),
    }
    return pa.table(columns, schema=SCHEMA)


def _ids_keep(folder: Path, before: Path, buckets: int) -> None:
    """Keep the identifiers of rows without a person where a run has no such rows at all."""
    old, new = (path_of(one, "ids", buckets) for one in (before, folder))
    if old.exists() and not new.exists():
        os.link(old, new)


def same_file(one: Path, other: Path) -> bool:
    """Tell whether two paths are one file, or both are missing."""
    if not one.exists() or not other.exists():
        return one.exists() == other.exists()
    return one.samefile(other)


def _persons(folder: Path, buckets: int) -> int:
    paths = (path_of(folder, "persons", bucket) for bucket in range(buckets))
    return sum(pq.read_metadata(path).num_rows for path in paths if path.exists())


def _numbered(folder: Path, before: Path, bucket: int) -> pa.Table:
    """Compare the persons with a number of one bucket: who came, who has no row left."""
    old, new = (path_of(one, "persons", bucket) for one in (before, folder))
    if same_file(old, new):
        return SCHEMA.empty_table()
    old_keys, keys = _column(old, "key"), _column(new, "key")
    came, went = ~_within(keys, old_keys), ~_within(old_keys, keys)
    came = _column(new, "uid")[came] if came.any() else keys[:0]
    went = _column(old, "uid")[went] if went.any() else keys[:0]
    return pa.concat_tables(
        [
            _table(CREATED, came, np.zeros_like(came), EXACT_ID),
            _table(RETIRED, went, np.zeros_like(went)),
        ]
    )


def _column(path: Path, name: str) -> np.ndarray:
    if not path.exists():
        return np.empty(0, np.int64)
    return pq.ParquetFile(path).read(columns=[name], use_threads=False).column(name).to_numpy()


def _within(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell which keys are among others; both sorted ascending: bool (n,)."""
    if not len(others):
        return np.zeros(len(keys), dtype=bool)
    place = np.minimum(np.searchsorted(others, keys), len(others) - 1)
    return others[place] == keys


def _provisional(
    folder: Path, before: Path, buckets: int, fresh: Sequence[StageFile], limits: TabularLimits
) -> pa.Table:
    """Compare the rows of the residue: which left whom for whom; then say it of the subjects."""
    old, new = (path_of(one, "rows", buckets) for one in (before, folder))
    if same_file(old, new):
        return SCHEMA.empty_table()
    with tabular_open(limits) as connection:
        for name, path in (("old_rows", old), ("new_rows", new)):
            connection.execute(
                f"create view {name} as select * from {parquet_list([path])}"
                if path.exists()
                else f"create view {name} as select 0::bigint as uid, 0::utinyint as class, "
                "0::bigint as row_no, '' as rule where false"
            )
        connection.execute(MOVED)
        gone = connection.execute(
            "select class, row_no from moved where new_uid = 0 order by all"
        ).fetchnumpy()
        if all(Path(item.path).exists() for item in fresh):
            found = _numbers(folder, buckets, gone, fresh)
        else:  # another engine keeps no stage here: ask the lineage that it wrote
            paths = [path_of(folder, "rows", bucket) for bucket in range(buckets)]
            found = _numbers_written(connection, [path for path in paths if path.exists()])
        connection.register("found", found)
        connection.execute(FOUND)
        return connection.sql(SAID.format(bucket=buckets)).to_arrow_table().cast(SCHEMA)


MOVED = """
create temp table moved as
select coalesce(o.class, n.class) as class, coalesce(o.row_no, n.row_no) as row_no,
  coalesce(o.uid, 0) as old_uid, coalesce(n.uid, 0) as new_uid, coalesce(n.rule::varchar, '') as rule
from old_rows o full join new_rows n on o.class = n.class and o.row_no = n.row_no
where o.uid is distinct from n.uid"""

FOUND = f"""
update moved set new_uid = f.uid, rule = '{EXACT_ID}' from found f
where moved.class = f.class and moved.row_no = f.row_no"""

# The low byte of an identifier is its bucket: provisional subjects are those of the last one.
SAID = f"""
with had as (
  select distinct old_uid as uid from moved where old_uid & 255 = {{bucket}}
), has as (
  select distinct new_uid as uid from moved where new_uid & 255 = {{bucket}}
), ended as (
  select uid from had where uid not in (select uid from new_rows where uid & 255 = {{bucket}})
), begun as (
  select uid from has where uid not in (select uid from old_rows where uid & 255 = {{bucket}})
), went as (  -- where most rows of an ended subject went, then where the first did
  select old_uid as uid, new_uid as other_uid, arg_min(rule, (class, row_no)) as rule,
    min((class, row_no)) as first
  from moved where new_uid <> 0 and old_uid in (select uid from ended)
  group by old_uid, new_uid
  qualify row_number() over (partition by old_uid order by count(*) desc, min((class, row_no))) = 1
), ends as (
  select case when w.uid is null then '{RETIRED}' when w.other_uid & 255 = {{bucket}} then '{MERGED}'
    else '{ABSORBED}' end as event, e.uid, coalesce(w.other_uid, 0) as other_uid,
    coalesce(w.rule, '') as rule, w.first[1] as class, w.first[2] as row_no
  from ended e left join went w on w.uid = e.uid
), begins as (
  select '{CREATED}' as event, new_uid as uid, arg_min(old_uid, (class, row_no)) as other_uid,
    arg_min(rule, (class, row_no)) as rule, min((class, row_no)) as first
  from moved where new_uid in (select uid from begun) group by new_uid
), splits as (
  select '{SPLIT}' as event, m.old_uid as uid, m.new_uid as other_uid, m.rule, m.class, m.row_no
  from moved m left join went w on w.uid = m.old_uid and w.other_uid = m.new_uid
  where m.old_uid <> 0 and m.new_uid <> 0 and w.uid is null
)
select event, uid, other_uid, rule, coalesce(class, 0)::utinyint as class, coalesce(row_no, 0) as row_no
from (
  select event, uid, other_uid, rule, first[1] as class, first[2] as row_no, 1 as place from begins
  union all select *, 2 from splits union all select *, 3 from ends
) order by place, uid, class, row_no"""


def _numbers_written(connection: duckdb.DuckDBPyConnection, lineage: list[Path]) -> pa.Table:
    """Find the same rows in the lineage of all subjects with a number: class, row_no, uid."""
    if not lineage:
        return pa.table({"class": [], "row_no": [], "uid": []}, schema=SCHEMA_FOUND)
    found = connection.sql(
        f"select l.class::utinyint as class, l.row_no, l.uid from {parquet_list(lineage)} l "
        "semi join moved m on m.new_uid = 0 and m.class = l.class and m.row_no = l.row_no"
    )
    return found.to_arrow_table()


def _numbers(
    folder: Path, buckets: int, gone: dict[str, np.ndarray], fresh: Sequence[StageFile]
) -> pa.Table:
    """Find rows that left the residue because they came again with a valid number: class, row_no, uid."""
    number, row_no = (np.asarray(gone[name]) for name in ("class", "row_no"))
    wanted = np.sort(handles_of(number, row_no))
    handles, keys = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for item in fresh if len(wanted) else ():
        if item.number not in number:
            continue
        for bucket in np.flatnonzero(item.counts()[:-1]).tolist():
            for _number, batch in slices([item], bucket):
                rows = batch.column("row_no").to_numpy()
                handle = handles_of(np.full(len(rows), item.number, np.uint8), rows)
                hit = np.flatnonzero(_within(handle, wanted))
                handles.append(handle[hit])
                keys.append(batch.column("key").to_numpy()[hit])
    handle, key = np.concatenate(handles), np.concatenate(keys)
    uid = np.zeros(len(key), dtype=np.int64)
    bucket = bucket_of(key, buckets)
    for one in np.unique(bucket).tolist():
        path = path_of(folder, "persons", one)
        known, uids = _column(path, "key"), _column(path, "uid")
        chosen = np.flatnonzero(bucket == one)
        place = np.minimum(np.searchsorted(known, key[chosen]), max(len(known) - 1, 0))
        uid[chosen] = uids[place]
    return pa.table(
        {
            "class": (handle >> 55).astype(np.uint8),
            "row_no": handle & ((1 << 55) - 1),
            "uid": uid,
        }
    )
