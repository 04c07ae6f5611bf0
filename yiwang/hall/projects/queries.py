"""Reads of projects (投资项目查询): investors see their own, officers those that their departments lead or approve."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from yiwang.engines.api import ClockView, clock_map
from yiwang.hall.projects import rules
from yiwang.hall.projects.data import ApprovalDetail, ProjectDetail, ProjectRow, StageDetail
from yiwang.hall.projects.errors import ProjectNotFound
from yiwang.hall.projects.models import Project, ProjectApproval
from yiwang.hall.projects.rules import Approval, Plan, Reckoned
from yiwang.hall.projects.tables import project_plan
from yiwang.identity.api import Rule, department_get, field_in
from yiwang.kernel.api import CalendarNotPublished, calendar_get, context_get

READ = "hall.projects.read"
LEAD_RULE: Rule = field_in("lead_id", "department_ids")
APPROVES_RULE: Rule = field_in("department_id", "department_ids")
PERMIT = "permit"


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
    return ProjectDetail(
        row=_row(row),
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
        is_own=bool(context.subject_ref) and context.subject_ref == row.investor_ref,
    )


def _stages(reckoning: Reckoning) -> Iterable[StageDetail]:
    for stage in reckoning.plan.stages:
        found = [one for one in reckoning.approvals if one.stage == stage.key]
        if found:
            yield StageDetail(
                key=stage.key,
                title=stage.title,
                limit_days=stage.limit_days,
                approvals=tuple(_approval(reckoning, one) for one in found),
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
