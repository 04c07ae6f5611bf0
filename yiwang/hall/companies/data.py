"""What leaves this room (商事登记的数据形态): frozen values, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from yiwang.hall.companies.naming import BRACKETS, FRONT, Finding, NameParts
from yiwang.sdk.errors import N_

KINDS = {
    "LIMITED": N_("Limited liability company"),
    "SINGLE": N_("Limited liability company with one shareholder"),
    "JOINT_STOCK": N_("Joint-stock company"),
}
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
    "REGISTERED": N_("Company registered"),
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
}
COMPANY_STATES = {"ACTIVE": N_("In business"), "CANCELLED": N_("Struck off")}


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
    """A registration on its way (登记申请) with its parties; content: the form's values."""

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

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return FILING_STATES[self.state]

    @property
    def waiting(self) -> list[PartyView]:
        """Return who has not confirmed."""
        return [one for one in self.parties if one.state != "CONFIRMED"]


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

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return COMPANY_STATES[self.state]


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
