"""Values of the matters that leave the app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from yiwang.sdk.packs import Branch, Fee, Limit, Limits, Material, MatterDefinition


@dataclass(frozen=True, slots=True)
class MatterView:
    """One version of a matter (事项). `spec` is the definition that runs and that the guide shows.

    version_id: the row that an application keeps for good; number counts 1, 2, 3 within the matter.
    kind: APPLY with form_version_id and process_version_id, or GUIDE_ONLY without.
    """

    version_id: int
    code: str
    number: int
    kind: str
    spec: MatterDefinition
    form_version_id: int | None
    process_version_id: int | None
    source: str
    source_note: dict[str, object]
    local_task_code: str
    applications_count: int
    valid_from: datetime
    valid_to: datetime | None
    is_made: bool

    @property
    def title(self) -> dict[str, str]:
        """Return the name as {zh, en}."""
        return self.spec.title

    @property
    def is_current(self) -> bool:
        """Tell whether new applications use this version."""
        return self.valid_to is None

    @property
    def can_apply(self) -> bool:
        """Tell whether one can apply on line (在线办理)."""
        return self.kind == "APPLY" and self.valid_to is None

    @property
    def department_function(self) -> str:
        """Return the owner's function, for example "civil_affairs"."""
        return self.spec.department

    @property
    def level(self) -> str:
        """Return who handles it: CITY, DISTRICT or STREET."""
        return self.spec.level

    @property
    def limits(self) -> Limits | None:
        """Return the legal and the promised limit; None for a catalogue entry."""
        return self.spec.limits

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Return the departments' parts of a parallel matter."""
        return self.spec.branches

    @property
    def materials(self) -> tuple[Material, ...]:
        """Return what an application needs."""
        return self.spec.materials

    @property
    def licences(self) -> tuple[str, ...]:
        """Return the keys of the licence types that an approval issues."""
        return self.spec.result.licences


ELIGIBILITY, ROUTING = "ELIGIBILITY", "ROUTING"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a decision table said of one application (判定结果), and by which rules.

    purpose: ELIGIBILITY or ROUTING. value: what the rule that fired gives, by the names of the table's outputs;
    rules: (table, numbers of the rules). version_id: the version of the model that was asked.
    """

    purpose: str
    model: str
    question: str
    version_id: int
    value: Mapping[str, object]
    rules: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def words(self) -> dict[str, str]:
        """Return the rule in words, {zh, en}."""
        return {"zh": str(self.value.get("zh", "")), "en": str(self.value.get("en", ""))}

    @property
    def is_allowed(self) -> bool:
        """Tell whether a table of eligibility lets the application through (是否符合条件)."""
        return self.value.get("eligible") is True

    @property
    def reviews_first(self) -> bool:
        """Tell whether the lower organ reviews first (是否须下级初审)."""
        return self.value.get("first_review") is True

    def owner(self, matter: MatterView) -> tuple[str, str]:
        """Return (function, level) of the department that decides (承办部门): the rule's, else the matter's."""
        function = self.value.get("department") or matter.department_function
        return str(function), str(self.value.get("level") or matter.level)


@dataclass(frozen=True, slots=True)
class MatterRow:
    """A matter in a list."""

    code: str
    kind: str
    title: dict[str, str]
    department_function: str
    level: str
    item_type: str
    is_on_the_spot: bool
    applications_count: int


@dataclass(frozen=True, slots=True)
class MatterPage:
    """One page of a list; total counts all that the filters let through."""

    rows: tuple[MatterRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class MatterFilter:
    """What a list shows; an empty value lets everything through.

    kind: APPLY or GUIDE_ONLY; service_object: code of GB/T 39046 A.4; item_type: of A.1.
    """

    department: str = ""
    theme: str = ""
    life_event: str = ""
    service_object: str = ""
    item_type: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueCounts:
    """What an import of an open catalogue did; unmapped departments are listed, never dropped."""

    read: int
    added: int
    changed: int
    unchanged: int
    unmapped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """An event of life (人生事件, “一件事”) with the number of matters that belong to it."""

    key: str
    title: dict[str, str]
    icon: str
    count: int


@dataclass(frozen=True, slots=True)
class GuideMaterial:
    """A material as the guide shows it. key, required, source and when are those that run.

    follow_days: it may be handed in so many working days after acceptance (容缺受理), 0 = not; may_commit:
    a commitment may replace it (告知承诺); valid_days: one of an earlier case is used again if not older.
    """

    key: str
    title: str
    required: bool
    source: str
    note: str
    accept: tuple[str, ...]
    max_mb: int
    is_conditional: bool
    licence: str
    follow_days: int = 0
    may_commit: bool = False
    valid_days: int = 0


@dataclass(frozen=True, slots=True)
class GuideField:
    """A field of the form; a held one is filled from a registry ("person" or "enterprise")."""

    name: str
    title: str
    required: bool
    registry: str


@dataclass(frozen=True, slots=True)
class GuideStep:
    """A step of the process: who acts, in which department, within what time ("" = no own limit)."""

    name: str
    department: str
    amount: int | None
    unit: str


@dataclass(frozen=True, slots=True)
class GuideBranch:
    """One department's part of a parallel matter."""

    title: str
    department: str
    limit: Limit | None
    licence: str


@dataclass(frozen=True, slots=True)
class GuideRule:
    """One rule of a matter's table in words (判定规则). is_allowed: of eligibility; department: of routing, by name;
    first: the department that reviews first, "" where nobody does.
    """

    words: str
    is_allowed: bool = True
    department: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True)
class GuideDepartment:
    """Who answers for the matter and how to reach it; is_known tells whether the city has it."""

    name: str
    function: str
    is_known: bool
    id: int | None = None
    phone: str = ""
    complaint_phone: str = ""
    address: str = ""
    office_hours: str = ""


@dataclass(frozen=True, slots=True)
class GuideView:
    """The guide (办事指南) in one language, made from the definition, form and process that run."""

    code: str
    number: int
    kind: str
    can_apply: bool
    language: str
    title: str
    summary: str
    aliases: tuple[str, ...]
    item_type: str
    level: str
    project_type: str
    service_objects: tuple[str, ...]
    handling_forms: tuple[str, ...]
    visits: int
    visit_reason: str
    department: GuideDepartment
    eligibility: str
    eligibility_rules: tuple[GuideRule, ...]
    routing: str
    routing_rules: tuple[GuideRule, ...]
    legal: Limit | None
    promised: Limit | None
    fee: Fee | None
    fee_note: str
    branches: tuple[GuideBranch, ...]
    materials_needed: tuple[GuideMaterial, ...]
    materials_held: tuple[GuideMaterial, ...]
    fields_asked: tuple[GuideField, ...]
    fields_held: tuple[GuideField, ...]
    conditions: tuple[str, ...]
    steps: tuple[GuideStep, ...]
    results: tuple[str, ...]
    legal_basis: tuple[tuple[str, str], ...]
    remedy: str
    faq: tuple[tuple[str, str], ...]
    process_version_id: int | None
    local_task_code: str
    source_note: dict[str, object]
    is_made: bool
    valid_from: datetime
