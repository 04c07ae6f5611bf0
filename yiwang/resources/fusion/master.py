"""The master (主数据) of one bucket as Parquet: persons, their rows, the values that lost, identifiers.

persons-XX   one row a subject: uid, key, identifier, fields, for each field `_class`, `_row`, `_at` of the
             winning source row, records, conflict (bit i: sources disagree on field i), lacks (bit i: no row
             supplies field i)
rows-XX      one row a source row: uid, class, row_no, rule, score: why it belongs to its person
values-XX    one row a losing value: uid, field, value, class, row, at; of equal values the latest
ids-XX       key → uid of every key ever seen, so that a subject keeps its identifier for good
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from yiwang.resources.fusion.checks import id_numbers, organisation_codes
from yiwang.resources.fusion.data import EXACT_ID, Field, FusionPlan
from yiwang.resources.fusion.survivorship import POSITION_BITS, POSITION_MASK, Fused, Rows

DAY_ZERO = 719_162  # days from 0001-01-01 to 1970-01-01
# (person, value) as one number: 22 bits above 41, in which a telephone number fits as a hash does.
CODE_BITS = 41
CODE_MASK = (1 << CODE_BITS) - 1
UID_SHIFT = 8  # the low byte is the bucket of birth: identifiers of two buckets never collide
WRITE = {"compression": "lz4"}  # half the time of zstd for a quarter more bytes
KEYS = ("uid", "key")
FEW = frozenset({"class", "rule", "score", "field", "records", "conflict", "lacks"})


@dataclass(slots=True)
class Written:
    """What one bucket gave (分桶结果): counts, conflicts by field, disagreements field × class (256)."""

    bucket: int
    records: int
    persons: int
    in_conflict: int
    conflicts: np.ndarray
    disagreements: np.ndarray


def path_of(folder: Path, kind: str, bucket: int) -> Path:
    """Return the file of a bucket: kind is persons, rows, values or ids."""
    return folder / f"{kind}-{bucket:03d}.parquet"


def uids_assign(
    keys: np.ndarray, known: pa.Table | None, bucket: int, seed: int | None
) -> tuple[np.ndarray, pa.Table]:
    """Give every key its stable identifier (主体标识): the known one, else a random one.

    keys: int64 (persons,), sorted. known: table (key, uid) sorted by key. Returns uids int64 (persons,) and
    the table grown by the new ones. Random, never made from the number: 18 digits can be tried out.
    """
    uid = np.zeros(len(keys), dtype=np.int64)
    old_keys, old_uids = (
        (known.column(name).to_numpy() for name in ("key", "uid"))
        if known is not None
        else (np.empty(0, np.int64),) * 2
    )
    if len(old_keys):
        place = np.minimum(np.searchsorted(old_keys, keys), len(old_keys) - 1)
        uid = np.where(old_keys[place] == keys, old_uids[place], 0)
    new = np.flatnonzero(uid == 0)
    uid[new] = uids_draw(len(new), old_uids, bucket, seed)
    grown_keys = np.concatenate([old_keys, keys[new]])
    grown_uids = np.concatenate([old_uids, uid[new]])
    order = np.argsort(grown_keys, kind="stable")
    return uid, pa.table({"key": grown_keys[order], "uid": grown_uids[order]})


def uids_draw(count: int, taken: np.ndarray, bucket: int, seed: int | None) -> np.ndarray:
    """Draw identifiers that nobody in the bucket has: int64 (count,), positive, low byte the bucket.

    >>> uids_draw(2, np.empty(0, np.int64), 7, seed=1) & 255
    array([7, 7])
    """
    state = secrets.randbits(128) if seed is None else [seed, bucket, len(taken)]
    random = np.random.default_rng(state)
    drawn = np.empty(0, dtype=np.int64)
    while len(drawn) < count:
        more = random.integers(1, 1 << 54, size=count - len(drawn), dtype=np.int64)
        drawn = np.concatenate([drawn, more << UID_SHIFT | bucket])
        order = np.argsort(drawn, kind="stable")
        fresh = np.ones(len(drawn), dtype=bool)
        fresh[order[1:][drawn[order[1:]] == drawn[order[:-1]]]] = False
        if len(taken):
            fresh &= ~np.isin(drawn, taken)
        drawn = drawn[fresh]
    return drawn


def table_write(table: pa.Table, path: Path) -> None:
    """Write a table of the master: few different values as dictionary, scattered numbers byte by byte.

    Row numbers and moments hardly repeat, so a dictionary of them is built in vain; their high bytes are
    nearly equal, so split by bytes they are a fifth smaller and written in two thirds of the time.
    """
    few = [item.name for item in table.schema if item.name in FEW or item.type == pa.uint8()]
    scattered = [
        item.name
        for item in table.schema
        if item.name not in KEYS and (item.type == pa.int64() or pa.types.is_timestamp(item.type))
    ]
    pq.write_table(
        table,
        path,
        use_dictionary=few,
        column_encoding=dict.fromkeys(scattered, "BYTE_STREAM_SPLIT"),
        write_statistics=[name for name in KEYS if name in table.column_names],
        **WRITE,
    )


def bucket_write(
    plan: FusionPlan,
    rows: Rows,
    fused: Fused,
    uid: np.ndarray,
    folder: Path,
    bucket: int,
    *,
    lineage: pa.Table | None = None,
) -> Written:
    """Write persons and losing values of a bucket, and its rows if `lineage` says why they are there."""
    persons, values = persons_table(plan, rows, fused, uid), losing_values(plan, rows, fused, uid)
    counts = disagreements_count(plan, rows, fused)
    return bucket_save(plan, persons, lineage, values, counts, folder, bucket)


def bucket_save(
    plan: FusionPlan,
    persons: pa.Table,
    rows: pa.Table | None,
    values: pa.Table,
    disagreements: np.ndarray,
    folder: Path,
    bucket: int,
) -> Written:
    """Save the tables of a bucket and count what is in them."""
    tables = {"persons": persons, "values": values} | ({} if rows is None else {"rows": rows})
    for kind, table in tables.items():
        table_write(table, path_of(folder, kind, bucket))
    conflict = persons.column("conflict").to_numpy()
    bits = [(conflict >> place) & 1 for place in range(len(plan.fields))]
    return Written(
        bucket=bucket,
        records=pc.sum(persons.column("records")).as_py(),
        persons=len(persons),
        in_conflict=int(np.count_nonzero(conflict)),
        conflicts=np.array([int(bit.sum()) for bit in bits]),
        disagreements=disagreements,
    )


def exact_rows(rows: Rows, fused: Fused, uid: np.ndarray) -> pa.Table:
    """Make the lineage of rows that carry a valid identifier: all by the rule EXACT_ID."""
    count = len(rows)
    return pa.table(
        {
            "uid": uid[fused.person],
            "class": rows.number[fused.order],
            "row_no": rows.row_no[fused.order],
            "rule": pa.DictionaryArray.from_arrays(np.zeros(count, np.int8), [EXACT_ID]),
            "score": np.ones(count, dtype=np.float32),
        }
    )


def persons_table(plan: FusionPlan, rows: Rows, fused: Fused, uid: np.ndarray) -> pa.Table:
    """Make the golden records (主记录) with the source row of every value."""
    columns = {"uid": uid, "key": fused.key, "identifier": identifiers(plan, fused.key)}
    for field in plan.fields:
        winner = fused.winners[field.name]
        columns[field.name] = values_text(field, rows, winner.row, winner.has)
        none = ~winner.has
        columns[f"{field.name}_class"] = pa.array(rows.number[winner.row], mask=none)
        columns[f"{field.name}_row"] = pa.array(rows.row_no[winner.row], mask=none)
        columns[f"{field.name}_at"] = _moments(rows.seconds[winner.row], none)
    columns["records"] = fused.records.astype(np.int32)
    columns["conflict"] = fused.conflict.astype(np.int32)
    columns["lacks"] = _lacks(plan, fused)
    return pa.table(columns)


def _lacks(plan: FusionPlan, fused: Fused) -> np.ndarray:
    """Pack the fields that no row supplies: int32 (persons,), bit i is field i of the plan."""
    lacks = np.zeros(len(fused.key), dtype=np.int32)
    for place, field in enumerate(plan.fields):
        lacks |= (~fused.winners[field.name].has).astype(np.int32) << place
    return lacks


def identifiers(plan: FusionPlan, key: np.ndarray) -> pa.Array:
    """Write the validated identifier of each key; null for a provisional subject (key below 0)."""
    if len(key) and key[0] < 0:
        return pa.nulls(len(key), pa.string())
    return {"ID_NUMBER": id_numbers, "USCC": organisation_codes}[plan.identifier](key)


def values_text(
    field: Field, rows: Rows, row: np.ndarray, has: np.ndarray | None = None
) -> pa.Array:
    """Take values as they are kept: text, uint8, date32, or a telephone number as text."""
    mask = None if has is None else ~has
    if field.is_text:
        return rows.texts[field.name].take(pa.array(row, mask=mask))
    value = rows.codes[field.name][row]
    if field.kind == "CODE":
        return pa.array(value, mask=mask)
    if field.kind == "DATE":
        return pa.array(value - DAY_ZERO, mask=mask, type=pa.int32()).cast(pa.date32())
    return phones_text(value, mask)


def phones_text(value: np.ndarray, mask: np.ndarray | None) -> pa.Array:
    """Write telephone numbers; a landline gets back the 0 of its area code.

    >>> phones_text(np.array([16412345678, 51265211234]), None).to_pylist()
    ['16412345678', '051265211234']
    """
    text = pa.array(value, mask=mask, type=pa.int64()).cast(pa.string())
    mobile = pa.array((value >= 13_000_000_000) & (value <= 19_999_999_999))
    return pc.if_else(mobile, text, pc.binary_join_element_wise("0", text, ""))


def disagreements_count(plan: FusionPlan, rows: Rows, fused: Fused) -> np.ndarray:
    """Count by class the rows whose value lost (不一致计数): int64 (fields, 256)."""
    losers = [fused.winners[field.name].losers for field in plan.fields]
    return np.array([np.bincount(rows.number[some], minlength=256) for some in losers])


def losing_values(plan: FusionPlan, rows: Rows, fused: Fused, uid: np.ndarray) -> pa.Table:
    """Keep what lost (落选值), dated: of equal values of a person the latest row stands for all.

    By field, then by person.
    """
    tables = []
    for field in plan.fields:
        winner = fused.winners[field.name]
        row, person = _latest(rows, rows.codes[field.name], winner.losers, winner.loser_person)
        name = pa.DictionaryArray.from_arrays(np.zeros(len(row), np.int8), [field.name])
        tables.append(
            pa.table(
                {
                    "uid": uid[person],
                    "field": name.cast(pa.string()),
                    "value": values_text(field, rows, row).cast(pa.string()),
                    "class": rows.number[row],
                    "row_no": rows.row_no[row],
                    "at": _moments(rows.seconds[row], None),
                }
            )
        )
    return pa.concat_tables(tables)


def _latest(
    rows: Rows, code: np.ndarray, losers: np.ndarray, person: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of each (person, value) keep the latest row, of rows of one moment the last."""
    if not len(losers):
        return losers, person
    value = person.astype(np.int64) << CODE_BITS | (code[losers].astype(np.int64) & CODE_MASK)
    order = np.argsort(value)
    value = value[order]
    starts = np.flatnonzero(np.append(True, value[1:] != value[:-1]))
    moment = rows.seconds[losers] << POSITION_BITS | losers
    row = np.maximum.reduceat(moment[order], starts) & POSITION_MASK
    return row, person[order[starts]]


def _moments(seconds: np.ndarray, mask: np.ndarray | None) -> pa.Array:
    return pa.array(seconds, mask=mask, type=pa.int64()).cast(pa.timestamp("s"))
