"""What a worker writes about itself, its jobs and its sweeps.

These writes are the machinery's own and leave no audit row; the acts that jobs carry out do, and so
does a person who lets a failed job run again.
"""

import logging
import os
import socket
from datetime import datetime, timedelta
from traceback import format_exception

from django.db import connection, transaction
from django.utils import timezone
from django_tasks import TaskContext, TaskResultStatus
from django_tasks_db.models import DBTaskResult

from yiwang.kernel.audit.actions import action, audit_record
from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.jobs.models import SweepLease, Worker
from yiwang.kernel.jobs.queries import worker_names_alive
from yiwang.kernel.jobs.registry import Lane, Sweep, sweep_registered
from yiwang.sdk.errors import Conflict

logger = logging.getLogger(__name__)
# A job whose worker died this often is given up: it may be what kills them.
DEATHS_MAX = 5
BEATS_MISSED = 6


class WorkerDied(Exception):
    """Every worker that took the job died over it."""


def worker_beat(name: str, *, every_seconds: float, now: datetime) -> None:
    """Write the heartbeat (心跳) of a worker; the first one registers it."""
    Worker.objects.update_or_create(
        name=name,
        defaults={
            "heartbeat_at": now,
            "expires_at": now + timedelta(seconds=every_seconds * BEATS_MISSED),
            "state": Worker.State.RUNNING,
        },
        create_defaults={
            "host": socket.gethostname()[:120],
            "process_id": os.getpid(),
            "started_at": now,
            "heartbeat_at": now,
            "expires_at": now + timedelta(seconds=every_seconds * BEATS_MISSED),
        },
    )


def worker_stop(name: str, *, now: datetime) -> None:
    """Note that a worker left in order (停止)."""
    Worker.objects.filter(name=name).update(
        state=Worker.State.STOPPED, heartbeat_at=now, expires_at=now
    )
    SweepLease.objects.filter(holder=name).update(holder="")


def worker_prune(*, now: datetime) -> int:
    """Forget workers that have been gone for a week; returns how many."""
    gone = Worker.objects.filter(expires_at__lt=now - timedelta(days=7))
    return gone.delete()[0]


def job_prune(*, now: datetime) -> int:
    """Delete jobs that succeeded more than 30 days ago; failed ones stay. Returns how many."""
    done = DBTaskResult.objects.filter(
        status=TaskResultStatus.SUCCESSFUL, finished_at__lt=now - timedelta(days=30)
    ).values_list("pk", flat=True)[:5000]
    return DBTaskResult.objects.filter(pk__in=list(done)).delete()[0]


def job_run_next(worker: str, *, now: datetime, lane: Lane = "all") -> bool:
    """Claim one due job of a lane, run it and write its end. False when none is due."""
    claimed = _job_claim(worker, now=now, lane=lane)
    if claimed is None:
        return False
    try:
        task, result = claimed.task, claimed.task_result
        with context_use(context_system(f"job:{task.name}", name=claimed.task_path)):
            context = (TaskContext(task_result=result),) if task.takes_context else ()
            value = task.call(*context, *result.args, **result.kwargs)
            _job_finish(claimed, status=TaskResultStatus.SUCCESSFUL, return_value=value)
    except Exception as error:
        logger.exception("job %s %s failed", claimed.pk, claimed.task_path)
        _job_fail(claimed, error)
    return True


def job_recover(*, now: datetime) -> int:
    """Give the jobs of dead workers back (任务恢复): they run again. Returns how many."""
    # First the jobs, then who lives: a worker that has begun in between is not taken for dead.
    running = list(
        DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING).order_by("started_at")
    )
    alive = worker_names_alive(now=now)
    recovered = 0
    for row in running:
        if row.worker_ids and row.worker_ids[-1] in alive:
            continue
        guarded = DBTaskResult.objects.filter(
            pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at
        )
        if len(row.worker_ids) >= DEATHS_MAX:
            _job_fail(row, WorkerDied(f"{len(row.worker_ids)} workers died over this job."))
        elif guarded.update(status=TaskResultStatus.READY):
            logger.warning("job %s of a dead worker runs again", row.pk)
            recovered += 1
    return recovered


@action("kernel.jobs.retry", permission="kernel.jobs.retry")
def job_retry(job_id: str) -> None:
    """Let a failed job run again (重新执行). Raises `Conflict` when it is not in that state."""
    changed = DBTaskResult.objects.filter(pk=job_id, status=TaskResultStatus.FAILED).update(
        status=TaskResultStatus.READY, worker_ids=[], finished_at=None
    )
    if not changed:
        raise Conflict()
    audit_record(f"job:{job_id}")


def sweep_prepare(*, now: datetime) -> None:
    """Make sure that every registered sweep has its lease row."""
    known = set(SweepLease.objects.values_list("name", flat=True))
    missing = [sweep.name for sweep in sweep_registered() if sweep.name not in known]
    SweepLease.objects.bulk_create(
        [SweepLease(name=name, next_at=now) for name in missing], ignore_conflicts=True
    )


def sweep_run(sweep: Sweep, worker: str, *, now: datetime) -> bool:
    """Run a sweep if it is due and no living worker holds it. Tells whether it ran.

    A lease (租约) has no time of its own: it lasts as long as its holder's heart beats, so a slow
    sweep is not started twice and a killed worker's sweep is not waited for longer than needed.
    """
    lease = SweepLease.objects.filter(name=sweep.name, next_at__lte=now).first()
    if lease is None or lease.holder in worker_names_alive(now=now):
        return False
    same = SweepLease.objects.filter(pk=lease.pk, holder=lease.holder, next_at=lease.next_at)
    if not same.update(holder=worker, started_at=now):
        return False
    result, problem = "", ""
    try:
        with context_use(context_system(f"sweep:{sweep.name}", name=sweep.name)):
            result = str(sweep.function(now=now))[:200]
    except Exception as error:
        logger.exception("sweep %s failed", sweep.name)
        problem = "".join(format_exception(error))[-4000:]
    SweepLease.objects.filter(name=sweep.name, holder=worker).update(
        holder="",
        finished_at=timezone.now(),
        next_at=now + timedelta(seconds=sweep.every_seconds),
        result=result,
        error=problem,
    )
    return True


def _job_claim(worker: str, *, now: datetime, lane: Lane) -> DBTaskResult | None:
    # A plain read first: an idle worker never takes SQLite's write lock.
    ready = DBTaskResult.objects.ready()
    if lane != "all":
        ready = ready.filter(**{"priority__lt" if lane == "batch" else "priority__gte": 0})
    if not ready.exists():
        return None
    with transaction.atomic():
        rows = ready
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        row = rows.first()
        if row is None:
            return None
        worker_ids = [*row.worker_ids, worker]
        guarded = DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.READY)
        if not guarded.update(
            status=TaskResultStatus.RUNNING, started_at=now, worker_ids=worker_ids
        ):
            return None
    row.status, row.started_at, row.worker_ids = TaskResultStatus.RUNNING, now, worker_ids
    return row


def _job_finish(row: DBTaskResult, *, status: TaskResultStatus, **values: object) -> None:
    # Guarded by the claim: a worker that was taken for dead does not overwrite its successor.
    DBTaskResult.objects.filter(
        pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at
    ).update(status=status, finished_at=timezone.now(), **values)


def _job_fail(row: DBTaskResult, error: Exception) -> None:
    _job_finish(
        row,
        status=TaskResultStatus.FAILED,
        exception_class_path=f"{type(error).__module__}.{type(error).__qualname__}",
        traceback="".join(format_exception(error)),
    )
