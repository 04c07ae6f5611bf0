"""What the virtual library (虚拟库) is made of: definitions, questions, answers, and what goes wrong."""

from dataclasses import dataclass, field

from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound, YiwangError

KINDS = ("PARQUET", "SQLITE", "POSTGRESQL", "MYSQL")
FILES = frozenset({"PARQUET", "SQLITE"})
TYPES = ("TEXT", "INTEGER", "NUMBER", "DATE", "DATETIME", "BOOLEAN")
JOINS = ("INNER", "LEFT")
MASKS = ("ALL", "NAME", "ID_NUMBER", "PHONE", "ADDRESS")
OPERATORS = {
    "EQ": N_("is"),
    "NE": N_("is not"),
    "LT": N_("less than"),
    "LE": N_("at most"),
    "GT": N_("more than"),
    "GE": N_("at least"),
    "IN": N_("one of (separated by commas)"),
    "STARTS": N_("begins with"),
    "CONTAINS": N_("contains"),
    "IS_NULL": N_("is empty"),
    "NOT_NULL": N_("is not empty"),
}
MEASURES = {
    "COUNT": N_("Number of rows"),
    "SUM": N_("Sum"),
    "AVG": N_("Average"),
    "MIN": N_("Smallest"),
    "MAX": N_("Largest"),
}
STATES = {
    "DRAFT": N_("Being drafted"),
    "SUBMITTED": N_("Waits for review"),
    "REJECTED": N_("Sent back"),
    "PUBLISHED": N_("Published"),
}
RUN_STATES = {
    "QUEUED": N_("Waits"),
    "RUNNING": N_("Running"),
    "DONE": N_("Complete"),
    "INCOMPLETE": N_("Incomplete: a source did not answer"),
    "FAILED": N_("Failed"),
    "CANCELLED": N_("Cancelled"),
}
# Why a part gave nothing; sentences for people, never a driver's words with hosts in them.
FAULTS = {
    "NOT_SET": N_("its connection is not configured on this machine"),
    "NOT_FOUND": N_("the file is not there"),
    "OUTSIDE": N_("the file lies outside the folders that are allowed"),
    "NO_DRIVER": N_("the driver is not installed"),
    "UNREACHABLE": N_("it cannot be reached"),
    "REFUSED": N_("it refused the question: a table or column may have changed"),
    "TIMEOUT": N_("it did not answer in time"),
}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column of a source (列): its name there, and the type it is read as."""

    name: str
    type: str = "TEXT"


@dataclass(frozen=True, slots=True)
class PartSpec:
    """Where rows of a source stay (物理位置).

    location: a path relative to an allowed folder (PARQUET: may end in *.parquet), or the name of an
    environment variable `YIWANG_SOURCE_…` that holds a connection address. table: "name" or
    "schema.name", none for Parquet.
    """

    key: str
    title: str
    kind: str
    location: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source (数据源): the same columns in one or several parts, such as one for each district."""

    key: str
    title: str
    columns: tuple[ColumnSpec, ...]
    parts: tuple[PartSpec, ...]


@dataclass(frozen=True, slots=True)
class JoinSpec:
    """How a source is joined to one named before it (关联). The first source is the root.

    is_unique: the key occurs once in `source`, so that a LEFT join nobody asks for can be left out.
    """

    source: str
    column: str
    to_source: str
    to_column: str
    kind: str = "INNER"
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class VirtualField:
    """A field of the dataset (字段). level: 1 to 4; is_person: holds the reference of a person."""

    key: str
    source: str
    column: str
    title: str
    title_en: str = ""
    level: int = 1
    mask: str = "ALL"
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class VirtualSpec:
    """A thematic dataset (主题库) over sources that stay where they are.

    area_field: the field with the division code by which districts see only their own rows; without
    one only the city's departments may ask. purposes: the reasons for which it may be asked.
    small_cell: groups of fewer are not shown (0: all are). Limits: rows of the answer, seconds,
    mebibytes read.
    """

    title: str
    sources: tuple[SourceSpec, ...]
    fields: tuple[VirtualField, ...]
    title_en: str = ""
    summary: str = ""
    joins: tuple[JoinSpec, ...] = ()
    area_field: str = ""
    purposes: tuple[str, ...] = ()
    small_cell: int = 5
    max_rows: int = 1000
    max_seconds: int = 30
    max_mb: int = 512

    def field_of(self, key: str) -> VirtualField:
        """Return a field by key. Raises KeyError."""
        for one in self.fields:
            if one.key == key:
                return one
        raise KeyError(key)

    def source_of(self, key: str) -> SourceSpec:
        """Return a source by key. Raises KeyError."""
        for one in self.sources:
            if one.key == key:
                return one
        raise KeyError(key)

    def type_of(self, key: str) -> str:
        """Return the type of a field."""
        found = self.field_of(key)
        columns = self.source_of(found.source).columns
        return next(column.type for column in columns if column.name == found.column)


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """A condition of a question (条件). values: none for IS_NULL, several for IN, else one."""

    field: str
    op: str
    values: tuple = ()


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """A figure over a group (度量): COUNT, or SUM, AVG, MIN, MAX of a field."""

    kind: str
    field: str = ""

    @property
    def key(self) -> str:
        """Return the name of the figure's column."""
        return f"{self.kind.lower()}_{self.field}" if self.field else "count"


@dataclass(frozen=True, slots=True)
class Query:
    """A question (查询): rows of fields, or figures by groups. order: (key, descending), …"""

    fields: tuple[str, ...] = ()
    filters: tuple[FilterSpec, ...] = ()
    groups: tuple[str, ...] = ()
    measures: tuple[MeasureSpec, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    limit: int = 100

    @property
    def is_grouped(self) -> bool:
        """Tell whether figures are asked and no rows."""
        return bool(self.groups or self.measures)


@dataclass(frozen=True, slots=True)
class PartReport:
    """What one part was asked and gave (下推说明).

    sql: with placeholders, never with values. keys: how many keys of another source narrowed it.
    state: OK, FAILED (fault), SKIPPED (nothing could match). pushed: what was done there besides:
    GROUP = the groups were counted at the source.
    """

    source: str
    part: str
    title: str
    kind: str
    sql: str = ""
    parameters: int = 0
    keys: int = 0
    rows: int = 0
    size: int = 0
    seconds: float = 0.0
    state: str = "OK"
    fault: str = ""
    pushed: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gave (查询结果). rows: tuples in the order of `columns` (key, type).

    is_cut: there are more rows than the limit. missing: parts without which it was answered.
    hidden: groups too small to be shown.
    """

    columns: tuple[tuple[str, str], ...]
    rows: list[tuple]
    is_cut: bool
    reports: tuple[PartReport, ...]
    seconds: float = 0.0
    hidden: int = 0

    @property
    def missing(self) -> tuple[PartReport, ...]:
        """Return the parts that did not answer."""
        return tuple(one for one in self.reports if one.state == "FAILED")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the asker may see (查询范围): division prefix, "" = everything; level shown in clear."""

    area: str = ""
    level: int = 4


@dataclass(frozen=True, slots=True)
class DatasetView:
    """A dataset (主题库) with what is in force and what is being drafted."""

    id: int
    key: str
    state: str
    draft: VirtualSpec
    published: VirtualSpec | None
    version: int
    version_id: int | None
    department_id: int | None
    reason: str
    resource_code: str
    draft_accounts: tuple[int, ...] = field(default=())


class DatasetNotFound(NotFound):
    """There is no such dataset, or not for the asker."""

    code = "dataset_not_found"
    message = N_("There is no thematic dataset %(key)s.")


class DefinitionInvalid(Invalid):
    """The definition cannot work as it is written."""

    code = "definition_invalid"
    message = N_("The definition cannot be used yet: %(problems)s")


class QueryInvalid(Invalid):
    """The question asks for something that the dataset does not have or may not tell."""

    code = "query_invalid"
    message = N_("This cannot be asked.")


class QueryTooLarge(YiwangError):
    """More would have to be read than the dataset allows."""

    code = "query_too_large"
    status = 413
    message = N_(
        "%(source)s has more matching rows than may be read at once. Narrow the question with a filter."
    )


class QueryTimeout(YiwangError):
    """The question took longer than the dataset allows."""

    code = "query_timeout"
    status = 504
    message = N_("The question took longer than %(seconds)s seconds. Narrow it with a filter.")


class QueryCancelled(YiwangError):
    """The asker cancelled the question."""

    code = "query_cancelled"
    status = 409
    message = N_("The question was cancelled.")


class SourceDown(YiwangError):
    """A source without which there is no answer gave nothing."""

    code = "source_down"
    status = 503
    message = N_("%(source)s is needed for this question and did not answer: %(fault)s.")


class PurposeNotAllowed(Forbidden):
    """The dataset may not be asked for this purpose."""

    code = "purpose_not_allowed"
    message = N_("Choose one of the purposes for which this dataset may be used.")


class OwnDatasetReviewed(Forbidden):
    """Somebody tried to publish what they wrote themself."""

    code = "own_dataset_reviewed"
    message = N_("You wrote or submitted this yourself, so another person has to review it.")


class DatasetStateMoved(YiwangError):
    """The dataset is not in the state that the act needs."""

    code = "dataset_state_moved"
    status = 409
    message = N_("The dataset has moved on. Reload the page and look again.")
