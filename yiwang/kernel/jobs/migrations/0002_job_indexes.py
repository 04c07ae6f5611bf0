"""Indexes for what the workers ask of the job table and its own package does not index."""

from django.db import migrations

TABLE = "django_tasks_database_dbtaskresult"


def _index(name, column, status):
    return migrations.RunSQL(
        f"CREATE INDEX {name} ON {TABLE} ({column}) WHERE status = '{status}'",
        f"DROP INDEX {name}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("kernel_jobs", "0001_worker_and_sweep"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [
        _index("job_running", "started_at", "RUNNING"),
        _index("job_failed", "finished_at", "FAILED"),
        _index("job_successful", "finished_at", "SUCCESSFUL"),
    ]
