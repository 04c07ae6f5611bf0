"""Writes of the virtual library (虚拟库): definitions under two persons, and questions with their trace."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta

import msgspec

from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    event_publish,
    purpose_use,
)
from yiwang.resources.catalogue.actions import (
    draft_put,
    resource_publish,
    resource_register,
    resource_submit,
)
from yiwang.resources.catalogue.data import FieldSpec, ResourceSpec
from yiwang.resources.catalogue.queries import reviews_all
from yiwang.resources.registries.rules import ref_valid
from yiwang.resources.virtual.data import (
    Answer,
    DatasetNotFound,
    DatasetStateMoved,
    DatasetView,
    DefinitionInvalid,
    OwnDatasetReviewed,
    Query,
    VirtualSpec,
)
from yiwang.resources.virtual.models import VirtualDataset, VirtualRun, VirtualVersion
from yiwang.resources.virtual.queries import (
    DEFINE,
    QUERY,
    REVIEW,
    dataset_view,
    desk_rows,
    run_folder,
    run_get,
)
from yiwang.resources.virtual.rules import (
    KEY,
    people_of,
    spec_dump,
    spec_load,
    spec_problems,
)
from yiwang.sdk.errors import N_, Forbidden, Invalid

State = VirtualDataset.State
KEPT = timedelta(days=7)
_LETTERS = {
    "TEXT": "C",
    "INTEGER": "N",
    "NUMBER": "N",
    "DATE": "D",
    "DATETIME": "T",
    "BOOLEAN": "C",
}


@action("resources.virtual.put", permission=DEFINE)
def dataset_put(key: str, content: dict, *, now: datetime) -> DatasetView:
    """Write the working definition of a dataset (编制主题库), a new one or a revision.

    content: `data.VirtualSpec` as plain JSON. Raises Invalid (cannot be read), DatasetNotFound
    (another department's), DatasetStateMoved (waits for review).
    """
    if not KEY.fullmatch(key):
        raise Invalid(fields={"key": [N_("Use small letters, digits and underscores.")]})
    try:
        spec = spec_load(content)
    except msgspec.ValidationError as error:
        raise Invalid(fields={"definition": [str(error)]}) from None
    content = spec_dump(spec)
    context = context_get()
    row = VirtualDataset.objects.select_for_update().filter(key=key).first()
    if row is None:
        row = VirtualDataset(key=key, department_id=context.department_id, draft_accounts=[])
    elif not desk_rows().filter(pk=row.pk).exists():
        raise DatasetNotFound(key=key)
    elif row.state == State.SUBMITTED:
        raise DatasetStateMoved()
    is_open = row.state in (State.DRAFT, State.REJECTED)
    row.draft, row.draft_title = content, spec.title[:200]
    row.draft_accounts = _with_actor(row.draft_accounts if is_open else [])
    row.state = State.REJECTED if row.state == State.REJECTED else State.DRAFT
    row.save()
    audit_record(f"virtual:{key}", detail={"title": spec.title})
    return dataset_view(row)


@action("resources.virtual.submit", permission=DEFINE)
def dataset_submit(key: str, *, now: datetime) -> DatasetView:
    """Send a definition to the city's data department (提交审核). Raises DefinitionInvalid."""
    row = _locked(key)
    if row.state not in (State.DRAFT, State.REJECTED):
        raise DatasetStateMoved()
    if problems := spec_problems(spec_load(row.draft)):
        raise DefinitionInvalid(problems="; ".join(problems))
    row.state, row.reason, row.submitted_at = State.SUBMITTED, "", now
    row.draft_accounts = _with_actor(row.draft_accounts)
    row.save()
    audit_record(f"virtual:{key}", detail={"to": row.state})
    return dataset_view(row)


@action("resources.virtual.publish", permission=REVIEW)
def dataset_publish(key: str, *, now: datetime) -> DatasetView:
    """Publish a definition (审核发布) as a new version and put it into the catalogue.

    By a data steward of the city's data department who did not write it. Raises Forbidden,
    OwnDatasetReviewed, DatasetStateMoved. Announces `resources.virtual.published`.
    """
    row = _reviewed(key)
    spec = spec_load(row.draft)
    last = row.versions.order_by("-number").first()
    version = VirtualVersion.objects.create(
        dataset=row,
        number=last.number + 1 if last else 1,
        spec=row.draft,
        digest=hashlib.sha256(
            json.dumps(row.draft, ensure_ascii=False, sort_keys=True).encode()
        ).hexdigest(),
        submitted_by=row.draft_accounts[-1] if row.draft_accounts else None,
        published_by=context_get().account_id,
        valid_from=now,
    )
    row.versions.filter(valid_to__isnull=True).exclude(pk=version.pk).update(valid_to=now)
    row.current_version, row.state, row.draft_accounts = version, State.PUBLISHED, []
    _catalogue(row, spec, now=now)
    row.save()
    audit_record(f"virtual:{key}", detail={"to": row.state, "version": version.number})
    event_publish("resources.virtual.published", {"key": key, "version": version.number}, key=key)
    return dataset_view(row)


@action("resources.virtual.reject", permission=REVIEW)
def dataset_reject(key: str, *, reason: str, now: datetime) -> DatasetView:
    """Send a definition back with the reason (退回); what was published stays in force."""
    reason = reason.strip()[:2000]
    if not reason:
        raise Invalid(fields={"reason": [N_("Say why.")]})
    row = _reviewed(key)
    row.state, row.reason = State.REJECTED, reason
    row.save()
    audit_record(f"virtual:{key}", detail={"to": row.state})
    return dataset_view(row)


@action("resources.virtual.cancel", permission=QUERY)
def run_cancel(number: str, *, now: datetime) -> None:
    """Cancel one's own question (取消查询); a worker that answers it stops within a second."""
    row = run_get(number)
    VirtualRun.objects.filter(pk=row.pk, state="QUEUED").update(state="CANCELLED", finished_at=now)
    audit_record(f"virtual_run:{number}", detail={"state": row.state})
    folder = run_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number}.cancel").touch()


@action("resources.virtual.answer")
def answer_record(
    key: str, spec: VirtualSpec, query: Query, answer: Answer, *, purpose: str, run: str = ""
) -> None:
    """Write the trace of an answer (查询留痕): fields, never values; a row for each person shown."""
    detail = {
        "run": run,
        "rows": len(answer.rows),
        "missing": [f"{one.source}/{one.part}" for one in answer.missing],
        **query_trace(query),
    }
    with purpose_use(purpose):
        audit_record(f"virtual:{key}", act="resources.virtual.read", detail=detail)
        for ref in people_of(spec, query, answer):
            if ref_valid(ref):
                audit_record(
                    f"virtual:{key}",
                    act="resources.virtual.read",
                    person_ref=ref,
                    detail={"fields": list(query.fields)},
                )


@action("resources.virtual.run_end")
def run_end(row: VirtualRun, state: str, *, now: datetime, **values: object) -> None:
    """Write how a question ended (查询结束)."""
    VirtualRun.objects.filter(pk=row.pk).update(state=state, finished_at=now, **values)
    audit_record(f"virtual_run:{row.number}", detail={"to": state})


@action("resources.virtual.export", permission=QUERY)
def run_export(number: str, *, now: datetime) -> VirtualRun:
    """Note that an answer is exported (导出留痕) and return its question."""
    row = run_get(number)
    with purpose_use(row.purpose):
        audit_record(f"virtual_run:{number}", detail={"rows": row.rows})
    return row


def answers_sweep(*, now: datetime) -> int:
    """Delete answers older than a week (清理结果); the questions and their traces stay."""
    count = 0
    folder = run_folder()
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.stat().st_mtime < (now - KEPT).timestamp():
            path.unlink(missing_ok=True)
            count += 1
    return count


def query_trace(query: Query) -> dict:
    """Return what of a question is kept in the audit trail (查询摘要): names, never values."""
    return {
        "fields": [*query.fields, *query.groups, *(one.key for one in query.measures)],
        "filters": [f"{one.field} {one.op}" for one in query.filters],
    }


def report_dump(answer: Answer) -> list[dict]:
    """Write what the sources were asked as plain JSON (存储下推说明)."""
    return [asdict(one) for one in answer.reports]


def _catalogue(row: VirtualDataset, spec: VirtualSpec, *, now: datetime) -> None:
    """Register, submit and publish the dataset's entry: the reviewer of both is one person."""
    resource = ResourceSpec(
        title=spec.title,
        title_en=spec.title_en,
        summary=spec.summary or spec.title,
        category="THEME",
        sharing="2",
        sharing_condition="；".join(spec.purposes),
        sharing_mode="TABLE",
        opening="CLOSED",
        opening_reason="主题库仅供政务部门按使用目的查询",
        cycle="REALTIME",
        system="虚拟库",
        fields=tuple(
            FieldSpec(
                one.key,
                one.title,
                one.title_en,
                _LETTERS[spec.type_of(one.key)],
                200 if spec.type_of(one.key) == "TEXT" else 18,
                one.level,
                sharing="2",
                is_key=number == 0,
            )
            for number, one in enumerate(spec.fields)
        ),
    )
    with context_use(context_system("virtual library", name="virtual library")):
        if row.resource_id is None:
            made = resource_register(
                resource, department_id=row.department_id, source="virtual", now=now
            )
            row.resource_id, row.resource_code = made.id, made.code
        else:
            made = draft_put(row.resource_id, resource, now=now)
        if made.state == "PUBLISHED":
            return
        resource_submit(row.resource_id, now=now)
    resource_publish(row.resource_id, now=now)


def _locked(key: str) -> VirtualDataset:
    row = desk_rows().filter(key=key).first()
    if row is None:
        raise DatasetNotFound(key=key[:40])
    return VirtualDataset.objects.select_for_update().get(pk=row.pk)


def _reviewed(key: str) -> VirtualDataset:
    if not reviews_all():
        raise Forbidden()
    row = _locked(key)
    if row.state != State.SUBMITTED:
        raise DatasetStateMoved()
    if context_get().account_id in row.draft_accounts:
        raise OwnDatasetReviewed()
    return row


def _with_actor(before: list[int]) -> list[int]:
    """Return who wrote a draft, the acting person last."""
    actor = context_get().account_id
    others = [account for account in before if account != actor]
    return [*others, actor] if actor is not None else others
