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
    not_counted: int = 0

    @property
    def share(self) -> float | None:
        """Return the share of satisfied ratings (满意率) in percent; None without ratings."""
        return 100 * self.satisfied / self.counted if self.counted else None


PLACE, OFFICER, DEVICE, DEPARTMENT = "BURST_PLACE", "BURST_OFFICER", "BURST_DEVICE", "BURST_OFFICE"
TOO_FAST, SAME_TEXT, STAFF_RATER, SAME_PAIR, SILENT = (
    "TOO_FAST",
    "SAME_TEXT",
    "STAFF_RATER",
    "SAME_PAIR",
    "SILENT",
)
GAMING_KINDS = {
    PLACE: N_("Many ratings from one counter in a short time"),
    OFFICER: N_("Many ratings of one clerk in a short time"),
    DEVICE: N_("Many ratings from one device in a short time"),
    DEPARTMENT: N_("Many ratings of one department in a short time"),
    TOO_FAST: N_("Rated within seconds of the act, again and again"),
    SAME_TEXT: N_("The same words in many ratings"),
    STAFF_RATER: N_("Rated by staff, or with a mobile number of staff"),
    SAME_PAIR: N_("The same person rates the same clerk again and again"),
    SILENT: N_("Hardly any ratings where the answer was bad"),
}
"""What makes ratings suspicious (刷评情形)."""
THRESHOLDS = {
    **dict.fromkeys((PLACE, OFFICER, DEVICE, DEPARTMENT), ("count_min", "minutes", "days")),
    TOO_FAST: ("count_min", "seconds", "days"),
    SAME_TEXT: ("count_min", "days"),
    STAFF_RATER: ("days",),
    SAME_PAIR: ("count_min", "days"),
    SILENT: ("count_min", "share", "days"),
}
"""The thresholds that each kind uses."""
THRESHOLD_LABELS = {
    "count_min": N_("At least so many ratings"),
    "minutes": N_("Within so many minutes"),
    "seconds": N_("Within so many seconds"),
    "share": N_("Percentage points between the shares that were rated"),
    "days": N_("Days looked back"),
}
THRESHOLD_LIMITS = {
    "count_min": (2, 10_000),
    "minutes": (1, 1_440),
    "seconds": (1, 600),
    "share": (1, 100),
    "days": (1, 366),
}
TEXT_MIN = 8
"""Characters from which equal texts say something; "很好" is written by many."""

FOUND, KEPT, LEFT_OUT, APPEALED = "OPEN", "KEPT", "LEFT_OUT", "APPEALED"
FINDING_STATES = {
    FOUND: N_("To be judged"),
    KEPT: N_("Ratings kept"),
    LEFT_OUT: N_("Ratings left out"),
    APPEALED: N_("Under appeal"),
}
GOOD_END, BAD_END = "GOOD", "BAD"


@dataclass(frozen=True, slots=True)
class Trace:
    """How a rating came about (评价踪迹). acted_at: when the act that is rated ended.

    officer_id: who handled it; outcome: GOOD_END, BAD_END or None; device: digest of what it was given
    with, None at a window's own tablet; typed: the words somebody wrote themselves, None: the whole text.
    """

    officer_id: int | None = None
    acted_at: datetime | None = None
    outcome: str | None = None
    device: str | None = None
    typed: str | None = None


NO_TRACE = Trace()


@dataclass(frozen=True, slots=True)
class GamingRuleView:
    """A rule against ratings that are made up (刷评规则)."""

    key: str
    title: Mapping[str, str]
    kind: str
    count_min: int
    minutes: int
    seconds: int
    share: int
    days: int
    basis: str
    is_enabled: bool

    @property
    def thresholds(self) -> dict[str, int]:
        """Return the thresholds that count for its kind (阈值)."""
        return {name: getattr(self, name) for name in THRESHOLDS[self.kind]}


@dataclass(frozen=True, slots=True)
class Suspect:
    """A group of ratings that a rule holds for (可疑评价): their ids, what they share, when."""

    subject: str
    department_id: int
    rating_ids: tuple[int, ...]
    since_at: datetime
    until_at: datetime
    figures: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ActCount:
    """Acts of a department that ended in a period (办结数): those answered well, and badly, for who asked."""

    department_id: int
    good: int
    bad: int


@dataclass(frozen=True, slots=True)
class FindingView:
    """Suspicious ratings of a department (刷评线索), as who decides and who is concerned see them."""

    id: int
    rule_key: str
    kind: str
    thresholds: Mapping[str, int]
    subject: str
    department_id: int
    since_at: datetime
    until_at: datetime
    ratings: int
    satisfied: int
    figures: Mapping[str, object]
    state: str
    found_at: datetime
    reason: str
    decided_at: datetime | None
    decided_by: str
    appeal: str
    appealed_at: datetime | None
    ruling: str
    ruled_at: datetime | None
    ruled_by: str
    left_out: int = 0

    @property
    def kind_label(self) -> str:
        """Return what made them suspicious, as a message id (情形名称)."""
        return GAMING_KINDS[self.kind]

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return FINDING_STATES[self.state]


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One rating of a finding (佐证). Nothing here says who gave it."""

    rating_id: int
    subject: str
    title: Mapping[str, str]
    channel: str
    place: str
    level: str
    text: str
    at: datetime
    acted_at: datetime | None
    device: str
    is_left_out: bool

    @property
    def level_label(self) -> str:
        """Return the level in words, as a message id (评价等次)."""
        return LEVELS[self.level]

    @property
    def seconds(self) -> int | None:
        """Return the seconds between the act and the rating (间隔秒数)."""
        return round((self.at - self.acted_at).total_seconds()) if self.acted_at else None
