"""Reads of the designer (流程设计查询)."""

from collections.abc import Mapping

from django.db.models import Count, Q

from yiwang.engines.designer.data import DraftView, ModelView, ProcessUnknown, VersionView
from yiwang.engines.designer.models import ProcessDraft, ProcessPublication
from yiwang.engines.workflow.bpmn import process_read
from yiwang.engines.workflow.data import Problem, ProcessInvalid
from yiwang.engines.workflow.interchange.canonical import Model
from yiwang.engines.workflow.interchange.check import FileReport, file_check
from yiwang.engines.workflow.interchange.difference import Change, changes_find
from yiwang.engines.workflow.models import ProcessInstance, ProcessModel, ProcessVersion
from yiwang.engines.workflow.registry import SERVICES
from yiwang.engines.workflow.soundness import problems_find
from yiwang.identity.api import ROLES

RUNNING = Q(instances__ended_at__isnull=True, instances__isnull=False)


def draft_view(draft: ProcessDraft) -> DraftView:
    """Return a draft as a value."""
    return DraftView(
        draft.key,
        draft.title,
        draft.xml,
        draft.base_number,
        draft.revision,
        draft.edited_by_name,
        draft.edited_at,
        tuple(draft.writer_ids),
    )


def draft_get(key: str) -> DraftView:
    """Return the draft of a process (草稿). Raises ProcessUnknown."""
    draft = ProcessDraft.objects.filter(key=key).first()
    if draft is None:
        raise ProcessUnknown()
    return draft_view(draft)


def model_list() -> list[ModelView]:
    """List the processes, published or drafted, by key (流程模型列表)."""
    drafts = {draft.key: draft for draft in ProcessDraft.objects.defer("xml")}
    running = dict(
        ProcessInstance.objects.filter(ended_at__isnull=True)
        .values_list("version__process__key")
        .annotate(Count("id"))
    )
    newest: dict[str, tuple] = {}
    versions = ProcessVersion.objects.order_by("process__key", "number").values_list(
        "process__key", "process__title", "number", "created_at"
    )
    for key, title, number, created_at in versions:
        newest[key] = (title, number, created_at)
    for key, draft in drafts.items():
        newest.setdefault(key, (draft.title, 0, None))
    return [
        ModelView(
            key,
            title,
            number,
            created_at,
            running.get(key, 0),
            drafts[key].edited_at if key in drafts else None,
            drafts[key].edited_by_name if key in drafts else "",
        )
        for key, (title, number, created_at) in sorted(newest.items())
    ]


def title_get(key: str) -> Mapping[str, str]:
    """Return the title of a process (流程名称). Raises ProcessUnknown."""
    process = ProcessModel.objects.filter(key=key).first()
    return process.title if process else draft_get(key).title


def version_list(key: str) -> list[VersionView]:
    """List the versions of a process, the newest first (版本列表)."""
    notes = {one.number: one for one in ProcessPublication.objects.filter(key=key)}
    rows = (
        ProcessVersion.objects.filter(process__key=key)
        .defer("xml")
        .annotate(total=Count("instances"), running=Count("instances", filter=RUNNING))
        .order_by("-number")
    )
    return [
        VersionView(
            row.number,
            row.created_at,
            row.running,
            row.total,
            notes[row.number].note if row.number in notes else "",
            notes[row.number].published_by_name if row.number in notes else "",
        )
        for row in rows
    ]


def version_xml(key: str, number: int) -> str:
    """Return the file of a version, 0 for the draft (版本文件). Raises ProcessUnknown."""
    if number == 0:
        return draft_get(key).xml
    xml = ProcessVersion.objects.filter(process__key=key, number=number).values_list(
        "xml", flat=True
    )
    if not xml:
        raise ProcessUnknown()
    return xml[0]


def version_changes(key: str, before: int, after: int) -> list[Change]:
    """List what changed between two versions, 0 for the draft (版本差异)."""
    old, new = version_xml(key, before), version_xml(key, after)
    return changes_find(Model.read(old), Model.read(new))


def draft_check(xml: str | bytes) -> tuple[FileReport, list[Problem]]:
    """Check a draft (校验草稿): its report, and why it could not be published ([] when it could)."""
    report = file_check(xml, services=SERVICES, roles=ROLES)
    if report.problems:
        return report, list(report.problems)
    try:
        net, problems = process_read(xml)
    except ProcessInvalid as error:
        return report, list(error.problems)
    return report, problems or problems_find(net, services=SERVICES, roles=ROLES)


def instance_rows(key: str):
    """Return the instances of a process, the newest first (流程实例), as a queryset."""
    return (
        ProcessInstance.objects.filter(version__process__key=key)
        .select_related("version")
        .defer("version__xml", "variables", "departments")
        .order_by("-started_at", "-id")
    )


def instance_row(key: str, instance_id: int) -> ProcessInstance:
    """Return one instance of a process. Raises ProcessUnknown."""
    row = instance_rows(key).filter(pk=instance_id).first()
    if row is None:
        raise ProcessUnknown()
    return row
