"""Asking a question (发起查询): its row, its trace and the job that answers it, in one transaction."""

from datetime import datetime

from django.utils import timezone

from yiwang.kernel.api import action, audit_record, context_get, purpose_use
from yiwang.resources.virtual.actions import query_trace
from yiwang.resources.virtual.data import Query
from yiwang.resources.virtual.jobs import run_answer_job
from yiwang.resources.virtual.models import VirtualRun
from yiwang.resources.virtual.queries import (
    QUERY,
    dataset_get,
    purpose_check,
    query_dump,
    scope_of,
)
from yiwang.resources.virtual.rules import query_check


@action("resources.virtual.ask", permission=QUERY)
def run_start(key: str, query: Query, *, purpose: str, now: datetime) -> str:
    """Ask a dataset (发起查询) for a purpose; returns the number of the question.

    A worker answers it. Raises DatasetNotFound, PurposeNotAllowed, QueryInvalid, Forbidden.
    """
    view = dataset_get(key)
    purpose = purpose_check(view.published, purpose)
    query_check(view.published, query, scope_of(view.published))
    context = context_get()
    row = VirtualRun.objects.create(
        number=f"pending-{now:%H%M%S%f}",
        version_id=view.version_id,
        account_id=context.account_id,
        post_id=context.post_id,
        department_id=context.department_id,
        purpose=purpose,
        query=query_dump(query),
        created_at=now,
    )
    row.number = f"XN{timezone.localdate(now):%Y%m%d}{row.pk:06d}"
    row.save(update_fields=["number"])
    with purpose_use(purpose):
        audit_record(f"virtual:{key}", detail={"run": row.number, **query_trace(query)})
    run_answer_job.enqueue(row.pk)
    return row.number
