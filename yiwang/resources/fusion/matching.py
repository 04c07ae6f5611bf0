"""Linking records that have no identifier to go by (无标识匹配): exact keys, weighed comparisons, clusters.

The same way as for the residue of a registry (`linkage`), for any table: agreement on a key is enough by itself;
other pairs that share a block are weighed by Splink 5 with fixed weights; clusters are built from the surest pair
downwards, and two of them join only while their rows speak for it on the whole. Weights are set by hand by
the kind of a field and are this module's data; nothing is trained, so the same table always gives the same answer.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa

# A level of a comparison: test of {l} and {r}; m: probability among pairs that belong together, u: among others.
Levels = Sequence[tuple[str, float, float]]

NEAR = "damerau_levenshtein({l}, {r}) <= "
ALIKE = "jaro_winkler_similarity({l}, {r}) > "
# kind → levels. Names and places err by a key or two; dates and numbers by a digit or a swap of two.
KINDS: Mapping[str, Levels] = {
    "NAME": (
        ("{l} = {r}", 0.70, 4e-3),
        (f"{NEAR}1", 0.12, 2e-3),
        (f"{ALIKE}0.88 or starts_with({{l}}, {{r}}) or starts_with({{r}}, {{l}})", 0.08, 8e-3),
    ),
    "DATE": (
        ("{l} = {r}", 0.80, 1e-4),
        (f"{NEAR}1", 0.10, 4e-3),
        (f"{NEAR}2", 0.05, 3e-2),
    ),
    "NUMBER": (
        ("{l} = {r}", 0.80, 1e-4),
        (f"{NEAR}1", 0.12, 1e-3),
        (f"{NEAR}2", 0.04, 1e-2),
    ),
    "SHORT_NUMBER": (
        ("{l} = {r}", 0.80, 1e-2),
        (f"{NEAR}1", 0.10, 5e-2),
    ),
    "EMAIL": (
        ("{l} = {r}", 0.65, 1e-4),
        ("split_part({l}, '@', 1) = split_part({r}, '@', 1)", 0.08, 1e-4),
        (f"{NEAR}2", 0.14, 1e-4),
        (f"{ALIKE}0.88", 0.05, 2e-3),
    ),
    "PLACE": (
        ("{l} = {r}", 0.75, 2e-2),
        (f"{NEAR}2 or {ALIKE}0.9", 0.15, 1e-2),
    ),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A field that is compared (比对字段).

    kind: of `KINDS`. frequent: rare values weigh more than common ones. swapped: the field whose value may stand in
    this one's place, as a given name stands in the surname's.
    """

    name: str
    kind: str
    frequent: bool = False
    swapped: str = ""


@dataclass(frozen=True, slots=True)
class Matching:
    """How a table is linked with itself (匹配设置).

    compared: fields. keys: records that agree in all fields of one are the same. blocks: pairs are weighed that
    agree in one of these; "name:3" is the first three characters. prior: how many of all pairs belong together, 0-1.
    sure: probability from which a pair joins, doubtful: from which a person is asked. guard: largest cluster.
    """

    compared: tuple[Compared, ...]
    keys: tuple[tuple[str, ...], ...]
    blocks: tuple[tuple[str, ...], ...]
    prior: float = 1e-4
    sure: float = 0.9
    doubtful: float = 0.5
    guard: int = 64


@dataclass(slots=True)
class Linked:
    """What belongs together (匹配结果), n rows.

    cluster: int64 (n,), the smallest place among the rows of one subject. pairs: table (left, right, probability)
    of all pairs weighed above `doubtful`, places of rows. review: of these, pairs that did not join.
    """

    cluster: "np.ndarray"
    pairs: "pa.Table"
    review: "pa.Table"


SWAPPED = (0.03, 2e-3)


def comparison(name: str, levels: Levels, *, frequent: bool = False, swapped: str = "") -> dict:
    """Describe a field's comparison as Splink's settings have it (比对描述). See `Compared`."""
    if swapped:
        cross = " and ".join(f'"{a}_l" = "{b}_r"' for a, b in ((name, swapped), (swapped, name)))
        levels = (levels[0], (cross, *SWAPPED), *levels[1:])
    left, right = f'"{name}_l"', f'"{name}_r"'
    rest_m, rest_u = (1 - sum(level[place] for level in levels) for place in (1, 2))
    described = [_level(f"{left} is null or {right} is null", "missing") | {"is_null_level": True}]
    for place, (test, m, u) in enumerate(levels):
        one = _level(test.format(l=left, r=right), test, m, u)
        if frequent and place == 0:
            one |= {"tf_adjustment_column": name, "tf_adjustment_weight": 1.0}
        described.append(one)
    described.append(_level("ELSE", "differs", rest_m, rest_u))
    return {"output_column_name": name, "comparison_levels": described}


def _level(condition: str, label: str, *chances: float) -> dict:
    names = ("m_probability", "u_probability")
    return {
        "sql_condition": condition,
        "label_for_charts": label,
        **dict(zip(names, chances, strict=False)),
    }


def pairs_predict(
    connection: "duckdb.DuckDBPyConnection",
    settings: dict,
    tables: Mapping[str, str],
    *,
    threshold: float,
) -> str:
    """Let Splink weigh pairs (概率匹配); returns the name of the table of pairs.

    tables: name of a table → how it is called in the pairs; one table is linked with itself.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator  # noqa: PLC0415 - 0.25 s to load

    api = DuckDBAPI(connection)
    given = [api.register(name, dataset_display_name=label) for name, label in tables.items()]
    linker = Linker(given, SettingsCreator(**settings), log_level=logging.ERROR)
    return linker.inference.predict(threshold_match_probability=threshold).physical_name


def records_link(records: "pa.Table", matching: Matching) -> Linked:
    """Say which rows of a table are about one subject (匹配). See `library.link`."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    from yiwang.engines.tabular.door import tabular_open  # noqa: PLC0415

    with tabular_open() as connection:
        _records_clean(connection, records, matching)
        exact = _keys_join(connection, matching)
        weighed = _pairs_weigh(connection, matching)
    cluster = clusters_build(len(records), exact, weighed, matching)
    left, right, chance = (pa.array(part) for part in (weighed or ((), (), ())))
    pairs = pa.table(
        {
            "left": left.cast(pa.int64()),
            "right": right.cast(pa.int64()),
            "probability": chance.cast(pa.float64()),
        }
    )
    pairs = pairs.filter(pc.greater_equal(pairs.column("probability"), matching.doubtful))
    ends = [cluster[pairs.column(side).to_numpy()] for side in ("left", "right")]
    return Linked(cluster, pairs, pairs.filter(pa.array(ends[0] != ends[1])))


def _records_clean(
    connection: "duckdb.DuckDBPyConnection", records: "pa.Table", matching: Matching
) -> None:
    """Make the table `records` (unique_id, fields): small letters, no blanks around, '' is missing."""
    names = sorted(
        {one.name for one in matching.compared}
        | {part.partition(":")[0] for group in (*matching.keys, *matching.blocks) for part in group}
    )
    cleaned = ", ".join(f"nullif(lower(trim({name}::varchar)), '') as {name}" for name in names)
    connection.register("given", records.select(names))
    connection.execute(
        f"create temp table records as select row_number() over () - 1 as unique_id, {cleaned} from given"
    )
    connection.unregister("given")


def _keys_join(
    connection: "duckdb.DuckDBPyConnection", matching: Matching
) -> list[tuple[int, int]]:
    edges = []
    for key in matching.keys:
        present = " and ".join(f"{name} is not null" for name in key)
        edges += connection.execute(f"""
            select unique_id, min(unique_id) over (partition by {", ".join(key)}) as first
            from records where {present} qualify unique_id <> first""").fetchall()
    return edges


def _pairs_weigh(
    connection: "duckdb.DuckDBPyConnection", matching: Matching
) -> tuple["np.ndarray", ...] | None:
    if not matching.blocks:
        return None
    settings = {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": matching.prior,
        "comparisons": [
            comparison(one.name, KINDS[one.kind], frequent=one.frequent, swapped=one.swapped)
            for one in matching.compared
        ],
        "blocking_rules_to_generate_predictions": [
            " and ".join(_part(part) for part in block) for block in matching.blocks
        ],
        "retain_intermediate_calculation_columns": False,
    }
    found = pairs_predict(connection, settings, {"records": "records"}, threshold=1e-9)
    pairs = connection.execute(
        "select unique_id_l as l, unique_id_r as r, match_probability as p "
        f"from {found} order by p desc, l, r"
    ).fetchnumpy()
    return (pairs["l"], pairs["r"], pairs["p"]) if len(pairs["l"]) else None


def _part(part: str) -> str:
    name, _, size = part.partition(":")
    if size:
        return f"substr(l.{name}, 1, {size}) = substr(r.{name}, 1, {size})"
    return f"l.{name} = r.{name}"


# What a pair says that no block brought together, or that weighs nothing: it hardly belongs together.
SILENT = -3.0


def clusters_build(
    count: int,
    exact: Sequence[tuple[int, int]],
    weighed: tuple["np.ndarray", ...] | None,
    matching: Matching,
) -> "np.ndarray":
    """Join rows from the surest pair downwards (聚类): int64 (count,), the smallest member of each cluster.

    exact: pairs that agree on a key. weighed: (left, right, probability), the surest first. Two clusters join while
    their pairs' log odds, with `SILENT` for each pair that nobody weighed, are above zero on average, and the
    result stays within the guard: one bridge of two alike rows does not join two subjects.
    """
    import numpy as np  # noqa: PLC0415

    left, right, chance = weighed or (np.empty(0, int), np.empty(0, int), np.empty(0))
    odds = np.log10(np.clip(chance, 1e-9, 1 - 1e-9) / (1 - np.clip(chance, 1e-9, 1 - 1e-9)))
    said = {(int(a), int(b)): float(w) for a, b, w in zip(left, right, odds, strict=True)}
    members = {row: [row] for row in range(count)}
    cluster = np.arange(count, dtype=np.int64)
    edges = [(a, b, True) for a, b in sorted(exact)]
    sure = (chance >= matching.sure).tolist()
    edges += [(a, b, False) for (a, b), holds in zip(said, sure, strict=True) if holds]
    for a, b, firm in edges:
        one, other = sorted((int(cluster[a]), int(cluster[b])))
        size = len(members[one]) + len(members[other])
        if one == other or size > matching.guard:
            continue
        if not firm and _mean(members[one], members[other], said) <= 0:
            continue
        members[one] += members.pop(other)
        cluster[members[one]] = one
    return cluster


def _mean(one: list[int], other: list[int], said: Mapping[tuple[int, int], float]) -> float:
    weights = [said.get((min(a, b), max(a, b)), SILENT) for a in one for b in other]
    return sum(weights) / len(weights)
