"""A run (融合运行): standardise what is new, fuse the buckets it touches, place the residue, publish.

There is no second way for a delta: a run brings the master to what the source folder says. Source files that
are staged already are not read again, buckets that nothing touched are taken over as they are.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yiwang.engines.tabular.door import TabularLimits, spark_check
from yiwang.resources.fusion.comparisons import comparisons_write
from yiwang.resources.fusion.data import (
    CLUSTERED,
    DEFAULT_OPTIONS,
    DUCKDB,
    RESIDUE,
    SPARK,
    Decision,
    FusionNothing,
    FusionOptions,
    FusionPlan,
    FusionPlanChanged,
    FusionResult,
    Report,
    plan_write,
)
from yiwang.resources.fusion.events import events_write, fresh_files
from yiwang.resources.fusion.filled import filled_write
from yiwang.resources.fusion.master import Written, path_of
from yiwang.resources.fusion.memory import anonymous_mb
from yiwang.resources.fusion.provisional import provisional_write
from yiwang.resources.fusion.publish import (
    Manifest,
    folder_locked,
    leftovers_clear,
    manifest_read,
    publish,
    run_begin,
    stage_prune,
)
from yiwang.resources.fusion.renew import Change
from yiwang.resources.fusion.residue import Finder, Placed, residue_place
from yiwang.resources.fusion.stage import StageFile, slices, stage_plan
from yiwang.resources.fusion.survivorship import Rows, rows_gather
from yiwang.resources.fusion.ties import tie_digests, ties_digest, ties_link, ties_write
from yiwang.resources.fusion.workers import Each, crew, task_fuse, task_standardise
from yiwang.sdk.identifiers import CHINA

KINDS = ("persons", "rows", "values", "ids")
SMALL_BYTES = 12 << 20  # less than this is done before a second process has started


@dataclass(slots=True)
class Run:
    """What the stages of a run share."""

    plan: FusionPlan
    out: Path
    folder: Path
    options: FusionOptions
    before: Manifest | None
    report: Report
    result: FusionResult
    memory: dict[str, float] = field(default_factory=dict)
    ties: str = ""

    def known(self, bucket: int) -> Path | None:
        """Return the file of identifiers of the run before."""
        return path_of(self.out / f"run-{self.before.run}", "ids", bucket) if self.before else None

    def folder_before(self) -> Path | None:
        """Return the folder of the run before."""
        return self.out / f"run-{self.before.run}" if self.before else None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the seconds of a stage."""
        begun = time.perf_counter()
        yield
        self.result.seconds[name] = round(time.perf_counter() - begun, 3)
        self.memory[name] = max(self.memory.get(name, 0.0), anonymous_mb())


def run(
    plan: FusionPlan,
    source: Path,
    out: Path,
    *,
    options: FusionOptions = DEFAULT_OPTIONS,
    decisions: Sequence[Decision] = (),
    today: date | None = None,
    compare: bool = False,
    report: Report = lambda _stage, _done, _total: None,
) -> FusionResult:
    """Fuse the files of a folder into the master of another. See `library.fuse`."""
    if options.engine == SPARK:
        spark_check()  # before anything is made
    with folder_locked(out):
        leftovers_clear(out)
        wanted = stage_plan(plan, source, out / "stage")
        if not wanted:
            raise FusionNothing(folder=source)
        before = _usable(manifest_read(out), plan, out)
        name, folder = run_begin(out)
        result = FusionResult(run=name, folder=str(out / f"run-{name}"))
        job = Run(plan, out, folder, options, before, report, result)
        workers = options.workers or _workers(wanted)
        files = [item for item, _path in wanted]
        day = today or datetime.now(CHINA).date()
        if options.engine == SPARK:
            written, rest = _on_spark(job, wanted, decisions, day)
        else:
            with crew(workers) as each:
                with job.stage("standardise"):
                    _standardise(job, each, wanted, day, workers)
                with job.stage("fuse"):
                    written = _fuse(job, each, files, workers)
            with job.stage("residue"):
                rest = _residue(job, _rest(job, files), decisions, workers)
        _count(job, written, rest)
        with job.stage("identity"):
            _identity(job, files)
        with job.stage("ties"):
            _ties(job, source, day)
        if compare:
            with job.stage("compare"):
                _compare(job, day)
        with job.stage("publish"):
            _publish(job, files, written)
        return result


def _engine(options: FusionOptions) -> str:
    """Name what fuses: a bucket that another engine, or another version, has fused is fused again."""
    return duckdb.__version__ if options.engine == DUCKDB else options.engine


def _usable(before: Manifest | None, plan: FusionPlan, out: Path) -> Manifest | None:
    """The run before counts for identifiers if it was of the same kind of subject."""
    if before is None or before.plan != plan.name:
        return None
    if len(before.buckets) != plan.buckets:
        raise FusionPlanChanged(folder=out, wanted=plan.buckets, there=len(before.buckets))
    return before


def _workers(wanted: list[tuple[StageFile, Path]]) -> int:
    size = sum(path.stat().st_size for _item, path in wanted)
    return 1 if size < SMALL_BYTES else min(2, os.cpu_count() or 1)


def _standardise(
    job: Run, each: Each, wanted: list[tuple[StageFile, Path]], today: date, workers: int
) -> None:
    new = [(item, path) for item, path in wanted if not Path(item.path).exists()]
    new.sort(
        key=lambda pair: -pair[1].stat().st_size
    )  # the largest first, so that both end together
    memory = max(256, job.options.memory_mb // workers)
    groups = ((job.plan, item, path, today, memory) for item, path in new)
    done = 0
    for rows, held in each(task_standardise, groups):
        done += 1
        job.result.standardised += rows
        job.memory["standardise"] = max(job.memory.get("standardise", 0.0), held * workers)
        job.report("standardise", done, len(new))


def _fuse(job: Run, each: Each, files: list[StageFile], workers: int) -> list[dict | None]:
    """Fuse touched buckets, link the others; returns the counts of every bucket."""
    touched = _touched(job, files)
    job.result.touched = len(touched)
    written: list[dict | None] = [None] * job.plan.buckets
    for bucket in set(range(job.plan.buckets)) - touched:
        written[bucket] = _take_over(job, bucket)
    changes = _changes(job, files)
    groups = (
        (job.plan, files, bucket, job.folder, job.known(bucket), job.options.seed, changes(bucket))
        for bucket in sorted(touched)
    )
    for done, (one, held) in enumerate(each(task_fuse, groups), start=1):
        if one is not None:
            written[one.bucket] = _counts(one)
        job.memory["fuse"] = max(job.memory.get("fuse", 0.0), held * workers)
        job.report("fuse", done, len(touched))
    return written


def _comparable(job: Run) -> Manifest | None:
    """Return the run before if the same plan and engine fused its buckets."""
    before, now = job.before, (job.plan.fingerprint(), _engine(job.options))
    return before if before and (before.fingerprint, before.engine) == now else None


def _changes(job: Run, files: list[StageFile]) -> Callable[[int], Change | None]:
    """Make the function that says what changed in a bucket; None where there is nothing to compare with."""
    before = _comparable(job)
    stage = job.out / "stage"
    old = tuple(
        StageFile(
            int(item["path"].partition("-")[0][1:]), item["origin"], str(stage / item["path"])
        )
        for item in (before.stage if before else ())
    )
    if before is None or not all(Path(item.path).exists() for item in old):
        return lambda _bucket: None
    paths = [{item.path for item in some} for some in (old, files)]
    changed = tuple(item for item in (*old, *files) if item.path in paths[0] ^ paths[1])

    def change(bucket: int) -> Change | None:
        counted = before.buckets[bucket]
        if counted is None:
            return None
        disagreements = np.zeros((len(job.plan.fields), 256), dtype=np.int64)
        for pair, count in counted["disagreements"].items():
            disagreements[tuple(map(int, pair.split(".")))] = count
        return Change(job.folder_before(), old, changed, disagreements)

    return change


def _touched(job: Run, files: list[StageFile]) -> set[int]:
    """Return the buckets that a file that came or went has rows in; all when the plan changed."""
    before = _comparable(job)
    if before is None:
        return set(range(job.plan.buckets))
    old = {Path(item["path"]).stem: item["counts"] for item in before.stage}
    now = {Path(item.path).stem: item for item in files}
    counts = [now[name].counts() for name in now.keys() - old.keys()]
    counts += [np.array(old[name]) for name in old.keys() - now.keys()]
    total = sum(counts, start=np.zeros(job.plan.buckets + 1, dtype=np.int64))
    return set(np.flatnonzero(total[:-1]).tolist())


def _take_over(job: Run, bucket: int) -> dict | None:
    """Link an untouched bucket's files from the run before."""
    old = job.out / f"run-{job.before.run}"
    for kind in KINDS:
        path = path_of(old, kind, bucket)
        if path.exists():
            os.link(path, path_of(job.folder, kind, bucket))
    return job.before.buckets[bucket]


def _on_spark(
    job: Run, wanted: list[tuple[StageFile, Path]], decisions: Sequence[Decision], today: date
) -> tuple[list[dict | None], Written | None]:
    """Do on a cluster what comes before clusters and publishing; what Spark leaves is the same as from here."""
    from yiwang.resources.fusion.spark.engine import SparkRun  # noqa: PLC0415 - loads pyspark

    job.result.touched = job.plan.buckets
    with SparkRun(job.plan, wanted, job.folder, job.options, today=today) as spark:
        with job.stage("standardise"):
            job.result.standardised = spark.standardise()
            job.report("standardise", len(wanted), len(wanted))
        with job.stage("fuse"):
            known = [job.known(bucket) for bucket in range(job.plan.buckets)]
            written = spark.fuse([path for path in known if path is not None and path.exists()])
            job.report("fuse", job.plan.buckets, job.plan.buckets)
        with job.stage("residue"):
            rest = _residue(job, spark.rest(), decisions, 2, spark.finder)
    return [one and _counts(one) for one in written], rest


def _rest(job: Run, files: list[StageFile]) -> tuple[Rows, pa.Array] | None:
    """Gather the rows without a valid identifier, and what is written in its place."""
    parts = list(slices(files, job.plan.buckets))
    rows = rows_gather(job.plan, parts)
    if rows is None:
        return None
    return rows, pa.concat_arrays([batch.column("claimed") for _number, batch in parts])


def _residue(
    job: Run,
    found: tuple[Rows, pa.Array] | None,
    decisions: Sequence[Decision],
    workers: int,
    finder: Callable[[], Finder] | None = None,
) -> Written | None:
    if found is None:
        return None
    rows, claimed = found
    job.result.residue = len(rows)
    job.report("residue", 0, len(rows))
    spill = job.folder / "spill"
    placed = residue_place(
        job.plan,
        rows,
        claimed,
        sorted(job.folder.glob("persons-*.parquet")),
        sorted(job.folder.glob("rows-*.parquet")),
        decisions=decisions,
        limits=TabularLimits(workers, job.options.memory_mb, str(spill)),
        probabilistic=job.options.probabilistic,
        finder=finder() if finder else None,
    )
    shutil.rmtree(spill, ignore_errors=True)
    # Neither reads what the other writes, and both compute in Arrow and NumPy, which let the other go on.
    with ThreadPoolExecutor(1) as beside:
        filled = beside.submit(
            filled_write, job.plan, rows, placed, job.folder, before=job.folder_before()
        )
        rest = provisional_write(
            job.plan,
            rows,
            placed,
            job.folder,
            known=job.known(job.plan.buckets),
            seed=job.options.seed,
        )
        job.result.filled = filled.result()
    _placed_count(job.result, rows, placed)
    job.report("residue", len(rows), len(rows))
    return rest


def _identity(job: Run, files: list[StageFile]) -> None:
    """Say what changed about identifiers, and by which plan the master was made."""
    job.result.events = events_write(
        job.folder,
        before=job.folder_before(),
        buckets=job.plan.buckets,
        fresh=fresh_files(files, job.before),
        limits=TabularLimits(2, job.options.memory_mb),
    )
    plan_write(job.plan, job.folder)


def _ties(job: Run, source: Path, today: date) -> None:
    """Write families and branches, or take them over when no file of ties changed."""
    digests = tie_digests(job.plan, source)
    job.ties = ties_digest(digests)
    if job.before and job.before.ties == job.ties:
        ties_link(job.folder, job.folder_before())
        job.result.ties = job.before.result.get("ties", {})
    elif job.ties or job.before:  # a run whose last file of ties went says so by empty tables
        limits = TabularLimits(2, job.options.memory_mb, str(job.folder / "spill"))
        job.result.ties = ties_write(
            job.plan,
            source,
            job.folder,
            digests=digests,
            before=job.folder_before(),
            today=today,
            limits=limits,
        )
        shutil.rmtree(job.folder / "spill", ignore_errors=True)


def _compare(job: Run, today: date) -> None:
    """Run the rules of comparison over the finished master."""
    spill = job.folder / "spill"
    limits = TabularLimits(2, job.options.memory_mb, str(spill))
    job.result.comparisons = comparisons_write(job.plan, job.folder, today=today, limits=limits)
    shutil.rmtree(spill, ignore_errors=True)


def _placed_count(result: FusionResult, rows: Rows, placed: Placed) -> None:
    counted = pc.value_counts(pa.array(placed.rule, pa.string())).to_pylist()
    found = {one["values"]: one["counts"] for one in sorted(counted, key=itemgetter("values"))}
    result.linked = {name: n for name, n in found.items() if name not in (RESIDUE, CLUSTERED)}
    result.review = len(placed.review)


def _counts(one: Written) -> dict:
    sparse = {
        f"{place}.{number}": int(one.disagreements[place, number])
        for place, number in zip(*np.nonzero(one.disagreements), strict=True)
    }
    return asdict(one) | {"conflicts": one.conflicts.tolist(), "disagreements": sparse}


def _count(job: Run, written: list[dict | None], rest: Written | None) -> None:
    """Sum the buckets up into the result."""
    result, fields = job.result, [item.name for item in job.plan.fields]
    result.provisional = rest.persons if rest else 0
    result.conflicts = dict.fromkeys(fields, 0)
    for one in filter(None, written):
        result.records += one["records"]
        result.persons += one["persons"]
        result.persons_in_conflict += one["in_conflict"]
        for name, count in zip(fields, one["conflicts"], strict=True):
            result.conflicts[name] += count
        for pair, count in one["disagreements"].items():
            place, number = map(int, pair.split("."))
            by_class = result.disagreements.setdefault(fields[place], {})
            by_class[f"C{number:02d}"] = by_class.get(f"C{number:02d}", 0) + count
    result.records += result.residue


def _publish(job: Run, files: list[StageFile], written: list[dict | None]) -> None:
    job.result.peak_mb = round(max(job.memory.values(), default=0.0), 1)
    before = manifest_read(job.out)
    manifest = Manifest(
        run=job.result.run,
        previous=before.run if before else "",
        plan=job.plan.name,
        fingerprint=job.plan.fingerprint(),
        engine=_engine(job.options),
        stage=[
            {"path": Path(item.path).name, "origin": item.origin, "counts": item.counts().tolist()}
            for item in files
        ],
        buckets=written,
        result=job.result.as_json(),
        ties=job.ties,
    )
    publish(job.out, job.folder, manifest, durable=job.options.durable)
    stage_prune(job.out, manifest)
    leftovers_clear(job.out)
