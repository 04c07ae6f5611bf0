"""What is fused and how it is declared (融合计划), and what comes out. Pure; nothing heavy imported."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from yiwang.sdk.errors import N_, YiwangError

# A callback of progress: stage, done, total.
Report = Callable[[str, int, int], None]

# How a field is kept while fusing. Text has a hash beside it, '' is no value; a number's 0 is no value.
TEXT_KINDS = frozenset({"NAME", "ADDRESS", "TEXT"})
NUMBER_KINDS = frozenset({"CODE", "DATE", "PHONE"})

DUCKDB, SPARK = "duckdb", "spark"

# Parts of a plan that no stage file and no bucket depends on.
ANEW = ("ties", "unfilled")

# Rules (规则) that say why a row belongs to its person; KEY_2, KEY_3 … are the plan's levels.
EXACT_ID, DECIDED, LINKED, RESIDUE, CLUSTERED = (
    "EXACT_ID",
    "DECIDED",
    "LINKED",
    "RESIDUE",
    "CLUSTERED",
)


class FusionBusy(YiwangError):
    """Another run writes into the same folder."""

    code = "fusion_busy"
    status = 409
    message = N_("Another fusion is writing into %(folder)s. Wait until it has ended.")


class FusionSourceBroken(YiwangError):
    """A file of a source cannot be read, or lacks a column that its class declares."""

    code = "fusion_source_broken"
    status = 422
    message = N_(
        "The file %(file)s of class %(source)s cannot be fused: %(reason)s. "
        "Nothing was published; the last master still stands. Land the batch again."
    )


class FusionNothing(YiwangError):
    """No source file was found, or no master has been published yet."""

    code = "fusion_nothing"
    status = 404
    message = N_("Nothing to work on was found in %(folder)s.")


class FusionPlanChanged(YiwangError):
    """The plan has another number of buckets: subjects would not keep their identifiers."""

    code = "fusion_plan_changed"
    status = 409
    message = N_(
        "The plan has %(wanted)s buckets, the master in %(folder)s has %(there)s: subjects would lose their "
        "identifiers. Fuse into another folder, or keep the number of buckets."
    )


class FusionUnknown(YiwangError):
    """No subject has this identifier, no source row this number."""

    code = "fusion_unknown"
    status = 404
    message = N_("The master has no such subject or row: %(asked)s.")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the master (字段): its kind says how it is read, compared and kept.

    kind: NAME, ADDRESS, TEXT (text), CODE (0-255), DATE (days), PHONE (digits as a number).
    title: its Chinese name.
    """

    name: str
    kind: str
    title: str

    @property
    def is_text(self) -> bool:
        """Tell whether the value is text."""
        return self.kind in TEXT_KINDS


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a class is believed in a field (数源权威): rank 0-1023, higher wins; basis: the law."""

    rank: int
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A class of records that a department supplies (数据类) and the form of its columns.

    number: 1-255, unique. id_format: CLEAN (as stored), TYPED (blanks, full-width digits).
    formats: field → format; a field that is not named is not supplied. See `sql.FORMATS`.
    """

    number: int
    department: str
    title: str
    id_format: str
    formats: Mapping[str, str]

    @property
    def code(self) -> str:
        """Return the class's code, for example C07."""
        return f"C{self.number:02d}"

    @property
    def folder(self) -> str:
        """Return where its files stand below the source folder: department/class."""
        return f"{self.department}/{self.code}"


@dataclass(frozen=True, slots=True)
class Level:
    """A second exact key (第二键): rows without a valid identifier join where all fields agree.

    fields: fields that must be equal. digits: the claimed number may differ in so many places from
    the person's; None: it is not looked at. Only a single candidate counts.
    """

    fields: tuple[str, ...]
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class TieSource:
    """Ties between subjects that a department supplies (关系数据): files `<department>/T<nn>/*.parquet`.

    number: 1-255, unique among ties. kind: SPOUSE, CHILD (the other is a child), BRANCH (the other is a
    branch), INVESTOR, REPRESENTATIVE (the other invests, represents); '' when the file has a column `kind`.
    other_identifier: ID_NUMBER, USCC, or EITHER. rank: of two departments' words on a pair the higher holds.
    """

    number: int
    department: str
    title: str
    kind: str
    other_identifier: str
    rank: int = 1

    @property
    def code(self) -> str:
        """Return the tie's code, for example T01."""
        return f"T{self.number:02d}"

    @property
    def folder(self) -> str:
        """Return where its files stand below the source folder: department/tie."""
        return f"{self.department}/{self.code}"


@dataclass(frozen=True, slots=True)
class FusionPlan:
    """What is fused (融合计划): sources, fields, authority, keys. The same plan gives the same answer.

    identifier: ID_NUMBER or USCC, the validator. trust: field → class number → Trust; a class that is
    not named has rank 1. levels: tried in order. link_fields: what probabilistic linkage compares.
    link_blocks: pairs are compared that agree in one of these; "name:1" is the first character.
    within: keys by which rows that no person was found for are joined among themselves.
    ties: families and branches. unfilled: fields that a row without a valid identifier never fills.
    """

    name: str
    title: str
    identifier: str
    sources: tuple[Source, ...]
    fields: tuple[Field, ...]
    trust: Mapping[str, Mapping[int, Trust]]
    levels: tuple[Level, ...]
    within: tuple[Level, ...]
    link_fields: tuple[str, ...] = ()
    link_blocks: tuple[tuple[str, ...], ...] = ()
    buckets: int = 64
    cluster_guard: int = 64
    ties: tuple[TieSource, ...] = ()
    unfilled: tuple[str, ...] = ()

    def ranks(self, name: str) -> list[int]:
        """Return the rank of each class number 0-255 in a field."""
        given = self.trust.get(name, {})
        return [given[number].rank if number in given else 1 for number in range(256)]

    def source_get(self, number: int) -> Source:
        """Return the class with a number."""
        return next(source for source in self.sources if source.number == number)

    def fingerprint(self) -> str:
        """Return 16 hex digits that change when anything does that fused buckets hang on (计划指纹).

        Ties and what may not be filled are worked out anew by every run.
        """
        said = {key: value for key, value in asdict(self).items() if key not in ANEW}
        text = json.dumps(said, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's word on two rows (人工判定): MUST or CANNOT belong together.

    left, right: (class number, row_no). At least one of them has no valid identifier: two different
    valid identifiers are never joined, whatever is decided.
    """

    left: tuple[int, int]
    right: tuple[int, int]
    verdict: str


@dataclass(frozen=True, slots=True)
class FusionOptions:
    """How a run is carried out (运行参数); none of it changes the answer.

    workers: processes, 0 picks by size. memory_mb: of all connections together. seed: for
    identifiers in tests only; None draws them from the system. probabilistic: use Splink for what the keys
    leave. durable: flush every file to the disk before publishing. engine: DUCKDB on this machine, SPARK on the
    cluster whose address is `master`; memory_mb is then of the driver and of each executor.
    """

    workers: int = 0
    memory_mb: int = 2048
    seed: int | None = None
    probabilistic: bool = True
    durable: bool = True
    engine: str = DUCKDB
    master: str = "local[*]"


DEFAULT_OPTIONS = FusionOptions()


@dataclass(slots=True)
class FusionResult:
    """What a run did (融合结果).

    records: rows read. persons: subjects with a valid identifier. provisional: subjects that only rows
    without one tell of. conflicts: subjects on which sources disagree, by field. residue: rows without a
    valid identifier. linked: of these, rows that found a person, by rule. disagreements: field → class →
    values that lost. seconds: by stage. peak_mb: anonymous memory of all processes, highest seen.
    touched: buckets fused again; others were taken over unchanged. events: changes of identifiers by kind.
    filled: gaps that linked rows filled, by field. ties, comparisons: by kind, by rule.
    """

    run: str = ""
    folder: str = ""
    records: int = 0
    persons: int = 0
    provisional: int = 0
    residue: int = 0
    linked: dict[str, int] = field(default_factory=dict)
    review: int = 0
    conflicts: dict[str, int] = field(default_factory=dict)
    persons_in_conflict: int = 0
    disagreements: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    touched: int = 0
    standardised: int = 0
    events: dict[str, int] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    ties: dict[str, int] = field(default_factory=dict)
    comparisons: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs of rows rightly and wrongly together (配对准确率、召回率), each 0-1."""

    pairs_true: int
    pairs_found: int
    pairs_right: int

    @property
    def precision(self) -> float:
        """Return the share of found pairs that are right; 1 when none was found."""
        return self.pairs_right / self.pairs_found if self.pairs_found else 1.0

    @property
    def recall(self) -> float:
        """Return the share of true pairs that were found; 1 when there is none."""
        return self.pairs_right / self.pairs_true if self.pairs_true else 1.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


# Events (标识变更): what happened to identifiers of subjects between two runs.
BUILT, CREATED, ABSORBED, MERGED, SPLIT, RETIRED = (
    "BUILT",
    "CREATED",
    "ABSORBED",
    "MERGED",
    "SPLIT",
    "RETIRED",
)


@dataclass(frozen=True, slots=True)
class Event:
    """A change of identifiers (标识变更). sequence: of the run in the feed; at: when the run was published.

    BUILT: read the whole master. CREATED: uid is there now; other_uid: whence its rows came, 0 for nowhere.
    ABSORBED, MERGED: uid is gone, its rows belong to other_uid, with a number or without. SPLIT: the row
    (number, row_no) left uid for other_uid. RETIRED: uid has no row left. rule: of the row where it is now.
    """

    sequence: int
    run: str
    at: str
    event: str
    uid: int
    other_uid: int
    rule: str
    number: int
    row_no: int


def plan_write(plan: FusionPlan, folder: Path) -> None:
    """Write the plan beside what it made (计划存档): a master says itself whose word its values are."""
    text = json.dumps(asdict(plan), ensure_ascii=False)
    (folder / "plan.json").write_text(text, encoding="utf-8")


def plan_read(folder: Path) -> FusionPlan:
    """Read the plan by which a run was made.

    >>> import tempfile
    >>> plan = FusionPlan("p", "人口", "ID_NUMBER", (), (), {"name": {1: Trust(9)}}, (), (Level(("name",)),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plan_write(plan, Path(folder))
    ...     plan_read(Path(folder)) == plan
    True
    """
    said = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    made = {
        "sources": tuple(Source(**one) for one in said["sources"]),
        "fields": tuple(Field(**one) for one in said["fields"]),
        "ties": tuple(TieSource(**one) for one in said["ties"]),
        "trust": {
            name: {int(number): Trust(**trust) for number, trust in given.items()}
            for name, given in said["trust"].items()
        },
        "link_fields": tuple(said["link_fields"]),
        "link_blocks": tuple(map(tuple, said["link_blocks"])),
        "unfilled": tuple(said["unfilled"]),
    }
    for name in ("levels", "within"):
        made[name] = tuple(Level(tuple(one["fields"]), one["digits"]) for one in said[name])
    return FusionPlan(**{**said, **made})


def files_of(source: Source | TieSource, folder: Path) -> list[Path]:
    """List the Parquet files of a class, or of a tie, in the order in which they are fused."""
    return sorted((folder / source.folder).glob("*.parquet"))
