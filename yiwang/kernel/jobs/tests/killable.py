"""A worker process to be killed, and what prepares and inspects its database.

python -m yiwang.kernel.jobs.tests.killable prepare|publish|work|drain|report FOLDER
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from threading import Event

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
EVENTS, JOBS = 30, 15
BEAT_SECONDS = 0.1


def main(command: str, folder: str) -> None:
    """Run one of the commands below on the database of the environment."""
    django.setup()
    from yiwang.kernel.jobs.tests import killable_work

    killable_work.register(Path(folder))
    {"prepare": prepare, "publish": publish, "work": work, "drain": drain, "report": report}[
        command
    ]()


def prepare() -> None:
    """Make the tables, without the signals that need all apps."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    labels = {"kernel_audit", "kernel_events", "kernel_jobs", "django_tasks_database"}
    executor = MigrationExecutor(connection)
    executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] in labels])


def publish() -> None:
    """Commit events and jobs one by one, saying so after each commit."""
    from django.db import transaction

    from yiwang.kernel.events.actions import event_publish
    from yiwang.kernel.jobs.tests.killable_work import note

    for number in range(max(EVENTS, JOBS)):
        with transaction.atomic():
            if number < EVENTS:
                event_publish("kill.happened", {"n": number}, key=str(number))
            if number < JOBS:
                note.enqueue(number)


def work() -> None:
    """Work until killed."""
    from yiwang.kernel.jobs.worker import worker_run

    worker_run(beat_seconds=BEAT_SECONDS)


def drain() -> None:
    """Work until everything is done; leaves with code 3 when that takes too long."""
    from threading import Thread

    from django.db import connection

    from yiwang.kernel.jobs.worker import worker_run

    stop, pause, code = Event(), Event(), 3

    def watch() -> None:
        nonlocal code
        for _ in range(300):
            if is_done():
                code = 0
                break
            pause.wait(0.1)
        connection.close()
        stop.set()

    watcher = Thread(target=watch)
    watcher.start()
    worker_run(stop=stop, beat_seconds=BEAT_SECONDS)
    watcher.join()
    sys.exit(code)


def is_done() -> bool:
    """Tell whether nothing waits or runs any more."""
    from yiwang.kernel.events.queries import delivery_count
    from yiwang.kernel.jobs.queries import job_count

    jobs = job_count()
    return delivery_count() == {"PENDING": 0, "FAILED": 0} and not jobs["READY"] + jobs["RUNNING"]


def report() -> None:
    """Print what was done, how often."""
    from django.utils import timezone

    from yiwang.kernel.audit.models import AuditEvent
    from yiwang.kernel.events.queries import delivery_count
    from yiwang.kernel.jobs.queries import job_count, worker_list

    effects: dict[str, dict[str, int]] = {"event": {}, "job": {}}
    for subject in AuditEvent.objects.values_list("subject", flat=True):
        kind, key = subject.split(":")
        effects[kind][key] = effects[kind].get(key, 0) + 1
    now = timezone.now() + timedelta(minutes=1)
    states = [worker.state for worker in worker_list(now=now, limit=100)]
    figures = {
        "effects": effects,
        "deliveries": delivery_count(),
        "jobs": job_count(),
        "dead": states.count("DEAD"),
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
