"""What guided questions and forecasts speak of (情形引导与办结预测的值)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from yiwang.sdk.errors import N_

Text = Mapping[str, str]

NEEDED, HELD, NOT_NEEDED, MAYBE = "NEEDED", "HELD", "NOT_NEEDED", "MAYBE"
MATERIAL_STATES = {
    NEEDED: N_("To be brought"),
    HELD: N_("Nothing to bring"),
    NOT_NEEDED: N_("Not needed in your case"),
    MAYBE: N_("In some cases"),
}
YES, NO, UNKNOWN = "YES", "NO", "UNKNOWN"

LEVELS = {
    "MATTER_DEPARTMENT": N_("this matter at this department"),
    "MATTER": N_("this matter in the whole city"),
    "KIND": N_("similar matters of the same trade"),
}
"""What a forecast rests on, the nearest first (预测依据)."""


@dataclass(frozen=True, slots=True)
class Option:
    """An answer one can choose (选项). facts: what it says: form {field: value}, applicant {…}, age
    [from, to], range {field: [from, to or null]}."""

    value: str
    zh: str
    en: str
    help: Text | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> Text:
        """Return the answer as {zh, en}."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Question:
    """A question (引导问题); asked only when `when` holds over the answers before it."""

    key: str
    text: Text
    options: tuple[Option, ...]
    help: Text | None = None
    when: str = ""

    def option(self, value: str) -> Option | None:
        """Return the option of a value, None for any other text."""
        return next((each for each in self.options if each.value == value), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the answers lead (引导结果): a matter and why, or advice where none fits. also: what comes next."""

    key: str
    why: Text
    matter: str = ""
    title: Text | None = None
    advice: Text | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionRef:
    """The decision that turns answers into an outcome (决策引用)."""

    model: str
    question: str


@dataclass(frozen=True, slots=True)
class GuideSpec:
    """A set of guided questions as a pack declares it (情形引导)."""

    title: Text
    lead: Text
    questions: tuple[Question, ...]
    decision: DecisionRef
    outcomes: tuple[Outcome, ...]
    themes: tuple[str, ...] = ()

    def outcome(self, key: object) -> Outcome | None:
        """Return an outcome by its key, None for anything else."""
        return next((each for each in self.outcomes if each.key == key), None)


@dataclass(frozen=True, slots=True)
class GuideQuestions:
    """A version of guided questions in force (情形引导版本)."""

    key: str
    number: int
    spec: GuideSpec
    source: str
    valid_from: datetime

    @property
    def title(self) -> Text:
        """Return the name as {zh, en}."""
        return self.spec.title


@dataclass(frozen=True, slots=True)
class NarrowedMaterial:
    """A document in the light of the answers (精简后的材料)."""

    title: Text
    state: str
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What the answers come to (引导结论): which matter, why, what to bring, what it costs, whether one may.

    fee: in 分 from and to, None when it hangs on more than was asked; fired: the rules that decided, [(table, rule numbers)].
    """

    outcome: Outcome
    matter_code: str
    title: Text
    can_apply: bool
    eligible: str
    eligibility: Text | None
    materials: tuple[NarrowedMaterial, ...]
    fee: tuple[int, int | None] | None
    is_free: bool
    fee_note: Text | None
    also: tuple[tuple[str, Text], ...]
    fired: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """How far somebody has come (引导进度): answered pairs, the question that is next or the advice."""

    answered: tuple[tuple[Question, Option], ...]
    question: Question | None
    advice: Advice | None = None
    remaining: int = 0

    @property
    def answers(self) -> dict[str, str]:
        """Return the answers by question."""
        return {question.key: option.value for question, option in self.answered}


@dataclass(frozen=True, slots=True)
class Interval:
    """Working days from submission to decision (办理时长区间) that hold for `share` of a hundred cases."""

    low: int
    high: int
    count: int
    share: int = 80


@dataclass(frozen=True, slots=True)
class Forecast:
    """When an answer is likely (预计办结). level: what it rests on; dates: None before a calendar is published."""

    interval: Interval
    level: str
    refreshed_at: datetime
    low_date: date | None = None
    high_date: date | None = None

    @property
    def level_label(self) -> str:
        """Return what it rests on, as a message id (预测依据)."""
        return LEVELS[self.level]
