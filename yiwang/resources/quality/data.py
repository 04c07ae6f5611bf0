"""Values of quality (数据质量): contracts, their rules, what a check found."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from yiwang.sdk.errors import N_, YiwangError

# The six properties of GB/T 36344-2018 (数据质量评价指标), in its order. ⚠ The standard's text was not
# at hand: names and order are from memory, so what belongs where is data (`quality/data_files/standard.yaml`).
PROPERTIES = {
    "NORMATIVITY": N_("Conformity"),  # 规范性
    "COMPLETENESS": N_("Completeness"),  # 完整性
    "ACCURACY": N_("Accuracy"),  # 准确性
    "CONSISTENCY": N_("Consistency"),  # 一致性
    "TIMELINESS": N_("Timeliness"),  # 时效性
    "ACCESSIBILITY": N_("Accessibility of data"),  # 可访问性
}
KINDS = {
    "TYPE": N_("Is of its type"),
    "LENGTH": N_("Is not too long"),
    "REQUIRED": N_("Is filled in"),
    "CODE": N_("Is in the code table"),
    "VALID": N_("Passes the check of its kind"),
    "ROW": N_("Fits with the rest of the row"),
    "UNIQUE": N_("Is there once"),
    "ACROSS": N_("Rows do not contradict one another"),
    "REFERENCE": N_("Is there in the other resource"),
    "OVER_TIME": N_("Does not go back"),
    "VOLUME": N_("As many rows as usual"),
    "FRESH": N_("Is recent"),
}
ACTIONS = {
    "REJECT": N_("The row is kept back"),
    "WARN": N_("The row goes on with a note"),
}
KIND_PROPERTY = {
    "TYPE": "NORMATIVITY",
    "LENGTH": "NORMATIVITY",
    "REQUIRED": "COMPLETENESS",
    "CODE": "NORMATIVITY",
    "VALID": "ACCURACY",
    "ROW": "CONSISTENCY",
    "UNIQUE": "ACCURACY",
    "ACROSS": "CONSISTENCY",
    "REFERENCE": "CONSISTENCY",
    "OVER_TIME": "TIMELINESS",
    "VOLUME": "COMPLETENESS",
    "FRESH": "TIMELINESS",
}
# Kinds that judge each row by itself, in the one scan; the next group by the batch as rows; the last
# by the batch as a whole.
ROW_KINDS = ("TYPE", "LENGTH", "REQUIRED", "CODE", "VALID", "ROW", "REFERENCE")
SET_KINDS = ("UNIQUE", "ACROSS", "OVER_TIME")
BATCH_KINDS = ("VOLUME", "FRESH")


class ContractInvalid(YiwangError):
    """A rule of a contract cannot be checked (质量规则有误); `rule` and `reason` say which and why."""

    code = "contract_invalid"
    status = 422
    message = N_("The rule %(rule)s of the contract cannot be checked: %(reason)s")

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(rule=rule, reason=reason)
        self.rule, self.reason = rule, reason


@dataclass(frozen=True, slots=True)
class ContractField:
    """A column of a contract: type is a letter of `catalogue.data.TYPES`; length 0 = any."""

    name: str
    title: str
    type: str = "C"
    length: int = 0
    is_key: bool = False
    title_en: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is checked (质量规则): see `catalogue.data.QualityRule`.

    codes: what a CODE rule lets through, None when the table is unknown: then it judges nothing.
    """

    key: str
    kind: str
    property: str
    fields: tuple[str, ...]
    that: str = ""
    message: str = ""
    message_en: str = ""
    action: str = "REJECT"
    stop_share: float = 1.0
    stop_count: int = 0
    judges_empty: bool = False
    codes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What a delivery of a resource must satisfy (数据契约).

    key: the fields by which a row supersedes an earlier one. reject_share: more rows kept back than
    this and the batch stops.
    """

    resource_code: str
    fields: tuple[ContractField, ...]
    rules: tuple[Rule, ...]
    key: tuple[str, ...] = ()
    reject_share: float = 0.5

    def rule(self, key: str) -> Rule:
        """Return a rule by its key; KeyError when there is none."""
        for one in self.rules:
            if one.key == key:
                return one
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How one rule went: rows it judged and rows that failed. Of a BATCH kind: judged 1 or 0."""

    rule: Rule
    judged: int
    failed: int
    detail: str = ""

    @property
    def is_stopping(self) -> bool:
        """Tell whether so many failures stop the batch (超过停批阈值)."""
        if not self.failed:
            return False
        share = self.failed / self.judged if self.judged else 0.0
        return share > self.rule.stop_share or 0 < self.rule.stop_count <= self.failed


@dataclass(frozen=True, slots=True)
class FieldCount:
    """How many rows have a value in a field, and how many values are of its type."""

    name: str
    filled: int
    typed: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found (契约检查结果).

    table: a temporary table of the connection: line, reasons (keys of rules, in the contract's
    order), rejected (some rule with REJECT failed); one row for each line with a fault.
    rows: all; rejected, warned: rows kept back, rows that go on with a note. counts: one for each
    rule, in order. missing, extra: columns not there, columns nobody declared.
    stops: keys of the rules past their limit; "reject_share" for the batch as a whole; "columns"
    when a key column is missing.
    """

    table: str
    rows: int
    rejected: int
    warned: int
    counts: tuple[RuleCount, ...]
    fields: tuple[FieldCount, ...]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)

    def count(self, key: str) -> RuleCount:
        """Return how one rule went; KeyError when the contract has none of this key."""
        for one in self.counts:
            if one.rule.key == key:
                return one
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a check is told besides the rows.

    today: what `today` is in expressions and dates may not be after. history: rows of the batches
    before, newest last. rows_at_once: bad rows are gathered for so many lines at a time. files: the
    Parquet files of which the relation is nothing but all rows, so that they can be read directly.
    """

    today: date
    history: tuple[int, ...] = ()
    rows_at_once: int = 16_000_000
    prefix: str = "contract"
    files: tuple[Path, ...] = ()


# --- batches and scores -----------------------------------------------------------------------------

LEVELS = ("A", "B", "C", "D", "E")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a batch looks like beside the one before (批次画像): for drift and change of schema.

    columns: name -> type as it came; empty: name -> share without a value; shares: of coded fields
    name -> {value: share}, the most frequent.
    """

    columns: dict[str, str]
    empty: dict[str, float]
    shares: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What landing says of a finished batch (批次事实). Paths are relative to the data folder.

    accepted: Parquet of the rows taken, the contract's fields by name; faults: what `faults_keep`
    wrote. state: LANDED or STOPPED; mode: DELTA or FULL; source: FIX for a correction.
    """

    resource_id: int
    batch_id: int
    number: int
    mode: str
    source: str
    state: str
    department_id: int | None
    at: datetime
    checked: Checked
    contract: Contract
    faults: str
    accepted: str = ""
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One score (质量得分): field "" = the whole resource, property "" = all of them weighted.

    score: 0 to 100 with two decimals, None where nothing was judged.
    """

    field: str
    property: str
    judged: int
    failed: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Standard:
    """How scores are made and called (评价标准): a city replaces the file.

    weights: property -> weight, of those measured only; levels: (least score, key, title {zh, en}),
    best first. answer_days, fix_days, decide_days: working days for each step.
    """

    weights: dict[str, float]
    levels: tuple[tuple[float, str, dict[str, str]], ...]
    days: dict[str, int]
    kinds: dict[str, str] = field(default_factory=dict)


# --- exceptions -------------------------------------------------------------------------------------

STATES = {
    "OPEN": N_("Not looked at yet"),
    "SEEN": N_("Seen, waits for an answer"),
    "ANSWERED": N_("Accepted, waits for the correction"),
    "DISPUTED": N_("Disputed, the data bureau decides"),
    "FIX_SENT": N_("Correction sent, waits for proof"),
    "CLOSED": N_("Settled"),
}
ORIGINS = {
    "BATCH": N_("Check of a batch"),
    "OBJECTION": N_("A person says it is wrong"),
    "COMPARISON": N_("Comparison between departments"),
    "STEWARD": N_("Sent back by the data bureau"),
}
ENDINGS = {
    "PROVED": N_("A later batch proved the correction"),
    "WAIVED": N_("The data bureau agreed that nothing is wrong"),
    "ANSWERED": N_("The objection was answered"),
}
ALERTS = {
    "SILENT": N_("Nothing arrived when it was promised"),
    "VOLUME": N_("Far more or fewer rows than usual"),
    "DRIFT": N_("Values are spread otherwise than before"),
    "SCHEMA": N_("The columns are others than before"),
}
ALERT_STATES = {
    "OPEN": N_("Still open"),
    "ACKNOWLEDGED": N_("Explained"),
    "GONE": N_("Over"),
}


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """An exception (异常反馈) as pages show it.

    rows: how many rows it began with; rows_open: how many are not proved yet. light: GREEN, YELLOW
    (due within a working day), RED (overdue), NONE (closed).
    """

    id: int
    number: str
    origin: str
    resource_id: int | None
    department_id: int | None
    rule: str
    field: str
    property: str
    title: str
    message: str
    state: str
    ending: str
    rows: int
    rows_open: int
    batch_number: int | None
    objection: str
    reason: str
    decision: str
    opened_at: datetime
    due_date: date | None
    closed_at: datetime | None
    reopened: int
    light: str
    path: str
