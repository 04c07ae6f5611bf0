"""Projects: giving the code, beginning approvals, following applications, watching the track (投资项目)."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.engines.api import draft_get, draft_save, form_get
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.checks import SubmissionCase
from yiwang.hall.applications.filing import Filing
from yiwang.hall.applications.models import ApplicationMaterial, DraftMaterial
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.projects import rules
from yiwang.hall.projects.data import KINDS, USES
from yiwang.hall.projects.errors import (
    ApprovalBlocked,
    ApprovalUnderway,
    ProjectIncomplete,
    ProjectNotFound,
)
from yiwang.hall.projects.models import Project, ProjectApproval
from yiwang.hall.projects.queries import Reckoning, facts_of
from yiwang.hall.projects.tables import project_plan
from yiwang.identity.api import department_find
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    event_publish,
    serial_next,
)
from yiwang.sdk.errors import N_, YiwangError

LEAD_FUNCTION = "development_reform"
AT_ONCE = 200
PURPOSE = "投资项目审批"
MISSING = N_("Please fill this in.")
NOT_A_NUMBER = N_("Please enter a number above zero.")
DATES_WRONG = N_("The finish lies after the start.")
CODE_UNKNOWN = N_("No project of yours has this code. Without its code nothing is accepted.")
NOT_NEEDED = N_("This project does not need this approval.")
TEXTS, NUMBERS = ("name", "address"), ("investment_wan", "land_m2", "building_m2")
DAYS, CHOICES = ("start_planned", "finish_planned"), {"kind": KINDS, "use": USES}


@action("hall.projects.register")
def project_register(
    values: Mapping[str, str], *, investor_name: str, now: datetime, is_made: bool = False
) -> Project:
    """Register a project of the acting enterprise and give it its code (项目赋码).

    values: name, kind, use, address, area_code, investment_wan, land_m2, building_m2, needs_eia,
    start_planned, finish_planned (ISO dates), as typed. Raises ProjectIncomplete with the fields.
    """
    facts = _facts(values)
    plan, context = project_plan(), context_get()
    lead = department_find(LEAD_FUNCTION, facts["area_code"], "DISTRICT")
    if lead is None:
        raise ProjectIncomplete(fields={"area_code": [gettext(MISSING)]})
    row = Project.objects.create(
        **facts,
        code=_code_next(plan, facts["area_code"], facts["kind"], year=timezone.localdate(now).year),
        investor_ref=context.subject_ref,
        investor_name=investor_name,
        account_id=context.account_id,
        lead_id=lead.id,
        created_at=now,
        is_made=is_made,
    )
    _approvals_write(row, now=now)
    _watch(row, now=now)
    audit_record(f"project:{row.code}", detail={"name": row.name, "lead": row.lead_id})
    event_publish(
        "project.registered",
        {
            "number": row.code,
            "title": {"zh": row.name, "en": row.name},
            "account_id": row.account_id,
        },
        key=row.code,
    )
    return row


def _code_next(plan: rules.Plan, area_code: str, kind: str, *, year: int) -> str:
    scope = f"hall.projects:{year}:{area_code[:6]}:{kind}"
    return rules.code_make(
        year=year,
        area_code=area_code,
        guidance=plan.guidance,
        kind=plan.types[kind],
        serial=serial_next(scope),
        check=plan.check,
    )


def _facts(values: Mapping[str, str]) -> dict:
    facts: dict[str, object] = {"needs_eia": bool(values.get("needs_eia"))}
    facts |= {name: str(values.get(name, "")).strip() for name in (*TEXTS, "area_code")}
    facts |= {name: values.get(name, "") for name in CHOICES}
    facts |= {name: _number(values.get(name, "")) for name in NUMBERS}
    facts |= {name: _day(values.get(name, "")) for name in DAYS}
    problems = {name: [gettext(MISSING)] for name in facts if facts[name] in ("", None)}
    problems |= {name: [gettext(NOT_A_NUMBER)] for name in NUMBERS if facts[name] is None}
    for name, known in CHOICES.items():
        if facts[name] not in known:
            problems[name] = [gettext(MISSING)]
    if not problems and facts["finish_planned"] <= facts["start_planned"]:
        problems["finish_planned"] = [gettext(DATES_WRONG)]
    if problems:
        raise ProjectIncomplete(fields=problems)
    return facts


def _number(text: object) -> Decimal | None:
    try:
        number = Decimal(str(text).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 < number < 10**12 else None


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _approvals_write(row: Project, *, now: datetime) -> None:
    """Write down which approvals the project needs, and who gives them (生成审批清单)."""
    found = []
    for one in rules.approvals_for(project_plan(), facts_of(row)):
        matter = matter_get(one.matter)
        department = department_find(matter.department_function, row.area_code, matter.level)
        found.append(
            ProjectApproval(
                project=row,
                key=one.key,
                matter_code=one.matter,
                department_id=department.id if department else row.lead_id,
                ready_at=None if one.needs else now,
            )
        )
    ProjectApproval.objects.bulk_create(found)


# --- applying -----------------------------------------------------------------------------------


@action("hall.projects.approval_begin")
def approval_begin(code: str, key: str, *, now: datetime) -> int:
    """Begin to apply for an approval of one's project (申报审批事项); returns the draft.

    What the project knows is filled in, and documents that an earlier application of this project brought
    under the same key are there already. Raises ProjectNotFound, ApprovalBlocked, ApprovalUnderway.
    """
    project = Project.objects.filter(code=code, investor_ref=context_get().subject_ref).first()
    row = project.approvals.filter(key=key).first() if project else None
    if row is None:
        raise ProjectNotFound()
    _may_apply(project, row)
    draft_id = draft_begin(row.matter_code, now=now, filing=Filing(slot=f"project:{project.code}"))
    draft = draft_get(draft_id)
    known = {
        "project_code": project.code,
        "project_name": project.name,
        "project_address": project.address,
        "area_code": project.area_code[:6],
        "investment_wan": float(project.investment_wan),
        "land_m2": float(project.land_m2),
        "building_m2": float(project.building_m2),
    }
    fields = form_get(draft.form_version_id).fields
    values = {**draft.values, **{name: known[name] for name in known if name in fields}}
    draft_save(draft_id, values=values, page=draft.page, revision=draft.revision, now=now)
    taken = _documents_take(project, row.matter_code, draft_id)
    audit_record(f"project:{code}", detail={"approval": key, "draft": draft_id, "documents": taken})
    return draft_id


def _may_apply(project: Project, row: ProjectApproval) -> None:
    chosen = {one.key: one for one in rules.approvals_for(project_plan(), facts_of(project))}
    states = dict(project.approvals.values_list("key", "state"))
    if row.state not in ("NOT_STARTED", "REFUSED"):
        raise ApprovalUnderway()
    if missing := rules.blockers(chosen[row.key], states):
        names = {
            language: "、".join(chosen[key].title[language] for key in missing)
            for language in ("zh", "en")
        }
        raise ApprovalBlocked(names=names)


def _documents_take(project: Project, matter_code: str, draft_id: int) -> list[str]:
    """Attach what the project's earlier applications brought (复用项目材料): the newest of each key."""
    wanted = {one.key for one in matter_get(matter_code).materials if one.source == "upload"}
    wanted -= set(DraftMaterial.objects.filter(draft_id=draft_id).values_list("key", flat=True))
    numbers = list(
        project.approvals.exclude(application_number="").values_list(
            "application_number", flat=True
        )
    )
    with context_use(context_system(PURPOSE)):
        applications = list(
            application_rows(PURPOSE).filter(number__in=numbers).values_list("pk", flat=True)
        )
    rows = ApplicationMaterial.objects.filter(application_id__in=applications, key__in=wanted)
    found = dict(
        rows.exclude(attachment_id=None).order_by("pk").values_list("key", "attachment_id")
    )
    DraftMaterial.objects.bulk_create(
        DraftMaterial(draft_id=draft_id, key=key, attachment_id=attachment_id)
        for key, attachment_id in sorted(found.items())
    )
    return sorted(found)


def submission_check(case: SubmissionCase) -> dict[str, list[str]]:
    """Accept no application without the code of a project that may have this approval now (赋码校验)."""
    code = str(case.form_data.get("project_code", "")).strip()
    project = Project.objects.filter(code=code, investor_ref=case.applicant.ref).first()
    if project is None or not rules.code_valid(code, check=project_plan().check):
        return {"project_code": [gettext(CODE_UNKNOWN)]}
    rows = project.approvals.select_for_update().filter(matter_code=case.matter_code)
    row = rows.first()
    if row is None:
        return {"project_code": [gettext(NOT_NEEDED)]}
    try:
        _may_apply(project, row)
    except YiwangError as error:
        return {"project_code": [error.text(gettext, "zh")]}
    return {}


# --- following ----------------------------------------------------------------------------------


@action("hall.projects.application_follow")
def application_follow(number: str, *, now: datetime) -> None:
    """Bring an approval up to its application (同步办件状态): tied by the code that it carries. Idempotent."""
    application = application_rows(PURPOSE).get(number=number)
    code = str(application.form_data.get("project_code", "")).strip()
    project = Project.objects.select_for_update().filter(code=code).first()
    row = project.approvals.filter(matter_code=application.matter_code).first() if project else None
    audit_record(f"application:{number}", detail={"project": code, "found": row is not None})
    if row is None or (row.state == "GRANTED" and row.application_number != number):
        return
    row.application_number, row.applied_at = number, application.submitted_at
    row.state = _state_of(application.state)
    row.decided_at = application.decided_at
    if row.state == "NOT_STARTED":
        row.application_number, row.applied_at, row.decided_at = "", None, None
    row.save()
    _ready_note(project, now=now)
    if not project.approvals.exclude(state="GRANTED").exists():
        project.state = "COMPLETED"
        project.save(update_fields=["state"])
    _watch(project, now=now)


def _state_of(state: str) -> str:
    return {
        "APPROVED": "GRANTED",
        "REFUSED": "REFUSED",
        "NOT_ACCEPTED": "REFUSED",
        "WITHDRAWN": "NOT_STARTED",
    }.get(state, "APPLIED")


def _ready_note(project: Project, *, now: datetime) -> None:
    """Note since when approvals may be applied for (可申报时间)."""
    chosen = rules.approvals_for(project_plan(), facts_of(project))
    states = dict(project.approvals.values_list("key", "state"))
    ready = [one.key for one in chosen if rules.standing(one, states) == rules.READY]
    project.approvals.filter(key__in=ready, ready_at=None).update(ready_at=now)


# --- watching -----------------------------------------------------------------------------------


def projects_watch(now: datetime) -> int:
    """Look which projects are off track (项目预警); returns how many changed. Idempotent."""
    with context_use(context_system("投资项目预警")):
        rows = Project.objects.filter(state="ACTIVE").order_by("watched_at", "pk")
        return sum(_watch_one(key, now=now) for key in rows.values_list("pk", flat=True)[:AT_ONCE])


@action("hall.projects.watch")
def _watch_one(key: int, *, now: datetime) -> bool:
    row = Project.objects.select_for_update().get(pk=key)
    changed = _watch(row, now=now)
    audit_record(f"project:{row.code}", detail={"flags": row.flags, "changed": changed})
    return changed


def _watch(row: Project, *, now: datetime) -> bool:
    """Count the flags anew and tell the investor of those that are new."""
    flags = list(Reckoning(row, row.approvals.order_by("pk"), now=now).flags)
    new = [one for one in flags if one not in row.flags]
    changed = flags != row.flags
    row.flags, row.is_off_track, row.watched_at = flags, bool(flags), now
    row.save(update_fields=["flags", "is_off_track", "watched_at"])
    if new:
        event_publish(
            "project.off_track",
            {
                "number": row.code,
                "title": {"zh": row.name, "en": row.name},
                "account_id": row.account_id,
                "flags": new,
                "department_id": row.lead_id,
            },
            key=f"{row.code}:{now.isoformat()}",
        )
    return changed
