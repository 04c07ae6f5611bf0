"""Fusing made records of 13 departments into persons with lineage, against copying the same Parquet.

The bar holds for wall seconds on a quiet machine; processor seconds are printed beside them because they
hardly depend on who else is working. Fusing includes the residue and everything that is written.
"""

import atexit
import resource
import shutil
import tempfile
import time
from pathlib import Path

from harness import options_parse, report

from yiwang.config.generate.legal_persons import generate_legal_persons
from yiwang.config.generate.population import generate_population
from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.data import FusionOptions, files_of
from yiwang.resources.fusion.library import fuse, score
from yiwang.resources.fusion.plans import PLANS


def processor_seconds() -> float:
    """Return processor seconds of this process and of those it waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def measured(act) -> tuple[object, float, float]:
    """Do something and return its answer, wall seconds and processor seconds."""
    wall, processor = time.perf_counter(), processor_seconds()
    answer = act()
    return answer, time.perf_counter() - wall, processor_seconds() - processor


def copy(plan, source: Path, target: Path) -> None:
    """Let DuckDB copy every class from Parquet to Parquet, with both cores."""
    target.mkdir()
    with tabular_open(TabularLimits(threads=2, memory_mb=2048)) as connection:
        for item in plan.sources:
            files = files_of(item, source)
            if files:
                out = target / f"{item.code}.parquet"
                connection.execute(
                    f"copy (from {parquet_list(files)}) to '{out}' (format parquet, compression zstd)"
                )


def run(what: str, make, records: int, persons: int, options) -> None:
    """Make the records, copy them, fuse them, score them; print a line for each figure."""
    folder = Path(tempfile.mkdtemp(prefix="yiwang-fuse-", dir=options.folder))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    plan = PLANS[what]()
    _facts, making, making_cpu = measured(
        lambda: make(persons=persons, records=records, out=folder / "in", seed=1)
    )
    _none, copying, copying_cpu = measured(lambda: copy(plan, folder / "in", folder / "copy"))
    result, fusing, fusing_cpu = measured(
        lambda: fuse(plan, folder / "in", folder / "out", options=FusionOptions(workers=2, seed=1))
    )
    found = score(folder / "out", folder / "in" / "truth")
    lines = (
        ("fused", fusing, copying, "s", "DuckDB copy", "≤ 2"),
        ("fused, processor", fusing_cpu, copying_cpu, "s", "DuckDB copy", ""),
        (
            "exact part",
            result.seconds["standardise"] + result.seconds["fuse"],
            copying,
            "s",
            "DuckDB copy",
            "≤ 1.5",
        ),
        ("made, processor", making_cpu, making, "s", "wall", ""),
        ("peak memory", result.peak_mb, 4096, "MiB", "bar", "≤ 1"),
        ("pairs wrongly together", (1 - found.precision) * 1e6, 1000, "of 1,000,000", "bar", "≤ 1"),
        ("pairs not found", (1 - found.recall) * 1e6, 10_000, "of 1,000,000", "bar", "≤ 1"),
    )
    for name, figure, baseline, unit, baseline_name, bar in lines:
        report(
            f"{result.records:,} {what}: {name}",
            figure,
            unit,
            baseline=baseline,
            baseline_name=baseline_name,
            bar=bar,
            as_json=options.json,
        )
    shutil.rmtree(folder)


def main() -> None:
    """Run the population, then legal persons in the proportion of the plans."""
    options = options_parse(__doc__, records=1_000_000, legal=0)
    options.folder = None
    run(
        "population",
        generate_population,
        options.records,
        max(1, options.records * 13 // 100),
        options,
    )
    if options.legal:
        run(
            "legal-persons",
            generate_legal_persons,
            options.legal,
            max(1, options.legal * 35 // 1355),
            options,
        )


if __name__ == "__main__":
    main()
