"""What ratings speak of (好差评的值). Levels are meanings, not numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from yiwang.sdk.errors import N_

LEVELS = {
    "VERY_SATISFIED": N_("Very satisfied"),
    "SATISFIED": N_("Satisfied"),
    "FAIRLY_SATISFIED": N_("Fairly satisfied"),
    "DISSATISFIED": N_("Dissatisfied"),
    "VERY_DISSATISFIED": N_("Very dissatisfied"),
}
BAD = frozenset({"DISSATISFIED", "VERY_DISSATISFIED"})
ONLINE, ON_SITE = "ONLINE", "ON_SITE"
INDICATORS = {
    ONLINE: {
        "efficiency": N_("Speed of handling"),
        "guide": N_("Accuracy of the guide"),
        "convenience": N_("Ease of the procedure"),
        "platform": N_("Ease of the website"),
    },
    ON_SITE: {
        "efficiency": N_("Speed of handling"),
        "level": N_("Competence of the staff"),
        "attitude": N_("Manner of the staff"),
    },
}
"""The overall level apart, what is asked on line and on site (评价指标)."""

CONTACT_DAYS, RECTIFY_DAYS = 1, 15
"""Working days to call back, and to put right, after a bad rating (local rules; a city replaces them)."""

CASE_STATES = {
    "OPEN": N_("To be called back"),
    "CONTACTED": N_("To be put right"),
    "APPEALED": N_("The department says it was a mistake"),
    "RECTIFIED": N_("Put right"),
    "MISTAKEN": N_("Found to be a mistake"),
}


@dataclass(frozen=True, slots=True)
class RatingView:
    """A rating (评价). Officers never learn who gave it from here: the rater is not part of it."""

    id: int
    subject: str
    channel: str
    title: Mapping[str, str]
    department_id: int
    level: str
    indicators: Mapping[str, str]
    text: str
    is_counted: bool
    follow_up: str
    at: datetime

    @property
    def level_label(self) -> str:
        """Return the level in words, as a message id (评价等次)."""
        return LEVELS[self.level]


@dataclass(frozen=True, slots=True)
class RatingCaseView:
    """The work that a bad rating opened (差评整改). deadlines: None before a calendar is published."""

    id: int
    rating: RatingView
    state: str
    contact_due_at: datetime | None
    rectify_due_at: datetime | None
    contacted_at: datetime | None
    contact_note: str
    rectified_at: datetime | None
    measures: str
    appeal: str
    decision: str

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return CASE_STATES[self.state]


@dataclass(frozen=True, slots=True)
class RankRow:
    """A department in the ranking (排行): satisfied of counted, how many bad ones were put right in time."""

    place: int
    department_id: int
    name: str
    counted: int
    satisfied: int
    bad: int
    rectified: int
    overdue: int

    @property
    def share(self) -> float | None:
        """Return the share of satisfied ratings (满意率) in percent; None without ratings."""
        return 100 * self.satisfied / self.counted if self.counted else None
