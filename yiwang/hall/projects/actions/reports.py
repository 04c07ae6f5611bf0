"""Reporting what happens on the site (项目报告): start, progress, completion."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext

from yiwang.hall.projects.actions.following import project_complete, project_watch
from yiwang.hall.projects.errors import ProjectEnded, ProjectNotFound, ReportRefused
from yiwang.hall.projects.facts import MISSING, NOT_A_NUMBER, day_read, number_read
from yiwang.hall.projects.models import Project, ProjectReport
from yiwang.hall.projects.queries import Reckoning
from yiwang.hall.projects.reporting import COMPLETION, PROGRESS, ReportDue
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_

IN_TURN = N_("This report is not due, or an earlier one is to be given first.")
NOT_LESS = N_("It is counted since the beginning and cannot be less than reported before.")
PERCENT_WRONG = N_("Please enter a number from 0 to 100.")
DAY_WRONG = N_("The day cannot lie in the future, nor the completion before the start.")
WORDS = {"works": 1000, "problems": 1000}


@action("hall.projects.report")
def report_put(
    code: str, *, kind: str, period: str, values: Mapping[str, str], now: datetime
) -> ProjectReport:
    """Report the start, the progress of a period or the completion of one's project (填报), in turn.

    values, as typed: happened_on (start and completion), invested_wan and percent since the beginning, works,
    problems. The report given last may be given again, corrected. Raises ProjectNotFound, ProjectEnded,
    ReportRefused with the fields.
    """
    rows = Project.objects.select_for_update().filter(code=code)
    project = rows.filter(investor_ref=context_get().subject_ref or "-").first()
    if project is None:
        raise ProjectNotFound()
    if project.state != Project.State.ACTIVE:
        raise ProjectEnded()
    reckoning = Reckoning(project, project.approvals.order_by("pk"), now=now)
    wanted, old = _wanted(reckoning, kind, period)
    facts = _facts(reckoning, wanted, old, values)
    before = {} if old is None else {name: str(getattr(old, name)) for name in facts}
    row, _made = ProjectReport.objects.update_or_create(
        project=project,
        kind=kind,
        period=period,
        defaults={
            **facts,
            "due_date": wanted.due,
            "account_id": context_get().account_id,
            "reported_at": now,
        },
    )
    audit_record(
        f"project:{code}",
        detail={
            "report": kind,
            "period": period,
            "invested_wan": str(row.invested_wan),
            "percent": str(row.percent),
            "before": before,
        },
    )
    project_complete(project)
    if project.state == Project.State.ACTIVE:
        project_watch(project, now=now)
    return row


def _wanted(reckoning: Reckoning, kind: str, period: str) -> tuple[ReportDue, ProjectReport | None]:
    """Return the report that is meant, if it is its turn: the next one due, or the last one given."""
    dues, reports = reckoning.reports_due, reckoning.reports
    if dues and (dues[0].kind, dues[0].period) == (kind, period):
        return dues[0], None
    last = reports[-1] if reports else None
    if last is None or (last.kind, last.period) != (kind, period):
        raise ReportRefused(fields={"": [gettext(IN_TURN)]})
    as_of = last.as_of_date if kind == PROGRESS else None
    return ReportDue(kind, period, as_of, last.due_date), last


def _facts(
    reckoning: Reckoning,
    wanted: ReportDue,
    old: ProjectReport | None,
    values: Mapping[str, str],
) -> dict:
    facts: dict[str, object] = {
        "as_of_date": wanted.as_of or day_read(values.get("happened_on", "")),
        "invested_wan": number_read(values.get("invested_wan", ""), or_zero=True),
        "percent": number_read(values.get("percent", ""), or_zero=True),
    }
    if wanted.kind == COMPLETION:
        facts["percent"] = Decimal(100)
    facts |= {name: str(values.get(name, "")).strip()[:size] for name, size in WORDS.items()}
    before = [one for one in reckoning.reports if old is None or one.pk != old.pk]
    problems = _problems(facts, wanted, before[-1] if before else None, today=reckoning.today)
    if problems:
        raise ReportRefused(fields=problems)
    return facts


def _problems(
    facts: Mapping[str, object], wanted: ReportDue, last: ProjectReport | None, *, today: date
) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    day, invested, percent = facts["as_of_date"], facts["invested_wan"], facts["percent"]
    if day is None:
        problems["happened_on"] = [gettext(MISSING)]
    elif wanted.as_of is None and (day > today or (last is not None and day < last.as_of_date)):
        problems["happened_on"] = [gettext(DAY_WRONG)]
    if invested is None:
        problems["invested_wan"] = [gettext(NOT_A_NUMBER)]
    elif last is not None and invested < last.invested_wan:
        problems["invested_wan"] = [gettext(NOT_LESS)]
    if percent is None or percent > 100:
        problems["percent"] = [gettext(PERCENT_WRONG)]
    elif last is not None and percent < last.percent:
        problems["percent"] = [gettext(NOT_LESS)]
    if wanted.kind == PROGRESS and not facts["works"]:
        problems["works"] = [gettext(MISSING)]
    return problems
