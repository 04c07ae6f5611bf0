"""Probabilistic linkage (概率匹配) of the few rows that no exact key could place: Splink 5 on DuckDB.

Splink gets the rest of the residue and only those masters that share a block with it. The weights are
fixed, not trained: the rest of one night is too small to train on, and the same rows must always give
the same answer. They were set by hand on made records (docs/benchmark-population.md), not fitted, and are this module's data.
"""

from typing import TYPE_CHECKING

from yiwang.resources.fusion.data import FusionPlan
from yiwang.resources.fusion.matching import comparison, pairs_predict

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SURE, DOUBTFUL = 0.99, 0.5  # probability from which a link holds; from which a person is asked
LEAST_MASTERS = 10_000  # a smaller master is a part of a city, not a city of few people
SECOND_BEST = 0.1  # another candidate as likely as this makes the best one doubtful

# kind → levels (test of {l} and {r}, m: probability among pairs that belong together, u: among others).
WEIGHTS = {
    "NAME": (
        ("{l} = {r}", 0.90, 1e-4),
        # One character of three or four, at most three bytes; `hamming` wants equal lengths, even untaken.
        (
            "case when strlen({l}) = strlen({r}) and strlen({l}) > 6 then hamming({l}, {r}) <= 3 "
            "else false end",
            0.08,
            2e-3,
        ),
    ),
    "TEXT": (
        ("{l} = {r}", 0.85, 1e-6),
        ("jaro_winkler_similarity({l}, {r}) > 0.92", 0.12, 1e-3),
    ),
    "DATE": (
        ("{l} = {r}", 0.95, 4e-5),
        ("{l} % 365 = {r} % 365 or abs({l} - {r}) <= 31", 0.03, 4e-3),
    ),
    "PHONE": (("{l} = {r}", 0.60, 1e-6),),
    "ADDRESS": (
        ("{l} = {r}", 0.55, 2e-6),
        ("substr({l}, 1, 10) = substr({r}, 1, 10)", 0.15, 1e-3),
    ),
    "CODE": (("{l} = {r}", 0.98, 0.5),),
}


def link_rest(plan: FusionPlan, connection: "duckdb.DuckDBPyConnection") -> None:
    """Score pairs of `left_rows` and `masters` into the table `scored` (概率匹配).

    Columns of `scored`: rid, uid, probability (0-1), next (of the second best candidate), named: the first
    of `link_fields` agrees, or nearly while the second agrees: people of one household share address and
    telephone, so without the name these prove nothing. Best pair of each row only; pairs of `cannot` are
    left out.
    """
    connection.execute(
        "create or replace temp table scored (rid bigint, uid bigint, probability double, next double, named boolean)"
    )
    for view, statement in views_compile(plan).items():
        connection.execute(f"create or replace temp table {view} as {statement}")
    [(candidates, rest)] = connection.execute(
        "select (select count(*) from slice), (select count(*) from rest)"
    ).fetchall()
    if not candidates or not rest or not plan.link_fields:
        return
    [(masters,)] = connection.execute("select count(*) from masters").fetchall()
    tables = {"slice": "a_master", "rest": "b_rest"}
    settings = settings_of(plan, masters)
    found = pairs_predict(connection, settings, tables, threshold=DOUBTFUL / 10)
    connection.execute(f"insert into scored {best_compile(plan, found)}")


def link_free(plan: FusionPlan, connection: "duckdb.DuckDBPyConnection") -> "pa.Table":
    """Weigh rows of `left_rows` that no person was found for against each other (余行互比).

    `free` (rid, cluster) says which. Returns (l, r, probability), rids of the likeliest pair of every two clusters,
    from `DOUBTFUL` on and where the names agree as a sure link needs it. A block of more rows than the guard of
    clusters lets in tells nothing about anybody and is passed over.
    """
    connection.execute(f"create or replace temp table loose as {loose_compile(plan)}")
    [(rows, free)] = connection.execute(
        "select (select count(*) from loose), (select count(*) from free)"
    ).fetchall()
    found = "(select 0 as unique_id_l, 0 as unique_id_r, 0.0 as match_probability where false)"
    if rows:
        settings = settings_of(plan, free) | {
            "link_type": "dedupe_only",
            "blocking_rules_to_generate_predictions": [
                f"l.block_{place} = r.block_{place}" for place in range(len(plan.link_blocks))
            ],
        }
        found = pairs_predict(connection, settings, {"loose": "loose"}, threshold=DOUBTFUL)
    return connection.sql(f"""
        select unique_id_l as l, unique_id_r as r, match_probability as probability
        from {found} f join loose m on m.unique_id = f.unique_id_l join loose r on r.unique_id = f.unique_id_r
        where m.cluster <> r.cluster and coalesce({_named(plan)}, false)
        qualify row_number() over (partition by least(m.cluster, r.cluster), greatest(m.cluster, r.cluster)
          order by match_probability desc, l, r) = 1
        order by l, r""").to_arrow_table()


def loose_compile(plan: FusionPlan) -> str:
    """Compile the rows that share a block with a row of another cluster (余行分块), with their blocks."""
    fields = ", ".join(_null(plan, name, "l") for name in plan.link_fields)
    blocks = []
    for place, block in enumerate(plan.link_blocks):
        keys = ", ".join(_part(part) for part in block)
        there = " and ".join(f"{_part(part)}::varchar not in ('', '0')" for part in block)
        group = f"over (partition by {keys})"
        blocks.append(
            f"case when {there} and min(f.cluster) {group} < max(f.cluster) {group} "
            f"and count(*) {group} <= {plan.cluster_guard} then hash({keys}) end as block_{place}"
        )
    some = " or ".join(f"block_{place} is not null" for place in range(len(blocks)))
    return (
        f"select * from (select l.rid as unique_id, f.cluster, {fields}, {', '.join(blocks)} "
        f"from left_rows l join free f on f.rid = l.rid) where {some}"
    )


def _part(part: str) -> str:
    name, _, size = part.partition(":")
    return f"substr(l.{name}, 1, {size})" if size else f"l.{name}"


def views_compile(plan: FusionPlan) -> dict[str, str]:
    """Compile what Splink is given: the masters that share a block with the rest, and the rest (入链视图)."""
    blocks = [" and ".join(_same(part) for part in block) for block in plan.link_blocks]
    near = " union ".join(
        f"select m.uid from left_rows l join masters m on {block}" for block in blocks
    )
    masters, rest = (
        ", ".join(_null(plan, name, table) for name in plan.link_fields) for table in "ml"
    )
    return {
        "slice": f"select distinct m.uid as unique_id, m.identifier, {masters} from masters m "
        f"join ({near}) s on s.uid = m.uid",
        "rest": f"select l.rid as unique_id, '' as identifier, {rest} from left_rows l",
    }


def best_compile(plan: FusionPlan, found: str) -> str:
    """Compile the choice of each row's best pair, with what speaks against it (择优).

    Of two that are equally likely, but for the last digits in which engines differ, the smaller identifier stands
    first: uids are drawn anew by a rebuild.
    """
    order = "partition by rid order by round(probability, 9) desc, identifier"
    return f"""
        select rid, uid, probability, coalesce(next, 0) as next, coalesce({_named(plan)}, false) as named from (
          select rid, uid, probability,
            lead(probability) over ({order}) as next,
            row_number() over ({order}) as place
          from (select unique_id_r as rid, unique_id_l as uid, match_probability as probability from {found}) f
          join slice s on s.unique_id = f.uid
          where not exists (select 1 from cannot c where c.rid = f.rid and c.uid = f.uid)
        ) p join rest r on r.unique_id = p.rid join slice m on m.unique_id = p.uid where place = 1"""


def settings_of(plan: FusionPlan, masters: int) -> dict:
    """Write Splink's settings for a plan, in DuckDB's dialect (匹配设置). masters: how many subjects there are."""
    return {
        "link_type": "link_only",
        "probability_two_random_records_match": 1 / max(masters, LEAST_MASTERS),
        "comparisons": [_comparison(plan, name) for name in plan.link_fields],
        "blocking_rules_to_generate_predictions": [
            " and ".join(_same(part, "l", "r") for part in block) for block in plan.link_blocks
        ],
        "retain_intermediate_calculation_columns": False,
    }


def _named(plan: FusionPlan) -> str:
    """Compile what a sure link needs besides its probability."""
    first, second = plan.link_fields[:2]
    kind = next(field.kind for field in plan.fields if field.name == first)
    near = " or ".join(
        f"({test.format(l=f'r.{first}', r=f'm.{first}')})" for test, _m, _u in WEIGHTS[kind]
    )
    return f"r.{first} = m.{first} or (({near}) and r.{second} = m.{second})"


def _comparison(plan: FusionPlan, name: str) -> dict:
    kind = next(field.kind for field in plan.fields if field.name == name)
    return comparison(name, WEIGHTS[kind])


def _same(part: str, left: str = "l", right: str = "m") -> str:
    """Compile a part of a block: equal, and there at all."""
    name, _, size = part.partition(":")
    if size:
        return f"substr({left}.{name}, 1, {size}) = substr({right}.{name}, 1, {size}) and {left}.{name} <> ''"
    return f"{left}.{name} = {right}.{name} and {left}.{name}::varchar not in ('', '0')"


def _null(plan: FusionPlan, name: str, table: str) -> str:
    kind = next(field for field in plan.fields if field.name == name)
    nothing = "''" if kind.is_text else "0"
    return f"nullif({table}.{name}, {nothing}) as {name}"
