"""What the housing registry (动态住房数据库) is told and gives out: events, states, reasons."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from yiwang.sdk.errors import N_, Invalid, NotFound, YiwangError

Text = dict[str, str]  # {"zh": …, "en": …}

REGISTRY: Text = {"zh": "住房库", "en": "Housing registry"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event (事件类型): its title, the function that may report it, its turn in a day.

    rank: among events of one day the smaller comes first, so that what ends makes room for what
    begins, and a dwelling is registered before it is sold on the same day.
    """

    code: str
    zh: str
    en: str
    function: str
    rank: int

    @property
    def title(self) -> Text:
        """Return the title in both languages."""
        return {"zh": self.zh, "en": self.en}


_LAND, _HOUSING = "natural_resources", "housing"
KINDS = {
    kind.code: kind
    for kind in (
        Kind("BUILT", "竣工验收", "Building accepted", _HOUSING, 0),
        Kind("REGISTERED", "首次登记", "First registration", _LAND, 5),
        Kind("SEIZURE_RELEASED", "解除查封", "Seizure released", _LAND, 10),
        Kind("MORTGAGE_RELEASED", "抵押注销", "Mortgage released", _LAND, 11),
        Kind("SALE_CANCELLED", "撤销合同备案", "Sale contract withdrawn", _HOUSING, 12),
        Kind("LEASE_ENDED", "租赁备案注销", "Lease ended", _HOUSING, 13),
        Kind("RESIDENT_LEFT", "居住登记注销", "Resident left", "public_security", 14),
        Kind("SALE_CONTRACTED", "买卖合同备案", "Sale contract filed", _HOUSING, 18),
        Kind("TRANSFERRED", "转移登记", "Ownership transferred", _LAND, 20),
        Kind("DIVIDED", "房屋分割", "Divided", _LAND, 24),
        Kind("JOINED", "房屋合并", "Joined", _LAND, 24),
        Kind("PUBLIC_RENTAL", "公共租赁住房管理", "Public rental set", _HOUSING, 25),
        Kind("MORTGAGED", "抵押登记", "Mortgage registered", _LAND, 30),
        Kind("SEIZED", "查封登记", "Seizure registered", _LAND, 31),
        Kind("LEASE_FILED", "租赁备案", "Lease filed", _HOUSING, 40),
        Kind("RESIDENT_CAME", "居住登记", "Resident registered", "public_security", 41),
        Kind("CONSUMED", "用水量", "Water used", "water", 50),
        Kind("DEMOLISHED", "房屋拆除", "Demolished", _HOUSING, 90),
        Kind("CANCELLED", "撤销事件", "Report withdrawn", "", 0),
    )
}
# Kinds that end some dwellings and begin others; reported at the first of those that end.
GROUPS = frozenset({"DIVIDED", "JOINED"})
CAUSES: dict[str, Text] = {
    "SALE": {"zh": "买卖", "en": "Sale"},
    "INHERITANCE": {"zh": "继承", "en": "Inheritance"},
    "GIFT": {"zh": "赠与", "en": "Gift"},
    "DIVISION": {"zh": "分割", "en": "Division"},
    "JUDGMENT": {"zh": "司法裁决", "en": "Judgment"},
}
USES: dict[str, Text] = {
    "OWN": {"zh": "自住", "en": "Owner-occupied"},
    "LET": {"zh": "出租", "en": "Let"},
    "PUBLIC_RENTAL": {"zh": "公租房", "en": "Public rental"},
    "IN_USE": {"zh": "使用中（无居住登记）", "en": "In use, nobody registered"},
    "VACANT": {"zh": "空置", "en": "Vacant"},
}
STRUCTURES: dict[str, Text] = {
    "RC": {"zh": "钢筋混凝土", "en": "Reinforced concrete"},
    "BRICK_RC": {"zh": "砖混", "en": "Brick and concrete"},
    "STEEL": {"zh": "钢结构", "en": "Steel"},
    "WOOD": {"zh": "砖木", "en": "Brick and timber"},
}
PURPOSES: dict[str, Text] = {
    "RESIDENTIAL": {"zh": "成套住宅", "en": "Dwelling"},
    "APARTMENT": {"zh": "公寓", "en": "Apartment"},
    "DORMITORY": {"zh": "集体宿舍", "en": "Dormitory"},
}
# Why an event was refused; `%(…)s` are the parameters kept with it.
REASONS = {
    "NOT_BUILT": N_("The registry does not know this dwelling yet: its acceptance is missing."),
    "BUILT_ALREADY": N_("This dwelling has been accepted before. Correct that report instead."),
    "GONE": N_("The dwelling was demolished on %(date)s."),
    "BECAME": N_("The dwelling became %(numbers)s on %(date)s."),
    "ENCUMBERED": N_("Dwelling %(number)s is mortgaged or seized under %(document)s."),
    "STILL_LET": N_("Dwelling %(number)s is let under %(document)s until %(end)s."),
    "OWNERS_DIFFER": N_("The owners of dwelling %(number)s are not those of what it becomes."),
    "AREA_DIFFERS": N_("Dwelling %(number)s has %(before)s m², what it becomes %(after)s m²."),
    "REGISTERED_ALREADY": N_("The dwelling has owners already. A change of owner is a transfer."),
    "NOT_REGISTERED": N_("The dwelling has no registered owner yet."),
    "SHARES_NOT_ONE": N_("The shares of the owners sum to %(sum)s instead of 1."),
    "NOT_OWNER": N_("Whoever transfers owns %(held)s and not the %(given)s transferred."),
    "SHARES_DIFFER": N_("%(given)s is given and %(taken)s is taken."),
    "SEIZED": N_("The dwelling is seized under %(document)s, so it cannot be transferred."),
    "PARTY_UNKNOWN": N_("A person in this report is not in the population registry."),
    "DOCUMENT_TAKEN": N_("The document %(document)s stands for something else already."),
    "NOTHING_TO_END": N_("There is nothing under the document %(document)s that could end."),
    "LEASE_OVERLAPS": N_("The lease overlaps the one of %(document)s, from %(start)s to %(end)s."),
    "LEASE_BACKWARDS": N_("The lease ends before it begins."),
    "LANDLORD_NOT_OWNER": N_("The landlord is not an owner, and no sublease is reported."),
    "RESIDENT_ALREADY": N_("This person is registered at the dwelling already."),
    "NOT_RESIDENT": N_("This person is not registered at the dwelling."),
    "CORRECTS_UNKNOWN": N_("The report that this one corrects, %(key)s, has not arrived."),
    "CORRECTS_OTHERS": N_("Only the department that reported %(key)s may correct it."),
    "CORRECTS_OTHER_KIND": N_("The report %(key)s is of another kind. Withdraw it instead."),
    "CORRECTS_IN_CIRCLE": N_("The corrections lead back to themselves."),
}
EXCEPTION_STATES = {
    "OPEN": N_("Waits"),
    "RESOLVED": N_("Accepted since"),
    "SET_ASIDE": N_("Put aside"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One report of a department (事件).

    key: the department's own number of the report, unique within its function; number: of the
    dwelling; effective_date: from when it holds; issued_date: of the document; corrects: key of an
    earlier report of the same function that this one replaces, "" for a report of its own.
    payload: by kind, see `checking.PAYLOADS`; parties as `person:<ref>`, `enterprise:<uscc>` or
    `unknown:<identifier>`.
    """

    key: str
    kind: str
    number: str
    function: str
    document: str
    effective_date: date
    issued_date: date
    payload: dict = field(default_factory=dict)
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """An owner's share (共有份额)."""

    holder: str
    share: Fraction
    since: date
    document: str


@dataclass(frozen=True, slots=True)
class Encumbrance:
    """A mortgage (抵押) or seizure (查封): who holds it, for how much, since when."""

    kind: str
    document: str
    holder: str
    amount_fen: int
    since: date


@dataclass(frozen=True, slots=True)
class Lease:
    """A filed lease (租赁备案), in force from `start` to `end`, both included. part: "" = whole."""

    document: str
    landlord: str
    tenant: str
    start: date
    end: date
    rent_fen: int
    part: str = ""

    def covers(self, day: date) -> bool:
        """Tell whether the lease is in force on a day."""
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class Deal:
    """A transaction (交易): a filed contract or a transfer, with its price where there is one."""

    kind: str
    document: str
    on: date
    cause: str
    price_fen: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A dwelling became others (分割合并): on which day, DIVIDED or JOINED, into which numbers."""

    on: date
    kind: str
    into: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DwellingState:
    """What holds of a dwelling on a day (住房状态). facts: None before it was accepted."""

    on: date
    facts: dict | None
    demolished_date: date | None
    owners: tuple[Share, ...]
    encumbrances: tuple[Encumbrance, ...]
    leases: tuple[Lease, ...]
    residents: tuple[tuple[str, date], ...]
    deals: tuple[Deal, ...]
    is_public_rental: bool
    consumed: tuple[date, Decimal] | None  # (day of the reading, cubic metres a month)
    ended: Ended | None = None
    origins: tuple[str, ...] = ()

    @property
    def lease_list(self) -> tuple[Lease, ...]:
        """Return the leases in force on the day."""
        return tuple(lease for lease in self.leases if lease.covers(self.on))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event: APPLIED, SUPERSEDED (corrected since) or REFUSED with a reason."""

    state: str
    reason: str = ""
    params: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PostedEvent:
    """The answer to a department: its report, whether it was new, and what became of it."""

    id: int
    key: str
    is_new: bool
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class DwellingView:
    """A dwelling in lists (住房): facts and use, nobody's name."""

    number: str
    address: str
    area_code: str
    community_code: str
    building: str
    unit: str
    flat: str
    area_m2: Decimal
    structure: str
    purpose: str
    year: int
    longitude: float | None
    latitude: float | None
    use: str
    demolished_date: date | None
    is_made: bool
    ended_date: date | None
    ended_kind: str
    ended_into: list[str]
    origins: list[str]


@dataclass(frozen=True, slots=True)
class Holding:
    """A dwelling of somebody (名下住房): as OWNER with a share, as TENANT or RESIDENT without."""

    number: str
    address: str
    area_code: str
    area_m2: Decimal
    role: str
    share: Fraction | None
    since: date
    document: str
    use: str
    is_mortgaged: bool = False
    is_seized: bool = False


@dataclass(frozen=True, slots=True)
class HousingCheck:
    """A yes or no about somebody's housing (住房核验), with no value beside it."""

    has_dwelling: bool
    as_of: datetime
    area_code: str = ""


@dataclass(frozen=True, slots=True)
class DistrictFigures:
    """Housing of a district (住房统计); see the page for how each is counted."""

    area_code: str
    dwellings: int
    area_m2: Decimal
    uses: dict[str, int]
    residents: int
    lived_in_m2: Decimal

    @property
    def vacancy(self) -> float | None:
        """Return the share of vacant dwellings."""
        return self.uses.get("VACANT", 0) / self.dwellings if self.dwellings else None

    @property
    def tenancy(self) -> float | None:
        """Return the share of dwellings let, public rental among them."""
        let = self.uses.get("LET", 0) + self.uses.get("PUBLIC_RENTAL", 0)
        return let / self.dwellings if self.dwellings else None

    @property
    def per_capita(self) -> Decimal | None:
        """Return the floor area a registered resident has, in square metres."""
        return self.lived_in_m2 / self.residents if self.residents else None


class DwellingNotFound(NotFound):
    """The registry has no dwelling of this number, or not for the asker."""

    code = "dwelling_not_found"
    message = N_("The housing registry has no dwelling %(number)s. Search for it by its address.")


class EventKeyTaken(YiwangError):
    """The department used this number for a report that says something else."""

    code = "event_key_taken"
    status = 409
    message = N_(
        "The report %(key)s has arrived before and said something else. "
        "Send a correction under a number of its own."
    )


class EventMalformed(Invalid):
    """A report lacks something or says it in a form that cannot be read."""

    code = "event_malformed"
    message = N_("The report %(key)s cannot be read: %(problem)s.")
