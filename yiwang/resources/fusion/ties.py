"""Ties between subjects (关系): families, branches, who invests and who represents.

run-<id>/ties.parquet           identifier, other_identifier, kind, class, row_no, at, valid_from, valid_to;
                                one row a pair, kind and period: of several words on one the higher rank, then
                                the latest validity, wins; two who married each other twice have two rows
run-<id>/tie_conflicts.parquet  rule, kind, identifier, other_identifier, third_identifier, class, row_no,
                                against_class, against_row_no: what cannot all be true (比对), with its rows
run-<id>/tie-T<nn>-<digest>.parquet   what the files of one tie say, numbers checked; taken over while they are the same

`class` is the tie's number (T01 is 1). Numbers are validated as those of records are, the old 15 digits
become 18. Identifiers are written as in the master: 18 digits, or the 9 of the organisation code. A tie
that ended keeps its day (valid_to). SPOUSE is stored once, the smaller number first.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.fusion.checks import id_numbers, organisation_codes, organisation_keys
from yiwang.resources.fusion.data import (
    Field,
    FusionPlan,
    FusionSourceBroken,
    Source,
    TieSource,
    files_of,
)
from yiwang.resources.fusion.master import WRITE
from yiwang.resources.fusion.sql import select_compile
from yiwang.sdk.errors import N_

RULES = {
    "TWO_SPOUSES": N_("Two marriages of one person hold at the same time."),
    "TWO_REPRESENTATIVES": N_(
        "Two legal representatives of one organisation hold at the same time."
    ),
    "TWO_PARENT_COMPANIES": N_("One branch belongs to two organisations at the same time."),
    "CHILD_OLDER": N_("By their numbers the child is not younger than the parent."),
    "MANY_PARENTS": N_("One child has more than two parents."),
    "SAME_SUBJECT": N_("Both sides of the tie are the same."),
    "INVALID_NUMBER": N_("A number of the tie does not hold."),
    "UNKNOWN_KIND": N_("The kind of the tie is not known."),
}
KINDS = ("SPOUSE", "CHILD", "BRANCH", "INVESTOR", "REPRESENTATIVE")
TIES, CONFLICTS = "ties.parquet", "tie_conflicts.parquet"
# A plan of one field, to have numbers checked by the very statement that standardises records.
CHECK_PLAN = FusionPlan(
    "ties", "关系", "ID_NUMBER", (), (Field("kind", "TEXT", "关系"),), {}, (), ()
)
CHECK_SOURCE = Source(1, "", "", "TYPED", {"kind": "CLEAN"})

TABLES = """
create temp table said (identifier bigint, other_identifier bigint, kind varchar, class utinyint,
  row_no bigint, "at" timestamp_s, valid_from date, valid_to date, rank integer);
create temp table against (rule varchar, kind varchar, identifier bigint, other_identifier bigint,
  third_identifier bigint, class utinyint, row_no bigint, against_class utinyint, against_row_no bigint)
"""
READ = """
create or replace temp table read as
select row_number() over () - 1 as n, row_no, updated_at::timestamp_s as "at", id_number::varchar as id_number,
  other_number::varchar as other_number, {kind} as kind,
  try_cast(valid_from as date) as valid_from, try_cast(valid_to as date) as valid_to
from {relation}"""
CHECKED = """
copy (select one, other, kind, row_no, "at", valid_from, valid_to from read join numbers using (n) order by n)
to {target} (format parquet, compression lz4)"""
SAID = """
insert into said
select case when kind = 'SPOUSE' then least(one, other) else one end,
  case when kind = 'SPOUSE' then greatest(one, other) else other end,
  kind, {number}, row_no, "at", valid_from, valid_to, {rank}
from {checked}
where one > 0 and other > 0 and one <> other and kind in {kinds}"""
WRONG = """
insert into against
select case when one = 0 or other = 0 then 'INVALID_NUMBER' when one = other then 'SAME_SUBJECT'
    else 'UNKNOWN_KIND' end,
  kind, one, other, null, {number}, row_no, {number}, row_no
from {checked}
where one = 0 or other = 0 or one = other or kind is null or kind not in {kinds}"""
# Most pairs are told once: only the others are put in order. The highest rank speaks for a pair; what it says again
# of the same first day corrects what it said before, and periods that overlap are one.
PAIR = "identifier, other_identifier, kind"
JOINED = f"""
create temp table several as select {PAIR} from said group by all having count(*) > 1;
create temp table told as
select s.*, coalesce(valid_from, date '0001-01-01') as since, coalesce(valid_to, date '9999-12-31') as until
from said s semi join several using ({PAIR})
qualify rank = max(rank) over (partition by {PAIR})
  and row_number() over (partition by {PAIR}, valid_from order by rank desc, "at" desc, class, row_no) = 1;
create temp table ties as
with begun as (
  select *, coalesce(since >= max(until) over (partition by {PAIR} order by since
    rows between unbounded preceding and 1 preceding), true) as is_new from told
), periods as (
  select *, sum(is_new::int) over (partition by {PAIR} order by since rows unbounded preceding) as period from begun
)
select s.* exclude (rank) from said s anti join several using ({PAIR})
union all
select p.* exclude (rank, since, until, is_new, period) from periods p
qualify row_number() over (partition by {PAIR}, period
  order by valid_from desc nulls last, "at" desc, class, row_no) = 1"""
# Who may have only one at a time: spouses each, an organisation one representative, a branch one parent.
SINGLE = """
insert into against
with sides as (
  select identifier as who, other_identifier as whom, * from ties where kind in ('SPOUSE', 'REPRESENTATIVE')
  union all
  select other_identifier, identifier, * from ties where kind in ('SPOUSE', 'BRANCH')
), many as (select kind, who from sides group by all having count(*) > 1
), several as (select * from sides semi join many using (kind, who))
select case a.kind when 'SPOUSE' then 'TWO_SPOUSES' when 'BRANCH' then 'TWO_PARENT_COMPANIES'
    else 'TWO_REPRESENTATIVES' end,
  a.kind, a.who, a.whom, b.whom, a.class, a.row_no, b.class, b.row_no
from several a join several b on a.kind = b.kind and a.who = b.who and a.whom < b.whom
where coalesce(a.valid_from, date '0001-01-01') < coalesce(b.valid_to, date '9999-12-31')
  and coalesce(b.valid_from, date '0001-01-01') < coalesce(a.valid_to, date '9999-12-31')"""
# A person's key is the first 17 digits of the number, the birth date among them.
CHILDREN = """
insert into against
select 'CHILD_OLDER', kind, identifier, other_identifier, null, class, row_no, class, row_no from ties
where kind = 'CHILD' and other_identifier // 1000 % 100000000 <= identifier // 1000 % 100000000;
insert into against
with parents as (
  select t.*, row_number() over w as place, first_value(t.identifier) over w as first,
    first_value(t.class) over w as first_class, first_value(t.row_no) over w as first_row
  from ties t where t.kind = 'CHILD' and t.valid_to is null
  window w as (partition by other_identifier order by "at", class, row_no)
)
select 'MANY_PARENTS', kind, other_identifier, identifier, first, class, row_no, first_class, first_row
from parents where place > 2"""
ORDERS = {"ties": f"{PAIR}, valid_from nulls first", "against": "all"}
PERSONS_FROM = 10**16  # keys of persons have 17 digits, those of organisations 13 at most


def tie_digests(plan: FusionPlan, source: Path) -> dict[str, str]:
    """Return for each tie with files 24 hex digits that change when it does (关系指纹), by its code.

    All bytes of the files count, as in the stage.
    """
    digests = {}
    for tie in plan.ties:
        digest, files = hashlib.sha256(duckdb.__version__.encode()), files_of(tie, source)
        digest.update(json.dumps([plan.identifier, asdict(tie)]).encode())
        for path in files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        if files:
            digests[tie.code] = digest.hexdigest()[:24]
    return digests


def ties_digest(digests: dict[str, str]) -> str:
    """Return 24 hex digits for all ties together; '' when there is no file of ties.

    >>> ties_digest({}), len(ties_digest({"T01": "0" * 24}))
    ('', 24)
    """
    text = json.dumps(digests, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24] if digests else ""


def ties_write(
    plan: FusionPlan,
    source: Path,
    folder: Path,
    *,
    digests: dict[str, str],
    before: Path | None,
    today: date,
    limits: TabularLimits,
) -> dict[str, int]:
    """Write all ties with their contradictions; returns numbers by kind (写出关系).

    digests: of `tie_digests`. before: folder of the run before; of a tie whose files are the same as then nothing
    is read again. Raises FusionSourceBroken when a file cannot be read or lacks a column.
    """
    with tabular_open(limits) as connection:
        connection.execute(TABLES)
        for tie in plan.ties:
            if tie.code in digests:
                name = f"tie-{tie.code}-{digests[tie.code]}.parquet"
                if before is not None and (before / name).exists():
                    os.link(before / name, folder / name)
                else:
                    _check(plan, connection, tie, files_of(tie, source), folder / name, today)
                checked = parquet_list([folder / name])
                values = {"number": tie.number, "rank": tie.rank, "kinds": KINDS}
                connection.execute(SAID.format(checked=checked, **values))
                connection.execute(WRONG.format(checked=checked, **values))
        for statement in (JOINED, SINGLE, CHILDREN):
            connection.execute(statement)
        for table, name in (("ties", TIES), ("against", CONFLICTS)):
            rows = connection.sql(f"select * from {table} order by {ORDERS[table]}")
            pq.write_table(_named(rows.to_arrow_table()), folder / name, **WRITE)
        counts = dict(connection.execute("select kind, count(*) from ties group by 1").fetchall())
        [(wrong,)] = connection.execute("select count(*) from against").fetchall()
    return counts | {"conflicts": wrong}


def ties_link(folder: Path, before: Path) -> None:
    """Take over the ties of the run before, from which nothing changed."""
    for path in (before / TIES, before / CONFLICTS, *before.glob("tie-T*.parquet")):
        if path.exists():
            os.link(path, folder / path.name)


def _check(
    plan: FusionPlan,
    connection: duckdb.DuckDBPyConnection,
    tie: TieSource,
    files: Sequence[Path],
    target: Path,
    today: date,
) -> None:
    """Write what the files of a tie say, with the keys of the numbers that hold."""
    kind = sql_text(tie.kind) if tie.kind else "kind::varchar"
    try:
        connection.execute(READ.format(kind=kind, relation=parquet_list(files)))
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        origin = f"{tie.folder}/{files[0].name}"
        raise FusionSourceBroken(file=origin, source=tie.title, reason=reason) from error
    one = _numbers(connection, "id_number", plan.identifier, today)
    other = _numbers(connection, "other_number", tie.other_identifier, today)
    numbers = pa.table({"n": np.arange(len(one)), "one": one, "other": other})
    connection.register("numbers", numbers)
    connection.execute(CHECKED.format(target=sql_text(str(target))))
    connection.unregister("numbers")


def _numbers(
    connection: duckdb.DuckDBPyConnection, column: str, identifier: str, today: date
) -> np.ndarray:
    """Return the keys of the validated identifiers of a column of `read`, 0 where none holds: int64 (n,)."""
    keys: np.ndarray | None = None
    if identifier in ("USCC", "EITHER"):
        texts = connection.sql(
            f"select coalesce(upper(trim({column})), '') as text from read order by n"
        )
        keys = organisation_keys(texts.to_arrow_table().column("text").combine_chunks())
    if identifier in ("ID_NUMBER", "EITHER"):
        relation = (
            f'(select n as row_no, "at" as updated_at, {column} as id_number, kind from read)'
        )
        query = select_compile(CHECK_PLAN, CHECK_SOURCE, relation, today=today)
        rows = connection.execute(f"select row_no, key from ({query})").fetchnumpy()
        persons = np.zeros(len(rows["key"]), dtype=np.int64)
        persons[rows["row_no"]] = rows["key"]
        keys = persons if keys is None else np.where(keys, keys, persons)
    return keys


def _named(table: pa.Table) -> pa.Table:
    """Write the keys of a table as identifiers."""
    for name in ("identifier", "other_identifier", "third_identifier"):
        place = table.schema.get_field_index(name)
        if place >= 0:
            keys = table.column(place).fill_null(0).to_numpy()
            table = table.set_column(place, name, identifiers_write(keys))
    return table


def identifiers_write(keys: np.ndarray) -> pa.Array:
    """Write keys of persons and of organisations as their identifiers; null for 0: text (n,).

    >>> identifiers_write(np.array([32050819850101123, 0, 1745896954754])).to_pylist()
    ['320508198501011234', None, 'MA1XYW01X']
    """
    persons, others = keys >= PERSONS_FROM, (keys > 0) & (keys < PERSONS_FROM)
    texts = pa.concat_arrays([id_numbers(keys[persons]), organisation_codes(keys[others])])
    place = np.zeros(len(keys), dtype=np.int64)
    place[persons] = np.arange(np.count_nonzero(persons))
    place[others] = np.count_nonzero(persons) + np.arange(np.count_nonzero(others))
    return texts.take(pa.array(place, mask=keys == 0))
