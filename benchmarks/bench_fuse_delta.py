"""A batch into an existing master, against the full rebuild of the same files; both must be equal.

One row in --every of each class comes again in a new batch, later, a third with another telephone. Equal means: persons, lineage, losing values bit for bit; identifiers, which
are drawn, by whom they stand for.

  python benchmarks/bench_fuse_delta.py                                     130,000 persons, 10,000 records
  python benchmarks/bench_fuse_delta.py --records 100000000 --in DIR --out MASTER     13 million persons, 1,000,000 records
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fusing import fuse_measured, options_read
from harness import report

from yiwang.config.generate.population import generate_population
from yiwang.engines.tabular.door import TabularLimits, parquet_list, sql_text, tabular_open
from yiwang.resources.fusion.data import FusionPlan, files_of
from yiwang.resources.fusion.plans import PLANS
from yiwang.resources.fusion.publish import Master, master_open

AGAIN = 1 << 54  # row_no of the batch lie above those of the records they repeat
FULL = 100_000_000


def batch_make(plan: FusionPlan, source: Path, target: Path, every: int) -> int:
    """Link the source's files and add a batch to every class; returns its records."""
    total = 0
    with tabular_open(TabularLimits(threads=2, memory_mb=1024)) as connection:
        for item in plan.sources:
            files = files_of(item, source)
            folder = target / item.folder
            folder.mkdir(parents=True, exist_ok=True)
            for path in files:
                os.link(path, folder / path.name)
            if not files:
                continue
            changed = "updated_at + interval 400 day as updated_at, row_no + {again} as row_no"
            if "phone" in item.formats:
                changed += ", case when row_no % 3 = 0 then '16400' || lpad((row_no % 1000000)::varchar, 6, '0') else phone end as phone"
            connection.execute(
                f"copy (select * replace ({changed.format(again=AGAIN)}) from {parquet_list(files)} "
                f"where hash(row_no) % {every} = 0) to {sql_text(str(folder / 'zz-batch.parquet'))} "
                "(format parquet, compression zstd)"
            )
            total += pq.ParquetFile(folder / "zz-batch.parquet").metadata.num_rows
    return total


def names_of(master: Master) -> tuple[np.ndarray, np.ndarray]:
    """Return the identifiers of all subjects, sorted, and the key that each stands for."""
    table = pq.read_table([str(path) for path in master.files("persons")], columns=["uid", "key"])
    uid, key = (table.column(name).to_numpy() for name in ("uid", "key"))
    order = np.argsort(uid)
    return uid[order], key[order]


def named(table: pa.Table, names: tuple[np.ndarray, np.ndarray]) -> pa.Table:
    """Put the key of a subject in the place of its identifier; rows in an order of their own."""
    uid, key = names
    whom = key[np.searchsorted(uid, table.column("uid").to_numpy())]
    table = table.set_column(table.column_names.index("uid"), "uid", pa.array(whom))
    by = [name for name in ("uid", "class", "row_no", "field") if name in table.column_names]
    return table.sort_by([(name, "ascending") for name in by])


def differences(one: Master, other: Master) -> list[str]:
    """List the files in which two masters differ."""
    found, names = [], (names_of(one), names_of(other))
    for kind in ("persons", "rows", "values", "filled"):
        ours, theirs = one.files(kind), other.files(kind)
        if [path.name for path in ours] != [path.name for path in theirs]:
            found.append(f"{kind}: not the same files")
            continue
        for left, right in zip(ours, theirs, strict=True):
            tables = [
                named(pq.read_table(path), name)
                for path, name in zip((left, right), names, strict=True)
            ]
            if not tables[0].equals(tables[1]):
                found.append(left.name)
    return found


def main() -> None:
    """Fuse, add the batch, fuse again; rebuild elsewhere; compare."""
    options = options_read(
        __doc__,
        {"records": 1_000_000, "every": 100},
        {"in": "folder of the population, made if empty", "out": "master of it, made if empty"},
    )
    given = vars(options)["in"]
    near = Path(given).parent if given else None
    folder = Path(tempfile.mkdtemp(prefix="yiwang-delta-", dir=near))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = Path(given) if given else folder / "in"
    base, out = Path(options.out or folder / "base"), folder / "out"
    plan = PLANS["population"]()
    if not (source / "about.json").exists():
        persons = max(1, options.records * 13 // 100)
        generate_population(persons=persons, records=options.records, out=source, seed=1)
    if not (base / "manifest.json").exists():
        fuse_measured(plan, source, base)
    shutil.copytree(base, out, copy_function=os.link)  # a run replaces files, it never changes one
    batch = batch_make(plan, source, folder / "all", options.every)
    result, delta = fuse_measured(plan, folder / "all", out)
    _whole, rebuild = fuse_measured(plan, folder / "all", folder / "rebuilt")
    found = differences(master_open(out), master_open(folder / "rebuilt"))
    of = "full rebuild"
    lines = [
        ("wall", delta.wall, "s", rebuild.wall, of, ""),
        ("processor", delta.cpu, "s", rebuild.cpu, of, ""),
        ("memory of all processes", delta.memory_mb, "MiB", 4096, "bar", "≤ 1"),
        ("files that differ", len(found), "files", 1, of, "0"),
    ]
    if options.records == FULL:
        lines.append(("end to end", delta.wall, "s", 60, "bar", "≤ 1"))
    for name, figure, unit, baseline, baseline_name, bar in lines:
        report(
            f"batch of {batch:,} into {result.persons:,} persons: {name}",
            figure,
            unit,
            baseline=baseline,
            baseline_name=baseline_name,
            bar=bar,
            as_json=options.json,
        )
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in delta.seconds.items())
    print(f"  {', '.join(found[:5]) or 'equal'}; {stages} s", file=sys.stderr, flush=True)
    shutil.rmtree(folder)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
