"""The plan of a project by years (年度投资计划): how much is to be invested in each, together the whole."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.projects.actions.following import project_watch
from yiwang.hall.projects.errors import ProjectEnded, ProjectNotFound, YearsRefused
from yiwang.hall.projects.facts import NOT_A_NUMBER, number_read
from yiwang.hall.projects.models import Project, ProjectYear
from yiwang.hall.projects.reporting import years_of
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_
from yiwang.sdk.text import clean

SUM_WRONG = N_("The years together must be the whole investment of %(amount)s (10,000 yuan).")
YEAR_OVER = N_("This year is over: its plan stays as it was.")


@action("hall.projects.years_plan")
def years_plan(code: str, values: Mapping[str, str], *, now: datetime) -> dict[int, Decimal]:
    """Plan the investment of one's project by years (填报年度投资计划); returns the plan.

    values, as typed: wan_<year> and works_<year> of every year of the planned time. A year that is over keeps the
    plan it had. Raises ProjectNotFound, ProjectEnded, YearsRefused with the fields.
    """
    rows = Project.objects.select_for_update().filter(code=code)
    project = rows.filter(investor_ref=context_get().subject_ref or "-").first()
    if project is None:
        raise ProjectNotFound()
    if project.state != Project.State.ACTIVE:
        raise ProjectEnded()
    kept = {row.year: row.planned_wan for row in project.years.all()}
    planned = _read(project, values, kept, this_year=timezone.localdate(now).year)
    project.years.exclude(year__in=planned).delete()
    for year, amount in planned.items():
        ProjectYear.objects.update_or_create(
            project=project,
            year=year,
            defaults={
                "planned_wan": amount,
                "works": clean(values.get(f"works_{year}", ""))[:500],
                "account_id": context_get().account_id,
                "planned_at": now,
            },
        )
    audit_record(
        f"project:{code}",
        detail={
            "years": {f"{year}": f"{amount:f}" for year, amount in planned.items()},
            "before": {f"{year}": f"{amount:f}" for year, amount in kept.items()},
        },
    )
    project_watch(project, now=now)
    return planned


def _read(
    project: Project,
    values: Mapping[str, str],
    kept: Mapping[int, Decimal],
    *,
    this_year: int,
) -> dict[int, Decimal]:
    planned: dict[int, Decimal] = {}
    problems: dict[str, list[str]] = {}
    years = {*years_of(project.start_planned, project.finish_planned)}
    years |= {year for year in kept if year < this_year}
    for year in sorted(years):
        field = f"wan_{year}"
        amount = number_read(values.get(field, ""), or_zero=True)
        if amount is None:
            problems[field] = [gettext(NOT_A_NUMBER)]
        elif year < this_year and year in kept and amount != kept[year]:
            problems[field] = [gettext(YEAR_OVER)]
        else:
            planned[year] = amount
    total = sum(planned.values(), Decimal(0))
    if not problems and total != project.investment_wan:
        words = gettext(SUM_WRONG) % {"amount": f"{project.investment_wan:f}"}
        problems[f"wan_{max(years)}"] = [words]
    if problems:
        raise YearsRefused(fields=problems)
    return planned
