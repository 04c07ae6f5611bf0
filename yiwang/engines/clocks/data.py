"""What readers of clocks get."""

from dataclasses import dataclass
from datetime import datetime

KINDS = ("LEGAL", "PROMISED", "DEPARTMENT", "STEP")
UNITS = ("WORKING_DAY", "WORKING_HOUR", "CALENDAR_DAY")
RUNNING, PAUSED, STOPPED = "RUNNING", "PAUSED", "STOPPED"
DATED, CALENDAR_NOT_PUBLISHED = "DATED", "CALENDAR_NOT_PUBLISHED"
GREEN, YELLOW, RED = "GREEN", "YELLOW", "RED"
DEEMED_ACCEPTED, DEEMED_APPROVED, DEEMED_REFUSED = (
    "DEEMED_ACCEPTED",
    "DEEMED_APPROVED",
    "DEEMED_REFUSED",
)
SILENCES = (DEEMED_ACCEPTED, DEEMED_APPROVED, DEEMED_REFUSED)
"""What silence means when a limit runs out (逾期默认): as received accepted, granted, refused."""
APPROVERS = ("DEPARTMENT_HEAD", "AGENCY_HEAD", "GOVERNMENT_HEAD")
"""Who may approve an extension (延长批准层级), the lowest first; a higher one always may."""


@dataclass(frozen=True, slots=True)
class PauseView:
    """One pause (中止). ground: a code of the table `pause_grounds`; resumed_at None: still open."""

    ground: str
    document: str
    paused_at: datetime
    resumed_at: datetime | None
    note: str = ""
    expected_days: int | None = None


@dataclass(frozen=True, slots=True)
class ExtensionView:
    """One extension (延长) in the clock's unit, with who approved it and why."""

    amount: int
    reason: str
    approver_account_id: int
    extended_at: datetime
    approver_level: str = ""


@dataclass(frozen=True, slots=True)
class LegalClock:
    """A limit as a law or the city sets it (法定时限), a row of the code table `legal_clocks`.

    extension: the most that it may be extended in all, None not at all; approver: by whom;
    silence: what running out means, "" nothing.
    """

    code: str
    title: dict[str, str]
    kind: str
    amount: int
    unit: str
    extension: int | None
    approver: str
    silence: str
    basis: str


@dataclass(frozen=True, slots=True)
class ClockView:
    """One clock (时限) at a moment.

    amount, elapsed, remaining: in `unit`, amount with extensions; remaining is negative when overdue,
    both are None when `now` itself lies in a year whose calendar is not published.
    due_state: DATED, CALENDAR_NOT_PUBLISHED (then missing_year) or PAUSED; due_at only when DATED.
    warn_at: from when on one working day or less is left.
    """

    id: int
    subject: str
    kind: str
    label: dict[str, str]
    amount: int
    unit: str
    started_at: datetime
    stopped_at: datetime | None
    department_id: int | None
    legal_basis: str
    state: str
    elapsed: float | None
    remaining: float | None
    due_at: datetime | None
    due_state: str
    missing_year: int | None
    warn_at: datetime | None
    light: str
    is_overdue: bool
    pauses: tuple[PauseView, ...]
    extensions: tuple[ExtensionView, ...]
    policy: str = ""
    approver: str = ""
    extension_max: int | None = None
    silence: str = ""
    silent_at: datetime | None = None
