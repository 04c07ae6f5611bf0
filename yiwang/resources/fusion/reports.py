"""What a run left on disk, read for its report (运行报告) and for the review desk. Needs no Django."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.fusion.data import EXACT_ID, FusionPlan
from yiwang.resources.fusion.publish import Manifest, Master, master_open

LIMITS = TabularLimits(threads=1, memory_mb=512)
ANCHORS = 3
Row = tuple[int, int]


@dataclass(frozen=True, slots=True)
class AskedPair:
    """A pair that a run asks people about (待判定对): a row, and a person by rows of his or another row."""

    row: Row
    uid: int | None
    anchors: tuple[Row, ...]
    probability: float


def class_rows(manifest: Manifest) -> dict[str, int]:
    """Count the rows of each class (各类记录数) that a run read: class code → rows."""
    counts: Counter[str] = Counter()
    for item in manifest.stage:
        counts[item["origin"].split("/")[1]] += sum(item["counts"])
    return dict(counts)


def against(
    plan: FusionPlan, master: Master, report: Callable[[int, int], None] = lambda _d, _t: None
) -> dict[str, dict[str, dict[str, int]]]:
    """Count who disagrees with whom (分歧矩阵): field → losing class → winning class → values.

    Equal losing values of one subject count once for each subject.
    """
    fields = [one.name for one in plan.fields]
    cases = " ".join(f"when {sql_text(name)} then p.{name}_class" for name in fields)
    found: dict[str, dict[str, dict[str, int]]] = {}
    files = [
        path for path in master.files("values") if path.with_name(_persons(path.name)).exists()
    ]
    with tabular_open(LIMITS) as connection:
        for done, path in enumerate(files, start=1):
            rows = connection.execute(f"""
                select field, loser, winner, count(*) from (
                  select v.field, v."class" as loser, case v.field {cases} end as winner
                  from {parquet_list([path])} v
                  join {parquet_list([path.with_name(_persons(path.name))])} p on p.uid = v.uid)
                where winner is not null group by all""").fetchall()
            for name, loser, winner, count in rows:
                by_winner = found.setdefault(name, {}).setdefault(f"C{loser:02d}", {})
                by_winner[f"C{winner:02d}"] = by_winner.get(f"C{winner:02d}", 0) + count
            report(done, len(files))
    return found


def counts_of(path: Path, column: str) -> dict[str, int]:
    """Count the rows of a file by a column (分组计数); {} when the file is not there or has no such column."""
    if not path.exists():
        return {}
    with tabular_open(LIMITS) as connection:
        if column not in _columns(connection, path):
            return {}
        rows = connection.execute(
            f"select {column}::varchar, count(*) from {parquet_list([path])} group by 1 order by 1"
        ).fetchall()
    return {str(name): count for name, count in rows}


def asked_pairs(folder: Path) -> list[AskedPair]:
    """Read the pairs that a run asks about (待判定对), likeliest first. folder: of the finished run.

    Columns class, row_no, uid, probability; pairs of two rows bear other_class and other_row_no.
    A pair whose person has no row with a valid identifier cannot be held fast and is left out.
    """
    path = folder / "review.parquet"
    if not path.exists():
        return []
    lineage = sorted(folder.glob("rows-*.parquet"))
    with tabular_open(LIMITS) as connection:
        names = _columns(connection, path)
        other = (
            "other_class, other_row_no" if "other_class" in names else "null::int, null::bigint"
        )  # runs of before have pairs with persons only
        rows = connection.execute(
            f'select "class", row_no, uid, probability, {other} from {parquet_list([path])} '
            'order by probability desc, "class", row_no, uid'
        ).fetchall()
        uids = {row[2] for row in rows if row[2] and row[4] is None}
        anchors = _anchors(connection, uids, lineage)
    found = []
    for number, row_no, uid, probability, other_number, other_row in rows:
        if other_number is not None:
            pair = AskedPair((number, row_no), None, ((other_number, other_row),), probability)
        elif uid in anchors:
            pair = AskedPair((number, row_no), uid, anchors[uid], probability)
        else:
            continue
        found.append(pair)
    return found


def uids_of(folder: Path, rows: Iterable[Row], *, numbered: bool = False) -> dict[Row, int]:
    """Return the person of each of these rows in a run (行的主体); rows that are gone are left out.

    numbered: only rows that bear a valid number of their own.
    """
    by_number = f"where l.rule = '{EXACT_ID}'" if numbered else ""
    wanted = sorted(set(rows))
    lineage = sorted(folder.glob("rows-*.parquet"))
    if not wanted or not lineage:
        return {}
    with tabular_open(LIMITS) as connection:
        connection.execute("create temp table wanted (number int, row_no bigint)")
        connection.executemany("insert into wanted values (?, ?)", wanted)
        found = connection.execute(
            f'select l."class", l.row_no, l.uid from {parquet_list(lineage)} l '
            f'join wanted w on w.number = l."class" and w.row_no = l.row_no {by_number}'
        ).fetchall()
    return {(number, row_no): uid for number, row_no, uid in found}


def run_folder(out: Path) -> Path:
    """Return the folder of the published run below a master's folder; raises FusionNothing."""
    return master_open(out).folder


def manifest_of(out: Path) -> Manifest:
    """Return what is published; raises FusionNothing."""
    return master_open(out).manifest


def plain(value: object) -> object:
    """Turn what the library gives into plain JSON values."""
    return json.loads(json.dumps(value, default=float))


def _anchors(
    connection: duckdb.DuckDBPyConnection, uids: set[int], lineage: Sequence[Path]
) -> dict[int, tuple[Row, ...]]:
    """Choose a few rows with a valid identifier of each person, the smallest first."""
    if not uids or not lineage:
        return {}
    connection.execute("create or replace temp table asked (uid bigint)")
    connection.executemany("insert into asked values (?)", [[uid] for uid in sorted(uids)])
    rows = connection.execute(f"""
        select l.uid, l."class", l.row_no from {parquet_list(lineage)} l join asked a on a.uid = l.uid
        where l.rule = {sql_text(EXACT_ID)}
        qualify row_number() over (partition by l.uid order by l."class", l.row_no) <= {ANCHORS}
        order by 1, 2, 3""").fetchall()
    found: dict[int, list[Row]] = {}
    for uid, number, row_no in rows:
        found.setdefault(uid, []).append((number, row_no))
    return {uid: tuple(some) for uid, some in found.items()}


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    rows = connection.execute(f"describe select * from {parquet_list([path])}").fetchall()
    return {row[0] for row in rows}


def _persons(values_name: str) -> str:
    return values_name.replace("values-", "persons-")
