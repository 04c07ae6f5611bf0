"""Small made sources for tests: a plan with few buckets, sources on disk, the same fuse written as SQL."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from yiwang.engines.tabular.door import parquet_list, tabular_open
from yiwang.resources.fusion.data import FusionOptions, FusionPlan
from yiwang.resources.fusion.library import fuse
from yiwang.resources.fusion.plans import population_plan
from yiwang.resources.fusion.publish import master_open

TODAY = date(2026, 11, 1)
PLAN = replace(population_plan(), buckets=4)
QUICK = FusionOptions(workers=1, seed=1, probabilistic=False, durable=False)
# Class 1 is the household register (clean), 7 minimum living (typed).
ONE, TWO = PLAN.source_get(1), PLAN.source_get(7)


def rows_write(
    folder: Path, number: int, name: str, rows: list[dict], plan: FusionPlan = PLAN
) -> Path:
    """Write rows of a class as one batch; what a row does not say is null."""
    source = plan.source_get(number)
    columns = {
        "row_no": pa.array([row["row_no"] for row in rows], pa.int64()),
        "updated_at": pa.array([row.get("seconds", 0) for row in rows], pa.timestamp("s")),
        "id_number": pa.array([row.get("id_number") for row in rows], pa.string()),
    }
    for field, form in source.formats.items():
        kind = pa.date32() if form == "DATE" else pa.string()
        columns[field] = pa.array([row.get(field) for row in rows], kind)
    path = folder / source.folder / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def fused(folder: Path, out: Path, plan: FusionPlan = PLAN, **more):
    """Fuse quickly and return the result."""
    return fuse(plan, folder, out, options=more.pop("options", QUICK), today=TODAY, **more)


def persons_of(out: Path) -> list[dict]:
    """Return the published persons, without what a rebuild draws anew (uid), by identifier or by rows."""
    found = pq.read_table([str(path) for path in master_open(out).files("persons")]).to_pylist()
    return sorted(
        ({key: value for key, value in one.items() if key not in ("uid", "key")} for one in found),
        key=lambda one: (one["identifier"] or "", str(one)),
    )


def groups_of(out: Path) -> set[tuple]:
    """Return who is together and why: a set of (rows, rules), each a sorted tuple."""
    groups: dict[int, list] = {}
    for row in rows_of(out):
        groups.setdefault(row["uid"], []).append((row["class"], row["row_no"], row["rule"]))
    return {tuple(sorted(rows)) for rows in groups.values()}


def rows_of(out: Path) -> list[dict]:
    """Return the lineage of every row."""
    return pq.read_table([str(path) for path in master_open(out).files("rows")]).to_pylist()


def values_of(out: Path) -> list[tuple]:
    """Return the losing values without uid, sorted."""
    found = pq.read_table([str(path) for path in master_open(out).files("values")]).to_pylist()
    return sorted(
        (one["field"], one["value"], one["class"], one["row_no"], one["at"]) for one in found
    )


def copied(folder: Path, target: Path) -> Path:
    """Copy a source folder."""
    shutil.copytree(folder, target)
    return target


def query(sql: str, *paths: Path) -> list[tuple]:
    """Run SQL over Parquet files, `{}` standing for them."""
    with tabular_open() as connection:
        return connection.execute(sql.format(parquet_list(paths))).fetchall()
