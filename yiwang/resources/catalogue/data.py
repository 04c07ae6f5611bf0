"""Values of the catalogue (政务信息资源目录): what an information resource says, and its lists."""

from dataclasses import dataclass, field
from datetime import datetime

from yiwang.sdk.errors import N_

# 类: the attribute classes of the 2017 guide (政务信息资源目录编制指南).
CATEGORIES = {
    "BASE": N_("Base registry"),
    "THEME": N_("Theme"),
    "DEPARTMENT": N_("Department's own"),
}
# 基础信息资源: the national base registries of the guide, in its order.
BASES = {
    "POPULATION": N_("Population registry"),
    "LEGAL_PERSON": N_("Legal-person registry"),
    "SPACE": N_("Natural resources and space"),
    "CREDIT": N_("Public credit"),
    "LICENCE": N_("Electronic licences"),
}
# 所属领域: the fields of the Suzhou catalogue (reference/standards.md §4.4), in its order.
THEMES = {
    "科技创新": N_("Science and innovation"),
    "商贸流通": N_("Trade and logistics"),
    "社会救助": N_("Social assistance"),
    "城建住房": N_("City building and homes"),
    "教育文化": N_("Education and culture"),
    "工业农业": N_("Industry and farming"),
    "机构团体": N_("Bodies and associations"),
    "地理空间": N_("Maps and space"),
    "资源能源": N_("Resources and energy"),
    "市场监管": N_("Market supervision"),
    "生活服务": N_("Daily services"),
    "生态环境": N_("Environment"),
    "交通运输": N_("Traffic and transport"),
    "安全生产": N_("Work safety"),
    "社保就业": N_("Insurance and work"),
    "医疗卫生": N_("Health"),
    "信用服务": N_("Credit services"),
    "公共服务": N_("Public services"),
    "财税金融": N_("Finance and taxes"),
    "气象服务": N_("Weather services"),
    "法律服务": N_("Legal services"),
    "其他": N_("Other fields"),
}
# 共享类型 1, 2, 3; 3 must cite a law (国发〔2016〕51号).
SHARINGS = {
    "1": N_("Shared without condition"),
    "2": N_("Shared on condition"),
    "3": N_("Not shared"),
}
MODES = {
    "TABLE": N_("Table on the exchange"),
    "API": N_("Interface on the exchange"),
    "FILE": N_("File on the exchange"),
    "CHECK": N_("Yes-or-no check"),
}
OPENINGS = {
    "UNCONDITIONAL": N_("Open to everyone"),
    "CONDITIONAL": N_("Open on application"),
    "CLOSED": N_("Not open"),
}
FORMATS = {
    "TABLE": N_("Database table"),
    "SHEET": N_("Spreadsheet"),
    "DOCUMENT": N_("Documents"),
    "IMAGE": N_("Images"),
    "STREAM": N_("Streams"),
    "OTHER": N_("Self-described format"),
}
CYCLES = {
    "REALTIME": N_("In real time"),
    "DAILY": N_("Every day"),
    "WEEKLY": N_("Every week"),
    "MONTHLY": N_("Every month"),
    "QUARTERLY": N_("Every quarter"),
    "YEARLY": N_("Every year"),
    "ON_DEMAND": N_("On demand"),
}
# 数据类型 of the guide; the letters are its codes.
TYPES = {
    "C": N_("Text"),
    "N": N_("Numeric"),
    "Y": N_("Money"),
    "D": N_("Date"),
    "T": N_("Date and time"),
    "L": N_("Yes or no"),
    "M": N_("Long text"),
    "G": N_("General"),
    "B": N_("Double precision"),
    "I": N_("Whole number"),
    "F": N_("Floating point"),
}
# 敏感级别 1 to 4 (GB/T 43697-2024 general data).
LEVELS = {
    1: N_("1 public"),
    2: N_("2 internal"),
    3: N_("3 personal or confidential"),
    4: N_("4 sensitive"),
}
CHANNELS = {
    "1": N_("Government network"),
    "2": N_("Internet"),
    "3": N_("Department's own network"),
}
STATES = {
    "DRAFT": N_("Being drafted"),
    "SUBMITTED": N_("Waits for review"),
    "REJECTED": N_("Sent back"),
    "PUBLISHED": N_("Published"),
    "WITHDRAWN_SUBMITTED": N_("Withdrawal waits for review"),
    "WITHDRAWN": N_("Withdrawn from the catalogue"),
}
LIGHTS = {
    "GREEN": N_("On time"),
    "YELLOW": N_("Late"),
    "RED": N_("Overdue"),
    "NONE": N_("Nothing promised or due yet"),
}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """An information item (信息项): one column of a resource.

    name: as in the data; type: a letter of `TYPES`; length 0 = not stated; level 1 to 4;
    sharing: 1, 2, 3 with its reason; code_table and code_edition: what its values are coded by.
    """

    name: str
    title: str
    title_en: str = ""
    type: str = "C"
    length: int = 0
    level: int = 1
    sharing: str = "1"
    reason: str = ""
    is_open: bool = False
    is_key: bool = False
    code_table: str = ""
    code_edition: str = ""


@dataclass(frozen=True, slots=True)
class QualityRule:
    """A rule of the resource's contract (质量规则) and its words; `resources.quality` checks it.

    kind, property: keys of `quality.data`, property "" = the kind's own. that: the expression of a
    ROW rule, for other kinds what they compare with. fields: what it judges, by name.
    action: REJECT keeps a failing row back, WARN lets it go on. The batch stops when more than
    `stop_share` of the rows judged fail (1 = never), or `stop_count` rows or more (0 = never).
    judges_empty: a ROW rule is asked also where one of its fields is empty.
    """

    key: str
    that: str = ""
    message: str = ""
    message_en: str = ""
    kind: str = "ROW"
    property: str = ""
    fields: tuple[str, ...] = ()
    action: str = "REJECT"
    stop_share: float = 1.0
    stop_count: int = 0
    judges_empty: bool = False


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """What an information resource says (信息资源元数据), after the guide of 2017 §核心元数据.

    Codes are keys of the tables above. matters: basic codes of the matters that make it;
    related: codes of other resources (关联资源代码).
    """

    title: str
    summary: str
    title_en: str = ""
    summary_en: str = ""
    category: str = "DEPARTMENT"
    base: str = ""
    theme: str = "其他"
    office: str = ""
    system: str = ""
    format: str = "TABLE"
    sharing: str = "2"
    sharing_condition: str = ""
    sharing_mode: str = "TABLE"
    sharing_reason: str = ""
    opening: str = "CLOSED"
    opening_condition: str = ""
    opening_reason: str = ""
    cycle: str = "MONTHLY"
    channel: str = "1"
    note: str = ""
    matters: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    fields: tuple[FieldSpec, ...] = ()
    quality: tuple[QualityRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of two versions (变更): before or after is None where it is not there.

    path: "title", "sharing", "fields" (their order) or "fields/<name>/<attribute>".
    """

    path: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a resource, and where: keypath as in its YAML; message with `params`."""

    keypath: tuple[str | int, ...]
    message: str
    params: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


@dataclass(frozen=True, slots=True)
class VersionView:
    """One published version (目录版本): what it said from then on; number counts 1, 2, 3."""

    id: int
    number: int
    spec: ResourceSpec
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource (信息资源) with what is in force and what is being drafted.

    published: None when it is not in the catalogue; draft: the working words, equal to what is
    published when nothing is being changed. light: GREEN, YELLOW, RED or NONE.
    """

    id: int
    code: str
    state: str
    department_id: int | None
    function: str
    level: str
    area_code: str
    draft: ResourceSpec
    published: VersionView | None
    reason: str
    last_delivered_at: datetime | None
    submitted_at: datetime | None
    draft_accounts: tuple[int, ...]
    source: str
    is_made: bool

    @property
    def slug(self) -> str:
        """Return the code as it stands in addresses."""
        return self.code.replace("/", "-")

    @property
    def spec(self) -> ResourceSpec:
        """Return what the catalogue says, else what is drafted."""
        return self.published.spec if self.published else self.draft

    @property
    def is_revision(self) -> bool:
        """Tell whether a published resource is being changed."""
        return self.published is not None and self.state in ("DRAFT", "SUBMITTED", "REJECTED")


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A resource in a list; the words are those that the list is about."""

    id: int
    code: str
    title: str
    title_en: str
    state: str
    department_id: int | None
    function: str
    level: str
    area_code: str
    theme: str
    sharing: str
    opening: str
    cycle: str
    last_delivered_at: datetime | None
    published_at: datetime | None
    light: str = "NONE"

    @property
    def slug(self) -> str:
        """Return the code as it stands in addresses."""
        return self.code.replace("/", "-")


@dataclass(frozen=True, slots=True)
class ResourceFilter:
    """What a list of published resources shows; an empty value lets everything through.

    level: CITY or DISTRICT; area: a district's code; light: GREEN, YELLOW, RED or NONE.
    """

    q: str = ""
    theme: str = ""
    department: str = ""
    level: str = ""
    area: str = ""
    category: str = ""
    sharing: str = ""
    opening: str = ""
    light: str = ""


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """One page of a list; total counts all that the filters let through."""

    rows: tuple[ResourceRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """What became of one row of an import: ACCEPTED, CHANGED, UNCHANGED or REFUSED with reasons."""

    line: int
    code: str
    title: str
    outcome: str
    reasons: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, row by row (导入报告)."""

    rows: tuple[ImportRow, ...]

    def count(self, outcome: str) -> int:
        """Count the rows with an outcome."""
        return sum(row.outcome == outcome for row in self.rows)


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """A column of a source as seen: some of its values as text, never kept afterwards."""

    name: str
    declared: str = ""
    comment: str = ""
    values: tuple[str, ...] = ()
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class TableSample:
    """A table or file of a source: rows is how many it has, None where nobody counted."""

    name: str
    columns: tuple[ColumnSample, ...]
    rows: int | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """What the inventory thinks of a column: personal is ID_NUMBER, PHONE, NAME, ADDRESS, ….

    filled and certain are shares from 0 to 1: of rows with a value, of values that fit the kind.
    """

    name: str
    type: str
    personal: str = ""
    certain: float = 0.0
    filled: float = 0.0
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the inventory proposes for one table before a person has looked."""

    name: str
    spec: ResourceSpec
    function: str
    rows: int | None
    findings: tuple[ColumnFinding, ...]


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A kept proposal (盘点提议): state OPEN, ACCEPTED (then resource_id) or DISMISSED."""

    id: int
    source: str
    name: str
    state: str
    spec: ResourceSpec
    department_id: int | None
    function: str
    rows: int | None
    findings: tuple[ColumnFinding, ...]
    resource_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ElementView:
    """A data element (数据元) as in force: how a value of this meaning is written everywhere."""

    key: str
    number: int
    title: str
    title_en: str
    type: str
    length: int
    level: int
    code_table: str
    definition: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class CrosswalkView:
    """A crosswalk (代码对照) between two code lists: entries maps a code to its counterpart."""

    key: str
    number: int
    title: str
    from_table: str
    to_table: str
    entries: dict[str, str]
    valid_from: datetime
    valid_to: datetime | None
