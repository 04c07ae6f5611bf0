"""What the benchmarks of fusion share: copying as DuckDB does it, processor seconds, memory of all processes."""

import argparse
import resource
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from yiwang.engines.tabular.door import TabularLimits, parquet_list, tabular_open
from yiwang.resources.fusion.data import FusionOptions, FusionPlan, FusionResult, files_of
from yiwang.resources.fusion.library import fuse


@dataclass(slots=True)
class Cost:
    """What an act took: wall and processor seconds, of its exact part too; anonymous memory in MiB."""

    wall: float = 0.0
    cpu: float = 0.0
    exact_wall: float = 0.0
    exact_cpu: float = 0.0
    memory_mb: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)


def options_read(about: str, numbers: dict[str, int], texts: dict[str, str]) -> argparse.Namespace:
    """Read --json, numbers and texts (folders) of a benchmark."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default:,}")
    for name, about_it in texts.items():
        parser.add_argument(f"--{name}", dest=name.replace("-", "_"), default="", help=about_it)
    return parser.parse_args()


def processor_seconds() -> float:
    """Return processor seconds of this process and of those it waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def measured(act: Callable[[], object]) -> tuple[object, Cost]:
    """Do something and return its answer and what it took."""
    wall, cpu = time.perf_counter(), processor_seconds()
    answer = act()
    return answer, Cost(time.perf_counter() - wall, processor_seconds() - cpu)


def anonymous_of(process: str) -> float:
    """Return the anonymous memory of a process in MiB, 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


class Memory:
    """Watch the anonymous memory of this process and its children, ten times a second."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.highest, self._stop = 0.0, threading.Event()

    def __enter__(self) -> "Memory":
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End watching."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.highest = max(self.highest, sum(map(anonymous_of, ["self", *children_of_self()])))


def children_of_self() -> list[str]:
    """Return the processes that a thread of this one has started; a thread may end meanwhile."""
    names: list[str] = []
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            names += path.read_text().split()
    return names


def copy(plan: FusionPlan, source: Path, target: Path) -> None:
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


def fuse_measured(plan: FusionPlan, source: Path, out: Path) -> tuple[FusionResult, Cost]:
    """Fuse with two processes; the exact part ends where the residue begins, plus publishing."""
    begun: dict[str, tuple[float, float]] = {}

    def report(stage: str, _done: int, _total: int) -> None:
        begun.setdefault(stage, (time.perf_counter(), processor_seconds()))

    start = time.perf_counter(), processor_seconds()
    options = FusionOptions(workers=2, seed=1)
    with Memory() as memory:
        result = fuse(plan, source, out, options=options, report=report)
    end = time.perf_counter(), processor_seconds()
    rest = begun.get("residue", end)
    return result, Cost(
        wall=end[0] - start[0],
        cpu=end[1] - start[1],
        exact_wall=rest[0] - start[0] + result.seconds["publish"],
        exact_cpu=rest[1] - start[1],
        memory_mb=memory.highest,
        seconds=result.seconds,
    )
