"""Fusing made records of 13 departments into persons with lineage, against copying the same Parquet.

The bar holds for wall seconds on a quiet machine; processor seconds of all processes are printed beside them
because they hardly depend on who else is working. Fusing includes the residue and everything that is written.

  python benchmarks/bench_fuse.py                                          1,000,000 records, as in CI
  python benchmarks/bench_fuse.py --records 100000000 --in DIR             makes DIR once, then takes it as it is
  python benchmarks/bench_fuse.py --records 0 --legal 13550000 --legal-in DIR
"""

import atexit
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from fusing import copy, fuse_measured, measured, options_read
from harness import report

from yiwang.config.generate.legal_persons import generate_legal_persons
from yiwang.config.generate.population import generate_population
from yiwang.resources.fusion.library import score
from yiwang.resources.fusion.plans import PLANS

MAKERS = {"population": generate_population, "legal-persons": generate_legal_persons}
LEGAL = 13_550_000  # of the plan, to be done in 30 s
CI = 1_000_000  # end to end in 15 s


def records_make(what: str, records: int, persons: int, folder: Path, show: Callable) -> None:
    """Make the records unless the folder has them already."""
    if (folder / "about.json").exists():
        return
    make = MAKERS[what]
    _facts, cost = measured(lambda: make(persons=persons, records=records, out=folder, seed=1))
    show("made", records / cost.wall * 60 / 1e6, "million/min", 10, "bar", "≥ 1")


def run(what: str, records: int, persons: int, given: str, as_json: bool) -> None:
    """Make the records, copy them, fuse them, score them; print a line for each figure."""
    near = Path(given).parent if given else None
    folder = Path(tempfile.mkdtemp(prefix="yiwang-fuse-", dir=near))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = Path(given) if given else folder / "in"
    plan = PLANS[what]()

    def show(name: str, figure: float, unit: str, baseline: float, of: str, bar: str = "") -> None:
        title = f"{records:,} {what}: {name}"
        report(title, figure, unit, baseline=baseline, baseline_name=of, bar=bar, as_json=as_json)

    records_make(what, records, persons, source, show)
    _none, copied = measured(lambda: copy(plan, source, folder / "copy"))
    shutil.rmtree(folder / "copy")
    result, fused = fuse_measured(plan, source, folder / "out")
    found = score(folder / "out", source / "truth")
    of = "DuckDB copy"
    show("exact part, wall", fused.exact_wall, "s", copied.wall, of, "≤ 1.5")
    show("exact part, processor", fused.exact_cpu, "s", copied.cpu, of, "≤ 1.5")
    show("with residue, wall", fused.wall, "s", copied.wall, of, "≤ 2")
    show("with residue, processor", fused.cpu, "s", copied.cpu, of, "≤ 2")
    show("memory of all processes", fused.memory_mb, "MiB", 4096, "bar", "≤ 1")
    show("pairs wrongly together", (1 - found.precision) * 1e6, "of 1,000,000", 1000, "bar", "≤ 1")
    show("pairs not found", (1 - found.recall) * 1e6, "of 1,000,000", 10_000, "bar", "≤ 1")
    if what == "population" and records == CI:
        show("end to end", fused.wall, "s", 15, "bar", "≤ 1")
    if what == "legal-persons" and records == LEGAL:
        show("end to end", fused.wall, "s", 30, "bar", "≤ 1")
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in fused.seconds.items())
    counts = f"{result.persons:,} persons, residue {result.residue:,}, conflicts {result.persons_in_conflict:,}"
    print(f"  {counts}; {stages} s", file=sys.stderr, flush=True)
    shutil.rmtree(folder)


def main() -> None:
    """Run the population, then legal persons in the proportion of the plans."""
    options = options_read(
        __doc__,
        {"records": CI, "legal": 0},
        {"in": "folder of the population, made if empty", "legal-in": "the same of legal persons"},
    )
    if options.records:
        persons = max(1, options.records * 13 // 100)
        run("population", options.records, persons, vars(options)["in"], options.json)
    if options.legal:
        persons = max(1, options.legal * 35 // 1355)
        run("legal-persons", options.legal, persons, options.legal_in, options.json)


if __name__ == "__main__":
    main()
