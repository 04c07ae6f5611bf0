"""Reads for the health page: who works, what sweeps, what waits."""

from datetime import datetime

from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from yiwang.kernel.jobs.data import SweepView, WorkerView
from yiwang.kernel.jobs.models import SweepLease, Worker
from yiwang.kernel.jobs.registry import Sweep, sweep_registered


def worker_list(*, now: datetime, limit: int = 50) -> list[WorkerView]:
    """List workers (工作进程), the latest heartbeat first; a running one without pulse is DEAD."""
    return [
        WorkerView(
            row.name,
            row.host,
            row.process_id,
            "DEAD" if row.state == Worker.State.RUNNING and row.expires_at < now else row.state,
            row.started_at,
            row.heartbeat_at,
        )
        for row in Worker.objects.order_by("-heartbeat_at", "-pk")[:limit]
    ]


def worker_names_alive(*, now: datetime) -> set[str]:
    """Return the names of the workers whose heart beats."""
    alive = Worker.objects.filter(state=Worker.State.RUNNING, expires_at__gte=now)
    return set(alive.values_list("name", flat=True))


def sweep_due(*, now: datetime) -> list[Sweep]:
    """List the registered sweeps whose time has come: a plain read, no lock."""
    due = set(SweepLease.objects.filter(next_at__lte=now).values_list("name", flat=True))
    return [sweep for sweep in sweep_registered() if sweep.name in due]


def sweep_list() -> list[SweepView]:
    """List the sweeps (定时巡检) that have run or wait for their first turn."""
    every = {sweep.name: sweep.every_seconds for sweep in sweep_registered()}
    return [
        SweepView(
            row.name,
            every.get(row.name, 0.0),
            row.holder,
            row.next_at,
            row.started_at,
            row.finished_at,
            row.result,
            row.error,
        )
        for row in SweepLease.objects.order_by("name")
    ]


def job_count() -> dict[str, int]:
    """Count the jobs (后台任务) that wait, run and have failed: keys READY, RUNNING, FAILED."""
    # One count a state, so that each reads its own partial index.
    return {
        str(state): DBTaskResult.objects.filter(status=state).order_by().count()
        for state in (TaskResultStatus.READY, TaskResultStatus.RUNNING, TaskResultStatus.FAILED)
    }
