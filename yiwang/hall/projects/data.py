"""What leaves this room (投资项目的数据形态): frozen values, never rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from yiwang.hall.projects.reporting import CurvePoint, ReportDue, YearLine
from yiwang.sdk.errors import N_

KINDS = {
    "FILE": N_("Filed"),
    "VERIFY": N_("Verified"),
    "APPROVE": N_("Decided by the authority"),
}
EVERY = {"MONTH": N_("every month"), "QUARTER": N_("every quarter")}
REPORTS = {
    "START": N_("Start of the works"),
    "PROGRESS": N_("Progress"),
    "COMPLETION": N_("Completion of the works"),
}
CHANGE_STATES = {
    "DONE": N_("The change is made"),
    "OFFERED": N_("Offered, waits for the other company"),
    "DECLINED": N_("Declined by the other company"),
    "RECALLED": N_("Taken back"),
}
FIELDS = {
    "name": N_("Name of the project"),
    "address": N_("Place of the project"),
    "investment_wan": N_("Investment (10,000 yuan)"),
    "land_m2": N_("Land (square metres)"),
    "building_m2": N_("Building (square metres)"),
    "start_planned": N_("Planned start"),
    "finish_planned": N_("Planned finish"),
    "kind": N_("How it is decided on"),
    "investor": N_("Investing company"),
}
USES = {
    "INDUSTRIAL": N_("Industrial"),
    "HOUSING": N_("Homes"),
    "COMMERCIAL": N_("Commerce"),
    "PUBLIC": N_("Public services"),
}
PROJECT_STATES = {
    "ACTIVE": N_("Under way"),
    "COMPLETED": N_("Works completed"),
    "CANCELLED": N_("Ended"),
}

STATES = {
    "BLOCKED": N_("Waits for another approval"),
    "READY": N_("Can be applied for"),
    "APPLIED": N_("Being handled"),
    "GRANTED": N_("Granted"),
    "REFUSED": N_("Refused"),
}
FLAGS = {
    "OVERDUE": N_("an approval is over its limit"),
    "IDLE": N_("an approval waits too long for its application"),
    "REFUSED": N_("an approval was refused"),
    "START_LATE": N_("the planned start cannot be held"),
    "FINISH_LATE": N_("the planned finish has passed"),
    "REPORT_LATE": N_("a report is overdue"),
    "BEHIND": N_("the investment is far behind the plan"),
}


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project in a list (投资项目列表行)."""

    code: str
    name: str
    investor_name: str
    kind: str
    lead_name: str
    area_code: str
    investment_wan: Decimal
    start_planned: date
    finish_planned: date
    state: str
    flags: tuple[str, ...]
    granted: int
    total: int

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return PROJECT_STATES[self.state]

    @property
    def flag_labels(self) -> list[str]:
        """Return why it is off track, as message ids."""
        return [FLAGS[one] for one in self.flags]


@dataclass(frozen=True, slots=True)
class ApprovalDetail:
    """An approval as the project's page shows it (项目审批事项).

    standing: a key of `STATES`; clocks: views of the engine's clocks that run.
    """

    key: str
    title: Mapping[str, str]
    matter_code: str
    department: str
    standing: str
    blocked_by: tuple[Mapping[str, str], ...]
    application_number: str
    may_open: bool
    applied_at: datetime | None
    decided_at: datetime | None
    clocks: tuple
    ends_on: date | None
    slack_days: float
    is_critical: bool

    @property
    def standing_label(self) -> str:
        """Return how it stands, as a message id."""
        return STATES[self.standing]


@dataclass(frozen=True, slots=True)
class StageDetail:
    """A stage with its approvals (阶段)."""

    key: str
    title: Mapping[str, str]
    limit_days: int
    approvals: tuple[ApprovalDetail, ...]
    may_together: bool = False

    @property
    def granted(self) -> int:
        """Count what is granted."""
        return sum(one.standing == "GRANTED" for one in self.approvals)


@dataclass(frozen=True, slots=True)
class ReportDetail:
    """A report on a project (项目报告)."""

    kind: str
    period: str
    as_of: date
    due: date
    invested_wan: Decimal
    percent: Decimal
    works: str
    problems: str
    reported_at: datetime
    is_late: bool

    @property
    def kind_label(self) -> str:
        """Return the kind in words, as a message id."""
        return REPORTS[self.kind]


@dataclass(frozen=True, slots=True)
class ChangeDetail:
    """A change of a project (项目变更). values: field → [before, after]; again: approvals needed anew."""

    id: int
    state: str
    values: Mapping[str, Sequence[str]]
    again: tuple[Mapping[str, str], ...]
    reason: str
    changed_at: datetime

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return CHANGE_STATES[self.state]

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        """Return what changed: (field, before, after); fields and types are message ids."""
        return [
            (FIELDS[name], KINDS.get(old, old), KINDS.get(new, new))
            for name, (old, new) in self.values.items()
        ]


@dataclass(frozen=True, slots=True)
class OfferRow:
    """A project that is offered to one's company (待接受的项目)."""

    id: int
    code: str
    name: str
    investor_name: str
    investment_wan: Decimal
    reason: str
    offered_at: datetime


@dataclass(frozen=True, slots=True)
class ProjectDetail:
    """A project with stages, clocks, critical path, reports and changes (项目全景)."""

    row: ProjectRow
    kind_reason: Mapping[str, object]
    funding: Mapping[str, str]
    catalogue: Mapping[str, str]
    use: str
    address: str
    land_m2: Decimal
    building_m2: Decimal
    needs_eia: bool
    investor_ref: str
    created_at: datetime
    stages: tuple[StageDetail, ...]
    start_possible: date | None
    finish_possible: date | None
    is_own: bool
    every: str
    reports_due: tuple[ReportDue, ...]
    reports: tuple[ReportDetail, ...]
    curve: tuple[CurvePoint, ...]
    changes: tuple[ChangeDetail, ...]
    bundles: tuple = ()
    years: tuple[YearLine, ...] = ()
    has_year_plan: bool = False
    is_year_plan_whole: bool = False
    ended_at: datetime | None = None
    end_reason: str = ""

    @property
    def is_active(self) -> bool:
        """Tell whether anything may still be done with it."""
        return self.row.state == "ACTIVE"

    @property
    def open_approvals(self) -> list[ApprovalDetail]:
        """Return what is being handled (在办事项)."""
        return [
            one for stage in self.stages for one in stage.approvals if one.standing == "APPLIED"
        ]

    @property
    def offer(self) -> ChangeDetail | None:
        """Return the offer that waits for the other company's answer."""
        return next((one for one in self.changes if one.state == "OFFERED"), None)

    @property
    def critical(self) -> list[ApprovalDetail]:
        """Return what nothing may delay, in the order it can be done (关键路径)."""
        found = [one for stage in self.stages for one in stage.approvals if one.is_critical]
        return sorted(found, key=lambda one: one.ends_on or date.max)
