"""What people decide about batches (批次处置): cancel, release, try again, take back."""

from datetime import datetime

from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.resources.catalogue.actions import resource_delivered
from yiwang.resources.catalogue.queries import view_of
from yiwang.resources.landing.actions.processing import (
    feed_change,
    finished_tell,
    landing_run,
    manifest,
)
from yiwang.resources.landing.data import BatchNotFound, BatchStateMoved, BatchView
from yiwang.resources.landing.forcing import force
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.queries import (
    OVERSEE,
    SEND,
    batch_get,
    data_root,
    feed_folder,
    oversees_all,
)
from yiwang.resources.landing.storing import batch_remove, work_remove
from yiwang.sdk.errors import N_, Forbidden, Invalid
from yiwang.sdk.text import clean

State = Batch.State
ROUNDS_MAX = 20


@action("resources.landing.cancel", permission=SEND)
def batch_cancel(batch_id: int, *, now: datetime) -> BatchView:
    """Give up a batch that is not in force (取消批次): nothing of it stays but its line in the log."""
    row = _own(batch_id)
    waiting = [State.RECEIVED, State.RUNNING, State.STOPPED, State.FAILED]
    changed = Batch.objects.filter(pk=row.pk, state__in=waiting).update(
        state=State.CANCELLED,
        finished_at=now,
        token="",
        stage="",
        reasons={},
        repairs={},
        notes=[],
        key=None,
    )
    if not changed:
        raise BatchStateMoved()
    audit_record(f"batch:{row.pk}", detail={"name": row.name, "was": row.state})
    finished_tell(row, State.CANCELLED)
    batch_remove(data_root(), row.folder)
    for path in (data_root() / feed_folder(row.resource_id)).glob(f"{row.number:06d}-*.parquet"):
        path.unlink(missing_ok=True)  # of a run that was killed before it could land
    return batch_get(batch_id)


@action("resources.landing.retry", permission=SEND)
def batch_retry(batch_id: int, *, now: datetime, run: bool = True) -> BatchView:
    """Let a batch be processed again (重新处理), after the catalogue or the machine was put right."""
    row = _own(batch_id)
    changed = Batch.objects.filter(pk=row.pk, state__in=[State.FAILED, State.STOPPED]).update(
        state=State.RECEIVED,
        problem="",
        problem_params={},
        finished_at=None,
        token="",
        row_base=None,
    )
    if not changed:
        raise BatchStateMoved()
    work_remove(data_root(), row.folder)  # what a stage left may be of another catalogue
    audit_record(f"batch:{row.pk}")
    if run:
        landing_run.enqueue(row.pk)
    return batch_get(batch_id)


def batch_release(batch_id: int, *, reason: str, now: datetime) -> BatchView:
    """Let a stopped batch in (放行批次), with a reason; for those who oversee deliveries.

    Raises Invalid (no reason), BatchStateMoved, Forbidden.
    """
    reason = clean(reason)[:1000]
    if not reason:
        raise Invalid(fields={"reason": [N_("Say why it may be released.")]})
    return _rounds(batch_id, lambda forced: _release(batch_id, forced, reason=reason, now=now))


def batch_withdraw(batch_id: int, *, reason: str, now: datetime) -> BatchView:
    """Take a batch back that is in force (撤回批次): what it replaced is in force again.

    Its files stay, so that every row that was served can still be explained. Raises Invalid (no reason).
    """
    reason = clean(reason)[:1000]
    if not reason:
        raise Invalid(fields={"reason": [N_("Say why it is taken back.")]})
    return _rounds(
        batch_id,
        lambda forced: _withdraw(batch_id, forced, reason=reason, now=now),
        without=True,
    )


@action("resources.landing.rows_read", permission=SEND)
def rows_read_note(batch_id: int) -> None:
    """Note that a person looked at refused rows (查看拒收明细): they may hold personal data."""
    audit_record(f"batch:{_own(batch_id).pk}")


def _rounds(batch_id, change, *, without: bool = False) -> BatchView:  # noqa: ANN001
    row = _own(batch_id)
    wanted = State.LANDED if without else State.STOPPED
    for _round in range(ROUNDS_MAX):
        if Batch.objects.filter(pk=row.pk, state=wanted).first() is None:
            raise BatchStateMoved()
        forced = force(row.pk, view_of(row.resource).spec.fields, without=without)
        if change(forced):
            manifest(batch_id)
            return batch_get(batch_id)
    raise BatchStateMoved()


@action("resources.landing.release", permission=OVERSEE)
def _release(batch_id: int, forced, *, reason: str, now: datetime) -> bool:  # noqa: ANN001
    row = _own(batch_id)
    if not oversees_all():
        raise Forbidden()
    audit_record(f"batch:{row.pk}", detail={"reason": reason})
    if not feed_change(row.resource_id, forced, now=now):
        return False
    if not Batch.objects.filter(pk=row.pk, state=State.STOPPED).update(
        state=State.LANDED, release_reason=reason, finished_at=now
    ):
        raise BatchStateMoved()
    resource_delivered(row.resource_id, row.received_at)
    finished_tell(row, State.LANDED)
    return True


@action("resources.landing.withdraw", permission=SEND)
def _withdraw(batch_id: int, forced, *, reason: str, now: datetime) -> bool:  # noqa: ANN001
    row = _own(batch_id)
    audit_record(f"batch:{row.pk}", detail={"reason": reason})
    if not feed_change(row.resource_id, forced, now=now):
        return False
    if not Batch.objects.filter(pk=row.pk, state=State.LANDED).update(
        state=State.WITHDRAWN, release_reason=reason, finished_at=now, key=None
    ):
        raise BatchStateMoved()
    payload = {"batch_id": row.pk, "resource_code": row.resource.code, "state": "WITHDRAWN"}
    event_publish("landing.batch_finished", payload, key=str(row.pk))
    return True


def _own(batch_id: int) -> Batch:
    row = Batch.objects.select_related("resource__current_version").filter(pk=batch_id).first()
    context = context_get()
    if row is None or not (oversees_all(context) or row.department_id in context.department_ids):
        raise BatchNotFound(id=batch_id)
    return row
