"""Following the applications of a project, watching its track, reminding of reports (项目跟踪)."""

from datetime import datetime, timedelta

from yiwang.hall.applications.models import Application
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.projects import reporting, rules
from yiwang.hall.projects.models import Project, ProjectApproval
from yiwang.hall.projects.queries import PURPOSE, Reckoning, facts_of
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import action, audit_record, context_system, context_use, event_publish

AT_ONCE = 200
STATE_AFTER = {
    "APPROVED": "GRANTED",
    "REFUSED": "REFUSED",
    "NOT_ACCEPTED": "REFUSED",
    "WITHDRAWN": "NOT_STARTED",
    "TERMINATED": "NOT_STARTED",
}


@action("hall.projects.application_follow")
def application_follow(number: str, *, now: datetime) -> None:
    """Bring an approval up to its application (同步办件状态): tied by the code that it carries. Idempotent."""
    application = application_rows(PURPOSE).get(number=number)
    code = str(application.form_data.get("project_code", "")).strip()
    project = Project.objects.select_for_update().filter(code=code).first()
    row = project.approvals.filter(matter_code=application.matter_code).first() if project else None
    audit_record(f"application:{number}", detail={"project": code, "found": row is not None})
    if row is None or not _take(row, application):
        return
    _ready_note(project, now=now)
    project_complete(project)
    project_watch(project, now=now)


def _take(row: ProjectApproval, application: Application) -> bool:
    """Let an approval stand as its application does; what was before a change no longer counts."""
    number = application.number
    if number in row.superseded or (
        row.state == rules.GRANTED and row.application_number != number
    ):
        return False
    row.application_number, row.applied_at = number, application.submitted_at
    row.state = STATE_AFTER.get(application.state, rules.APPLIED)
    row.decided_at = application.decided_at
    if row.state == rules.NOT_STARTED:
        row.application_number, row.applied_at, row.decided_at = "", None, None
    row.save()
    return True


def approvals_catch_up(project: Project, *, now: datetime) -> None:
    """Take in what was submitted or decided and not told yet (补同步), within the caller's act and lock.

    Announcements reach the rooms one after the other; what a bundle files next must not wait for that.
    """
    open_ones = {row.matter_code: row for row in project.approvals.exclude(state=rules.GRANTED)}
    with context_use(context_system(PURPOSE)):
        rows = application_rows(PURPOSE).filter(
            applicant_ref=project.investor_ref,
            matter_code__in=list(open_ones),
            form_data__project_code=project.code,
        )
        found = list(rows.order_by("pk"))
    changed = [_take(open_ones[one.matter_code], one) for one in found]
    if any(changed):
        _ready_note(project, now=now)


def _ready_note(project: Project, *, now: datetime) -> None:
    """Note since when approvals may be applied for (可申报时间)."""
    chosen = rules.approvals_for(project_plan(), facts_of(project))
    states = dict(project.approvals.values_list("key", "state"))
    ready = [one.key for one in chosen if rules.standing(one, states) == rules.READY]
    project.approvals.filter(key__in=ready, ready_at=None).update(ready_at=now)


def approval_reset(project: Project, keys: list[str], *, now: datetime) -> None:
    """Let granted approvals be needed again (重新办理): their applications no longer count."""
    for row in project.approvals.filter(key__in=keys):
        row.superseded = [*row.superseded, row.application_number]
        row.application_number, row.state = "", rules.NOT_STARTED
        row.ready_at = row.applied_at = row.decided_at = None
        row.save()
    _ready_note(project, now=now)


def project_complete(project: Project) -> None:
    """Close a project that has all its approvals and has reported its completion (项目竣工)."""
    chosen = [one.key for one in rules.approvals_for(project_plan(), facts_of(project))]
    waits = project.approvals.filter(key__in=chosen).exclude(state=rules.GRANTED).exists()
    if waits or not project.reports.filter(kind=reporting.COMPLETION).exists():
        return
    project.state = Project.State.COMPLETED
    project.save(update_fields=["state"])


# --- watching -----------------------------------------------------------------------------------


def projects_watch(now: datetime) -> int:
    """Look which projects are off track (项目预警); returns how many changed. Idempotent."""
    with context_use(context_system("投资项目预警")):
        rows = Project.objects.filter(state="ACTIVE").order_by("watched_at", "pk")
        return sum(_watch_one(key, now=now) for key in rows.values_list("pk", flat=True)[:AT_ONCE])


@action("hall.projects.watch")
def _watch_one(key: int, *, now: datetime) -> bool:
    row = Project.objects.select_for_update().get(pk=key)
    changed = project_watch(row, now=now)
    audit_record(f"project:{row.code}", detail={"flags": row.flags, "changed": changed})
    return changed


def project_watch(row: Project, *, now: datetime) -> bool:
    """Count the flags anew, tell the investor of those that are new and of reports that are due (预警、催报)."""
    reckoning = Reckoning(row, row.approvals.order_by("pk"), now=now)
    flags = list(reckoning.flags)
    new = [one for one in flags if one not in row.flags]
    changed = flags != row.flags
    row.flags, row.is_off_track, row.watched_at = flags, bool(flags), now
    reminded = list(row.reminded)
    _remind(row, reckoning, now=now)
    row.save(update_fields=["flags", "is_off_track", "watched_at", "reminded"])
    if new:
        _tell("project.off_track", row, now=now, flags=new, department_id=row.lead_id)
    return changed or reminded != row.reminded


def _remind(row: Project, reckoning: Reckoning, *, now: datetime) -> None:
    """Remind of each report once before it is due and once when it is overdue (催报)."""
    before = timedelta(days=reckoning.plan.reports.remind_days)
    for one in reckoning.reports_due:
        late = reckoning.today > one.due
        if not late and reckoning.today < one.due - before:
            continue
        mark = f"{one.kind}:{one.period}:{'LATE' if late else 'SOON'}"
        if mark in row.reminded:
            continue
        row.reminded = [*row.reminded, mark]
        topic = "project.report_overdue" if late else "project.report_due"
        _tell(topic, row, now=now, period=one.period or one.kind, due=f"{one.due:%Y-%m-%d}")


def _tell(topic: str, row: Project, *, now: datetime, **more: object) -> None:
    event_publish(
        topic,
        {
            "number": row.code,
            "title": {"zh": row.name, "en": row.name},
            "account_id": row.account_id,
            **more,
        },
        key=f"{row.code}:{now.isoformat()}",
    )
