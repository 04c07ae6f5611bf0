"""Is the house well (健康检查)? For load balancers, `./start` and people on call."""

from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from yiwang.kernel.jobs.queries import worker_list

# Apps of the kernel whose own pages need this one tell their state here: name -> counts by state.
_probes: dict[str, Callable[[], dict[str, int]]] = {}


def health_probe_register(name: str, probe: Callable[[], dict[str, int]]) -> None:
    """Let an app say how it is: `probe` counts things by state; all but LOADED and OK are faults."""
    _probes[name] = probe


def health_get(*, now: datetime) -> dict:
    """Return status OK, DEGRADED (a worker or a pack is missing) or DOWN, and what it rests on.

    Keys: status, database, migrations_pending, worker {alive, heartbeat_age_seconds}, packs.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        pending = _migrations_pending()
    except (DatabaseError, ImproperlyConfigured):
        return {"status": "DOWN", "database": "UNREACHABLE"}
    if pending:
        return {"status": "DOWN", "database": "OK", "migrations_pending": pending}
    worker, probes = _worker(now), {name: probe() for name, probe in _probes.items()}
    broken = sum(
        count
        for counts in probes.values()
        for state, count in counts.items()
        if state not in ("LOADED", "OK")
    )
    return {
        "status": "OK" if worker["alive"] and not broken else "DEGRADED",
        "database": "OK",
        "migrations_pending": 0,
        "worker": worker,
        **probes,
    }


def _migrations_pending() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _worker(now: datetime) -> dict:
    workers = worker_list(now=now)
    beats = [worker.heartbeat_at for worker in workers]
    return {
        "alive": sum(worker.state == "RUNNING" for worker in workers),
        "heartbeat_age_seconds": round((now - max(beats)).total_seconds(), 1) if beats else None,
    }
