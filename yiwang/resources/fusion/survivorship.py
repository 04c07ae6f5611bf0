"""Survivorship (取值规则): of all values of a field the one with the highest trust, then the latest, wins.

Trust, time and position are packed into one integer, so the winner of every person is a single
`maximum.reduceat` and says by itself which row it came from. Design D3 of spikes.md. Rows come in a
canonical order (class, file, row), so a tie ends the same way in every run.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from yiwang.resources.fusion.data import TEXT_KINDS, FusionPlan

# trust (10 bits) | seconds since 1970 (31 bits, until 2038) | position (22 bits), plus 1; 0 is no value.
POSITION_BITS, TIME_BITS = 22, 31
POSITION_MASK = (1 << POSITION_BITS) - 1
TIME_LIMIT = (1 << TIME_BITS) - 1
# How the code of a field is kept, by its kind: a text's is its hash.
CODES = {
    **dict.fromkeys(TEXT_KINDS, np.uint32),
    "CODE": np.uint8,
    "DATE": np.int32,
    "PHONE": np.int64,
}


@dataclass(slots=True)
class Rows:
    """Standardised rows as columns (标准化行), n of them, in canonical order.

    key: int64. number: class, uint8. row_no, seconds: int64. texts: pa.Array by text field. codes:
    by field, the number itself or a text's 32-bit hash; 0 is no value.
    """

    key: np.ndarray
    number: np.ndarray
    row_no: np.ndarray
    seconds: np.ndarray
    texts: dict[str, pa.Array]
    codes: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.key)


@dataclass(slots=True)
class Winner:
    """A field of all persons (胜出值): row of the winner, whether there is one, who loses to it.

    row: position in `Rows` (persons,). has: bool (persons,). losers: positions of rows with another
    value, and their persons in `loser_person`.
    """

    row: np.ndarray
    has: np.ndarray
    losers: np.ndarray
    loser_person: np.ndarray


@dataclass(slots=True)
class Fused:
    """Persons of a bucket (融合主体): keys sorted ascending, rows by person, winners by field.

    order: rows sorted by key (n,). person: person of each row in that order (n,). records: rows of each
    person. conflict: int64 (persons,), bit i set when sources disagree on field i of the plan.
    """

    key: np.ndarray
    order: np.ndarray
    person: np.ndarray
    records: np.ndarray
    winners: dict[str, Winner]
    conflict: np.ndarray


def rows_gather(plan: FusionPlan, parts: Iterable[tuple[int, pa.RecordBatch]]) -> Rows | None:
    """Join slices into columns; None when there is no row. A column that a part lacks has no value there."""
    parts = list(parts)
    if not parts:
        return None
    sizes = [len(batch) for _number, batch in parts]
    ends = np.cumsum(sizes).tolist()
    empty = _empty_texts(max(sizes))

    def numbers(name: str, kind: type) -> np.ndarray:
        whole = np.zeros(ends[-1], dtype=kind)
        for (_number, batch), size, end in zip(parts, sizes, ends, strict=True):
            if name in batch.schema.names:
                whole[end - size : end] = batch.column(name).to_numpy()
        return whole

    def texts(name: str) -> pa.Array:
        return pa.concat_arrays(
            [
                batch.column(name) if name in batch.schema.names else empty[: len(batch)]
                for _number, batch in parts
            ]
        )

    return Rows(
        key=numbers("key", np.int64),
        number=np.repeat(np.array([n for n, _batch in parts], dtype=np.uint8), sizes),
        row_no=numbers("row_no", np.int64),
        seconds=numbers("seconds", np.int64),
        texts={field.name: texts(field.name) for field in plan.fields if field.is_text},
        codes={
            field.name: numbers(
                f"{field.name}_hash" if field.is_text else field.name, CODES[field.kind]
            )
            for field in plan.fields
        },
    )


def _empty_texts(count: int) -> pa.Array:
    offsets = pa.py_buffer(np.zeros(count + 1, dtype=np.int32))
    return pa.StringArray.from_buffers(count, offsets, pa.py_buffer(b""))


def rows_take(rows: Rows, places: np.ndarray) -> Rows:
    """Take some rows, in the given order."""
    chosen = pa.array(places)
    return Rows(
        rows.key[places],
        rows.number[places],
        rows.row_no[places],
        rows.seconds[places],
        {name: text.take(chosen) for name, text in rows.texts.items()},
        {name: code[places] for name, code in rows.codes.items()},
    )


def fuse_rows(plan: FusionPlan, rows: Rows) -> Fused:
    """Fuse rows with the same key into one subject each (逐字段取值).

    Raises OverflowError past 4,194,303 rows.

    >>> from yiwang.resources.fusion.plans import population_plan
    >>> plan = population_plan()
    >>> one = np.ones(2, dtype=np.int64)
    >>> codes = {field.name: one * 0 for field in plan.fields} | {"sex": np.array([1, 2])}
    >>> rows = Rows(one, np.array([9, 1], np.uint8), one, np.array([20, 10]), {}, codes)
    >>> fused = fuse_rows(plan, rows)
    >>> fused.winners["sex"].row.tolist(), fused.conflict.tolist()  # class 1 is the authority
    ([1], [2])
    """
    if len(rows) > POSITION_MASK:
        raise OverflowError("a bucket has more than 4,194,303 rows: the plan needs more buckets")
    order = np.argsort(rows.key)
    key = rows.key[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    records = np.diff(np.append(starts, len(rows)))
    person = np.repeat(np.arange(len(starts), dtype=np.int32), records)
    number = rows.number[order]
    moment = (np.clip(rows.seconds[order], 0, TIME_LIMIT) << POSITION_BITS | order) + 1
    conflict = np.zeros(len(starts), dtype=np.int64)
    winners = {}
    for place, field in enumerate(plan.fields):
        code = rows.codes[field.name]
        winner = _winner(plan.ranks(field.name), code, (order, starts, person), number, moment)
        conflict[winner.loser_person] |= 1 << place
        winners[field.name] = winner
    return Fused(key[starts], order, person, records, winners, conflict)


def _winner(
    ranks: list[int],
    code: np.ndarray,
    groups: tuple[np.ndarray, np.ndarray, np.ndarray],
    number: np.ndarray,
    moment: np.ndarray,
) -> Winner:
    order, starts, person = groups
    ordered = code[order]
    valid = ordered != 0
    if len(set(ranks)) == 1:  # nobody is believed more than anybody
        packed = moment * valid
    else:
        trust = np.array(ranks, dtype=np.int64) << (POSITION_BITS + TIME_BITS)
        packed = trust[number]
        packed += moment
        packed *= valid
    best = np.maximum.reduceat(packed, starts)
    has = best > 0
    row = np.where(has, (best - 1) & POSITION_MASK, order[starts])
    lost = np.flatnonzero((ordered != code[row][person]) & valid)
    return Winner(row, has, order[lost], person[lost])
