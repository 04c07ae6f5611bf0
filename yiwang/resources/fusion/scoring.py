"""Pairwise precision, recall and F1 (配对评分) of a published master against the truth."""

from pathlib import Path

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.data import FusionNothing, Score
from yiwang.resources.fusion.publish import master_open

PAIRS = "coalesce(sum(n * (n - 1) // 2), 0)::bigint"


def score_pairs(out: Path, truth: Path, *, memory_mb: int = 4096) -> Score:
    """Count pairs of rows that are together in truth, in the master, in both.

    truth: columns class, row_no, person. Rows that the truth does not name are left out.
    """
    files = sorted(truth.glob("*.parquet")) if truth.is_dir() else [truth]
    if not files or not files[0].exists():
        raise FusionNothing(folder=truth)
    limits = TabularLimits(threads=2, memory_mb=memory_mb, spill=str(out / ".score"))
    with tabular_open(limits) as connection:
        connection.execute(f"""
            create temp table both_ as
            select t.person, l.uid, count(*) as n from {parquet_list(files)} t
            join {parquet_list(master_open(out).files("rows"))} l
              on l."class" = t."class" and l.row_no = t.row_no
            group by all""")
        [(right,)] = connection.execute(f"select {PAIRS} from both_").fetchall()
        [(true,)] = _grouped(connection, "person")
        [(found,)] = _grouped(connection, "uid")
    return Score(pairs_true=true, pairs_found=found, pairs_right=right)


def _grouped(connection, column: str) -> list[tuple[int]]:
    return connection.execute(
        f"select {PAIRS} from (select sum(n)::bigint as n from both_ group by {column})"
    ).fetchall()
