"""`yw generate` and `yw fuse` (生成、融合): progress to standard error, the answer to standard output."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from yiwang.resources.fusion.data import FusionOptions, FusionResult, Report
from yiwang.resources.fusion.library import fuse, score
from yiwang.resources.fusion.plans import PLANS
from yiwang.sdk.errors import YiwangError
from yiwang.sdk.politeness import polite

Echo = Callable[[str], None]


class NumbersRefused(YiwangError):
    """The numbers of a command do not make a data set."""

    code = "numbers_refused"
    message = "%(reason)s."


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Show a bar for each stage on standard error."""
    columns = (
        TextColumn("  {task.description:<14}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        bars: dict[str, int] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        yield report


def generate(what: str, *, out: str, as_json: bool, echo: Echo, **numbers: int) -> int:
    """Make a data set and say what it has."""
    from yiwang.config.generate.legal_persons import generate_legal_persons
    from yiwang.config.generate.population import generate_population

    make = {"population": generate_population, "legal-persons": generate_legal_persons}[what]
    begun = time.perf_counter()
    try:
        with progress_bars() as report:
            facts = make(out=Path(out), report=report, **numbers)
    except ValueError as error:
        raise NumbersRefused(reason=str(error)) from error
    seconds = round(time.perf_counter() - begun, 2)
    if as_json:
        echo(json.dumps({**facts, "seconds": seconds}, ensure_ascii=False))
        return 0
    echo(
        f"{facts['records']:,} records of {facts['departments']} departments about "
        f"{facts['persons']:,} subjects in {seconds} s: {out}, the truth in {out}/truth"
    )
    return 0


def fuse_print(
    what: str,
    *,
    source: str,
    out: str,
    engine: str,
    master: str,
    workers: int,
    as_json: bool,
    echo: Echo,
) -> int:
    """Fuse a folder and print the result. master: of Spark, when `engine` is spark."""
    polite()
    options = FusionOptions(workers=workers, engine=engine, master=master)
    with progress_bars() as report:
        result = fuse(PLANS[what](), source, out, options=options, report=report)
    if as_json:
        echo(json.dumps(result.as_json(), ensure_ascii=False))
        return 0
    for line in result_lines(result):
        echo(line)
    return 0


def result_lines(result: FusionResult) -> Iterator[str]:
    """Write a result for people: what came in, what came out, where sources disagree, how long it took."""
    linked = sum(result.linked.values())
    yield f"  records            {result.records:>14,}"
    yield f"  persons            {result.persons:>14,}"
    yield f"  without identifier {result.residue:>14,}   found their person {linked:,}"
    for rule, count in sorted(result.linked.items()):
        yield f"    {rule:<16} {count:>14,}"
    yield f"  provisional        {result.provisional:>14,}   only rows without identifier tell of them"
    yield f"  for review         {result.review:>14,}"
    yield f"  with conflicts     {result.persons_in_conflict:>14,}"
    for name, count in result.conflicts.items():
        yield f"    {name:<16} {count:>14,}"
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items())
    yield f"  {stages}; peak {result.peak_mb:,.0f} MiB; {result.touched} buckets fused"
    yield f"  published: {result.folder}"


def score_print(*, out: str, truth: str, as_json: bool, echo: Echo) -> int:
    """Print pairwise precision, recall and F1."""
    found = score(out, truth)
    answer = {
        "precision": round(found.precision, 6),
        "recall": round(found.recall, 6),
        "f1": round(found.f1, 6),
        "pairs_true": found.pairs_true,
        "pairs_found": found.pairs_found,
        "pairs_right": found.pairs_right,
    }
    if as_json:
        echo(json.dumps(answer))
        return 0
    for name, value in answer.items():
        echo(
            f"  {name:<12} {value:>20,.6f}"
            if isinstance(value, float)
            else f"  {name:<12} {value:>20,}"
        )
    return 0
