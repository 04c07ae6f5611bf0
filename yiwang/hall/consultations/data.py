"""What leaves this room (征求意见的数据形态)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from yiwang.sdk.errors import N_
from yiwang.sdk.joins import AGREE, ALL, ANY, QUORUM, REFUSE, VETO

OPEN, CONCLUDED, RECALLED, CLOSED = "OPEN", "CONCLUDED", "RECALLED", "CLOSED"
WAITING, ANSWERED, ENDED = "WAITING", "ANSWERED", "ENDED"
DEPARTMENT, EXPERT, PANEL = "DEPARTMENT", "EXPERT", "PANEL"
EXPERT_REVIEW = "EXPERT_REVIEW"
STATES = {
    OPEN: N_("Waiting for opinions"),
    CONCLUDED: N_("Answered"),
    RECALLED: N_("Taken back"),
    CLOSED: N_("Closed with the case"),
}
ENDINGS = {
    "APPROVED": N_("The application was granted meanwhile; no answer is needed any more."),
    "REFUSED": N_("The application was refused meanwhile; no answer is needed any more."),
    "NOT_ACCEPTED": N_("The application was not accepted; no answer is needed any more."),
    "WITHDRAWN": N_("The applicant withdrew the application; no answer is needed any more."),
    "TERMINATED": N_("Handling of the application was terminated; no answer is needed any more."),
}
"""Why a request closed with its case, by the state in which the case ended."""
PARTY_STATES = {
    WAITING: N_("Not answered yet"),
    ANSWERED: N_("Answered"),
    ENDED: N_("No answer needed"),
}
OPINIONS = {AGREE: N_("Agree, or no objection"), REFUSE: N_("Do not agree")}
RESULTS = {AGREE: N_("The opinions are for it"), REFUSE: N_("The opinions are against it")}
POLICIES = {
    ALL: N_("All must agree"),
    ANY: N_("One that agrees is enough"),
    QUORUM: N_("So many must agree"),
    VETO: N_("More than half must agree, and the first department named may veto"),
}


JOINT_VETO = N_("Those who may veto must agree, and so many in all")


@dataclass(frozen=True, slots=True)
class PartyAsk:
    """Whom to ask (征求对象). kind: DEPARTMENT with the department's id, PANEL with the panel's, EXPERT an account's."""

    kind: str
    ref: int


@dataclass(frozen=True, slots=True)
class PartyView:
    """One who is asked, and the answer (答复)."""

    id: int
    key: str
    kind: str
    name: Mapping[str, str]
    state: str
    opinion: str
    answer: str
    reason: str
    attachment_id: int | None
    answered_by: str
    answered_at: datetime | None
    has_veto: bool
    may_answer: bool

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return OPINIONS[self.opinion] if self.opinion else PARTY_STATES[self.state]


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """A request for opinions (征求意见) with its answers. result: AGREE, REFUSE or "" while open."""

    id: int
    number: str
    subject: str
    branch: str
    requirement: str
    title: Mapping[str, str]
    question: str
    attachment_id: int | None
    policy: str
    needed: int
    missing: int
    ground: str
    days: int
    state: str
    result: str
    department_id: int
    department_name: str
    asked_by_name: str
    asked_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    note: str
    ending: str
    is_overdue: bool
    parties: tuple[PartyView, ...]
    may_recall: bool

    @property
    def state_label(self) -> str:
        """Return the state in words, as a message id."""
        return STATES[self.state]

    @property
    def ending_label(self) -> str:
        """Return why it closed with its case, as a message id; "" when it did not."""
        return ENDINGS.get(self.ending, "")

    @property
    def result_label(self) -> str:
        """Return what the opinions say together, as a message id; "" while open."""
        return RESULTS.get(self.result, "")

    @property
    def policy_label(self) -> str:
        """Return how the opinions become one, as a message id."""
        return POLICIES[self.policy]

    @property
    def vetoers(self) -> list[Mapping[str, str]]:
        """Return the names of those who may veto (一票否决方)."""
        return [one.name for one in self.parties if one.has_veto]

    @property
    def answered(self) -> int:
        """Count the answers."""
        return sum(one.state == ANSWERED for one in self.parties)


@dataclass(frozen=True, slots=True)
class RequiredReview:
    """A review by experts that the step in hand needs, and how far it is (应经专家评审).

    panel: None while nobody keeps it; asked: the request that was made for it, None before.
    """

    key: str
    title: Mapping[str, str]
    question: Mapping[str, str]
    basis: str
    days: int
    needed: int
    panel: "PanelView | None"
    panel_key: str
    asked: ConsultationView | None

    @property
    def may_ask(self) -> bool:
        """Tell whether the panel can be asked now: it is there, is large enough and was not asked."""
        has_panel = self.panel is not None and len(self.panel.experts) >= self.needed
        return has_panel and (self.asked is None or self.asked.state == RECALLED)


@dataclass(frozen=True, slots=True)
class ExpertView:
    """An expert of a panel (专家)."""

    id: int
    account_id: int
    name: str
    field: str


@dataclass(frozen=True, slots=True)
class PanelView:
    """A panel of experts (专家组)."""

    id: int
    key: str
    title: Mapping[str, str]
    department_id: int
    is_open: bool
    experts: tuple[ExpertView, ...]
