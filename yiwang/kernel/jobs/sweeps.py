"""The kernel's own sweeps: what keeps the outbox and the job tables small, and brings jobs back."""

from datetime import datetime, timedelta

from yiwang.kernel.audit.journal import reads_move
from yiwang.kernel.events.actions import event_prune
from yiwang.kernel.jobs.actions import job_prune, job_recover, worker_prune
from yiwang.kernel.jobs.registry import sweep_register

EVENTS_KEPT = timedelta(days=90)


def events_prune(*, now: datetime) -> int:
    """Delete what was delivered to everyone more than 90 days ago."""
    return event_prune(before=now - EVENTS_KEPT)


def audit_reads_move(*, now: datetime) -> int:
    """Move what reads have written beside the database into the audit table."""
    return reads_move()


def register() -> None:
    """Register the kernel's sweeps (called once, from `ready`)."""
    sweep_register("kernel.jobs.recover", job_recover, every_seconds=15)
    sweep_register("kernel.audit.reads", audit_reads_move, every_seconds=5)
    sweep_register("kernel.events.prune", events_prune, every_seconds=3600)
    sweep_register("kernel.jobs.prune", job_prune, every_seconds=3600)
    sweep_register("kernel.jobs.workers_prune", worker_prune, every_seconds=24 * 3600)
