"""What is in force of a resource (在用数据): the last writer of every key wins. No Django, no clock.

A batch's rows are never changed; what is in force is a choice among them, written as one file for each
batch that still has rows in it. The name of such a file says which rows it has, so a choice that did not
change is the same file with the same bytes.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from yiwang.engines.tabular.door import parquet_list, sql_text
from yiwang.resources.landing.pipeline import time_field
from yiwang.resources.landing.tables import table_make
from yiwang.resources.quality.columns import identifier

if TYPE_CHECKING:
    import duckdb

RESERVED = ("row_no", "updated_at", "batch")
# How the columns of a feed are typed; everything else is text as it was written.
TYPED = {"D": "date", "T": "timestamp"}


@dataclass(frozen=True, slots=True)
class Landed:
    """A batch that has landed or is about to (入库批次). epoch: how many FULL ones came up to it."""

    number: int
    epoch: int
    accepted: Path
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class FeedFile:
    """The rows in force of one batch (在用文件). name: below the feed's folder."""

    name: str
    rows: int
    batch: int

    def as_json(self) -> dict:
        """Return it as the database keeps it."""
        return {"name": self.name, "rows": self.rows, "batch": self.batch}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a batch does to what is in force (批次影响): rows known already, superseding, older.

    again: the number of an earlier full delivery that had exactly these rows, 0 for none; the last
    delivery is none, for who sends it again means what he says.
    """

    known: int = 0
    superseding: int = 0
    older: int = 0
    again: int = 0


def fold(
    connection: "duckdb.DuckDBPyConnection",
    batches: Sequence[Landed],
    *,
    within: Sequence[Path] | None = None,
    fresh: int | None = None,
) -> None:
    """Make the table `winners(row_no, batch)` of the rows in force (在用判定).

    within: feed files of the state before, from which alone the rows of every batch but `fresh` are
    taken: the same answer as from all of history, at the cost of what is in force. A row that says
    again what is in force does not replace it, so a repeated delivery moves nothing.
    """
    _table(connection, batches, within=within, fresh=fresh)
    last = max((one.epoch for one in batches), default=0)
    # Most keys are there once, and then there is nothing to decide.
    several = table_make(
        connection, "several", "select k from rows_known group by k having count(*) > 1"
    )
    single = f"select r as row_no, n as batch, k, h from rows_known where e = {last:d}"
    if not several:
        table_make(connection, "winners", single)
        return
    decided = f"""
        select r as row_no, n as batch, k, h from (
          select *, lag(h) over w as before, lag(e) over w as before_e,
                 max(e) over (partition by k) as last_e
          from rows_known where k in (select k from several)
          window w as (partition by k order by e, a, n, r)
        )
        where last_e = {last:d} and (before is null or before <> h
          or (e > before_e and not (f and e = before_e + 1)))
        qualify row_number() over (partition by k order by e desc, a desc, n desc, r desc) = 1
        """
    table_make(
        connection,
        "winners",
        f"{single} and k not in (select k from several) union all {decided}",
    )


def _table(
    connection: "duckdb.DuckDBPyConnection",
    batches: Sequence[Landed],
    *,
    within: Sequence[Path] | None,
    fresh: int | None,
) -> None:
    if within is not None:
        kept = (
            f"select row_no from {parquet_list(within)}"
            if within
            else "select -1::bigint as row_no"
        )
        table_make(connection, "in_force", kept)
    # What is in force came through every FULL delivery up to the fresh one.
    reached = next((one.epoch - one.is_full for one in batches if one.number == fresh), 0)
    parts = [
        "select 0::bigint as r, 0::ubigint as k, 0::ubigint as h, null::timestamp as a, "
        "0::integer as n, 0::integer as e, false as f where false"
    ]
    for one in batches:
        narrowed, epoch = "", one.epoch
        if within is not None and one.number != fresh:
            if not within:
                continue
            narrowed, epoch = " semi join in_force i on i.row_no = t._row_no", reached
        parts.append(
            f"select _row_no, _key, _hash, _at, {one.number:d}, {epoch:d}, {one.is_full} "
            f"from read_parquet({sql_text(str(one.accepted))}) t{narrowed}"
        )
    table_make(connection, "rows_known", " union all ".join(parts))


def effect(
    connection: "duckdb.DuckDBPyConnection",
    batch: Landed,
    *,
    before: Sequence[Landed],
    feed: Sequence[Path],
) -> Effect:
    """Tell what a batch does to what was in force before it (批次影响); after `fold`.

    known: rows that are in force as they are; superseding: that replace one; older: whose key has a
    later time in force, that are not in force although their key is, or that history has and something
    newer replaced.
    """
    if not before:
        return Effect()
    accepted = f"read_parquet({sql_text(str(batch.accepted))})"
    past = parquet_list([one.accepted for one in before])
    kept = f"select row_no from {parquet_list(feed)}" if feed else "select -1::bigint as row_no"
    found = connection.execute(
        f"""
        with forced as (
          select _key as k, _hash as h, _at as a from {past} where _row_no in ({kept})
        ),
        judged as (
          select f.k is not null as has_key, coalesce(f.h = b._hash, false) as is_known,
            b._hash in (select _hash from {past}) or coalesce(b._at < f.a, false) as is_past,
            b._row_no in (select row_no from winners) as wins
          from {accepted} b left join forced f on f.k = b._key
        )
        select count(*) filter (where is_known),
          count(*) filter (where has_key and not is_known and wins and not is_past),
          count(*) filter (where not is_known and (is_past or (has_key and not wins)))
        from judged
        """
    ).fetchall()[0]
    return Effect(*found, again=_again(connection, batch, before))


def _again(connection: "duckdb.DuckDBPyConnection", batch: Landed, before: Sequence[Landed]) -> int:
    """Find an earlier full delivery with exactly the rows of this one (重报旧文件)."""
    earlier = [one for one in before[:-1] if one.is_full]
    if not batch.is_full or not earlier:
        return 0
    said = "select {} as n, count(*) as c, bit_xor(_hash) as x from read_parquet({})"
    parts = [said.format(one.number, sql_text(str(one.accepted))) for one in (batch, *earlier)]
    found = connection.execute(" union all ".join(parts)).fetchall()
    mine = next(row[1:] for row in found if row[0] == batch.number)
    return max((n for n, *rest in found if tuple(rest) == mine and n != batch.number), default=0)


def files_write(
    connection: "duckdb.DuckDBPyConnection",
    batches: Sequence[Landed],
    fields: Sequence[object],
    folder: Path,
) -> list[FeedFile]:
    """Write the feed's files (写在用文件), those that are not there yet; after `fold`.

    Columns: row_no, updated_at, batch, then the fields; dates and moments typed, the rest as text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups = connection.execute(
        "select batch, count(*), bit_xor(md5_number_lower(row_no::varchar)) from winners "
        "group by 1 order by 1"
    ).fetchall()
    accepted = {one.number: one.accepted for one in batches}
    found = []
    for number, rows, digest in groups:
        name = f"{number:06d}-{rows}-{digest:016x}.parquet"
        if not (folder / name).exists():
            _file_write(connection, number, accepted[number], fields, folder / name)
        found.append(FeedFile(name, rows, number))
    return found


def _file_write(
    connection: "duckdb.DuckDBPyConnection",
    number: int,
    accepted: Path,
    fields: Sequence[object],
    target: Path,
) -> None:
    timed = time_field(fields)
    columns = [
        f"{_typed(one)} as {identifier(column_name(one.name))}"
        for one in fields
        if timed is None or one.name != timed.name or one.name != "updated_at"
    ]
    aside = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}")
    connection.execute(
        f"copy (select a._row_no as row_no, a._at as updated_at, {number:d}::integer as batch, "
        f"{', '.join(columns)} from read_parquet({sql_text(str(accepted))}) a "
        f"semi join winners w on w.row_no = a._row_no order by a._row_no) "
        f"to {sql_text(str(aside))} (format parquet, compression zstd, row_group_size 100000)"
    ).fetchall()
    aside.replace(target)


def column_name(name: str) -> str:
    """Return how a field is called in a feed (列名): our own columns keep their names.

    >>> column_name("batch"), column_name("name")
    ('batch_', 'name')
    """
    return f"{name}_" if name in RESERVED else name


def _typed(one: object) -> str:
    column = f"a.{identifier(one.name)}"
    kind = TYPED.get(one.type)
    return f"try_cast({column} as {kind})" if kind else column
