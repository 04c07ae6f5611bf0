"""What leaves this room (商事登记的数据形态): frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from yiwang.hall.companies.naming import BRACKETS, FRONT, Finding, NameParts
from yiwang.sdk.errors import N_

KINDS = {
    "LIMITED": N_("Limited liability company"),
    "SINGLE": N_("Limited liability company with one shareholder"),
    "JOINT_STOCK": N_("Joint-stock company"),
}
COMPANY_KINDS = {**KINDS, "BRANCH": N_("Branch of a company")}
ARRANGEMENTS = {
    FRONT: N_("Division first"),
    BRACKETS: N_("Division in brackets after the trade name"),
}
RESERVATION_STATES = {
    "HELD": N_("Reserved"),
    "FILED": N_("Registration applied for"),
    "USED": N_("Company registered"),
    "RELEASED": N_("Given up"),
    "EXPIRED": N_("Reservation ended"),
}
FILING_STATES = {
    "SIGNING": N_("Waiting for confirmations"),
    "SIGNED": N_("All have confirmed"),
    "REGISTERED": N_("Entered in the register"),
    "CLOSED": N_("Ended"),
}
PARTY_STATES = {
    "WAITING": N_("Has not answered"),
    "CONFIRMED": N_("Has confirmed"),
    "DECLINED": N_("Declined"),
}
ROLES = {
    "SHAREHOLDER": N_("Shareholder"),
    "LEGAL_REPRESENTATIVE": N_("Legal representative"),
    "DIRECTOR": N_("Director"),
    "MANAGER": N_("Manager"),
    "SUPERVISOR": N_("Supervisor"),
    "FINANCE": N_("Head of finance"),
    "HEAD": N_("Head of the branch"),
    "LIQUIDATOR": N_("Head of the liquidation group"),
}
FOLLOW_UPS = {
    "TAX": N_("Tax registration"),
    "SEAL": N_("Making the seals"),
    "SOCIAL_INSURANCE": N_("Social insurance registration"),
    "HOUSING_FUND": N_("Housing fund account"),
}
ENTRY_KINDS = {
    "ESTABLISH": N_("Foundation"),
    "CHANGE": N_("Change of registration"),
    "CANCEL": N_("Cancellation"),
    "BRANCH": N_("Foundation of a branch"),
    "BR_CHANGE": N_("Change of a branch"),
    "BR_CANCEL": N_("End of a branch"),
    "MOVE": N_("Move to another district"),
    "TAKE": N_("Taken up from the registry"),
    "CORRECT": N_("Settled by the registrar"),
}
COMPANY_STATES = {"ACTIVE": N_("In business"), "CANCELLED": N_("Struck off")}
FACTS = {
    "name": N_("Name of the company"),
    "legal_representative": N_("Legal representative"),
    "registered_capital": N_("Capital (10,000 yuan)"),
    "address": N_("Registered address"),
    "business_scope": N_("Business scope"),
    "registrar": N_("Registrar"),
    "shareholders": N_("Shareholders"),
    "officers": N_("Officers of the company"),
    "state": N_("State"),
}
WAYS = {
    "SIMPLE": N_("Simplified cancellation"),
    "ORDINARY": N_("Cancellation after liquidation"),
}
NOTICE_STATES = {
    "OPEN": N_("Announced"),
    "ENDED": N_("The notice period has ended"),
    "LAPSED": N_("The time to apply has run out"),
    "OBJECTED": N_("Ended by an objection"),
    "WITHDRAWN": N_("Withdrawn"),
    "USED": N_("The company was struck off"),
}
CLAIM_STATES = {
    "OPEN": N_("Not yet answered"),
    "SETTLED": N_("Claim met"),
    "DISPUTED": N_("In dispute"),
}


@dataclass(frozen=True, slots=True)
class NameCheck:
    """The answer to a name (名称自查结果): what it is made of and all that was found."""

    name: str
    parts: NameParts
    kind: str
    area_code: str
    findings: tuple[Finding, ...]
    entries: int

    @property
    def refused(self) -> bool:
        """Tell whether it cannot be had."""
        return any(one.refuses for one in self.findings)


@dataclass(frozen=True, slots=True)
class ReservationView:
    """A reserved name (名称保留)."""

    number: str
    name: str
    kind: str
    area_code: str
    state: str
    reserved_at: datetime
    expires_date: date
    extensions: int
    may_extend: bool
    findings: tuple[Mapping, ...]
    uscc: str = ""

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return RESERVATION_STATES[self.state]


@dataclass(frozen=True, slots=True)
class PartyView:
    """Somebody who confirms (签署方)."""

    id: int
    subject_ref: str
    name: str
    roles: tuple[str, ...]
    state: str
    signed_name: str
    note: str
    at: datetime | None
    must: bool = True
    votes: Decimal = Decimal(0)

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return PARTY_STATES[self.state]

    @property
    def role_labels(self) -> list[str]:
        """Return the roles in words, as message ids."""
        return [ROLES[role] for role in self.roles]


@dataclass(frozen=True, slots=True)
class FilingView:
    """A registration on its way (登记申请) with its parties; content: the form's values.

    changes: item → [old, new]; uscc: of the company it is about, "" for one to be founded.
    """

    number: str
    draft_id: int
    company_name: str
    reservation_number: str
    applicant_ref: str
    form_version_id: int
    content: Mapping
    articles: str
    digest: str
    state: str
    application_number: str
    opened_at: datetime
    parties: tuple[PartyView, ...]
    kind: str = "ESTABLISH"
    uscc: str = ""
    changes: Mapping[str, list] = field(default_factory=dict)
    votes_needed: Decimal = Decimal(0)
    account_id: int = 0
    delegation_id: int | None = None
    prepared_by: str = ""

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return FILING_STATES[self.state]

    @property
    def kind_label(self) -> str:
        """Return what it does to the register, as a message id."""
        return ENTRY_KINDS[self.kind]

    @property
    def votes(self) -> Decimal:
        """Return the capital of those who confirmed, in 10,000 yuan (已确认表决权)."""
        return sum((one.votes for one in self.parties if one.state == "CONFIRMED"), Decimal(0))

    @property
    def waiting(self) -> list[PartyView]:
        """Return whose word is still needed: who must, and who has votes while votes are missing."""
        short = self.votes < self.votes_needed
        return [
            one
            for one in self.parties
            if one.state != "CONFIRMED" and (one.must or (short and one.votes > 0))
        ]


@dataclass(frozen=True, slots=True)
class CompanyView:
    """A company in the register (登记簿中的公司)."""

    id: int
    uscc: str
    name: str
    kind: str
    legal_representative: str
    registered_capital: Decimal
    address: str
    area_code: str
    business_scope: str
    state: str
    established_date: date
    licence_id: int | None
    department_id: int
    delivered_at: datetime | None
    cancelled_date: date | None = None
    parent_id: int | None = None
    registrar: str = ""

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return COMPANY_STATES[self.state]

    @property
    def kind_label(self) -> str:
        """Return the kind in words, as a message id."""
        return COMPANY_KINDS[self.kind]

    @property
    def capital_text(self) -> str:
        """Return the capital in 10,000 yuan without needless zeros (注册资本)."""
        return f"{self.registered_capital.normalize():f}"

    @property
    def is_branch(self) -> bool:
        """Tell whether it is a branch of another company (分支机构)."""
        return self.kind == "BRANCH"


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry in the register (登记记载); changes: item → [old, new]."""

    kind: str
    application_number: str
    at: datetime
    changes: Mapping[str, list]

    @property
    def label(self) -> str:
        """Return what was entered, as a message id."""
        return ENTRY_KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """What a creditor said (债权人异议); contact is empty for who need not know it."""

    number: str
    creditor: str
    contact: str
    amount_wan: Decimal | None
    grounds: str
    state: str
    answer: str
    received_at: datetime

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return CLAIM_STATES[self.state]


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A cancellation that is announced (注销公告). state: OPEN, ENDED, LAPSED, OBJECTED, WITHDRAWN, USED on the day asked.

    apply_until: the last day on which it may be applied for, None when the law sets none.
    """

    number: str
    uscc: str
    company_name: str
    department_id: int
    way: str
    facts: Mapping
    state: str
    published_at: datetime
    ends_date: date
    apply_until: date | None
    claims: tuple[ClaimView, ...] = ()

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return NOTICE_STATES[self.state]

    @property
    def way_label(self) -> str:
        """Return how the company ends, as a message id."""
        return WAYS[self.way]

    @property
    def claims_open(self) -> int:
        """Return how many claims nobody has answered."""
        return sum(one.state == "OPEN" for one in self.claims)


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """An item that came with a company (多证合一事项)."""

    id: int
    company_name: str
    uscc: str
    kind: str
    state: str
    department_id: int
    department: str
    opened_at: datetime
    done_at: datetime | None
    note: str

    @property
    def label(self) -> str:
        """Return what it is, as a message id."""
        return FOLLOW_UPS[self.kind]


TRANSFER_STATES = {
    "ASKED": N_("File asked for"),
    "HANDED": N_("Handed over"),
    "OBJECTED": N_("Objected to"),
    "RECEIVED": N_("Received"),
    "CALLED_OFF": N_("Called off"),
}


@dataclass(frozen=True, slots=True)
class TransferView:
    """The hand-over of a company's file (档案移交). contents: see `files.contents_of`."""

    number: str
    uscc: str
    company_name: str
    application_number: str
    from_department: str
    to_department: str
    from_department_id: int
    to_department_id: int
    state: str
    asked_at: datetime
    due_date: date
    contents: Mapping
    digest: str
    papers: int
    note: str
    answered_at: datetime | None
    ended_at: datetime | None
    may_answer: bool = False

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return TRANSFER_STATES[self.state]


DIFFERENCE_BY = {"COMPANY": N_("The company says"), "REGISTRY": N_("The registry has")}
DIFFERENCE_STATES = {
    "OPEN": N_("To be settled"),
    "KEPT": N_("The register stays"),
    "TAKEN": N_("This value was entered"),
}


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """A point on which the register and somebody else differ (登记信息差异). present, value: what a person reads."""

    id: int
    field: str
    by: str
    present: object
    value: object
    source: Mapping[str, str]
    as_of: date | None
    state: str
    reason: str
    settled_at: datetime | None

    @property
    def by_label(self) -> str:
        """Return who says so, as a message id."""
        return DIFFERENCE_BY[self.by]

    @property
    def state_label(self) -> str:
        """Return how it was settled, as a message id."""
        return DIFFERENCE_STATES[self.state]


@dataclass(frozen=True, slots=True)
class TakingRow:
    """A company that was taken up from the registry, in a list (承接核对清单)."""

    uscc: str
    name: str
    taken_at: datetime
    open: int
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class TakenFact:
    """A fact as the registry had it (承接的登记事项), with who supplied it and since when."""

    field: str
    text: object
    source: Mapping[str, str]
    as_of: date | None
    is_present: bool
