"""What an officer sees of the project around an application (所属项目): its other approvals, where they stand."""

from yiwang.hall.applications.queries.access import application_numbers_visible
from yiwang.hall.applications.queries.details import ApplicationDetail
from yiwang.hall.matters.parts import PagePart
from yiwang.hall.projects.models import ProjectApproval
from yiwang.hall.projects.queries import project_rows
from yiwang.hall.projects.tables import project_plan
from yiwang.sdk.errors import N_

STATES = {
    "NOT_STARTED": N_("Not applied for"),
    "APPLIED": N_("Being handled"),
    "GRANTED": N_("Granted"),
    "REFUSED": N_("Refused"),
}


def project_part(detail: ApplicationDetail) -> PagePart | None:
    """Show the project and its approvals (办理页面); a link only to what the officer may open."""
    number = detail.application.number
    own = ProjectApproval.objects.filter(application_number=number).first()
    if own is None:
        return None
    project = own.project
    plan = project_plan()
    titles = {one.key: one.title for one in plan.approvals}
    order = {one.key: place for place, one in enumerate(plan.approvals)}
    approvals = project.approvals.select_related("department")
    rows = sorted(approvals, key=lambda one: order.get(one.key, len(order)))
    names = {
        "project": project,
        "may_open": project_rows().filter(pk=project.pk).exists(),
        "rows": [(one, titles.get(one.key) or {"zh": one.key, "en": one.key}) for one in rows],
        "own": number,
        "visible": application_numbers_visible([o.application_number for o in rows]),
        "labels": STATES,
    }
    return PagePart("hall/projects/case_part.html", names)
