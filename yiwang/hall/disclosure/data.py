"""What the double publicity speaks of (双公示的值)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from yiwang.sdk.errors import N_

XK, CF = "XK", "CF"
KINDS = {XK: N_("Administrative licence"), CF: N_("Administrative penalty")}
LEGAL, PERSON, TRADER = "LEGAL", "PERSON", "TRADER"

CHECKING, READY, PUBLISHED, HIDDEN, REPLACED = (
    "CHECKING",
    "READY",
    "PUBLISHED",
    "HIDDEN",
    "REPLACED",
)
STATES = {
    CHECKING: N_("Entries to be put right"),
    READY: N_("Ready to publish"),
    PUBLISHED: N_("Record published"),
    HIDDEN: N_("Taken from view"),
    REPLACED: N_("Replaced by a correction"),
}
REPAIR, REVOKED, EXPIRED = "REPAIR", "REVOKED", "EXPIRED"
GROUNDS = {
    REPAIR: N_("Credit repaired"),
    REVOKED: N_("Decision revoked or withdrawn"),
    EXPIRED: N_("Time of publication over"),
}
"""Why a record is taken from view (停止公示事由). Only the first two are acts of a person."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A standard field (双公示字段) and its rules, as `data_files/fields.yaml` has them."""

    code: str
    title: str
    en: str
    type: str = "TEXT"
    max: int | None = None
    required: str = ""
    when: str = ""
    codes: str = ""
    several: bool = False
    other: str = ""
    public: str = "SHOWN"
    mask: str = ""

    @property
    def text(self) -> dict[str, str]:
        """Return the name as {zh, en}."""
        return {"zh": self.title, "en": self.en}


@dataclass(frozen=True, slots=True)
class Period:
    """How long a penalty is published (公示期), in months from the decision."""

    min_months: int
    max_months: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Standard:
    """The whole table of the double publicity (双公示标准): fields by kind, code values, periods."""

    fields: Mapping[str, tuple[FieldSpec, ...]]
    codes: Mapping[str, tuple[str, ...]]
    periods: Mapping[str, Period]
    subject_types: Mapping[str, Mapping[str, str]]
    publish_days: int
    publish_basis: str
    long_term: date

    def field(self, kind: str, code: str) -> FieldSpec:
        """Return a field by its code; raises KeyError."""
        return next(each for each in self.fields[kind] if each.code == code)


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record as its department sees it (双公示信息). errors: {field code: [problem key]}; {} is clean."""

    id: int
    thread: str
    kind: str
    revision: int
    state: str
    values: Mapping[str, str]
    errors: Mapping[str, list[str]]
    subject_type: str
    department_id: int
    source: str
    decided_date: date
    due_at: datetime | None
    published_at: datetime | None
    period: str
    hidden_ground: str
    hidden_reason: str
    hidden_at: datetime | None
    correction_reason: str
    entered_by: str
    is_current: bool

    @property
    def document_number(self) -> str:
        """Return the number of the decision (决定文书号)."""
        return self.values.get(f"{self.kind}_WSH", "")

    @property
    def subject_name(self) -> str:
        """Return the subject's name as it was entered (相对人名称)."""
        return self.values.get(f"{self.kind}_XDR_MC", "")

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (状态名称)."""
        return STATES[self.state]


@dataclass(frozen=True, slots=True)
class PublicRecord:
    """A record as everybody sees it (公示信息): masked by the rules of its fields."""

    id: int
    kind: str
    values: Mapping[str, str]
    decided_date: date
    published_at: datetime
    revision: int
    correction_reason: str = ""

    @property
    def document_number(self) -> str:
        """Return the number of the decision (决定文书号)."""
        return self.values.get(f"{self.kind}_WSH", "")

    @property
    def subject_name(self) -> str:
        """Return the masked name (相对人名称)."""
        return self.values.get(f"{self.kind}_XDR_MC", "")

    @property
    def organ(self) -> str:
        """Return the deciding organ (决定机关)."""
        return self.values.get({XK: "XK_XKJG", CF: "CF_CFJG"}[self.kind], "")

    @property
    def content(self) -> str:
        """Return what was decided (决定内容)."""
        return self.values.get(f"{self.kind}_NR", "")


@dataclass(frozen=True, slots=True)
class PublicFilter:
    """What the public list is narrowed to (公示筛选)."""

    text: str = ""
    kind: str = ""
    department_id: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class TimelyRow:
    """How timely a department publishes (公示时效): of decisions due, on time, late, still open and late."""

    department_id: int
    name: str
    kind_counts: Mapping[str, int]
    decided: int
    on_time: int
    late: int
    open: int
    overdue: int

    @property
    def share(self) -> float | None:
        """Return the share published on time in percent (按时公示率); None before anything was due."""
        due = self.on_time + self.late + self.overdue
        return 100 * self.on_time / due if due else None


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a file or a call (导入结果): lines by number, each with its problems by field."""

    read: int
    taken: int
    unchanged: int
    record_ids: tuple[int, ...] = ()
    problems: Mapping[int, Mapping[str, list[str]]] = field(default_factory=dict)
