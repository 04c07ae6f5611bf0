"""Giving a project its code, and writing down which approvals it needs (项目赋码)."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.matters.queries import matter_get
from yiwang.hall.projects import rules
from yiwang.hall.projects.actions.following import project_watch
from yiwang.hall.projects.errors import ProjectIncomplete
from yiwang.hall.projects.facts import MISSING, facts_read, kind_decide
from yiwang.hall.projects.models import Project, ProjectApproval
from yiwang.hall.projects.queries import facts_of
from yiwang.hall.projects.tables import project_plan
from yiwang.identity.api import department_find
from yiwang.kernel.api import action, audit_record, context_get, event_publish, serial_next

LEAD_FUNCTION = "development_reform"


@action("hall.projects.register")
def project_register(
    values: Mapping[str, str], *, investor_name: str, now: datetime, is_made: bool = False
) -> Project:
    """Register a project of the acting enterprise and give it its code (项目赋码).

    values, as typed: name, use, funding, catalogue, address, area_code, investment_wan, land_m2, building_m2,
    needs_eia, start_planned, finish_planned (ISO dates). How it is decided on the table says. Raises
    ProjectIncomplete with the fields.
    """
    facts = facts_read(values)
    plan, context = project_plan(), context_get()
    lead = department_find(LEAD_FUNCTION, facts["area_code"], "DISTRICT")
    if lead is None:
        raise ProjectIncomplete(fields={"area_code": [gettext(MISSING)]})
    kind, reason = kind_decide(facts)
    row = Project.objects.create(
        **facts,
        kind=kind,
        kind_reason=reason,
        code=_code_next(plan, facts["area_code"], kind, year=timezone.localdate(now).year),
        investor_ref=context.subject_ref,
        investor_name=investor_name,
        account_id=context.account_id,
        lead_id=lead.id,
        created_at=now,
        is_made=is_made,
    )
    approvals_write(row, now=now)
    project_watch(row, now=now)
    audit_record(
        f"project:{row.code}",
        detail={"name": row.name, "lead": row.lead_id, "kind": kind, "rules": reason["rules"]},
    )
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


def approvals_write(row: Project, *, now: datetime) -> None:
    """Write down which approvals the project needs, and who gives them (生成审批清单).

    What is there already stays; what is no longer needed and was not applied for falls away.
    """
    chosen = {one.key: one for one in rules.approvals_for(project_plan(), facts_of(row))}
    row.approvals.exclude(key__in=chosen).filter(state=rules.NOT_STARTED).delete()
    there = set(row.approvals.values_list("key", flat=True))
    found = []
    for one in (chosen[key] for key in chosen if key not in there):
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
