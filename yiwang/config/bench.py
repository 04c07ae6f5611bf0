"""`yw bench` (基准测试): each file of `benchmarks/` prints a figure beside a baseline of the same run."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def bench_names() -> dict[str, str]:
    """Return name → first line of the docstring for every benchmark."""
    found = {}
    for path in sorted(FOLDER.glob("bench_*.py")):
        first = path.read_text().lstrip().removeprefix('"""').splitlines()[0]
        found[path.stem.removeprefix("bench_")] = first.rstrip('"').strip()
    return found


def bench_list(*, as_json: bool, echo: Callable[[str], None]) -> int:
    """List the benchmarks."""
    names = bench_names()
    if as_json:
        for name, about in names.items():
            echo(json.dumps({"name": name, "about": about}, ensure_ascii=False))
        return 0
    for name, about in names.items():
        echo(f"  {name:<24} {about}")
    echo("Run one with `yw bench NAME`, all with `yw bench all`.")
    return 0


def bench_run(name: str, *, as_json: bool, echo: Callable[[str], None]) -> int:
    """Run one benchmark, or all, each in a process of its own; the exit code is the worst."""
    names = list(bench_names()) if name == "all" else [name]
    worst = 0
    for one in names:
        path = FOLDER / f"bench_{one}.py"
        if not path.exists():
            echo(f"There is no benchmark {one!r}. `yw bench` lists them.")
            return 2
        command = [sys.executable, str(path), *(["--json"] if as_json else [])]
        worst = max(worst, subprocess.run(command, check=False).returncode)  # noqa: S603
    return worst
