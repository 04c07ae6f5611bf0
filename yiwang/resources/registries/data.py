"""What the registries give out (基础库): views, values with their source, and the fields there are."""

from dataclasses import dataclass, field
from datetime import date, datetime

from yiwang.sdk.errors import N_, Forbidden, Invalid, YiwangError

Text = dict[str, str]  # {"zh": …, "en": …}

POPULATION: Text = {"zh": "人口库", "en": "Population registry"}
LEGAL_PERSONS: Text = {"zh": "法人库", "en": "Legal-person registry"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a registry (字段): its name, title, and the function that supplies it.

    correctable: whether answering an objection may change it; keys and derived fields change only at
    their source. origin: the plan's field that it is served from, where the name differs. level: how
    far it is protected (数据安全级别), see `identity.protected`.
    """

    name: str
    title: Text
    function: str
    correctable: bool = False
    origin: tuple[str, ...] = ()
    level: int = 3

    @property
    def plan_fields(self) -> tuple[str, ...]:
        """Return the plan's fields that it may come from, the first first."""
        return self.origin or (self.name,)


PERSON_FIELDS = {
    item.name: item
    for item in (
        Field("name", {"zh": "姓名", "en": "Name"}, "public_security", level=2),
        Field(
            "id_number",
            {"zh": "公民身份号码", "en": "Identity number"},
            "public_security",
            origin=("identifier", "name"),
            level=4,
        ),
        Field("birth_date", {"zh": "出生日期", "en": "Date of birth"}, "public_security"),
        Field("sex", {"zh": "性别", "en": "Sex"}, "public_security", level=2),
        Field("ethnicity", {"zh": "民族", "en": "Ethnicity"}, "public_security", True),
        Field("photo", {"zh": "照片", "en": "Photograph"}, "public_security"),
        Field("address", {"zh": "现住址", "en": "Home address"}, "public_security", True),
        Field(
            "area_code",
            {"zh": "所在区县", "en": "District"},
            "public_security",
            origin=("community",),
            level=2,
        ),
        Field(
            "community_code",
            {"zh": "所在社区", "en": "Community"},
            "public_security",
            origin=("community",),
        ),
        Field(
            "household_address",
            {"zh": "户籍地址", "en": "Registered household address"},
            "public_security",
            True,
        ),
        Field(
            "marital_status",
            {"zh": "婚姻状况", "en": "Marital status"},
            "civil_affairs",
            True,
            ("marital",),
        ),
        Field("phone", {"zh": "手机号码", "en": "Mobile phone"}, "human_resources", True),
        Field(
            "employer",
            {"zh": "工作单位", "en": "Employer"},
            "human_resources",
            origin=("employer_code", "employer"),
        ),
    )
}

ENTERPRISE_FIELDS = {
    item.name: item
    for item in (
        Field("name", {"zh": "企业名称", "en": "Name"}, "market_supervision", level=1),
        Field(
            "uscc",
            {"zh": "统一社会信用代码", "en": "Unified social credit code"},
            "market_supervision",
            origin=("uscc", "identifier", "name"),
            level=1,
        ),
        Field(
            "legal_representative",
            {"zh": "法定代表人", "en": "Legal representative"},
            "market_supervision",
            origin=("representative",),
            level=1,
        ),
        Field(
            "registered_address",
            {"zh": "住所", "en": "Registered address"},
            "market_supervision",
            True,
            ("address",),
            level=1,
        ),
        Field(
            "area_code",
            {"zh": "所在区县", "en": "District"},
            "market_supervision",
            origin=("community",),
            level=1,
        ),
        Field(
            "business_scope",
            {"zh": "经营范围", "en": "Business scope"},
            "market_supervision",
            True,
            level=1,
        ),
        Field(
            "registered_capital",
            {"zh": "注册资本（万元）", "en": "Registered capital (10,000 yuan)"},
            "market_supervision",
            level=1,
        ),
        Field(
            "established_date",
            {"zh": "成立日期", "en": "Date of establishment"},
            "market_supervision",
            level=1,
        ),
        Field("industry", {"zh": "行业门类", "en": "Industry"}, "market_supervision", level=1),
        Field("phone", {"zh": "联系电话", "en": "Phone"}, "tax", True, level=1),
    )
}

# GB/T 2261.1 with the words that documents print, which are shorter than the standard's.
SEXES = {
    "0": {"zh": "未知", "en": "Unknown"},
    "1": {"zh": "男", "en": "Male"},
    "2": {"zh": "女", "en": "Female"},
    "9": {"zh": "未说明", "en": "Not stated"},
}
# GB/T 4754, sections
INDUSTRIES = {
    "A": {"zh": "农、林、牧、渔业", "en": "Agriculture, forestry, husbandry and fishery"},
    "B": {"zh": "采矿业", "en": "Mining"},
    "C": {"zh": "制造业", "en": "Manufacturing"},
    "D": {"zh": "电力、热力、燃气及水生产和供应业", "en": "Electricity, heat, gas and water"},
    "E": {"zh": "建筑业", "en": "Construction"},
    "F": {"zh": "批发和零售业", "en": "Wholesale and retail"},
    "G": {"zh": "交通运输、仓储和邮政业", "en": "Transport, storage and post"},
    "H": {"zh": "住宿和餐饮业", "en": "Accommodation and catering"},
    "I": {"zh": "信息传输、软件和信息技术服务业", "en": "Information and software"},
    "J": {"zh": "金融业", "en": "Finance"},
    "K": {"zh": "房地产业", "en": "Real estate"},
    "L": {"zh": "租赁和商务服务业", "en": "Leasing and business services"},
    "M": {"zh": "科学研究和技术服务业", "en": "Research and technical services"},
    "N": {"zh": "水利、环境和公共设施管理业", "en": "Water, environment and public facilities"},
    "O": {"zh": "居民服务、修理和其他服务业", "en": "Resident services and repair"},
    "P": {"zh": "教育", "en": "Education"},
    "Q": {"zh": "卫生和社会工作", "en": "Health and social work"},
    "R": {"zh": "文化、体育和娱乐业", "en": "Culture, sport and entertainment"},
    "S": {"zh": "公共管理、社会保障和社会组织", "en": "Public administration"},
    "T": {"zh": "国际组织", "en": "International organisations"},
}


@dataclass(frozen=True, slots=True)
class Origin:
    """The source row of a value (来源行): class of the plan, row number there, when it was written.

    rule, score: why the row belongs to the subject; a row with the valid number by EXACT_ID.
    """

    class_number: int
    row_no: int
    at: datetime
    rule: str = "EXACT_ID"
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Losing:
    """What another source says (落选值), dated; of equal values the latest."""

    value: str
    class_number: int
    row_no: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the values of a row come from (血缘). origins, losing: by the plan's fields.

    suppliers: {function: day}, {"field:<name>": [function, day]} of rows that no fusion made.
    """

    registry: str
    origins: dict[str, Origin]
    losing: dict[str, list[Losing]]
    suppliers: dict


@dataclass(frozen=True, slots=True)
class MasterView:
    """A version of a registry (主数据版本). counts: subjects, new, changed, gone, ties …."""

    registry: str
    number: int
    base: int
    run: str
    state: str
    is_current: bool
    counts: dict
    done: int
    total: int
    problem: str
    started_at: datetime
    published_at: datetime | None
    published_by: int | None
    published_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """One value with where it comes from (登记值与来源).

    value: text as a form holds it: dates ISO, codes as codes, the photo as a URL.
    text: what a person reads, one text or {"zh", "en"}.
    source: the registry's name; department, department_id: who supplied it (None: not in the city's
    tree); as_of: the day the supplier says it held.
    """

    value: str
    source: Text
    as_of: date
    department_id: int | None
    text: str | Text = ""
    department: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person of the population registry (人口库中的人). sources: field -> (function, as of)."""

    ref: str
    name: str
    id_number: str  # "" for a provisional subject
    birth_date: date | None
    sex: str
    ethnicity: str
    marital_status: str
    phone: str
    address: str
    area_code: str
    community_code: str
    household_ref: str
    household_address: str
    employer_uscc: str
    deceased_date: date | None
    is_made: bool
    sources: dict[str, tuple[str, date]]


@dataclass(frozen=True, slots=True)
class EnterpriseView:
    """An enterprise of the legal-person registry (法人库中的企业)."""

    uscc: str
    name: str
    legal_representative: str
    legal_representative_ref: str
    registered_address: str
    area_code: str
    community_code: str
    business_scope: str
    registered_capital: str
    established_date: date | None
    industry: str
    phone: str
    state: str
    is_made: bool
    sources: dict[str, tuple[str, date]]


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """A tie to another person (家庭成员): kind is SPOUSE, PARENT or CHILD, as seen from the asker."""

    ref: str
    name: str
    kind: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """An objection to a value (异议): *this is wrong*, and what the supplier answered.

    is_pending: the correction has landed and shows with the next version of the registry.
    """

    id: int
    number: str
    subject_ref: str
    field: str
    title: Text
    shown: str
    claimed: str
    note: str
    state: str
    department_id: int | None
    department: Text
    created_at: datetime
    outcome: str
    answer: str
    answered_at: datetime | None
    account_id: int | None
    correctable: bool
    corrected: str = ""
    batch_number: int | None = None
    is_pending: bool = False


class UnknownField(Invalid):
    """A registry was asked for a field that it does not have."""

    code = "unknown_field"
    message = N_("The registry has no field %(field)s. Ask for one of its published fields.")


class PurposeNeeded(Forbidden):
    """Somebody else's record may be read only for a stated purpose (使用目的)."""

    code = "purpose_needed"
    message = N_("State the purpose for which you need this record. Reads are shown to the person.")


class NotInRegistry(YiwangError):
    """The person or enterprise is not in the registry."""

    code = "not_in_registry"
    status = 404
    message = N_("The registry has no record with this number. Check it, or ask the department.")


class ObjectionAnswered(YiwangError):
    """The objection has been answered already."""

    code = "objection_answered"
    status = 409
    message = N_("This objection has been answered already. Reload the page to see the answer.")


class ObjectionAlreadyOpen(YiwangError):
    """The subject has an unanswered objection to the same field."""

    code = "objection_already_open"
    status = 409
    message = N_("You already told us that this value is wrong. The department is looking into it.")


class RegistryUnknown(YiwangError):
    """There is no registry of that name."""

    code = "registry_unknown"
    status = 404
    message = N_("There is no registry %(registry)s.")


class MasterShrinks(YiwangError):
    """The new master lost more subjects than is plausible; it waits for a person's word."""

    code = "master_shrinks"
    status = 409
    message = N_(
        "The new version would lose %(gone)s of %(base)s subjects. Nothing was published. "
        "Check the batches, or publish it nonetheless."
    )


class MasterOvertaken(YiwangError):
    """The current master changed while the new one was written."""

    code = "master_overtaken"
    status = 409
    message = N_("The current version changed in the meantime. Publish again.")


class RegistryBusy(YiwangError):
    """The worker is at it already."""

    code = "registry_busy"
    status = 409
    message = N_("A new version of this registry is being made already. Wait until it has ended.")


class MasterNotThere(YiwangError):
    """There is no version to go back or forward to."""

    code = "master_not_there"
    status = 409
    message = N_("There is no version to go to. Reload the page.")


class PersonAmbiguous(Invalid):
    """A name alone does not say who is meant."""

    code = "person_ambiguous"
    message = N_("Give the identity number, or the name and the date of birth.")


class ChecksTooMany(YiwangError):
    """An account verified more than is plausible for a person's work."""

    code = "checks_too_many"
    status = 429
    message = N_("You verified %(limit)s times within a minute. Wait a minute, then go on.")


@dataclass(frozen=True, slots=True)
class OtherValue:
    """What another department says of a field (不同取值), dated."""

    value: str
    text: str | Text
    department: Text
    class_title: str
    row_no: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SubjectField:
    """A field of a subject as a viewer sees it (主体字段): masked when is_masked."""

    name: str
    title: Text
    value: str
    text: str | Text
    level: int
    is_masked: bool
    department: Text
    as_of: date | None
    class_title: str
    others: tuple[OtherValue, ...]


@dataclass(frozen=True, slots=True)
class SubjectView:
    """One subject with its fields (主体): kind is person or enterprise; key opens its page.

    is_masked: whether any field is hidden. moved_to: the reference that this one went into.
    """

    kind: str
    key: str
    ref: str
    name: str
    fields: tuple[SubjectField, ...]
    records: int
    is_provisional: bool
    is_masked: bool
    is_gone: bool
    moved_to: str
    master: int
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class SubjectChange:
    """What a version changed in a subject (变更): field, before, after, as a viewer sees them."""

    title: Text
    before: str | Text
    after: str | Text


@dataclass(frozen=True, slots=True)
class SubjectVersion:
    """A version in which a subject came, changed or went (历史版本). kind: NEW, CHANGED, GONE."""

    kind: str
    master: int
    run: str
    published_at: datetime | None
    published_name: str
    changes: tuple[SubjectChange, ...]


@dataclass(frozen=True, slots=True)
class TieView:
    """A tie as seen from a subject (关系): kind SPOUSE, PARENT, CHILD, BRANCH, HEAD_OFFICE, INVESTOR,
    INVESTED, REPRESENTATIVE, REPRESENTED. key: opens the other's page, "" when not in the registry.
    """

    kind: str
    other_kind: str
    key: str
    name: str
    valid_from: date | None
    valid_to: date | None
    department: Text


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Where a row that says something of a field stands (所在行): with its department's file.

    batch: what landing knows of it, None when it was not landed here; is_chosen: the registry shows its value.
    """

    text: str | Text
    department: Text
    class_title: str
    row_no: int
    at: datetime
    resource_code: str
    batch: dict | None
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class LineageView:
    """Where one value comes from (血缘): row, batch, rule, trust, who published it.

    batch: what landing knows of the row, None when it was not landed here; trust_rank 0-1023. sender: who
    sent the batch. deciders: who decided that the row belongs to the subject, when people did.
    """

    subject: SubjectView
    field: SubjectField
    origin: Origin | None
    class_code: str
    class_title: str
    department: Text
    trust_rank: int
    trust_basis: str
    resource_code: str
    batch: dict | None
    rows: tuple[tuple[str, str, int, str, float], ...]  # class code, title, row, rule, score
    run: str
    master: int
    published_at: datetime | None
    published_name: str
    sender: str = ""
    deciders: tuple[str, ...] = ()
    decided_at: datetime | None = None
    places: tuple[RowPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class MasterDifference:
    """How two versions differ (版本差异). fields: served column → subjects in which it changed.

    came_refs, changed_refs, went_refs: the first references of each.
    """

    registry: str
    older: int
    newer: int
    new: int
    changed: int
    gone: int
    fields: dict[str, int]
    came_refs: list[str]
    changed_refs: list[str]
    went_refs: list[str]


@dataclass(frozen=True, slots=True)
class JobView:
    """What the worker does for a registry (发布任务): state "", WAITING, RUNNING, DONE or FAILED."""

    registry: str
    state: str
    stage: str
    done: int
    total: int
    problem: str
    at: datetime | None
    name: str
