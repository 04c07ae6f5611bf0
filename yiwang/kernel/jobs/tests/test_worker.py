"""The worker: jobs, sweeps, heartbeat, and what it leaves when it dies."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from yiwang.kernel.audit.actions import audit_record
from yiwang.kernel.audit.context import context_get, context_system, context_use
from yiwang.kernel.audit.models import AuditEvent
from yiwang.kernel.events.actions import event_publish
from yiwang.kernel.events.registry import subscriber, subscription_forget
from yiwang.kernel.jobs import actions
from yiwang.kernel.jobs.actions import (
    DEATHS_MAX,
    job_prune,
    job_recover,
    job_retry,
    job_run_next,
    sweep_prepare,
    sweep_run,
    worker_beat,
    worker_prune,
    worker_stop,
)
from yiwang.kernel.jobs.models import SweepLease, Worker
from yiwang.kernel.jobs.queries import (
    job_count,
    sweep_due,
    sweep_list,
    worker_list,
    worker_names_alive,
)
from yiwang.kernel.jobs.registry import Sweep, batch_job, job, sweep_forget, sweep_register
from yiwang.kernel.jobs.worker import worker_run
from yiwang.sdk.errors import Conflict, SignInNeeded

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@job
def note(subject: str) -> str:
    audit_record(subject, act="test.job")
    return context_get().purpose


@job
def fail(subject: str) -> None:
    raise ValueError(f"cannot {subject}")


@batch_job
def weigh(subject: str) -> None:
    audit_record(subject, act="test.job")


@job(takes_context=True, priority=5)
def count_attempts(context) -> int:
    audit_record("attempts", act="test.job", detail={"attempt": context.attempt})
    return context.attempt


def _noted() -> list[str]:
    done = AuditEvent.objects.filter(act="test.job").order_by("pk")
    return list(done.values_list("subject", flat=True))


@pytest.fixture
def sweep():
    ran = []
    sweep_register("test.sweep", lambda *, now: ran.append(now) or 3, every_seconds=60)
    yield ran
    sweep_forget("test.sweep")


@pytest.mark.django_db
def test_a_job_runs_as_the_system_and_keeps_what_it_returned():
    result = note.enqueue("thing:1")
    assert job_run_next("w", now=NOW)
    assert not job_run_next("w", now=NOW)
    result.refresh()
    assert (result.status, result.return_value) == (TaskResultStatus.SUCCESSFUL, "job:note")
    assert _noted() == ["thing:1"]


@pytest.mark.django_db(transaction=True)
def test_a_job_exists_exactly_when_its_act_does():
    with suppress(RuntimeError), transaction.atomic():
        note.enqueue("thing:never")
        raise RuntimeError
    assert not job_run_next("w", now=NOW)
    with transaction.atomic():
        note.enqueue("thing:kept")
    assert job_run_next("w", now=NOW)
    assert _noted() == ["thing:kept"]


@pytest.mark.django_db
def test_the_more_urgent_job_goes_first():
    note.enqueue("last")
    count_attempts.enqueue()
    note.using(priority=50).enqueue("first")
    while job_run_next("w", now=NOW):
        pass
    assert _noted() == ["first", "attempts", "last"]


@pytest.mark.django_db
def test_a_failed_job_stays_with_its_error_and_can_be_run_again():
    result = fail.enqueue("read the file")
    job_run_next("w", now=NOW)
    row = DBTaskResult.objects.get(pk=result.id)
    assert row.status == TaskResultStatus.FAILED
    assert row.exception_class_path == "builtins.ValueError"
    assert "cannot read the file" in row.traceback
    assert job_count() == {"READY": 0, "RUNNING": 0, "FAILED": 1}
    with pytest.raises(SignInNeeded):
        job_retry(result.id)
    assert job_count() == {"READY": 0, "RUNNING": 0, "FAILED": 1}
    with context_use(context_system("repair")):
        job_retry(result.id)
        with pytest.raises(Conflict):
            job_retry(result.id)
    assert job_count() == {"READY": 1, "RUNNING": 0, "FAILED": 0}


@pytest.mark.django_db
def test_a_job_whose_code_is_gone_fails_and_holds_up_nobody():
    result = note.enqueue("gone")
    DBTaskResult.objects.filter(pk=result.id).update(task_path="yiwang.nowhere.task")
    assert job_run_next("w", now=NOW)
    assert DBTaskResult.objects.get(pk=result.id).status == TaskResultStatus.FAILED


def _claimed_by(worker: str) -> DBTaskResult:
    result = note.enqueue("thing:1")
    DBTaskResult.objects.filter(pk=result.id).update(
        status=TaskResultStatus.RUNNING, started_at=NOW, worker_ids=[worker]
    )
    return DBTaskResult.objects.get(pk=result.id)


@pytest.mark.django_db
def test_the_job_of_a_dead_worker_runs_again_and_that_of_a_living_one_does_not():
    worker_beat("alive", every_seconds=5, now=NOW)
    worker_beat("dead", every_seconds=5, now=NOW - timedelta(minutes=5))
    _claimed_by("alive")
    _claimed_by("dead")
    _claimed_by("never seen")
    assert job_recover(now=NOW) == 2
    assert job_count() == {"READY": 2, "RUNNING": 1, "FAILED": 0}


@pytest.mark.django_db
def test_a_worker_that_begins_while_the_dead_are_looked_for_is_not_taken_for_dead(monkeypatch):
    result = note.enqueue("thing:1")
    sweep_register("test.slow", lambda now: "", 60)
    sweep_prepare(now=NOW)

    def begin_and_look(*, now):
        before = worker_names_alive(now=now)
        worker_beat("late", every_seconds=5, now=now)
        SweepLease.objects.filter(name="test.slow").update(holder="late", started_at=now)
        DBTaskResult.objects.filter(pk=result.id).update(
            status=TaskResultStatus.RUNNING, started_at=now, worker_ids=["late"]
        )
        return before

    monkeypatch.setattr(actions, "worker_names_alive", begin_and_look)
    try:
        assert job_recover(now=NOW) == 0
        assert DBTaskResult.objects.get(pk=result.id).status == TaskResultStatus.RUNNING
        SweepLease.objects.update(holder="")
        assert not sweep_run(Sweep("test.slow", lambda now: "", 60), "w", now=NOW)
        assert SweepLease.objects.get(name="test.slow").holder == "late"
    finally:
        sweep_forget("test.slow")


@pytest.mark.django_db
def test_a_job_over_which_every_worker_dies_is_given_up():
    row = _claimed_by("dead")
    DBTaskResult.objects.filter(pk=row.pk).update(worker_ids=["dead"] * DEATHS_MAX)
    assert job_recover(now=NOW) == 0
    row.refresh_from_db()
    assert row.status == TaskResultStatus.FAILED
    assert "5 workers died over this job." in row.traceback


@pytest.mark.django_db
def test_a_worker_taken_for_dead_does_not_overwrite_its_successor():
    result = note.enqueue("thing:1")

    def taken_over(*_args, **_kwargs):
        DBTaskResult.objects.filter(pk=result.id).update(
            started_at=NOW + timedelta(minutes=1), worker_ids=["w", "successor"]
        )

    subject = "yiwang.kernel.jobs.tests.test_worker.audit_record"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, taken_over)
        job_run_next("w", now=NOW)
    assert DBTaskResult.objects.get(pk=result.id).status == TaskResultStatus.RUNNING


@pytest.mark.django_db
def test_a_sweep_runs_when_due_and_says_what_it_did(sweep):
    sweep_prepare(now=NOW)
    mine = next(due for due in sweep_due(now=NOW) if due.name == "test.sweep")
    assert sweep_run(mine, "w", now=NOW)
    assert not sweep_run(mine, "w", now=NOW + timedelta(seconds=59))
    assert sweep_run(mine, "w", now=NOW + timedelta(seconds=60))
    assert sweep == [NOW, NOW + timedelta(seconds=60)]
    view = next(view for view in sweep_list() if view.name == "test.sweep")
    assert (view.result, view.error, view.every_seconds, view.holder) == ("3", "", 60, "")


@pytest.mark.django_db
def test_two_workers_do_not_run_one_sweep_at_once_but_a_dead_ones_is_taken_over(sweep):
    worker_beat("one", every_seconds=5, now=NOW)
    sweep_prepare(now=NOW)
    SweepLease.objects.filter(name="test.sweep").update(holder="one")
    mine = Sweep("test.sweep", lambda *, now: sweep.append(now), 60)
    assert not sweep_run(mine, "two", now=NOW)
    assert sweep == []
    assert sweep_run(mine, "two", now=NOW + timedelta(seconds=31))
    assert sweep == [NOW + timedelta(seconds=31)]


@pytest.mark.django_db
def test_a_sweep_that_fails_is_shown_and_comes_again(sweep):
    sweep_register("test.sweep", lambda *, now: 1 / 0, every_seconds=60)
    sweep_prepare(now=NOW)
    mine = next(due for due in sweep_due(now=NOW) if due.name == "test.sweep")
    assert sweep_run(mine, "w", now=NOW)
    lease = SweepLease.objects.get(name="test.sweep")
    assert "ZeroDivisionError" in lease.error
    assert (lease.holder, lease.next_at) == ("", NOW + timedelta(seconds=60))


@pytest.mark.django_db
def test_health_sees_living_stopped_and_dead_workers():
    worker_beat("alive", every_seconds=5, now=NOW)
    worker_beat("dead", every_seconds=5, now=NOW - timedelta(seconds=31))
    worker_beat("stopped", every_seconds=5, now=NOW - timedelta(seconds=60))
    worker_stop("stopped", now=NOW - timedelta(seconds=50))
    assert {view.name: view.state for view in worker_list(now=NOW)} == {
        "alive": "RUNNING",
        "dead": "DEAD",
        "stopped": "STOPPED",
    }
    worker_beat("dead", every_seconds=5, now=NOW)
    assert {view.state for view in worker_list(now=NOW) if view.name == "dead"} == {"RUNNING"}
    assert worker_prune(now=NOW + timedelta(days=8)) == 3


@pytest.mark.django_db
def test_finished_jobs_are_forgotten_after_a_month_and_failed_ones_kept():
    note.enqueue("thing:1")
    fail.enqueue("thing")
    while job_run_next("w", now=NOW):
        pass
    DBTaskResult.objects.update(finished_at=NOW)
    assert job_prune(now=NOW + timedelta(days=29)) == 0
    assert job_prune(now=NOW + timedelta(days=31)) == 1
    assert job_count()["FAILED"] == 1


@pytest.mark.django_db
def test_one_pass_does_everything_that_is_due_also_what_it_caused(sweep):
    @subscriber("test.happened", name="test.enqueues")
    def enqueue(event):
        note.enqueue(f"after:{event.key}")

    try:
        event_publish("test.happened", {}, key="k")
        worker_run(once=True)
    finally:
        subscription_forget("test.enqueues")
    assert _noted() == ["after:k"]
    assert len(sweep) == 1
    assert Worker.objects.get().state == "STOPPED"


@pytest.mark.django_db
def test_a_worker_that_is_told_to_stop_begins_nothing():
    stop = Event()
    stop.set()
    note.enqueue("thing:1")
    assert worker_run(stop=stop) == 0
    assert _noted() == []
    assert job_count()["READY"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "index"), [("RUNNING", "job_running"), ("READY", "tasks_db_new_ordering_idx")]
)
def test_looking_for_jobs_reads_an_index_and_not_the_table(status, index):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert index in DBTaskResult.objects.filter(status=status).order_by("started_at").explain()


@pytest.mark.django_db
def test_batches_have_a_lane_of_their_own_and_come_after_everything_else():
    weigh.enqueue("batch")
    note.enqueue("waited for")
    assert job_run_next("w", now=NOW, lane="quick")
    assert not job_run_next("w", now=NOW, lane="quick")
    assert _noted() == ["waited for"]
    note.enqueue("waited for too")
    assert job_run_next("w", now=NOW, lane="batch")
    assert not job_run_next("w", now=NOW, lane="batch")
    assert _noted() == ["waited for", "batch"]
    weigh.enqueue("last")
    worker_run(once=True)
    assert _noted() == ["waited for", "batch", "waited for too", "last"]
