"""Rows without a valid identifier (残余记录): exact second keys, then linkage, then among themselves.

Each level sees only what the levels before it left, and a hit needs exactly one candidate. A row gets one
person at most; people's decisions come first and are never overruled. Such a row never changes a master's
values: what carries a validated number is not corrected by what does not. It may fill a gap (`filled`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import numpy as np
import pyarrow as pa

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.data import (
    CLUSTERED,
    DECIDED,
    LINKED,
    RESIDUE,
    Decision,
    Field,
    FusionPlan,
    Level,
)
from yiwang.resources.fusion.linkage import DOUBTFUL, SECOND_BEST, SURE, link_free, link_rest
from yiwang.resources.fusion.master import DAY_ZERO
from yiwang.resources.fusion.survivorship import Rows
from yiwang.resources.fusion.together import (
    apart_of,
    groups_join,
    must_of,
    persons_follow,
    persons_leave,
)

LIMITS = TabularLimits(threads=2)
REVIEW = pa.schema(
    [
        ("class", pa.uint8()),
        ("row_no", pa.int64()),
        ("uid", pa.int64()),
        ("probability", pa.float64()),
        ("other_class", pa.uint8()),
        ("other_row_no", pa.int64()),
    ]
)


@dataclass(slots=True)
class Placed:
    """Where each row of the residue went (归属), n rows.

    uid: int64, of the person with a valid identifier, 0 for none. cluster: int64, for rows with uid 0 the
    smallest position among the rows that are one subject. rule: text. score: float32, 0-1.
    review: pairs that a person should look at: table (class, row_no, uid, probability, other_class, other_row_no):
    a row and a person, or, without uid, two rows. asked: positions of the rows of the former.
    """

    uid: np.ndarray
    cluster: np.ndarray
    rule: np.ndarray
    score: np.ndarray
    review: pa.Table
    asked: np.ndarray


class Finder(Protocol):
    """Who looks for candidates (候选查找) where it is not DuckDB; `connection` holds the tables of `_tables`."""

    def keys(self, plan: FusionPlan, connection: duckdb.DuckDBPyConnection) -> pa.Table:
        """Return (rid, uid, level): for rows of `left_rows` the first second key with one candidate."""

    def link(self, plan: FusionPlan, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the table `scored` of `left_rows`, as `linkage.link_rest` does."""


def residue_place(
    plan: FusionPlan,
    rows: Rows,
    claimed: pa.Array,
    masters: Sequence[Path],
    lineage: Sequence[Path],
    *,
    decisions: Sequence[Decision] = (),
    limits: TabularLimits = LIMITS,
    probabilistic: bool = True,
    finder: Finder | None = None,
) -> Placed:
    """Find the person of each row of the residue (残余归并).

    claimed: the number as written, text (n,). masters, lineage: files `persons-…` and `rows-…` of the subjects
    with valid identifiers, all written by this run. finder: looks for candidates in DuckDB's place.
    """
    with tabular_open(limits) as connection:
        _tables(plan, connection, rows, claimed, () if finder else masters)
        pairs = _decisions_load(connection, rows, decisions, lineage)
        _decided(connection)
        if finder:
            _levels_found(plan, connection, finder.keys(plan, connection))
        else:
            for number, level in enumerate(plan.levels, start=2):
                _level(plan, connection, level, f"KEY_{number}")
        if probabilistic and plan.link_blocks:
            (finder.link if finder else link_rest)(plan, connection)
            _linked(connection)
        _guard(plan, connection)
        placed = _read(connection, rows)
        _together(connection, placed, pairs)
        _cluster(plan, connection, placed, pairs)
        if probabilistic and plan.link_blocks:
            _ask(plan, connection, rows, placed, pairs)
        return placed


def _tables(
    plan: FusionPlan,
    connection: duckdb.DuckDBPyConnection,
    rows: Rows,
    claimed: pa.Array,
    masters: Sequence[Path],
) -> None:
    """Make `left_rows` (rid, claimed, fields), `masters`, `master_keys`, `matched` and `cannot`.

    `master_keys` has of a text its hash of 64 bits: half the memory, and joined as a number.
    """
    used = [field for field in plan.fields if field.name in _used(plan)]
    columns = {"rid": np.arange(len(rows)), "claimed": claimed}
    for field in used:
        columns[field.name] = rows.texts[field.name] if field.is_text else rows.codes[field.name]
    connection.register("residue", pa.table(columns))
    connection.execute("create temp table left_rows as select * from residue")
    connection.unregister("residue")
    fields = ", ".join(_master_column(field) for field in used)
    # A view, for 13 million masters as a table are larger than all the rest together.
    connection.execute(
        f"create temp view masters as select uid, identifier, {fields} from {parquet_list(masters)}"
        if masters
        else f"create temp table masters as select 0::bigint as uid, '' as identifier, "
        f"{', '.join(field.name for field in used)} from left_rows limit 0"
    )
    kinds = {field.name: field for field in plan.fields}
    keys = {name for level in plan.levels for name in level.fields}
    compared = [f"hash({name}) as {name}" if kinds[name].is_text else name for name in sorted(keys)]
    chosen = ", ".join(["uid", "identifier", *compared])
    connection.execute(f"create temp table master_keys as select {chosen} from masters")
    connection.execute(
        "create temp table matched (rid bigint, uid bigint, rule varchar, score float)"
    )
    connection.execute("create temp table cannot (rid bigint, uid bigint)")
    connection.execute("create temp table must (rid bigint, uid bigint)")
    connection.execute("create temp table review (rid bigint, uid bigint, probability double)")


def _used(plan: FusionPlan) -> set[str]:
    names = {name for level in plan.levels + plan.within for name in level.fields}
    return names | set(plan.link_fields)


def _master_column(field: Field) -> str:
    """Bring a master's column back into the form in which rows are compared."""
    name = field.name
    if field.is_text:
        return f"coalesce({name}, '') as {name}"
    if field.kind == "DATE":
        return f"coalesce(date_diff('day', date '1970-01-01', {name}) + {DAY_ZERO}, 0) as {name}"
    return f"coalesce(try_cast({name} as bigint), 0) as {name}"


def _decisions_load(
    connection: duckdb.DuckDBPyConnection,
    rows: Rows,
    decisions: Sequence[Decision],
    lineage: Sequence[Path],
) -> list[tuple[int, int, str]]:
    """Turn decisions into `must` and `cannot` (rid, uid); returns those between two rows of the residue."""
    if not decisions:
        return []
    wanted = {row for decision in decisions for row in (decision.left, decision.right)}
    names = zip(rows.number.tolist(), rows.row_no.tolist(), strict=True)
    rid = {row: place for place, row in enumerate(names) if row in wanted}
    uid = _uids_of(connection, wanted - rid.keys(), lineage)
    inside = []
    for decision in decisions:
        left, right = sorted((decision.left, decision.right), key=lambda row: row not in rid)
        if left in rid and right in rid:
            inside.append((rid[left], rid[right], decision.verdict))
        elif left in rid and right in uid:
            table = "must" if decision.verdict == "MUST" else "cannot"
            connection.execute(f"insert into {table} values (?, ?)", [rid[left], uid[right]])
    return inside


def _uids_of(
    connection: duckdb.DuckDBPyConnection, wanted: set[tuple[int, int]], lineage: Sequence[Path]
) -> dict[tuple[int, int], int]:
    if not wanted or not lineage:
        return {}
    numbers, row_nos = zip(*sorted(wanted), strict=True)
    connection.register("wanted", pa.table({"class": numbers, "row_no": row_nos}))
    found = connection.execute(
        f'select l."class", l.row_no, l.uid from {parquet_list(lineage)} l '
        'join wanted w on w."class" = l."class" and w.row_no = l.row_no'
    ).fetchall()
    connection.unregister("wanted")
    return {(number, row_no): uid for number, row_no, uid in found}


def _decided(connection: duckdb.DuckDBPyConnection) -> None:
    """Carry out must-links; of two that contradict each other neither."""
    connection.execute("""
        create or replace temp table hit as select rid, min(uid) as uid from must
        group by rid having min(uid) = max(uid)
          and not exists (select 1 from cannot c where c.rid = must.rid and c.uid = min(must.uid))""")
    _take(connection, DECIDED)


def _level(
    plan: FusionPlan, connection: duckdb.DuckDBPyConnection, level: Level, rule: str
) -> None:
    """Join what is left by one second key; only a single candidate is a hit."""
    near = ""
    if level.digits is not None:
        near = (
            "and case when strlen(l.claimed) = strlen(m.identifier) and strlen(l.claimed) > 8 "
            f"then hamming(l.claimed, m.identifier) <= {level.digits} else false end"
        )
    connection.execute(f"""
        create or replace temp table hit as
        select l.rid, min(m.uid) as uid from left_rows l join master_keys m on {_same_keys(plan, level)} {near}
        where not exists (select 1 from cannot c where c.rid = l.rid and c.uid = m.uid)
        group by l.rid having min(m.uid) = max(m.uid)""")
    _take(connection, rule)


def _same_keys(plan: FusionPlan, level: Level) -> str:
    kinds = {field.name: field for field in plan.fields}
    return " and ".join(
        f"{f'hash(l.{name})' if kinds[name].is_text else f'l.{name}'} = m.{name} "
        f"and l.{name} <> {_nothing(kinds[name])}"
        for name in level.fields
    )


def _there(plan: FusionPlan, level: Level) -> str:
    kinds = {field.name: field for field in plan.fields}
    return " and ".join(f"r.{name} <> {_nothing(kinds[name])}" for name in level.fields)


def _nothing(field: Field) -> str:
    return "''" if field.is_text else "0"


def _take(connection: duckdb.DuckDBPyConnection, rule: str, score: str = "1") -> None:
    """Move the rows of `hit` from `left_rows` to `matched`."""
    connection.execute(f"insert into matched select rid, uid, '{rule}', {score} from hit")
    connection.execute("""
        create or replace temp table left_rows as
        select * from left_rows where rid not in (select rid from hit)""")


def _levels_found(plan: FusionPlan, connection: duckdb.DuckDBPyConnection, found: pa.Table) -> None:
    """Take what a finder found, level by level."""
    connection.register("found", found)
    for number in range(2, len(plan.levels) + 2):
        connection.execute(
            f"create or replace temp table hit as select rid, uid from found where level = {number}"
        )
        _take(connection, f"KEY_{number}")
    connection.unregister("found")


def _linked(connection: duckdb.DuckDBPyConnection) -> None:
    """Take what Splink is sure of; what it doubts goes to review."""
    sure = f"probability >= {SURE} and next < {SECOND_BEST} and named"
    connection.execute(
        f"create or replace temp table hit as select rid, uid, probability from scored where {sure}"
    )
    connection.execute(
        f"insert into review select rid, uid, probability from scored "
        f"where probability >= {DOUBTFUL} and not ({sure})"
    )
    _take(connection, LINKED, "probability")


def _guard(plan: FusionPlan, connection: duckdb.DuckDBPyConnection) -> None:
    """Undo links to persons that would get more rows without an identifier than is believable."""
    connection.execute(f"""
        create or replace temp table crowded as select uid from matched where rule <> '{DECIDED}'
        group by uid having count(*) > {plan.cluster_guard}""")
    chosen = f"uid in (select uid from crowded) and rule <> '{DECIDED}'"
    connection.execute(f"insert into review select rid, uid, score from matched where {chosen}")
    connection.execute(f"delete from matched where {chosen}")


def _read(connection: duckdb.DuckDBPyConnection, rows: Rows) -> Placed:
    count = len(rows)
    uid, score = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.float32)
    rule = np.full(count, RESIDUE, dtype=object)
    found = connection.sql("select rid, uid, rule, score from matched").to_arrow_table()
    rid = found.column("rid").to_numpy()
    uid[rid], score[rid] = found.column("uid").to_numpy(), found.column("score").to_numpy()
    names = found.column("rule").combine_chunks().dictionary_encode()
    if len(rid):  # few names for many rows: every row holds one of the same few texts
        rule[rid] = np.array(names.dictionary.to_pylist(), dtype=object)[names.indices.to_numpy()]
    asked = connection.execute(
        "select rid, uid, probability from review order by rid, uid"
    ).fetchnumpy()
    place = asked["rid"].astype(np.int64)
    review = pa.table(
        {
            "class": rows.number[place],
            "row_no": rows.row_no[place],
            "uid": asked["uid"].astype(np.int64),
            "probability": asked["probability"].astype(np.float64),
        }
    )
    review = _reviewed(review)
    return Placed(uid, np.arange(count), rule, score, review, place)


def _reviewed(asked: pa.Table) -> pa.Table:
    """Bring pairs into the form of `Placed.review`: what a kind of pair lacks is null."""
    missing = (name for name in REVIEW.names if name not in asked.column_names)
    for name in missing:
        asked = asked.append_column(name, pa.nulls(len(asked), REVIEW.field(name).type))
    return asked.select(REVIEW.names).cast(REVIEW)


def _ask(
    plan: FusionPlan,
    connection: duckdb.DuckDBPyConnection,
    rows: Rows,
    placed: Placed,
    pairs: list[tuple[int, int, str]],
) -> None:
    """Have people asked about two rows without a person that are likely one subject, unless they have spoken."""
    free = np.flatnonzero(placed.uid == 0)
    connection.register("free", pa.table({"rid": free, "cluster": placed.cluster[free]}))
    found = link_free(plan, connection)
    connection.unregister("free")
    cluster = placed.cluster
    apart = {frozenset((int(cluster[a]), int(cluster[b]))) for a, b in apart_of(pairs)}
    asked = []
    for left, right, probability in zip(
        *(column.to_pylist() for column in found.columns), strict=True
    ):
        if frozenset((int(cluster[left]), int(cluster[right]))) not in apart:
            ends = sorted((int(rows.number[one]), int(rows.row_no[one])) for one in (left, right))
            asked.append((*ends[0], probability, *ends[1]))
    names = ("class", "row_no", "probability", "other_class", "other_row_no")
    columns = zip(*sorted(asked), strict=True) if asked else [[]] * len(names)
    more = _reviewed(pa.table(dict(zip(names, map(list, columns), strict=True))))
    placed.review = pa.concat_tables([placed.review, more])


def _together(
    connection: duckdb.DuckDBPyConnection, placed: Placed, pairs: list[tuple[int, int, str]]
) -> None:
    """A group of rows that must be together goes to one person; who may not be there leaves."""
    if not pairs:
        return
    apart = apart_of(pairs)
    group = groups_join(must_of(pairs), apart)
    cannot = set(connection.execute("select rid, uid from cannot").fetchall())
    decided = placed.rule == DECIDED
    for row, uid in persons_follow(group, placed.uid, decided, cannot).items():
        placed.uid[row], placed.score[row] = uid, 1 if uid else 0
        placed.rule[row] = DECIDED if uid else RESIDUE
    leave = persons_leave(group, placed.uid, placed.rule == DECIDED, apart)
    placed.uid[leave], placed.rule[leave], placed.score[leave] = 0, RESIDUE, 0
    placed.review = placed.review.filter(pa.array(placed.uid[placed.asked] == 0))


def _cluster(
    plan: FusionPlan,
    connection: duckdb.DuckDBPyConnection,
    placed: Placed,
    pairs: list[tuple[int, int, str]],
) -> None:
    """Join rows without a person among themselves; a cluster that grows past the guard falls apart."""
    edges = []
    connection.register("free", pa.table({"rid": np.flatnonzero(placed.uid == 0)}))
    for level in plan.within:
        present = _there(plan, level)
        keys = ", ".join(f"r.{name}" for name in level.fields)
        found = connection.execute(f"""
            select r.rid, min(r.rid) over (partition by {keys}) as first
            from left_rows r join free f on f.rid = r.rid where {present}
            qualify r.rid <> first""").fetchall()
        edges += found
    connection.unregister("free")
    if not edges and not pairs:
        return
    cluster = components(len(placed.uid), np.array(edges, dtype=np.int64).reshape(-1, 2))
    size = np.bincount(cluster, minlength=len(cluster))
    joined = (size[cluster] > 1) & (size[cluster] <= plan.cluster_guard) & (placed.uid == 0)
    placed.cluster = np.where(joined, cluster, placed.cluster)
    placed.rule[joined] = CLUSTERED
    if pairs:
        _cluster_decided(placed, pairs, edges, cluster, joined)


def _cluster_decided(
    placed: Placed,
    pairs: list[tuple[int, int, str]],
    edges: list[tuple[int, int]],
    cluster: np.ndarray,
    joined: np.ndarray,
) -> None:
    """Do again, edge by edge, the clusters that people's decisions touch: groups know no guard."""
    apart = apart_of(pairs)
    must = [(a, b) for a, b in must_of(pairs) if not placed.uid[a] and not placed.uid[b]]
    asked = {int(cluster[row]) for pair in (*apart, *must) for row in pair if not placed.uid[row]}
    keyed = {(b, a) for a, b in edges if int(cluster[a]) in asked and joined[a]}
    group = groups_join([*must, *sorted(keyed)], apart)
    for row in np.flatnonzero(np.isin(cluster, list(asked)) & (placed.uid == 0)).tolist():
        placed.cluster[row] = group.get(row, row)
        placed.rule[row] = CLUSTERED if row in group else RESIDUE


def components(count: int, edges: np.ndarray) -> np.ndarray:
    """Return the smallest member of each node's connected component (连通分量): int64 (count,).

    edges: int (n, 2).

    >>> components(5, np.array([[4, 3], [3, 1]])).tolist()
    [0, 1, 2, 1, 1]
    """
    label = np.arange(count)
    while True:
        smaller = np.minimum(label[edges[:, 0]], label[edges[:, 1]])
        before = label.copy()
        np.minimum.at(label, edges[:, 0], smaller)
        np.minimum.at(label, edges[:, 1], smaller)
        np.minimum.at(label, before[edges[:, 0]], smaller)
        np.minimum.at(label, before[edges[:, 1]], smaller)
        label = label[label]
        if (label == before).all():
            return label
