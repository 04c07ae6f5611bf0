"""What rooms say to each other about several parties (多方申请的值)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from yiwang.hall.matters.data import MatterView
from yiwang.sdk.errors import N_
from yiwang.sdk.packs import Party

STATES = {
    "INVITED": N_("Invited"),
    "JOINED": N_("Filling in"),
    "CONFIRMED": N_("Part confirmed"),
    "VOID": N_("Changed since, to be confirmed again"),
    "DECLINED": N_("Takes no part"),
}
CASE_STATES = {
    "DRAFT": N_("Being filled in"),
    "SUBMITTED": N_("Waiting for acceptance"),
    "HANDLING": N_("Being handled"),
    "APPROVED": N_("Approved"),
    "REFUSED": N_("Refused"),
    "NOT_ACCEPTED": N_("Not accepted"),
    "WITHDRAWN": N_("Withdrawn"),
    "TERMINATED": N_("Handling terminated"),
}


@dataclass(frozen=True, slots=True)
class JointDraft:
    """The applicant's draft as this room needs it; who passes it has checked that it is the asker's."""

    draft_id: int
    applicant_ref: str
    applicant_name: str
    matter: MatterView
    form_version_id: int
    values: Mapping[str, object]

    @property
    def parties(self) -> tuple[Party, ...]:
        """Return who takes part beside the applicant, as the matter says."""
        return self.matter.spec.parties


REPRESENTATIVE, AGENT, DEPUTY = "REPRESENTATIVE", "AGENT", "DEPUTY"
CAPACITIES = {
    REPRESENTATIVE: N_("legal representative"),
    AGENT: N_("agent of the enterprise"),
    DEPUTY: N_("authorised deputy"),
}
"""As what a natural person acts for an enterprise (企业办理人身份)."""
LINK_STATES = {
    "SENT": N_("Link sent"),
    "ENTERED": N_("Link opened"),
    "EXPIRED": N_("Link expired"),
    "ENDED": N_("Link no longer holds"),
}


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link to a party's phone (短信链接) as the applicant sees it. phone: masked."""

    phone: str
    state: str
    sent_at: datetime
    expires_at: datetime

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (链接状态)."""
        return LINK_STATES[self.state]


@dataclass(frozen=True, slots=True)
class PartView:
    """A party's part (当事人部分) as the applicant, the party and officers see it: without what was entered.

    state: INVITED, JOINED, CONFIRMED, VOID or DECLINED. code: for the applicant until it was used. confirmed_by:
    the clerk at a window before whom it was confirmed, "" for on line; by_link: by a link to their phone;
    signed_name, signed_as: who then confirmed for an enterprise, and as what. by_number: invited by number too. link:
    the last one sent, for the applicant only.
    """

    id: int
    key: str
    title: Mapping[str, str]
    name: str
    code: str
    state: str
    invited_at: datetime
    confirmed_at: datetime | None
    digest: str
    confirmed_by: str = ""
    by_link: bool = False
    signed_name: str = ""
    signed_as: str = ""
    by_number: bool = False
    link: LinkView | None = None

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id (当事人状态)."""
        return STATES[self.state]

    @property
    def signed_label(self) -> str:
        """Return as what somebody confirmed for an enterprise, as a message id (确认人身份)."""
        return CAPACITIES.get(self.signed_as, "")


@dataclass(frozen=True, slots=True)
class Presence:
    """A party who is identified by other means than signing in (当事人在场).

    At a window, where a clerk types for them, or by a link to their phone, where they type themselves.
    account_id: the party's own account, None without one. visit_id or link_id says which it is.
    by_name, capacity, delegation_id: who acts for an enterprise by a link, as what, and what lets a deputy.
    """

    visit_id: int | None
    name: str
    account_id: int | None
    link_id: int | None = None
    by_name: str = ""
    capacity: str = ""
    delegation_id: int | None = None

    @property
    def is_window(self) -> bool:
        """Tell whether a clerk acts for them."""
        return self.visit_id is not None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that the acting subject finds without a code (收到的邀请)."""

    id: int
    title: Mapping[str, str]
    case_title: Mapping[str, str]
    applicant_name: str


@dataclass(frozen=True, slots=True)
class Joined:
    """What the parties add to a form (合并内容): values by field, those of many by "<party>_parties".

    skipped: fields that the whole form must not judge: of parties that are not there, or that are many.
    errors: "party:<key>" → sentences. owners: field → name of who fills it in, of the others.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    lists: Mapping[str, list] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnPart:
    """A part to the party whose it is (我的部分). around: what of other pages decides on it; never shown."""

    part: PartView
    case_title: Mapping[str, str]
    applicant_name: str
    case_state: str
    document_number: str
    number: str
    party: Party
    form_version_id: int
    draft_id: int | None
    values: Mapping[str, object]
    around: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Tell whether the application is still being filled in."""
        return self.case_state == "DRAFT"

    @property
    def case_label(self) -> str:
        """Return where the application stands, as a message id (办件状态)."""
        return CASE_STATES[self.case_state]
