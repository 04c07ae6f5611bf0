"""Words and values of electronic supervision (电子监察)."""

from dataclasses import dataclass
from datetime import datetime

from yiwang.sdk.errors import N_

WARNING, YELLOW, RED, LETTER = "WARNING", "YELLOW", "RED", "LETTER"
LEVELS = {
    WARNING: N_("Warning"),
    YELLOW: N_("Yellow card"),
    RED: N_("Red card"),
    LETTER: N_("Supervision letter"),
}
SEVERITY = {WARNING: 0, YELLOW: 1, RED: 2, LETTER: 3}

DUE_SOON = "DUE_SOON"
REFUSED_ACCEPTANCE = "REFUSED_ACCEPTANCE"
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
STEP_EXCEEDED = "STEP_EXCEEDED"
LATE_FORWARDING = "LATE_FORWARDING"
NO_REASONS = "NO_REASONS"
NOT_ONLINE = "NOT_ONLINE"
FEE_OFF_CATALOGUE = "FEE_OFF_CATALOGUE"
OTHER = "OTHER"
TRIGGERS = {
    DUE_SOON: N_("One working day or less is left"),
    REFUSED_ACCEPTANCE: N_("An application that meets the conditions is not accepted"),
    LIMIT_EXCEEDED: N_("The whole limit is exceeded"),
    STEP_EXCEEDED: N_("A step is over time although the whole is not"),
    LATE_FORWARDING: N_("Not forwarded to the superior in time"),
    NO_REASONS: N_("No reasons are given"),
    NOT_ONLINE: N_("Not handled in the online system as required"),
    FEE_OFF_CATALOGUE: N_("A fee outside the catalogue was taken"),
    OTHER: N_("Another violation"),
}
VIOLATIONS = tuple(code for code in TRIGGERS if code != DUE_SOON)
"""The eight trigger classes (八类情形); DUE_SOON is the reminder before any of them."""
REPORTABLE = (
    REFUSED_ACCEPTANCE,
    LATE_FORWARDING,
    NO_REASONS,
    NOT_ONLINE,
    FEE_OFF_CATALOGUE,
    OTHER,
)
"""Those that a person or a department's system reports; the clock finds the others by itself."""

OPEN, REPLIED, APPEALED, UPHELD, CLOSED, CANCELLED = (
    "OPEN",
    "REPLIED",
    "APPEALED",
    "UPHELD",
    "CLOSED",
    "CANCELLED",
)
STATES = {
    OPEN: N_("To be answered"),
    REPLIED: N_("Answered"),
    APPEALED: N_("Appeal to be decided"),
    UPHELD: N_("Upheld"),
    CLOSED: N_("Settled"),
    CANCELLED: N_("Cancelled"),
}
KEPT = (OPEN, REPLIED, APPEALED, UPHELD, CLOSED)
"""States in which a card counts in the score."""
APPEAL_DAYS = 5
"""Working days within which an appeal is decided."""
GRADES = (
    (90, "EXCELLENT", N_("Excellent")),
    (80, "GOOD", N_("Good")),
    (60, "PASS", N_("Pass")),
    (0, "FAIL", N_("Fail")),
)
BASE_SCORE = 100
WARNINGS_A_STRIKE = 3


@dataclass(frozen=True, slots=True)
class RuleView:
    """One supervision rule as it is in force (监察规则).

    over_days: working days over time from which it holds, 0 from the first minute; nodes: only
    these steps; reply_days: working days for an answer, 0 none is asked; points: taken off.
    """

    id: int
    key: str
    title: dict[str, str]
    trigger: str
    level: str
    over_days: int
    nodes: tuple[str, ...]
    reply_days: int
    points: int
    basis: str
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a rule holds for (监察发现). subject: "item:<id>", "clock:<id>", "fact:<id>"."""

    subject: str
    period: str
    case_key: str
    number: str
    title: dict[str, str]
    step: dict[str, str]
    department_id: int | None
    officer_id: int | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did (巡检结果): findings looked at, cards issued by level."""

    seen: int
    issued: dict[str, int]

    def __str__(self) -> str:
        parts = [f"{count} {level}" for level, count in sorted(self.issued.items()) if count]
        return ", ".join(parts) or "nothing new"


@dataclass(frozen=True, slots=True)
class Score:
    """One score of a quarter (监察得分). key: department id, officer id or step; grade of GRADES."""

    key: object
    warnings: int
    yellow: int
    red: int
    points: int
    score: int
    grade: str
