"""What every benchmark shares: a city of its own in a temporary folder, and one way to report.

A benchmark prints its figure, a baseline measured in the same run, their ratio and the bar it is
held against. `YIWANG_DATABASE` chooses the engine; by default a SQLite file in the folder.
"""

import argparse
import atexit
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def options_parse(about: str, **numbers: int) -> argparse.Namespace:
    """Read --json and the numbers that the benchmark can be run with."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default:,}")
    return parser.parse_args()


def city_open(*, persons: int = 200, build: bool = True) -> Path:
    """Set Django up on a database of its own, with a small made city in it unless `build=False`."""
    folder = Path(tempfile.mkdtemp(prefix="yiwang-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["YIWANG_DATA"] = str(folder)
    os.environ.setdefault("YIWANG_DATABASE", f"sqlite:///{folder}/yiwang.sqlite3")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from yiwang.config.demo import city_build

    call_command("migrate", verbosity=0, interactive=False)
    if build:
        city_build(persons=persons, enterprises=max(20, persons // 10), now=timezone.now())
    return folder


def engine_name() -> str:
    """Return the name of the database engine in use."""
    from django.db import connection

    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0-1) of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(work: Callable[[int], None], *, callers: int) -> float:
    """Run work(0), work(1) … in so many processes at once, each with its own connection to the database.

    Returns the seconds from their common start to the end of the last one; one caller runs in this process.
    """
    from django.db import connections

    if callers == 1:
        begun = time.monotonic()
        work(0)
        return time.monotonic() - begun
    connections.close_all()
    context = multiprocessing.get_context("fork")
    ready, ends = context.Barrier(callers + 1), context.SimpleQueue()

    def run(number: int) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
        ready.wait(60)
        work(number)
        ends.put(time.monotonic())

    processes = [context.Process(target=run, args=(number,)) for number in range(callers)]
    for process in processes:
        process.start()
    ready.wait(60)
    begun = time.monotonic()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("one of the callers failed; what it said stands above")
    return max(ends.get() for _process in processes) - begun


def cpu_seconds() -> float:
    """Return the processor time that this process has used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(
    name: str,
    figure: float,
    unit: str,
    *,
    baseline: float,
    baseline_name: str,
    bar: str = "",
    as_json: bool = False,
) -> None:
    """Print one line: figure, baseline, ratio figure/baseline, bar."""
    ratio = figure / baseline if baseline else float("nan")
    if as_json:
        line = {
            "name": name,
            "figure": round(figure, 4),
            "unit": unit,
            "baseline": round(baseline, 4),
            "baseline_name": baseline_name,
            "ratio": round(ratio, 4),
            "bar": bar,
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)
        return
    print(
        f"{name:<46} {figure:>12,.2f} {unit:<14} baseline {baseline:>12,.2f} ({baseline_name})"
        f"  ratio {ratio:.3f}{f'  bar {bar}' if bar else ''}",
        flush=True,
    )
