"""Is the house well (健康检查)? For load balancers, `./start` and people on call."""

from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from yiwang.kernel.jobs.queries import worker_list
from yiwang.kernel.packs.queries import pack_health


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
    worker, packs = _worker(now), pack_health()
    broken = sum(count for state, count in packs.items() if state != "LOADED")
    return {
        "status": "OK" if worker["alive"] and not broken else "DEGRADED",
        "database": "OK",
        "migrations_pending": 0,
        "worker": worker,
        "packs": packs,
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
