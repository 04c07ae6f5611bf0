"""Answering a question (查询执行): outside of any transaction, which a long read would hold up."""

from datetime import date, datetime

import msgspec
from django.conf import settings
from django.utils import timezone

from yiwang.identity.api import context_of_account
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.virtual.actions import answer_record, report_dump, run_end
from yiwang.resources.virtual.data import Answer, Query, QueryCancelled, Scope, VirtualSpec
from yiwang.resources.virtual.federation import federate, never
from yiwang.resources.virtual.models import VirtualRun
from yiwang.resources.virtual.queries import (
    dataset_get,
    places_get,
    purpose_check,
    query_load,
    run_folder,
    scope_of,
)
from yiwang.resources.virtual.rules import answer_finish, query_check, spec_load
from yiwang.sdk.errors import YiwangError


def virtual_query(key: str, query: Query, *, purpose: str) -> Answer:
    """Ask a dataset and wait (主题库查询), for other areas: masked for the asker, with its trace.

    Raises DatasetNotFound, PurposeNotAllowed, QueryInvalid, SourceDown, QueryTooLarge, QueryTimeout.
    An answer with `missing` parts is incomplete: say so wherever it is shown.
    """
    spec = dataset_get(key).published
    purpose = purpose_check(spec, purpose)
    scope = scope_of(spec)
    query = query_check(spec, query, scope)
    answer = _federate(spec, query, scope)
    answer_record(key, spec, query, answer, purpose=purpose)
    return answer_finish(spec, query, answer, scope)


def run_execute(run_id: int) -> None:
    """Answer a stored question in the name of its asker (执行查询); a second time does nothing."""
    row = VirtualRun.objects.select_related("version__dataset").get(pk=run_id)
    if not VirtualRun.objects.filter(pk=run_id, state="QUEUED").update(state="RUNNING"):
        return
    with context_use(_asker(row)):
        try:
            _run(row)
        except QueryCancelled:
            run_end(row, "CANCELLED", now=timezone.now())
        except YiwangError as error:
            params = {name: str(value) for name, value in error.params.items()}
            run_end(
                row,
                "FAILED",
                now=timezone.now(),
                error_code=error.code,
                error_params={"message": error.message, **params},
            )
        except Exception:
            run_end(row, "FAILED", now=timezone.now(), error_code="defect")
            raise


def _run(row: VirtualRun) -> None:
    spec = spec_load(row.version.spec)
    scope = scope_of(spec)
    query = query_check(spec, query_load(row.query), scope)
    folder = run_folder()
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / f"{row.number}.cancel"
    found = _federate(spec, query, scope, is_cancelled=marker.exists)
    key = row.version.dataset.key
    answer_record(key, spec, query, found, purpose=row.purpose, run=row.number)
    answer = answer_finish(spec, query, found, scope)
    content = {
        "columns": [name for name, _type in answer.columns],
        "rows": [[_plain(value) for value in one] for one in answer.rows],
    }
    (folder / f"{row.number}.json").write_bytes(msgspec.json.encode(content))
    run_end(
        row,
        "INCOMPLETE" if answer.missing else "DONE",
        now=timezone.now(),
        reports=report_dump(answer),
        rows=len(answer.rows),
        hidden=answer.hidden,
        is_cut=answer.is_cut,
        seconds=answer.seconds,
    )


def _federate(spec: VirtualSpec, query: Query, scope: Scope, *, is_cancelled=never) -> Answer:  # noqa: ANN001
    spill = settings.DATA_DIR / "virtual" / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    return federate(
        spec,
        query,
        places=places_get(),
        scope=scope,
        is_cancelled=is_cancelled,
        spill=str(spill),
    )


def _asker(row: VirtualRun):  # noqa: ANN202 - a context
    if row.account_id is None:
        return context_system(row.purpose)
    return context_of_account(row.account_id, post_id=row.post_id)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value
