"""Runs of a registry (融合运行): from landed records to a master with its report, pairs and lineage.

The long work stands outside of any transaction; what the desk shows is written in small ones. A run that
was killed is found by the lock it no longer holds, and run again it goes on with what it had standardised.
"""

import errno
import shutil
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from yiwang.kernel.api import action, audit_record, batch_job, context_get
from yiwang.resources.fusion.actions.lineage import fusion_ended, fusion_started
from yiwang.resources.fusion.actions.reviews import pairs_load
from yiwang.resources.fusion.actions.sources import Files, feed_build
from yiwang.resources.fusion.data import (
    DEFAULT_OPTIONS,
    FusionBusy,
    FusionOptions,
    FusionResult,
    Report,
)
from yiwang.resources.fusion.desk import FusionRunView
from yiwang.resources.fusion.library import fuse
from yiwang.resources.fusion.models import FusionRun
from yiwang.resources.fusion.permissions import RUN, is_bureau
from yiwang.resources.fusion.queries.reviews import decision_list
from yiwang.resources.fusion.queries.runs import run_get, run_view
from yiwang.resources.fusion.queries.sources import (
    bindings,
    master_folder,
    plan_get,
    registry_folder,
)
from yiwang.sdk.errors import N_, Conflict, Forbidden, YiwangError

State = FusionRun.State
PROGRESS_SECONDS = 1.0
COUNTED = (
    "records",
    "persons",
    "provisional",
    "residue",
    "review",
    "persons_in_conflict",
    "touched",
    "standardised",
)


class RunWaiting(Conflict):
    """A run of the registry has been asked for or is under way."""

    code = "fusion_run_waiting"
    message = N_(
        "A fusion of this registry is waiting or running already. Wait until it has ended."
    )


def _quiet(_stage: str, _done: int, _total: int) -> None:
    """Take reports of progress and show nothing."""


@action("resources.fusion.run_request", permission=RUN)
def run_request(registry: str, *, now: datetime) -> FusionRunView:
    """Ask for a run (申请融合运行); a worker carries it out. Only the data bureau. Raises RunWaiting."""
    if not is_bureau():
        raise Forbidden()
    plan_get(registry)
    open_rows = FusionRun.objects.filter(
        registry=registry, state__in=(State.WAITING, State.RUNNING)
    )
    if open_rows.select_for_update().exists():
        raise RunWaiting()
    row = FusionRun.objects.create(
        registry=registry, trace=uuid4(), requested_by=context_get().account_id, created_at=now
    )
    audit_record(f"fusion_run:{row.pk}", detail={"registry": registry})
    fusion_run.enqueue(row.pk)
    return run_view(row)


@batch_job
def fusion_run(run_id: int) -> None:
    """Carry out a run that was asked for (执行融合运行); done again it goes on, or does nothing."""
    view = run_get(run_id)
    if not view.is_over:
        run_record(view.registry, now=timezone.now(), run_id=run_id)


def run_record(
    registry: str,
    *,
    now: datetime,
    report: Report = _quiet,
    run_id: int | None = None,
    options: FusionOptions = DEFAULT_OPTIONS,
    files: Files | None = None,
) -> FusionRunView:
    """Run the fusion of a registry to its end and keep what came out (融合运行并登记).

    Feed, fuse with the decisions in force, load uncertain pairs, report, lineage. run_id: a row made by
    `run_request`. files: resource code → Parquet files, by default landing's.
    Raises what the library raises (FusionBusy, FusionNothing, FusionSourceBroken), MemoryError, OSError;
    the row then says FAILED and the published master still stands. FusionBusy without run_id leaves no row.
    """
    plan_get(registry)
    with _registry_locked(registry, run_id):
        row = _begin(registry, run_id, now=now)
        told = _Progress(row.pk, report)
        try:
            result, more = _carry_out(row, told, options, files, now=now)
        except Exception as error:
            _fail(row, error)
            raise
        return _publish(row.pk, result, more)


class _Progress:
    """Write how far a run is (进度), at most once a second, and pass it on."""

    def __init__(self, run_id: int, report: Report) -> None:
        self.run_id, self.report, self.stage, self.last = run_id, report, "", 0.0
        self.begun = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.report(stage, done, total)
        moment = time.monotonic()
        if stage == self.stage and moment - self.last < PROGRESS_SECONDS:
            return
        self.stage, self.last = stage, moment
        FusionRun.objects.filter(pk=self.run_id, state=State.RUNNING).update(
            stage=stage, done=done, total=total
        )

    def took(self, stage: str) -> None:
        """Note the seconds since the last stage of ours ended."""
        now = time.perf_counter()
        self.seconds[stage], self.begun = round(now - self.begun, 3), now


def _carry_out(
    row: FusionRun, told: _Progress, options: FusionOptions, files: Files | None, *, now: datetime
) -> tuple[FusionResult, dict]:
    from yiwang.resources.fusion import reports  # noqa: PLC0415 - loads DuckDB

    registry, plan, out = row.registry, plan_get(row.registry), master_folder(row.registry)
    told("feed", 0, 1)
    fusion_started(row.trace, plan, at=now)
    feed = feed_build(registry, files=files)
    told.took("feed")
    result = fuse(
        plan,
        feed,
        out,
        options=options,
        decisions=decision_list(registry),
        compare=True,
        report=told,
    )
    told.begun = time.perf_counter()
    master = reports.master_open(out)
    found = {
        "conflicts": result.conflicts,
        "disagreements": result.disagreements,
        "against": reports.against(plan, master, lambda d, t: told("report", d, t)),
        "placed": result.linked | {"REST": result.residue - sum(result.linked.values())},
        "classes": reports.class_rows(master.manifest),
        "events": reports.counts_of(master.folder / "events.parquet", "event"),
        "ties": reports.counts_of(master.folder / "ties.parquet", "kind"),
        "tie_conflicts": reports.counts_of(master.folder / "tie_conflicts.parquet", "rule"),
        "comparisons": reports.counts_of(master.folder / "comparisons.parquet", "rule"),
    }
    told.took("report")
    told("review", 0, 1)
    found["pairs"] = pairs_load(row.pk, master.folder, now=now)
    told.took("review")
    found["exceptions"] = _exceptions(registry, master.folder / "comparisons.parquet", now=now)
    result.seconds |= told.seconds
    fusion_ended(row.trace, plan, result=result, rows=found["classes"], at=timezone.now())
    return result, reports.plain(found)


def _exceptions(registry: str, path: Path, *, now: datetime) -> int | None:
    """Have exceptions opened with who supplied what a comparison found (比对异常); returns how many."""
    from yiwang.resources.fusion.comparisons import comparisons  # noqa: PLC0415 - loads DuckDB
    from yiwang.resources.fusion.explained import Message  # noqa: PLC0415
    from yiwang.resources.quality.actions.exceptions import (  # noqa: PLC0415
        exceptions_from_comparisons,
    )

    if not path.exists():
        return None
    departments = {
        int(one.code[1:]): one.department_id
        for one in bindings(registry)
        if one.code.startswith("C") and one.department_id is not None
    }
    messages = {}
    for one in comparisons(plan_get(registry)):
        said = Message(one.message, {"limit": one.shared, "count": "…"})
        messages[one.key] = (said.text("zh"), said.text("en"))
    return exceptions_from_comparisons(
        path, registry=registry, departments=departments, messages=messages, now=now
    )


def _registry_locked(registry: str, run_id: int | None):  # noqa: ANN202 - a context manager
    from contextlib import contextmanager  # noqa: PLC0415

    from yiwang.resources.fusion.publish import folder_locked  # noqa: PLC0415

    @contextmanager
    def locked():  # noqa: ANN202
        try:
            with folder_locked(registry_folder(registry)):
                yield
        except FusionBusy as error:
            if run_id is not None:
                FusionRun.objects.filter(pk=run_id, state=State.WAITING).update(
                    state=State.FAILED, error_code=error.code, error=str(error)
                )
            raise

    return locked()


@action("resources.fusion.run_begin", permission=RUN)
def _begin(registry: str, run_id: int | None, *, now: datetime) -> FusionRun:
    """Begin a run (开始融合运行). We hold the lock, so whoever else is said to run has been killed."""
    rows = FusionRun.objects.filter(registry=registry, state=State.RUNNING).exclude(pk=run_id)
    rows.update(state=State.INTERRUPTED, error_code="interrupted", finished_at=now)
    if run_id is None:
        row = FusionRun.objects.create(
            registry=registry,
            trace=uuid4(),
            state=State.RUNNING,
            requested_by=context_get().account_id,
            created_at=now,
            started_at=now,
        )
    else:
        row = FusionRun.objects.get(pk=run_id)
        row.state, row.started_at, row.finished_at = State.RUNNING, now, None
        row.save(update_fields=["state", "started_at", "finished_at"])
    audit_record(f"fusion_run:{row.pk}", detail={"registry": registry})
    return row


@action("resources.fusion.run_finish", permission=RUN)
def _publish(run_id: int, result: FusionResult, report: Mapping) -> FusionRunView:
    row = FusionRun.objects.get(pk=run_id)
    row.run, row.state, row.stage = result.run, State.PUBLISHED, "publish"
    row.done = row.total = result.records
    row.counts = {name: getattr(result, name) for name in COUNTED}
    row.report, row.seconds, row.peak_mb = dict(report), result.seconds, result.peak_mb
    row.error_code = row.error = ""
    row.finished_at = timezone.now()
    row.save()
    audit_record(f"fusion_run:{run_id}", detail={"run": result.run, "persons": result.persons})
    return run_view(row)


def _fail(row: FusionRun, error: Exception) -> None:
    """Keep what went wrong on the row and in the lineage (运行失败)."""
    text = str(error) or type(error).__name__
    with transaction.atomic():
        FusionRun.objects.filter(pk=row.pk).update(
            state=State.FAILED,
            error_code=error_code(error),
            error=text[:4000],
            finished_at=timezone.now(),
        )
        audit_record(
            f"fusion_run:{row.pk}",
            act="resources.fusion.run_fail",
            outcome="FAILED",
            detail={"code": error_code(error)},
        )
    fusion_ended(row.trace, plan_get(row.registry), error=error_code(error), at=timezone.now())


def error_code(error: Exception) -> str:
    """Name what went wrong (错误代码): the code of our own errors, disk_full, memory, or its class."""
    if isinstance(error, YiwangError):
        return error.code
    text = str(error).lower()
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk_full"
    if "no space left" in text or not shutil.disk_usage("/").free:
        return "disk_full"
    if isinstance(error, MemoryError) or "out of memory" in text:
        return "memory"
    return type(error).__name__[:60]
