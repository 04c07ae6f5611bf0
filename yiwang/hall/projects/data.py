"""What leaves this room (投资项目的数据形态): frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from yiwang.sdk.errors import N_

KINDS = {
    "FILE": N_("Filed"),
    "VERIFY": N_("Verified"),
    "APPROVE": N_("Decided by the authority"),
}
USES = {
    "INDUSTRIAL": N_("Industrial"),
    "HOUSING": N_("Homes"),
    "COMMERCIAL": N_("Commerce"),
    "PUBLIC": N_("Public services"),
}
PROJECT_STATES = {
    "ACTIVE": N_("Under way"),
    "COMPLETED": N_("Completed"),
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

    @property
    def granted(self) -> int:
        """Count what is granted."""
        return sum(one.standing == "GRANTED" for one in self.approvals)


@dataclass(frozen=True, slots=True)
class ProjectDetail:
    """A project with stages, clocks and critical path (项目全景)."""

    row: ProjectRow
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

    @property
    def critical(self) -> list[ApprovalDetail]:
        """Return what nothing may delay, in the order it can be done (关键路径)."""
        found = [one for stage in self.stages for one in stage.approvals if one.is_critical]
        return sorted(found, key=lambda one: one.ends_on or date.max)
