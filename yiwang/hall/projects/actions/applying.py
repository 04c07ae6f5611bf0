"""Applying for approvals of a project (申报): one by one, or a whole stage by one form."""

from datetime import datetime

from django.utils.translation import gettext

from yiwang.engines.api import draft_get, draft_save, form_get
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.checks import SubmissionCase
from yiwang.hall.applications.filing import Filing
from yiwang.hall.applications.models import ApplicationMaterial, DraftMaterial
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.bundles.actions.drafts import bundle_documents_reuse, bundle_draft_begin
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.projects import rules
from yiwang.hall.projects.actions.following import approvals_catch_up
from yiwang.hall.projects.errors import (
    ApprovalBlocked,
    ApprovalUnderway,
    ProjectEnded,
    ProjectNotFound,
    StageNotTogether,
)
from yiwang.hall.projects.models import Project, ProjectApproval
from yiwang.hall.projects.queries import PURPOSE, context_ref_of, facts_of
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import action, audit_record, context_get, context_system, context_use
from yiwang.sdk.errors import N_, YiwangError

CODE_UNKNOWN = N_("No project of yours has this code. Without its code nothing is accepted.")
NOT_NEEDED = N_("This project does not need this approval.")


def _own(code: str) -> Project:
    project = Project.objects.filter(code=code, investor_ref=context_get().subject_ref).first()
    if project is None:
        raise ProjectNotFound()
    return project


@action("hall.projects.approval_begin")
def approval_begin(code: str, key: str, *, now: datetime) -> int:
    """Begin to apply for an approval of one's project (申报审批事项); returns the draft.

    What the project knows is filled in, and documents that an earlier application of this project brought
    under the same key are there already. Raises ProjectNotFound, ProjectEnded, ApprovalBlocked,
    ApprovalUnderway.
    """
    project = _own(code)
    row = project.approvals.filter(key=key).first()
    if row is None:
        raise ProjectNotFound()
    _may_apply(project, row)
    draft_id = draft_begin(row.matter_code, now=now, filing=Filing(slot=f"project:{project.code}"))
    draft = draft_get(draft_id)
    known = _known(project)
    fields = form_get(draft.form_version_id).fields
    values = {**draft.values, **{name: known[name] for name in known if name in fields}}
    draft_save(draft_id, values=values, page=draft.page, revision=draft.revision, now=now)
    taken = _documents_take(project, row.matter_code, draft_id)
    audit_record(f"project:{code}", detail={"approval": key, "draft": draft_id, "documents": taken})
    return draft_id


def _known(project: Project) -> dict[str, object]:
    """Return what no approval asks again (项目已有信息), by the names of the forms."""
    return {
        "project_code": project.code,
        "project_name": project.name,
        "project_address": project.address,
        "area_code": project.area_code[:6],
        "investment_wan": float(project.investment_wan),
        "land_m2": float(project.land_m2),
        "building_m2": float(project.building_m2),
    }


@action("hall.projects.stage_begin")
def stage_begin(code: str, stage: str, *, now: datetime) -> int:
    """Begin to apply for all that remains of a stage by one form (整阶段并联申报); returns the bundle's draft.

    Those that need each other are filed one after the other by themselves; documents of earlier applications
    of the project are there already. Raises ProjectNotFound,
    ProjectEnded, StageNotTogether.
    """
    project = _own(code)
    if project.state != Project.State.ACTIVE:
        raise ProjectEnded()
    found = next((one for one in project_plan().stages if one.key == stage and one.bundle), None)
    approvals = rules.approvals_for(project_plan(), facts_of(project))
    states = dict(project.approvals.values_list("key", "state"))
    if found is None or not rules.stage_together(found.key, approvals, states):
        raise StageNotTogether()
    draft_id = bundle_draft_begin(
        found.bundle, now=now, context_ref=context_ref_of(code), values=_known(project)
    )
    taken = bundle_documents_reuse(draft_id, _documents_found(project), now=now)
    audit_record(
        f"project:{code}", detail={"stage": stage, "bundle_draft": draft_id, "documents": taken}
    )
    return draft_id


def stage_facts(code: str) -> dict[str, object]:
    """Return what the bundle of a stage asks of its project (整阶段申报的事项): the approvals still to be applied for."""
    project = Project.objects.filter(code=code).first()
    if project is None:
        return {"approvals": []}
    states = dict(project.approvals.values_list("key", "state"))
    facts = facts_of(project)
    approvals = rules.approvals_for(project_plan(), facts)
    remaining = [
        one.key
        for stage in project_plan().stages
        for one in rules.stage_remaining(stage.key, approvals, states)
        if one.key in states
    ]
    return {**facts, "approvals": remaining}


def _may_apply(project: Project, row: ProjectApproval) -> None:
    if project.state != Project.State.ACTIVE:
        raise ProjectEnded()
    chosen = {one.key: one for one in rules.approvals_for(project_plan(), facts_of(project))}
    if row.key not in chosen:
        raise ProjectNotFound()
    states = dict(project.approvals.values_list("key", "state"))
    if row.state not in ("NOT_STARTED", "REFUSED"):
        raise ApprovalUnderway()
    if missing := rules.blockers(chosen[row.key], states):
        raise ApprovalBlocked(names=project_plan().titles(missing))


def _documents_take(project: Project, matter_code: str, draft_id: int) -> list[str]:
    """Attach what the project's earlier applications brought (复用项目材料): the newest of each key."""
    wanted = {one.key for one in matter_get(matter_code).materials if one.source == "upload"}
    wanted -= set(DraftMaterial.objects.filter(draft_id=draft_id).values_list("key", flat=True))
    found = {
        key: attachment_id
        for key, attachment_id in sorted(_documents_found(project).items())
        if key in wanted
    }
    DraftMaterial.objects.bulk_create(
        DraftMaterial(draft_id=draft_id, key=key, attachment_id=attachment_id)
        for key, attachment_id in found.items()
    )
    return list(found)


def _documents_found(project: Project) -> dict[str, int]:
    """Return the documents that the project's applications brought (项目已有材料): key → the newest attachment."""
    numbers = project.approvals.exclude(application_number="")
    with context_use(context_system(PURPOSE)):
        applications = list(
            application_rows(PURPOSE)
            .filter(number__in=list(numbers.values_list("application_number", flat=True)))
            .values_list("pk", flat=True)
        )
    rows = ApplicationMaterial.objects.filter(application_id__in=applications)
    rows = rows.exclude(attachment_id=None).order_by("pk")
    return dict(rows.values_list("key", "attachment_id"))


def submission_check(case: SubmissionCase) -> dict[str, list[str]]:
    """Accept no application without the code of a project that may have this approval now (赋码校验)."""
    code = str(case.form_data.get("project_code", "")).strip()
    rows = Project.objects.select_for_update()
    project = rows.filter(code=code, investor_ref=case.applicant.ref).first()
    if project is None or not rules.code_valid(code, check=project_plan().check):
        return {"project_code": [gettext(CODE_UNKNOWN)]}
    if not project.approvals.filter(matter_code=case.matter_code).exists():
        return {"project_code": [gettext(NOT_NEEDED)]}
    approvals_catch_up(project, now=case.now)
    try:
        _may_apply(project, project.approvals.get(matter_code=case.matter_code))
    except YiwangError as error:
        return {"project_code": [error.text(gettext, "zh")]}
    return {}
