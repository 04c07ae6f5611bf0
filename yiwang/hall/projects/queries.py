"""Reads of projects (投资项目查询): investors see their own, officers those that their departments lead or approve."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from yiwang.engines.api import ClockView, clock_map
from yiwang.hall.bundles.queries.cases import bundle_case_list
from yiwang.hall.projects import reporting, rules
from yiwang.hall.projects.data import (
    ApprovalDetail,
    ChangeDetail,
    OfferRow,
    ProjectDetail,
    ProjectRow,
    ReportDetail,
    StageDetail,
)
from yiwang.hall.projects.errors import ProjectNotFound
from yiwang.hall.projects.models import (
    Project,
    ProjectApproval,
    ProjectChange,
    ProjectReport,
    ProjectYear,
)
from yiwang.hall.projects.reporting import Course, CurvePoint, ReportDue, YearLine
from yiwang.hall.projects.rules import Approval, Plan, Reckoned
from yiwang.hall.projects.tables import project_plan
from yiwang.identity.api import Rule, department_get, field_in
from yiwang.kernel.api import CalendarNotPublished, calendar_get, context_get

READ = "hall.projects.read"
PURPOSE = "投资项目审批"
LEAD_RULE: Rule = field_in("lead_id", "department_ids")
APPROVES_RULE: Rule = field_in("department_id", "department_ids")
PERMIT, FILED = "permit", "completion"


def context_ref_of(code: str) -> str:
    """Return by what a bundle is found that belongs to a project (关联标识)."""
    return f"project:{code}"


def project_rows() -> QuerySet[Project]:
    """Return the projects that the acting person may see (可见项目)."""
    context = context_get()
    if context.population == "SYSTEM":
        return Project.objects.all()
    if context.population == "STAFF" and context.may(READ):
        if context.may("hall.supervision.supervise"):
            return Project.objects.all()
        approves = ProjectApproval.objects.filter(APPROVES_RULE.filter(context))
        mine = Exists(approves.filter(project=OuterRef("pk")))
        return Project.objects.filter(LEAD_RULE.filter(context) | Q(mine))
    if context.subject_ref:
        return Project.objects.filter(investor_ref=context.subject_ref)
    return Project.objects.none()


def project_row_get(code: str) -> Project:
    """Return the row of a project that one may see. Raises ProjectNotFound."""
    row = project_rows().select_related("lead").filter(code=code.strip()).first()
    if row is None:
        raise ProjectNotFound()
    return row


def project_list(*, limit: int = 20, offset: int = 0, **wanted: str) -> list[ProjectRow]:
    """List projects (投资项目), those off track first, then the newest. wanted: text, state, track."""
    rows = _found(**wanted).order_by("-is_off_track", "-pk")
    rows = rows.select_related("lead").annotate(
        total=Count("approvals"), granted=Count("approvals", filter=Q(approvals__state="GRANTED"))
    )
    return [_row(row) for row in rows[offset : offset + limit]]


def project_count(*, cap: int = 100_000, **wanted: str) -> int:
    """Count them, up to `cap`."""
    return _found(**wanted)[:cap].count()


def _found(*, text: str = "", state: str = "", track: str = "") -> QuerySet[Project]:
    rows = project_rows()
    if text:
        rows = rows.filter(
            Q(name__contains=text) | Q(code=text.strip()) | Q(investor_name__contains=text)
        )
    if track:
        rows = rows.filter(is_off_track=track == "OFF")
    return rows.filter(state=state) if state else rows


def _row(row: Project) -> ProjectRow:
    return ProjectRow(
        code=row.code,
        name=row.name,
        investor_name=row.investor_name,
        kind=row.kind,
        lead_name=row.lead.name,
        area_code=row.area_code,
        investment_wan=row.investment_wan,
        start_planned=row.start_planned,
        finish_planned=row.finish_planned,
        state=row.state,
        flags=tuple(row.flags),
        granted=row.granted,
        total=row.total,
    )


# --- one project --------------------------------------------------------------------------------


def facts_of(row: Project) -> dict:
    """Return what the conditions of the plan may ask of a project (项目要素)."""
    return {
        "kind": row.kind,
        "use": row.use,
        "funding": row.funding,
        "catalogue": row.catalogue,
        "needs_eia": row.needs_eia,
        "land_m2": float(row.land_m2),
        "building_m2": float(row.building_m2),
        "investment_wan": float(row.investment_wan),
    }


class Reckoning:
    """All that follows from a project's approvals at a moment (项目推算): standing, path, dates, flags."""

    def __init__(self, project: Project, rows: Iterable[ProjectApproval], *, now: datetime) -> None:
        self.project, self.now = project, now
        self.today = timezone.localdate(now)
        self.plan: Plan = project_plan()
        self.rows = {row.key: row for row in rows}
        known = {one.key: one for one in self.plan.approvals}
        chosen = rules.approvals_for(self.plan, facts_of(project))
        self.approvals: tuple[Approval, ...] = tuple(
            one for one in chosen if one.key in self.rows and one.key in known
        )
        self.states = {key: row.state for key, row in self.rows.items()}
        self.clocks = self._clocks()
        self.path = self._path()

    def _path(self) -> dict[str, Reckoned]:
        """Reckon to the next goal (关键路径): the permit to build while it is not there, then the end."""
        remaining, wait = self._remaining(), self.plan.preparation_days
        whole = rules.path_of(
            self.approvals,
            self.states,
            remaining=remaining,
            preparation_days=wait,
            released=self._released(),
        )
        late = self._late_stages()
        before = [one for one in self.approvals if one.stage not in late]
        if all(self.states.get(one.key) == rules.GRANTED for one in before):
            return whole
        first = rules.path_of(before, self.states, remaining=remaining, preparation_days=wait)
        return {key: replace(one, is_critical=False) for key, one in whole.items()} | first

    def _late_stages(self) -> set[str]:
        return {stage.key for stage in self.plan.stages if stage.after_building}

    def _clocks(self) -> dict[str, list[ClockView]]:
        open_ones = [
            f"application:{row.application_number}"
            for row in self.rows.values()
            if row.state == "APPLIED"
        ]
        found = clock_map([*open_ones, *(f"{one}/acceptance" for one in open_ones)], now=self.now)
        clocks = {}
        for key, row in self.rows.items():
            subject = f"application:{row.application_number}"
            mine = found.get(subject) or found.get(f"{subject}/acceptance") or []
            clocks[key] = [one for one in mine if one.stopped_at is None]
        return clocks

    def _remaining(self) -> dict[str, float]:
        promised = {}
        for key, clocks in self.clocks.items():
            for clock in clocks:
                is_whole = clock.kind in ("LEGAL", "PROMISED") and clock.unit == "WORKING_DAY"
                if is_whole and clock.remaining is not None:
                    promised[key] = min(promised.get(key, clock.remaining), clock.remaining)
        return promised

    def _released(self) -> dict[str, float]:
        """Return when approvals after the building can begin: when it is planned to stand."""
        late = self._late_stages()
        wait = self._days_until(self.project.finish_planned)
        return {one.key: wait for one in self.approvals if one.stage in late}

    def _days_until(self, day: date) -> float:
        if day <= self.today:
            return 0
        try:
            return float(calendar_get().working_days_between(self.today, day))
        except CalendarNotPublished:
            return round((day - self.today).days * 5 / 7, 1)

    def day_after(self, days: float) -> date:
        """Return the day that lies so many working days ahead (推算日期); five a week past the calendar."""
        whole = -int(-days // 1)
        if whole <= 0:
            return self.today
        try:
            return calendar_get().add_working_days(self.today, whole)
        except CalendarNotPublished:
            return self.today + timedelta(days=round(whole * 7 / 5))

    @property
    def start_possible(self) -> date | None:
        """Return when building can begin (最早开工): None once the permit is there."""
        reckoned = self.path.get(PERMIT)
        is_done = reckoned is None or self.states.get(PERMIT) == rules.GRANTED
        return None if is_done else self.day_after(reckoned.end)

    @property
    def finish_possible(self) -> date | None:
        """Return when all approvals can be there (最早办结): None once they are."""
        last = max((one.end for one in self.path.values()), default=0)
        is_done = all(self.states.get(one.key) == rules.GRANTED for one in self.approvals)
        return None if is_done else self.day_after(last)

    @cached_property
    def reports(self) -> list[ProjectReport]:
        """Return the reports that were given (已报), in the order of time."""
        return list(self.project.reports.order_by("as_of_date", "pk"))

    @property
    def course(self) -> Course:
        """Return what reports are asked for because of (项目进程)."""
        started = next((one for one in self.reports if one.kind == reporting.START), None)
        return Course(
            start_planned=self.project.start_planned,
            permitted=self._granted_on(PERMIT),
            completed=self._granted_on(FILED),
            started=started.as_of_date if started else None,
            filed={(one.kind, one.period) for one in self.reports},
        )

    def _granted_on(self, key: str) -> date | None:
        row = self.rows.get(key)
        is_there = row is not None and row.state == rules.GRANTED and row.decided_at
        return timezone.localdate(row.decided_at) if is_there else None

    @property
    def every(self) -> str:
        """Return how often the project reports (报告频次)."""
        return self.plan.reports.every[self.project.kind]

    @cached_property
    def reports_due(self) -> tuple[ReportDue, ...]:
        """Return the reports that are wanted (应填报告); none once the project is over."""
        if self.project.state != "ACTIVE":
            return ()
        due_days = self.plan.reports.due_days
        return reporting.reports_due(
            self.course, every=self.every, due_days=due_days, today=self.today
        )

    @cached_property
    def curve(self) -> tuple[CurvePoint, ...]:
        """Return plan and actual of the investment (投资进度曲线)."""
        return reporting.curve_of(
            [(one.kind, one.as_of_date, one.invested_wan, one.percent) for one in self.reports],
            start=self.project.start_planned,
            finish=self.project.finish_planned,
            investment_wan=self.project.investment_wan,
            every=self.every,
            today=self.today,
            years=self.years_planned if self.is_year_plan_whole else None,
        )

    @cached_property
    def _year_rows(self) -> list[ProjectYear]:
        return list(self.project.years.order_by("year"))

    @property
    def years_planned(self) -> dict[int, Decimal]:
        """Return the plan by years (年度投资计划), empty when there is none."""
        return {row.year: row.planned_wan for row in self._year_rows}

    @property
    def is_year_plan_whole(self) -> bool:
        """Tell whether the years together are the investment (年度计划合计): not after a change of the amount."""
        return sum(self.years_planned.values(), Decimal(0)) == self.project.investment_wan

    @property
    def year_lines(self) -> tuple[YearLine, ...]:
        """Return plan and actual year by year (年度计划与完成)."""
        return reporting.year_lines(
            [(one.as_of_date, one.invested_wan) for one in self.reports],
            years=reporting.years_of(self.project.start_planned, self.project.finish_planned),
            planned={row.year: (row.planned_wan, row.works) for row in self._year_rows},
            today=self.today,
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """Return why the project is off track (预警原因)."""
        if self.project.state != "ACTIVE":
            return ()
        limit = self.now - timedelta(days=self.plan.idle_days)
        idle = [
            one.key
            for one in self.approvals
            if rules.standing(one, self.states) == rules.READY
            and self._is_wanted(one)
            and (self.rows[one.key].ready_at or self.project.created_at) < limit
        ]
        overdue = [key for key, clocks in self.clocks.items() if any(c.is_overdue for c in clocks)]
        return rules.flags_of(
            self.states,
            overdue=overdue,
            idle=idle,
            start_day=self.start_possible,
            start_planned=self.project.start_planned,
            finish_planned=self.project.finish_planned,
            today=self.today,
            is_report_late=any(one.due < self.today for one in self.reports_due),
            is_behind=bool(self.reports)
            and reporting.is_behind(self.curve, percent=self.plan.reports.behind_percent),
        )

    def _is_wanted(self, approval: Approval) -> bool:
        """Tell whether it is time for an approval: acceptance waits for the building."""
        stage = next(one for one in self.plan.stages if one.key == approval.stage)
        return not stage.after_building or self.project.finish_planned <= self.today


def project_detail_get(code: str, *, now: datetime) -> ProjectDetail:
    """Return a project with its stages, clocks and critical path (项目全景). Raises ProjectNotFound."""
    row = project_row_get(code)
    approvals = list(row.approvals.order_by("pk"))
    reckoning = Reckoning(row, approvals, now=now)
    row.total = len(approvals)
    row.granted = sum(one.state == "GRANTED" for one in approvals)
    row.flags = list(reckoning.flags)
    context = context_get()
    is_own = bool(context.subject_ref) and context.subject_ref == row.investor_ref
    plan = reckoning.plan
    return ProjectDetail(
        row=_row(row),
        kind_reason=row.kind_reason,
        funding=_title(plan.funding, row.funding),
        catalogue=_title(plan.catalogue, row.catalogue),
        use=row.use,
        address=row.address,
        land_m2=row.land_m2,
        building_m2=row.building_m2,
        needs_eia=row.needs_eia,
        investor_ref=row.investor_ref,
        created_at=row.created_at,
        stages=tuple(_stages(reckoning)),
        start_possible=reckoning.start_possible,
        finish_possible=reckoning.finish_possible,
        is_own=is_own,
        every=reckoning.every,
        reports_due=reckoning.reports_due,
        reports=tuple(_report(one) for one in reckoning.reports),
        curve=reckoning.curve if reckoning.reports or reckoning.course.permitted else (),
        years=reckoning.year_lines,
        has_year_plan=bool(reckoning.years_planned),
        is_year_plan_whole=reckoning.is_year_plan_whole,
        changes=tuple(_change(one, plan) for one in row.changes.order_by("-pk")),
        bundles=tuple(bundle_case_list(context_ref=context_ref_of(row.code))) if is_own else (),
        ended_at=row.ended_at,
        end_reason=row.end_reason,
    )


def _title(choices: Iterable[rules.Choice], value: str) -> dict[str, str]:
    """Name a fact's value; what the plan no longer has stands as it is."""
    return next((one.title for one in choices if one.value == value), {"zh": value, "en": value})


def _report(row: ProjectReport) -> ReportDetail:
    return ReportDetail(
        kind=row.kind,
        period=row.period,
        as_of=row.as_of_date,
        due=row.due_date,
        invested_wan=row.invested_wan,
        percent=row.percent,
        works=row.works,
        problems=row.problems,
        reported_at=row.reported_at,
        is_late=timezone.localdate(row.reported_at) > row.due_date,
    )


def _change(row: ProjectChange, plan: Plan) -> ChangeDetail:
    return ChangeDetail(
        id=row.pk,
        state=row.state,
        values=row.values,
        again=tuple(one.title for one in plan.approvals if one.key in row.again),
        reason=row.reason,
        changed_at=row.changed_at,
    )


def offer_list() -> list[OfferRow]:
    """List the projects that are offered to one's company (待接受的项目)."""
    to_ref = context_get().subject_ref
    rows = ProjectChange.objects.filter(to_ref=to_ref or "-", state="OFFERED").order_by("pk")
    return [
        OfferRow(
            id=row.pk,
            code=row.project.code,
            name=row.project.name,
            investor_name=row.project.investor_name,
            investment_wan=row.project.investment_wan,
            reason=row.reason,
            offered_at=row.changed_at,
        )
        for row in rows.select_related("project")
    ]


def _stages(reckoning: Reckoning) -> Iterable[StageDetail]:
    for stage in reckoning.plan.stages:
        found = [one for one in reckoning.approvals if one.stage == stage.key]
        if found:
            yield StageDetail(
                key=stage.key,
                title=stage.title,
                limit_days=stage.limit_days,
                approvals=tuple(_approval(reckoning, one) for one in found),
                may_together=bool(stage.bundle)
                and reckoning.project.state == "ACTIVE"
                and rules.stage_together(stage.key, reckoning.approvals, reckoning.states),
            )


def _approval(reckoning: Reckoning, approval: Approval) -> ApprovalDetail:
    row, context = reckoning.rows[approval.key], context_get()
    reckoned = reckoning.path[approval.key]
    titles = {one.key: one.title for one in reckoning.approvals}
    is_done = row.state == rules.GRANTED
    return ApprovalDetail(
        key=approval.key,
        title=approval.title,
        matter_code=approval.matter,
        department=department_get(row.department_id).name,
        standing=rules.standing(approval, reckoning.states),
        blocked_by=tuple(titles[key] for key in rules.blockers(approval, reckoning.states)),
        application_number=row.application_number,
        may_open=context.population != "STAFF" or row.department_id in context.department_ids,
        applied_at=row.applied_at,
        decided_at=row.decided_at,
        clocks=tuple(reckoning.clocks[approval.key]),
        ends_on=None if is_done else reckoning.day_after(reckoned.end),
        slack_days=reckoned.slack,
        is_critical=reckoned.is_critical,
    )
